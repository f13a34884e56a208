"""A collection: documents with their chunks and vectors, filled by one encoder, and searched.

This is what the floors above hold, and all that they may hold: another engine can stand behind the same methods.
Searches give ids with scores, best first; `Collection.chunks` and `Collection.vectors` fetch what belongs to ids. An id
stands for the same chunk for ever. A search sees all that was committed before it began. Where ``k`` chunks match,
``k`` come back, filter or not.

Objects may be shared between threads. `Collection.writer` lets one writer in at a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from indexes import reading
from indexes.analysis import query_terms
from indexes.artefacts import Artefacts
from indexes.catalogue import Catalogue, storing
from indexes.dense import normalised
from indexes.errors import EncoderMismatch, UsageError
from indexes.filters import Filter
from indexes.locks import exclusive
from indexes.reader import Reader
from indexes.records import CollectionInfo, Document, DocumentInfo, EncoderFingerprint, LedgerEntry, StoredChunk
from indexes.snapshot import Found
from indexes.writer import Writer

__all__ = ["Collection"]


class Collection:
    """One collection of a database. Made by `indexes.database.Database` alone."""

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        collection_id: int,
        name: str,
        encoder: EncoderFingerprint,
        created: float,
        lock_timeout: float,
    ) -> None:
        self.id = collection_id
        self.name = name
        self.encoder = encoder
        self._catalogue = catalogue
        self._created = created
        self._artefacts = Artefacts(folder, encoder)
        self._reader = Reader(name, collection_id, self._artefacts)
        self._lock_timeout = lock_timeout

    def info(self) -> CollectionInfo:
        """The collection at a glance."""
        with self._catalogue.read() as connection:
            documents, chunks = reading.counts(connection, self.id)
            sequence, _ = reading.position(connection, self.id) or (0, 0)
        return CollectionInfo(
            name=self.name,
            encoder=self.encoder,
            documents=documents,
            chunks=chunks,
            created=datetime.fromtimestamp(self._created, UTC),
            sequence=sequence,
            generation=max(self._artefacts.generations(), default=0),
        )

    def dense(self, vector: np.ndarray, k: int, where: Filter | None = None) -> Found:
        """The ``k`` chunks whose vectors are closest to ``vector`` (d,), with the cosine in [-1, 1].

        Raises:
            EncoderMismatch: The vector has another dimension than the collection's.
            UsageError: The vector holds a number that is not finite.
            StoreError: The catalogue cannot be read.
        """
        query = np.asarray(vector, np.float32).reshape(-1)
        if len(query) != self.encoder.dimension:
            raise EncoderMismatch(
                f"A query of {len(query)} dimensions came to collection {self.name!r}, which was filled by "
                f"{self.encoder.name!r} with {self.encoder.dimension}: set that encoder."
            )
        if not np.isfinite(query).all():
            raise UsageError("The query's vector holds a number that is not finite: use another encoder.")
        if k < 1:
            return []
        snapshot, ids = self._reader.current(self._catalogue, where)
        return snapshot.dense(normalised(query), k, ids)

    def lexical(self, query: str, k: int, where: Filter | None = None) -> Found:
        """The ``k`` chunks with the highest BM25 for the words of ``query``, among those that hold any of them.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        asked = query_terms(query)
        if k < 1 or not asked:
            return []
        snapshot, ids = self._reader.current(self._catalogue, where)
        return snapshot.lexical(asked, k, ids)

    def chunks(self, ids: Sequence[int]) -> list[StoredChunk]:
        """Chunks by id, in the order asked for; those that were removed meanwhile are left out.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            return reading.chunks(connection, self.id, ids)

    def vectors(self, ids: Sequence[int]) -> np.ndarray:
        """The unit vectors (n, d) float32 of chunks, in the order asked for; zeros for one that was removed.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            stored = reading.vectors(connection, ids)
        vectors = np.zeros((len(ids), self.encoder.dimension), np.float32)
        for row, id_ in enumerate(ids):
            if id_ in stored:
                vectors[row] = np.frombuffer(stored[id_], "<f4")
        return vectors

    def documents(self) -> list[DocumentInfo]:
        """All documents without their texts, by key.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            return reading.documents(connection, self.id)

    def document(self, which: str | int) -> Document | None:
        """A document with its text, by its key or by its id; None where there is none.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            return reading.document(connection, self.id, which)

    def ledger(self) -> list[LedgerEntry]:
        """The last outcome of every file that was brought in, by key.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            return reading.ledger(connection, self.id)

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """Take the collection's lock, which one writer holds at a time, and write.

        Every change is durable and can be searched when its method returns. At the end what has gathered is
        published as files where that is worth it.

        Raises:
            StoreBusy: Another writer did not finish in time.
            StoreError: The home cannot be written.
        """
        with self.locked():
            writer = Writer(self._catalogue, self.id, self.encoder, self._reader)
            yield writer
            writer.finish()

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Hold the collection's lock; gives the directory of its files.

        Raises:
            StoreBusy: Another writer did not finish in time.
            StoreError: The home cannot be written.
        """
        folder = self._artefacts.folder
        with ExitStack() as stack:
            with storing(self._catalogue.home):
                folder.parent.mkdir(mode=0o700, exist_ok=True)
                folder.mkdir(mode=0o700, exist_ok=True)
                stack.enter_context(exclusive(folder / "writer.lock", self.name, self._lock_timeout))
            yield folder
