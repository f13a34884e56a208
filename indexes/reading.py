"""What is asked of the catalogue: documents, chunks, vectors, the ledger, and what changed since a commit.

Every function takes a connection in a transaction; what several of them say in one transaction belongs together.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import Connection, Row, func, select

from indexes.models import ChunkRow, CollectionRow, DocumentRow, LedgerRow, TombstoneRow, VectorRow
from indexes.records import Document, DocumentInfo, LedgerEntry, PageSpan, StoredChunk

__all__ = [
    "added_since",
    "batches",
    "chunks",
    "collection_row",
    "counts",
    "document",
    "documents",
    "ledger",
    "position",
    "removed_since",
    "vectors",
    "vectors_of_digests",
]

_BATCH = 500  # bound parameters in one statement
_ROWS = 4096  # rows in memory at a time when a collection is read from end to end
_T = TypeVar("_T")


def batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """The items in lists short enough for the bound parameters of one statement."""
    collected = list(items)
    for start in range(0, len(collected), _BATCH):
        yield collected[start : start + _BATCH]


def collection_row(connection: Connection, name: str) -> Row[Any] | None:
    """The row of a collection, by name."""
    return connection.execute(select(CollectionRow.__table__).where(CollectionRow.name == name)).one_or_none()


def position(connection: Connection, collection_id: int) -> tuple[int, int] | None:
    """Sequence and horizon of a collection; None where it was deleted."""
    statement = select(CollectionRow.sequence, CollectionRow.horizon).where(CollectionRow.id == collection_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else (row.sequence, row.horizon)


def counts(connection: Connection, collection_id: int) -> tuple[int, int]:
    """The numbers of documents and of chunks."""
    of_documents = select(func.count()).where(DocumentRow.collection_id == collection_id)
    of_chunks = select(func.count()).where(ChunkRow.collection_id == collection_id)
    return connection.scalar(of_documents) or 0, connection.scalar(of_chunks) or 0


def added_since(
    connection: Connection, collection_id: int, sequence: int, dimension: int
) -> Iterator[tuple[np.ndarray, np.ndarray, list[str]]]:
    """Chunks added by the commits after ``sequence``, by rising id, some thousands at a time.

    Yields:
        Ids (n,) int64, unit vectors (n, d) float32, and the texts that BM25 reads.
    """
    statement = (
        select(ChunkRow.id, VectorRow.vector, ChunkRow.context, ChunkRow.text)
        .join(VectorRow, VectorRow.chunk_id == ChunkRow.id)
        .where(ChunkRow.collection_id == collection_id, ChunkRow.sequence > sequence)
        .order_by(ChunkRow.id)
        .execution_options(yield_per=_ROWS)
    )
    for rows in connection.execute(statement).partitions():
        ids, blobs, contexts, texts = zip(*rows, strict=True)
        vectors = np.frombuffer(b"".join(blobs), "<f4").reshape(len(ids), dimension)
        yield np.array(ids, np.int64), vectors, [f"{c}\n{t}" if c else t for c, t in zip(contexts, texts, strict=True)]


def removed_since(connection: Connection, collection_id: int, sequence: int) -> np.ndarray:
    """Ids (n,) int64 of the chunks removed by the commits after ``sequence``, rising."""
    statement = select(TombstoneRow.chunk_id).where(
        TombstoneRow.collection_id == collection_id, TombstoneRow.sequence > sequence
    )
    ids = np.fromiter(connection.scalars(statement), np.int64)
    ids.sort()
    return ids


def chunks(connection: Connection, collection_id: int, ids: Sequence[int]) -> list[StoredChunk]:
    """Chunks by id, in the order asked for; those that are no longer there are left out."""
    found: dict[int, StoredChunk] = {}
    for batch in batches(ids):
        statement = (
            select(ChunkRow.__table__, DocumentRow.uri, DocumentRow.title, DocumentRow.meta.label("inherited"))
            .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
            .where(ChunkRow.id.in_(batch))
        )
        for row in connection.execute(statement):
            if row.collection_id != collection_id:  # asked here, for SQLite would look for it in the wrong index
                continue
            found[row.id] = StoredChunk(
                chunk_id=row.id,
                document_id=row.document_id,
                document=row.uri,
                title=row.title,
                page=row.page,
                start=row.start_at,
                end=row.end_at,
                text=row.text,
                context=row.context,
                metadata={**row.inherited, **row.metadata},
            )
    return [found[id_] for id_ in ids if id_ in found]


def vectors(connection: Connection, ids: Sequence[int]) -> dict[int, bytes]:
    """The stored vectors of chunks by id."""
    statement = select(VectorRow.chunk_id, VectorRow.vector)
    return {
        id_: vector
        for batch in batches(ids)
        for id_, vector in connection.execute(statement.where(VectorRow.chunk_id.in_(batch)))
    }


def vectors_of_digests(connection: Connection, collection_id: int, digests: Iterable[str]) -> dict[str, bytes]:
    """The stored vectors of a collection's chunks by digest."""
    statement = (
        select(ChunkRow.digest, VectorRow.vector)
        .join(VectorRow, VectorRow.chunk_id == ChunkRow.id)
        .where(ChunkRow.collection_id == collection_id)
    )
    return {
        digest: vector
        for batch in batches(set(digests))
        for digest, vector in connection.execute(statement.where(ChunkRow.digest.in_(batch)))
    }


def documents(connection: Connection, collection_id: int) -> list[DocumentInfo]:
    """All documents without their texts, by key."""
    number = select(func.count()).where(ChunkRow.document_id == DocumentRow.id).scalar_subquery()
    statement = (
        select(
            DocumentRow.id,
            DocumentRow.key,
            DocumentRow.uri,
            DocumentRow.title,
            DocumentRow.digest,
            DocumentRow.meta,
            number,
        )
        .where(DocumentRow.collection_id == collection_id)
        .order_by(DocumentRow.key)
    )
    return [DocumentInfo(*row) for row in connection.execute(statement)]


def document(connection: Connection, collection_id: int, which: str | int) -> Document | None:
    """A document with its text, by key or by id."""
    wanted = DocumentRow.key == which if isinstance(which, str) else DocumentRow.id == which
    statement = select(DocumentRow.__table__).where(DocumentRow.collection_id == collection_id, wanted)
    row = connection.execute(statement).one_or_none()
    if row is None:
        return None
    return Document(
        key=row.key,
        uri=row.uri,
        title=row.title,
        text=row.text,
        digest=row.digest,
        metadata=row.metadata,
        pages=tuple(PageSpan(*span) for span in row.pages),
    )


def ledger(connection: Connection, collection_id: int) -> list[LedgerEntry]:
    """The last outcome of every file, by key."""
    statement = select(LedgerRow.__table__).where(LedgerRow.collection_id == collection_id).order_by(LedgerRow.key)
    return [
        LedgerEntry(
            key=row.key,
            uri=row.uri,
            outcome=row.outcome,
            reason=row.reason,
            digest=row.digest,
            time=datetime.fromtimestamp(row.time, UTC),
        )
        for row in connection.execute(statement)
    ]
