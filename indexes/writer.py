"""Writing to a collection. A writer works for as long as it holds the collection's lock; see `Collection.writer`.

Every change is one transaction. When a method returns, the change is durable and the next search sees it, in this
process and in others.
"""

import logging
from collections.abc import Iterable, Sequence

import numpy as np

from indexes.catalogue import reading, writing
from indexes.catalogue.checking import check
from indexes.catalogue.connection import Catalogue, storing
from indexes.errors import StoreError, UsageError
from indexes.records import Change, Chunk, Document, EncoderFingerprint, LedgerEntry
from indexes.search.reader import Reader

__all__ = ["Writer"]

_log = logging.getLogger(__name__)

# Files are written when this many chunks are not in them, at the end of writing and in the middle of it.
_PENDING_AT_EXIT = 512
_PENDING_MEANWHILE = 8192


class Writer:
    """The one writer of a collection. Made by `Collection.writer` alone; for one thread at a time."""

    def __init__(
        self,
        catalogue: Catalogue,
        collection_id: int,
        encoder: EncoderFingerprint,
        reader: Reader,
    ) -> None:
        self._catalogue = catalogue
        self._id = collection_id
        self._encoder = encoder
        self._reader = reader
        self._since_publish = 0
        self._closed = False

    def put(
        self,
        document: Document,
        chunks: Sequence[Chunk],
        vectors: np.ndarray,
        entry: LedgerEntry | None = None,
    ) -> Change:
        """Store a document with its chunks and vectors, in the place of the one with the same key, if any.

        A chunk whose digest, context and text the document already had keeps its id and its vector.

        Args:
            document: The document.
            chunks: Its chunks.
            vectors: Their vectors (n, d), of any length; the direction is what counts.
            entry: What the ledger says of the file, written in the same transaction.

        Raises:
            EncoderMismatch: The vectors have another dimension than the collection's.
            UsageError: Something cannot be stored as it is.
            StoreError: The catalogue could not be written; nothing has changed.
        """
        self._held()
        checked = check(document, chunks, vectors, self._encoder)
        with self._held().write() as connection:
            change = writing.put_document(connection, self._id, document, chunks, checked)
            writing.record(connection, self._id, [entry] if entry else [])
        self._changed(change.added + change.removed)
        return change

    def delete(self, key: str, entry: LedgerEntry | None = None) -> int:
        """Delete a document; returns the number of its chunks, 0 also where there is no such document.

        Raises:
            StoreError: The catalogue could not be written; nothing has changed.
        """
        with self._held().write() as connection:
            removed = writing.delete_document(connection, self._id, key)
            writing.record(connection, self._id, [entry] if entry else [])
        self._changed(removed)
        return removed

    def rename(self, key: str, new_key: str, uri: str, entry: LedgerEntry | None = None) -> bool:
        """Give a document another key and name; its chunks and vectors stay. False where there is no such document.

        Args:
            key: The key of before.
            new_key: The new one; whatever had it goes.
            uri: The new name.
            entry: What the ledger says of the file, written in the same transaction.

        Raises:
            UsageError: The key or the name cannot be stored as it is.
            StoreError: The catalogue could not be written; nothing has changed.
        """
        with self._held().write() as connection:
            renamed = writing.rename_document(connection, self._id, key, new_key, uri)
            writing.record(connection, self._id, [entry] if entry and renamed else [])
            return renamed

    def record(self, *entries: LedgerEntry) -> None:
        """Write the outcomes of files into the ledger, each in the place of the file's last one.

        Raises:
            UsageError: An entry cannot be stored as it is.
            StoreError: The catalogue could not be written; nothing has changed.
        """
        with self._held().write() as connection:
            writing.record(connection, self._id, entries)

    def forget(self, *keys: str) -> None:
        """Remove files from the ledger.

        Raises:
            StoreError: The catalogue could not be written; nothing has changed.
        """
        with self._held().write() as connection:
            writing.forget(connection, self._id, keys)

    def known(self, digests: Iterable[str]) -> dict[str, np.ndarray]:
        """The stored unit vectors (d,) of those digests of which the collection has a chunk.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with self._held().read() as connection:
            stored = reading.vectors_of_digests(connection, self._id, digests)
        return {digest: np.frombuffer(vector, "<f4") for digest, vector in stored.items()}

    def publish(self) -> None:
        """Write the collection's state as files, so that the next reader starts from there.

        Raises:
            StoreError: The catalogue or the files could not be written; no chunk is lost.
        """
        snapshot, _ = self._reader.current(self._held())
        with storing(self._held().home):
            self._reader.publish(snapshot)
        with self._held().write() as connection:
            writing.sweep(connection, self._id, snapshot.sequence)
        self._since_publish = 0

    def finish(self) -> None:
        """Publish if enough has gathered; a failure is a warning, for every chunk is safe in the catalogue."""
        self._publish_if(_PENDING_AT_EXIT)

    def close(self) -> None:
        """End writing: the lock is let go of, and whatever is called from now on raises `UsageError`."""
        self._closed = True

    def _held(self) -> Catalogue:
        """The catalogue, for as long as the lock is held."""
        if self._closed:
            raise UsageError(
                "The writer was used after its `with` block, when others may write: call `writer()` for another."
            )
        return self._catalogue

    def _changed(self, chunks: int) -> None:
        self._since_publish += chunks
        if self._since_publish >= _PENDING_MEANWHILE:
            self._publish_if(_PENDING_MEANWHILE)

    def _publish_if(self, least: int) -> None:
        try:
            snapshot, _ = self._reader.current(self._held())
            if snapshot.pending >= least:
                self.publish()
            else:
                self._since_publish = 0
        except StoreError as error:
            _log.warning("The files of the collection were not written: %s", error)
