"""A collection read from end to end, document by document, also where the catalogue is damaged.

Rows are read some at a time; where that fails, one by one, and what cannot be read is named. Memory holds a few
documents with their chunks.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, FromClause, Row, select
from sqlalchemy.exc import DBAPIError

from indexes.catalogue.models import ChunkAttributeRow, ChunkRow, DocumentAttributeRow, DocumentRow, VectorRow
from indexes.catalogue.reading import batches

__all__ = ["Bundle", "Unreadable", "bundles", "document_ids", "rows_by_id"]

_AT_A_TIME = 16
_CHUNKS_AT_A_TIME = 200
_BROKEN = (DBAPIError, ValueError, TypeError, RecursionError, OverflowError)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot even be read, and why."""

    id: int
    why: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """A document with all that belongs to it; ``vectors`` by chunk, attributes as sets by their owner."""

    document: Row[Any] | Unreadable
    chunks: list[Row[Any] | Unreadable] = field(default_factory=list)
    vectors: dict[int, Row[Any] | Unreadable] = field(default_factory=dict)
    attributes: set[tuple[Any, ...]] = field(default_factory=set)
    chunk_attributes: dict[int, set[tuple[Any, ...]]] = field(default_factory=dict)


def document_ids(connection: Connection, collection_id: int) -> list[int]:
    """The ids of a collection's documents, rising."""
    return sorted(connection.scalars(select(DocumentRow.id).where(DocumentRow.collection_id == collection_id)))


def bundles(connection: Connection, ids: Sequence[int]) -> Iterator[Bundle]:
    """The documents of some ids, each with what belongs to it."""
    for start in range(0, len(ids), _AT_A_TIME):
        some = list(ids[start : start + _AT_A_TIME])
        attributes = _grouped(connection, DocumentAttributeRow.__table__, "document_id", some)
        owned: dict[int, list[int]] = defaultdict(list)
        statement = select(ChunkRow.id, ChunkRow.document_id).where(ChunkRow.document_id.in_(some))
        for chunk_id, document_id in connection.execute(statement.order_by(ChunkRow.id)):
            owned[document_id].append(chunk_id)
        for document in rows_by_id(connection, DocumentRow.__table__, "id", some):
            bundle = Bundle(document, attributes=attributes.get(document.id, set()))
            for batch in _some(owned[document.id]):
                bundle.chunks.extend(rows_by_id(connection, ChunkRow.__table__, "id", batch))
                for row in rows_by_id(connection, VectorRow.__table__, "chunk_id", batch):
                    bundle.vectors[row.id if isinstance(row, Unreadable) else row.chunk_id] = row
                bundle.chunk_attributes.update(_grouped(connection, ChunkAttributeRow.__table__, "chunk_id", batch))
            yield bundle


def rows_by_id(
    connection: Connection, source: FromClause, column: str, ids: Sequence[int]
) -> list[Row[Any] | Unreadable]:
    """The rows of some ids, rising; where they cannot be read together, one by one."""
    statement = select(source).order_by(source.c[column])
    try:
        return list(connection.execute(statement.where(source.c[column].in_(ids))))
    except _BROKEN as error:
        if isinstance(error, DBAPIError) and connection.dialect.name != "sqlite":
            raise  # the transaction is over
        if len(ids) == 1:
            return [Unreadable(ids[0], str(getattr(error, "orig", error)))]
    half = len(ids) // 2
    parts = (rows_by_id(connection, source, column, part) for part in (ids[:half], ids[half:]))
    return [row for part in parts for row in part]


def _some(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), _CHUNKS_AT_A_TIME):
        yield ids[start : start + _CHUNKS_AT_A_TIME]


def _grouped(
    connection: Connection, source: FromClause, owner: str, ids: Sequence[int]
) -> dict[int, set[tuple[Any, ...]]]:
    """Attributes by owner, each as (collection, key, kind, text, number); a doubled one is marked as such."""
    columns = [source.c[name] for name in ("collection_id", "key", "kind", "text", "number", owner)]
    found: dict[int, set[tuple[Any, ...]]] = defaultdict(set)
    for batch in batches(ids):
        for *values, of in connection.execute(select(*columns).where(source.c[owner].in_(batch))):
            row = tuple(values)
            found[of].add(("twice", *row) if row in found[of] else row)
    return found
