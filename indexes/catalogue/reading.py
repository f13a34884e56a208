"""What is asked of the catalogue: documents, chunks, vectors, the ledger, and what changed since a commit.

Every function takes a connection in a transaction; what several of them say in one transaction belongs together.
What does not agree with its checksum is not given out: `StoreDamaged` says so, and what to type next.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from datetime import UTC, datetime
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np
from sqlalchemy import Connection, Row, bindparam, func, select
from sqlalchemy.exc import DBAPIError

from indexes.catalogue import checksums
from indexes.catalogue.models import ChunkRow, CollectionRow, CommitRow, DocumentRow, LedgerRow, TombstoneRow, VectorRow
from indexes.catalogue.spans import as_spans
from indexes.errors import StoreDamaged
from indexes.records import Chunk, Document, DocumentInfo, Doubt, EncoderFingerprint, LedgerEntry, StoredChunk

__all__ = [
    "Position",
    "added_since",
    "batches",
    "chunks",
    "collection_row",
    "collections",
    "counts",
    "damaged",
    "document",
    "documents",
    "duplicates",
    "entry_of",
    "ledger",
    "name_of",
    "parts",
    "position",
    "removed_since",
    "sound",
    "token_of",
    "vectors",
    "vectors_of_digests",
]

_BATCH = 500  # bound parameters in one statement
_ROWS = 4096  # rows in memory at a time when a collection is read from end to end
_T = TypeVar("_T")
_COMMIT = select(CommitRow.token, CommitRow.chunks).where(
    CommitRow.collection_id == bindparam("id"), CommitRow.sequence == bindparam("sequence")
)
_POSITION = (
    select(CollectionRow.sequence, CollectionRow.horizon, CommitRow.token, CommitRow.chunks)
    .join(
        CommitRow,
        (CommitRow.collection_id == CollectionRow.id) & (CommitRow.sequence == CollectionRow.sequence),
        isouter=True,
    )
    .where(CollectionRow.id == bindparam("id"))
)
_WITHOUT_TEXT = [c for c in DocumentRow.__table__.c if c.name not in ("text", "pages", "text_checksum")]


def batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    """The items in lists short enough for the bound parameters of one statement."""
    collected = list(items)
    for start in range(0, len(collected), _BATCH):
        yield collected[start : start + _BATCH]


def damaged(connection: Connection, collection_id: int, what: str) -> NoReturn:
    """Say that something of a collection is damaged.

    Raises:
        StoreDamaged: Always; the text says what, and what to type.
    """
    try:
        name = connection.scalar(select(CollectionRow.name).where(CollectionRow.id == collection_id))
    except (DBAPIError, ValueError):
        name = None
    raise StoreDamaged(
        f"{what[0].upper()}{what[1:]} of collection {name!r} is not as it was written: "
        f"type `ragstack collections repair{f' {name}' if name else ''}` to mend it "
        f"(`ragstack collections verify{f' {name}' if name else ''}` lists all damage)."
    )


Check = Callable[[str, int, Any], None]
"""Compares the checksum of a row, named in words, with the stored one; raises `StoreDamaged` where they differ."""


@contextmanager
def sound(connection: Connection, collection_id: int) -> Iterator[Check]:
    """Within this block rows are read; what cannot even be decoded is damage as well.

    Raises:
        StoreDamaged: A row is not as it was written.
    """

    def check(what: str, checksum: int, stored: Any) -> None:
        if checksum != stored:
            damaged(connection, collection_id, what)

    try:
        yield check
    except (ValueError, TypeError, RecursionError) as error:  # of JSON and of texts, deep in the driver
        damaged(connection, collection_id, f"a row ({type(error).__name__})")


def collections(connection: Connection) -> list[Row[Any]]:
    """The rows of all collections, by name.

    Raises:
        StoreDamaged: A row holds what never was written to one.
    """
    name = "one"
    try:
        rows = list(connection.execute(select(CollectionRow.__table__).order_by(CollectionRow.name)))
        for row in rows:
            name = repr(row.name)
            encoder = EncoderFingerprint(**row.encoder)
            kinds = [type(value) for value in (row.name, row.sequence, row.horizon, *astuple(encoder))]
            if kinds != [str, int, int, str, str, int, str, str, str] or encoder.dimension < 1:
                raise ValueError
            datetime.fromtimestamp(row.created, UTC)
    except (ValueError, TypeError, OverflowError, OSError, RecursionError) as error:
        raise StoreDamaged(
            f"The row of a collection, {name}, is not as it was written: put a copy of the catalogue back, "
            "or move the home away and ingest again."
        ) from error
    return rows


def collection_row(connection: Connection, name: str) -> Row[Any] | None:
    """The row of a collection, by name."""
    return connection.execute(select(CollectionRow.__table__).where(CollectionRow.name == name)).one_or_none()


def name_of(connection: Connection, collection_id: int) -> str | None:
    """The name of a collection; None where it was deleted."""
    return connection.scalar(select(CollectionRow.name).where(CollectionRow.id == collection_id))


class Position(NamedTuple):
    """Where a collection stands: its last commit with its token, its horizon, and how many chunks it has."""

    sequence: int
    horizon: int
    token: str
    chunks: int


def position(connection: Connection, collection_id: int) -> Position | None:
    """Where a collection stands; None where it was deleted.

    Raises:
        StoreDamaged: Its last commit is lost.
    """
    row = connection.execute(_POSITION, {"id": collection_id}).one_or_none()
    if row is None:
        return None
    if row.token is None and row.sequence:
        damaged(connection, collection_id, f"commit {row.sequence}")
    return Position(row.sequence, row.horizon, row.token or "", row.chunks or 0)


def token_of(connection: Connection, collection_id: int, sequence: int) -> str | None:
    """The token of a commit, empty before the first; None where it is not known any more, or was another history's."""
    if sequence == 0:
        return ""
    row = connection.execute(_COMMIT, {"id": collection_id, "sequence": sequence}).one_or_none()
    return None if row is None else str(row.token)


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
        select(ChunkRow.__table__, VectorRow.vector, VectorRow.checksum.label("vector_checksum"))
        .join(VectorRow, VectorRow.chunk_id == ChunkRow.id, isouter=True)
        .where(ChunkRow.collection_id == collection_id, ChunkRow.sequence > sequence)
        .order_by(ChunkRow.id)
        .execution_options(yield_per=_ROWS)
    )
    with sound(connection, collection_id) as check:
        for rows in connection.execute(statement).partitions():
            for row in rows:
                check(f"chunk {row.id}", checksums.of_chunk(row), row.checksum)
                check(f"the vector of chunk {row.id}", checksums.of_vector(row.id, row.vector), row.vector_checksum)
            blobs = b"".join(row.vector for row in rows)
            stacked = np.frombuffer(blobs, "<f4").reshape(len(rows), dimension)
            texts = [f"{row.context}\n{row.text}" if row.context else row.text for row in rows]
            yield np.fromiter((row.id for row in rows), np.int64, len(rows)), stacked, texts


