"""The seam for other engines: all that the floors above ask of a collection, and no more.

`indexes.collection.Collection` (FAISS and postings over a catalogue in SQL) is the one that is here. A distributed one
(PostgreSQL with pgvector, Milvus) can stand behind the same methods; then neither ``ingest`` nor ``ragstack`` changes.
What every engine has to keep:

- an id stands for the same chunk for ever; it is a positive 64-bit integer, and rises from commit to commit;
- a search sees all that was committed before it began, and a change is durable when its method returns;
- a filter is applied before the search: where ``k`` live chunks match, ``k`` come back;
- scores: higher is better, the cosine in [-1, 1] from ``dense``, BM25 from ``lexical``; equal ones by rising id;
- ``document.text[start:end]`` is the text of a chunk, to the character;
- one writer at a time; whoever waits in vain gets `indexes.errors.StoreBusy`.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np

from indexes.filters import Filter
from indexes.records import (
    Change,
    Chunk,
    CollectionInfo,
    Document,
    DocumentInfo,
    EncoderFingerprint,
    LedgerEntry,
    StoredChunk,
)

__all__ = ["Found", "VectorCollection", "VectorWriter"]

Found = list[tuple[int, float]]
"""Ids of chunks with their scores, best first."""


class VectorWriter(Protocol):
    """The one writer of a collection; see `indexes.writer.Writer` for what each method promises."""

    def put(
        self, document: Document, chunks: Sequence[Chunk], vectors: np.ndarray, entry: LedgerEntry | None = None
    ) -> Change:
        """Store a document with its chunks and their vectors (n, d), in the place of the one with its key."""

    def delete(self, key: str, entry: LedgerEntry | None = None) -> int:
        """Delete a document; returns the number of its chunks."""

    def rename(self, key: str, new_key: str, uri: str, entry: LedgerEntry | None = None) -> bool:
        """Give a document another key and name; False where there is none."""

    def known(self, digests: Iterable[str]) -> dict[str, np.ndarray]:
        """The stored unit vectors (d,) of those digests of which there is a chunk."""

    def record(self, *entries: LedgerEntry) -> None:
        """Write the outcomes of files into the ledger."""

    def forget(self, *keys: str) -> None:
        """Remove files from the ledger."""

    def publish(self) -> None:
        """Make what was written quick to open for others."""


class VectorCollection(Protocol):
    """A collection; see `indexes.collection.Collection` for what each method promises."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def encoder(self) -> EncoderFingerprint:
        """What filled it."""

    def info(self) -> CollectionInfo:
        """The collection at a glance."""

    def dense(self, vector: np.ndarray, k: int, where: Filter | None = None) -> Found:
        """The ``k`` chunks whose vectors are closest to ``vector`` (d,)."""

    def lexical(self, query: str, k: int, where: Filter | None = None) -> Found:
        """The ``k`` chunks of highest BM25."""

    def chunks(self, ids: Sequence[int]) -> list[StoredChunk]:
        """Chunks by id, in the order asked for; those removed meanwhile are left out."""

    def vectors(self, ids: Sequence[int]) -> np.ndarray:
        """The unit vectors (n, d) of chunks."""

    def documents(self) -> list[DocumentInfo]:
        """All documents without their texts, by key."""

    def document(self, which: str | int) -> Document | None:
        """A document with its text, by its key or by its id."""

    def contents(self, key: str) -> tuple[Document, list[Chunk]] | None:
        """A document with its chunks as they were put."""

    def ledger(self) -> list[LedgerEntry]:
        """The last outcome of every file, by key."""

    def sources(self, key: str) -> tuple[str, ...]:
        """The names of the other files that a document stands for."""

    def writer(self) -> AbstractContextManager[VectorWriter]:
        """Take the lock, which one writer holds at a time, and write."""

    def locked(self) -> AbstractContextManager[Path]:
        """Hold the lock; gives a directory for what belongs to the collection on this machine."""
