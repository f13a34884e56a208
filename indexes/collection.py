"""A collection: documents with their chunks and vectors, filled by one encoder, and searched.

This is what the floors above hold, and all that they may hold: another engine can stand behind the same methods.
Searches give ids with scores, best first; `Collection.chunks` and `Collection.vectors` fetch what belongs to ids. An id
stands for the same chunk for ever. A search sees all that was committed before it began. Where ``k`` chunks match,
``k`` come back, filter or not.

Objects may be shared between threads. `Collection.writer` lets one writer in at a time.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

from indexes.care.compact import Compaction, compact_collection
from indexes.care.findings import Repair, Report
from indexes.care.repair import repair_collection
from indexes.care.target import Target
from indexes.care.verify import verify_collection
from indexes.catalogue import reading
from indexes.catalogue.connection import Catalogue, storing
from indexes.engine import Found
from indexes.errors import EncoderMismatch, UnknownCollection, UsageError
from indexes.filters import Filter, checked
from indexes.locks import exclusive
from indexes.records import (
    Chunk,
    CollectionInfo,
    Document,
    DocumentInfo,
    EncoderFingerprint,
    LedgerEntry,
    StoredChunk,
)
from indexes.search.analysis import query_terms
from indexes.search.artefacts import Artefacts
from indexes.search.dense import Kind
from indexes.search.reader import Reader
from indexes.storable import is_text, is_whole
from indexes.vectors import normalised
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
        kind: Kind | None,
    ) -> None:
        self.id = collection_id
        self.name = name
        self.encoder = encoder
        self._catalogue = catalogue
        self._created = created
        self._artefacts = Artefacts(folder, encoder)
        self._reader = Reader(name, collection_id, self._artefacts, kind)
        self._lock_timeout = lock_timeout

    def info(self) -> CollectionInfo:
        """The collection at a glance."""
        with self._catalogue.read() as connection:
            documents, chunks = reading.counts(connection, self.id)
            at = reading.position(connection, self.id)
        return CollectionInfo(
            name=self.name,
            encoder=self.encoder,
            documents=documents,
            chunks=chunks,
            created=datetime.fromtimestamp(self._created, UTC),
            sequence=at.sequence if at else 0,
            generation=max(self._artefacts.generations(), default=0),
        )

    def dense(self, vector: np.ndarray, k: int, where: Filter | None = None) -> Found:
        """The ``k`` chunks whose vectors are closest to ``vector`` (d,), with the cosine in [-1, 1].

        Raises:
            EncoderMismatch: The vector has another dimension than the collection's.
            UsageError: The vector holds a number that is not finite.
            FilterError: The filter cannot be understood.
            StoreError: The catalogue cannot be read.
        """
        query = np.asarray(vector, np.float32).reshape(-1)
        if len(query) != self.encoder.dimension:
            raise EncoderMismatch(
                f"A query of {len(query)} dimensions came to collection {self.name!r}, which was filled by "
                f"{self.encoder.name!r} with {self.encoder.dimension}: set that encoder, or type "
                f"`ragstack collections migrate {self.name} --encoder NAME` to change it."
            )
        if not np.isfinite(query).all():
            raise UsageError("The query's vector holds a number that is not finite: use another encoder.")
        if k < 1:
            return []
        snapshot, ids = self._reader.current(self._catalogue, checked(where))
        return snapshot.dense(normalised(query), k, ids)

    def lexical(self, query: str, k: int, where: Filter | None = None) -> Found:
        """The ``k`` chunks with the highest BM25 for the words of ``query``, among those that hold any of them.

        Raises:
            FilterError: The filter cannot be understood.
            StoreError: The catalogue cannot be read.
        """
        asked = query_terms(query)
        if k < 1 or not asked:
            return []
        snapshot, ids = self._reader.current(self._catalogue, checked(where))
        return snapshot.lexical(asked, k, ids)

    def chunks(self, ids: Sequence[int]) -> list[StoredChunk]:
        """Chunks by id, in the order asked for; those that were removed meanwhile are left out.

        Raises:
            StoreDamaged: A chunk that was not removed is lost, or one is not as it was written.
            StoreError: The catalogue cannot be read.
        """
        ids = [id_ for id_ in ids if is_whole(int(id_))]
        while True:
            with self._catalogue.read() as connection:
                found = reading.chunks(connection, self.id, ids)
                if len(found) == len(ids):
                    return found
                if self._are_removed(connection, set(ids) - {chunk.chunk_id for chunk in found}):
                    return found

    def vectors(self, ids: Sequence[int]) -> np.ndarray:
        """The unit vectors (n, d) float32 of chunks, in the order asked for; zeros for one that was removed.

        Raises:
            StoreDamaged: A vector is lost, or is not as it was written.
            StoreError: The catalogue cannot be read.
        """
        possible = [id_ for id_ in ids if is_whole(int(id_))]
        while True:
            with self._catalogue.read() as connection:
                stored = reading.vectors(connection, self.id, possible)
                if self._are_removed(connection, set(possible) - stored.keys()):
                    break
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
            return reading.document(connection, self.id, which) if is_text(which) or is_whole(which) else None

    def contents(self, key: str) -> tuple[Document, list[Chunk]] | None:
        """A document with its chunks as they were put, in the order of the text; None where there is none.

        Raises:
            StoreDamaged: They are not as they were written.
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            document = reading.document(connection, self.id, key) if is_text(key) else None
            return None if document is None else (document, reading.parts(connection, self.id, key))

    def ledger(self) -> list[LedgerEntry]:
        """The last outcome of every file that was brought in, by key.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            return reading.ledger(connection, self.id)

    def sources(self, key: str) -> tuple[str, ...]:
        """The names of the other files that the document of this key stands for, which hold the same.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._catalogue.read() as connection:
            return tuple(line.uri for line in reading.duplicates(connection, self.id, key))

    def verify(self, *, recall: bool = False) -> Report:
        """Look for damage in all that the collection has stored, and change nothing.

        Args:
            recall: Whether to measure as well how much of the truth dense searches find.

        Raises:
            UnknownCollection: The collection was deleted meanwhile.
        """
        return verify_collection(self.target(), recall=recall)

    def repair(self) -> Repair:
        """Mend what can be mended, take out what cannot, and say both; the catalogue's file must be sound.

        Raises:
            StoreBusy: A writer did not finish in time.
            StoreError: The catalogue or the files cannot be written.
        """
        with self.locked():
            return repair_collection(self.target())

    def compact(self) -> Compaction:
        """Take what was removed out of the files and the catalogue.

        Raises:
            StoreBusy: A writer did not finish in time.
            StoreError: The catalogue or the files cannot be written; no chunk is lost.
        """
        with self.locked():
            return compact_collection(self.target())

    def target(self) -> Target:
        """What care is taken of."""
        return Target(self.id, self.name, self.encoder, self._catalogue, self._artefacts, self._reader)

    def _are_removed(self, connection: Connection, missing: set[int]) -> bool:
        """Whether chunks without a row were removed; False where the transaction is too old to tell.

        Raises:
            StoreDamaged: One of them was not: its row is lost.
        """
        if not missing:
            return True
        snapshot = self._reader.snapshot(connection)
        if snapshot is None:
            return False
        ids = np.array(sorted(missing), np.int64)
        for segment in snapshot.segments:
            lost = segment.places(ids)
            lost = lost if segment.live is None else lost[segment.live[lost]]
            if len(lost):
                reading.damaged(connection, self.id, f"chunk {segment.ids[lost[0]]}")
        return True

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
            try:
                yield writer
                writer.finish()
            finally:
                writer.close()

    @contextmanager
    def locked(self) -> Iterator[Path]:
        """Hold the collection's lock; gives the directory of its files.

        Raises:
            StoreBusy: Another writer did not finish in time.
            StoreError: The home cannot be written.
            UnknownCollection: The collection was deleted meanwhile, or has another name now.
        """
        folder = self._artefacts.folder
        with ExitStack() as stack:
            with storing(self._catalogue.home):
                self._catalogue.home.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.parent.mkdir(mode=0o700, exist_ok=True)
                stack.enter_context(exclusive(folder / "writer.lock", f"Collection {self.name!r}", self._lock_timeout))
            stack.enter_context(self._catalogue.exclusive(self.id, self.name))
            with self._catalogue.read() as connection:
                name = reading.name_of(connection, self.id)
                if name is None:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise UnknownCollection(f"Collection {self.name!r} was deleted meanwhile: ingest it again.")
                if name != self.name:
                    raise UnknownCollection(f"Collection {self.name!r} became {name!r} meanwhile: type it again.")
            yield folder