def removed_since(connection: Connection, collection_id: int, sequence: int) -> np.ndarray:
    """Ids (n,) int64 of the chunks removed by the commits after ``sequence``, rising."""
    statement = select(TombstoneRow.chunk_id).where(
        TombstoneRow.collection_id == collection_id, TombstoneRow.sequence > sequence
    )
    ids = np.fromiter(connection.scalars(statement), np.int64)
    ids.sort()
    return ids


def chunks(connection: Connection, collection_id: int, ids: Sequence[int]) -> list[StoredChunk]:
    """Chunks by id, in the order asked for; those that are no longer there are left out.

    Raises:
        StoreDamaged: One of them, or its document, is not as it was written.
    """
    found: dict[int, StoredChunk] = {}
    with sound(connection, collection_id) as check:
        for batch in batches(ids):
            # asked by id alone: for anything more SQLite would look in the wrong index
            rows = connection.execute(select(ChunkRow.__table__).where(ChunkRow.id.in_(batch))).all()
            rows = [row for row in rows if row.collection_id == collection_id]
            owners = _owners(connection, collection_id, {row.document_id for row in rows}, check)
            for row in rows:
                check(f"chunk {row.id}", checksums.of_chunk(row), row.checksum)
                owner = owners.get(row.document_id)
                if owner is None:
                    damaged(connection, collection_id, f"the document of chunk {row.id}")
                found[row.id] = StoredChunk(
                    chunk_id=row.id,
                    document_id=row.document_id,
                    document=owner.uri,
                    title=owner.title,
                    page=row.page,
                    start=row.start_at,
                    end=row.end_at,
                    text=row.text,
                    context=row.context,
                    metadata={**owner.metadata, **row.metadata},
                )
    return [found[id_] for id_ in ids if id_ in found]


def _owners(connection: Connection, collection_id: int, ids: Iterable[int], check: Check) -> dict[int, Row[Any]]:
    """Documents without their texts, by id."""
    owners: dict[int, Row[Any]] = {}
    for batch in batches(ids):
        for row in connection.execute(select(*_WITHOUT_TEXT).where(DocumentRow.id.in_(batch))):
            check(f"document {row.uri!r}", checksums.of_document(row), row.checksum)
            owners[row.id] = row
    return owners


def vectors(connection: Connection, collection_id: int, ids: Sequence[int]) -> dict[int, bytes]:
    """The stored vectors of a collection's chunks by id.

    Raises:
        StoreDamaged: One of them is not as it was written.
    """
    owned = select(VectorRow.__table__, ChunkRow.collection_id).join(ChunkRow, ChunkRow.id == VectorRow.chunk_id)
    found: dict[int, bytes] = {}
    with sound(connection, collection_id) as check:
        for batch in batches(ids):
            for row in connection.execute(owned.where(VectorRow.chunk_id.in_(batch))):
                if row.collection_id != collection_id:
                    continue
                check(f"the vector of chunk {row.chunk_id}", checksums.of_vector(*row[:2]), row.checksum)
                found[row.chunk_id] = row.vector
    return found


def vectors_of_digests(connection: Connection, collection_id: int, digests: Iterable[str]) -> dict[str, bytes]:
    """The stored vectors of a collection's chunks by digest.

    Raises:
        StoreDamaged: One of the chunks or vectors is not as it was written.
    """
    statement = (
        select(ChunkRow.__table__, VectorRow.vector, VectorRow.checksum.label("vector_checksum"))
        .join(VectorRow, VectorRow.chunk_id == ChunkRow.id)
        .where(ChunkRow.collection_id == collection_id)
    )
    found: dict[str, bytes] = {}
    with sound(connection, collection_id) as check:
        for batch in batches(set(digests)):
            for row in connection.execute(statement.where(ChunkRow.digest.in_(batch))):
                check(f"chunk {row.id}", checksums.of_chunk(row), row.checksum)
                check(f"the vector of chunk {row.id}", checksums.of_vector(row.id, row.vector), row.vector_checksum)
                found[row.digest] = row.vector
    return found


def documents(connection: Connection, collection_id: int) -> list[DocumentInfo]:
    """All documents without their texts, by key.

    Raises:
        StoreDamaged: One of them is not as it was written.
    """
    statement = select(*_WITHOUT_TEXT).where(DocumentRow.collection_id == collection_id).order_by(DocumentRow.key)
    found = []
    with sound(connection, collection_id) as check:
        for row in connection.execute(statement):
            check(f"document {row.uri!r}", checksums.of_document(row), row.checksum)
            found.append(DocumentInfo(row.id, row.key, row.uri, row.title, row.digest, row.metadata, row.chunks))
    return found


def document(connection: Connection, collection_id: int, which: str | int) -> Document | None:
    """A document with its text, by key or by id.

    Raises:
        StoreDamaged: It is not as it was written.
    """
    wanted = DocumentRow.key == which if isinstance(which, str) else DocumentRow.id == which
    statement = select(DocumentRow.__table__).where(DocumentRow.collection_id == collection_id, wanted)
    with sound(connection, collection_id) as check:
        row = connection.execute(statement).one_or_none()
        if row is None:
            return None
        check(f"document {row.uri!r}", checksums.of_document(row), row.checksum)
        check(f"the text of document {row.uri!r}", checksums.of_text(row), row.text_checksum)
        return Document(
            key=row.key,
            uri=row.uri,
            title=row.title,
            text=row.text,
            digest=row.digest,
            metadata=row.metadata,
            pages=as_spans(row.pages),
        )


def parts(connection: Connection, collection_id: int, key: str) -> list[Chunk]:
    """The chunks of a document as they were put, in the order of the text.

    Raises:
        StoreDamaged: One of them is not as it was written.
    """
    statement = (
        select(ChunkRow.__table__)
        .join(DocumentRow, DocumentRow.id == ChunkRow.document_id)
        .where(DocumentRow.collection_id == collection_id, DocumentRow.key == key)
        .order_by(ChunkRow.start, ChunkRow.end, ChunkRow.id)
    )
    found = []
    with sound(connection, collection_id) as check:
        for row in connection.execute(statement):
            check(f"chunk {row.id}", checksums.of_chunk(row), row.checksum)
            found.append(Chunk(row.start_at, row.end_at, row.context, row.digest, row.page, row.metadata))
    return found


def ledger(connection: Connection, collection_id: int) -> list[LedgerEntry]:
    """The last outcome of every file, by key.

    Raises:
        StoreDamaged: A line is not as it was written.
    """
    statement = select(LedgerRow.__table__).where(LedgerRow.collection_id == collection_id).order_by(LedgerRow.key)
    entries = []
    with sound(connection, collection_id) as check:
        for row in connection.execute(statement):
            check(f"the ledger's line on {row.uri!r}", checksums.of_ledger(row), row.checksum)
            entries.append(entry_of(row))
    return entries


def duplicates(connection: Connection, collection_id: int, key: str) -> list[LedgerEntry]:
    """The lines of the files that the document of this key stands for, by key.

    Raises:
        StoreDamaged: A line is not as it was written.
    """
    held = LedgerRow.collection_id == collection_id, LedgerRow.original == key
    statement = select(LedgerRow.__table__).where(*held).order_by(LedgerRow.key)
    with sound(connection, collection_id) as check:
        rows = connection.execute(statement).all()
        for row in rows:
            check(f"the ledger's line on {row.uri!r}", checksums.of_ledger(row), row.checksum)
    return [entry_of(row) for row in rows if row.outcome == "duplicate"]


def entry_of(row: Any) -> LedgerEntry:
    """The line of the ledger that a row holds."""
    doubts = tuple(Doubt(page, reason) for page, reason in row.doubts)
    time = datetime.fromtimestamp(row.time, UTC)
    said = row.key, row.uri, row.outcome, row.reason, row.digest, time
    return LedgerEntry(*said, row.original, row.original_digest, row.sketch, doubts)
