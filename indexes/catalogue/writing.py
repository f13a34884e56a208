"""What is written to the catalogue. Every function works inside the caller's transaction and knows no other.

The caller holds the collection's lock, so the rows read here cannot change before they are written.
"""

import secrets
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, update

from indexes.catalogue import attributes, checksums
from indexes.catalogue.checking import check_entry, check_texts
from indexes.catalogue.ids import draw
from indexes.catalogue.models import (
    ChunkRow,
    CollectionRow,
    CommitRow,
    DocumentRow,
    LedgerRow,
    TombstoneRow,
    VectorRow,
)
from indexes.catalogue.reading import batches, duplicates, sound
from indexes.catalogue.spans import as_lists
from indexes.records import Change, Chunk, Document, LedgerEntry

__all__ = [
    "add_commit",
    "advance",
    "delete_document",
    "forget",
    "insert_chunks",
    "insert_document",
    "ledger_row",
    "put_document",
    "record",
    "recount",
    "remove_chunks",
    "rename_document",
    "sweep",
]

_CHUNK = cast(Table, ChunkRow.__table__)
_DOCUMENT = cast(Table, DocumentRow.__table__)
_CHARACTERS = 1 << 22  # of chunks in memory at a time, beside one more chunk


def put_document(
    connection: Connection, collection_id: int, document: Document, chunks: Sequence[Chunk], vectors: np.ndarray
) -> Change:
    """Store a document in the place of the one with its key, if any; a chunk that stays keeps its id and vector."""
    sequence = advance(connection, collection_id)
    document_id, old = _put_row(connection, collection_id, document, len(chunks))
    fresh: list[int] = []
    kept: list[dict[str, Any]] = []
    owner = {"collection_id": collection_id, "document_id": document_id}
    for number, chunk in enumerate(chunks):
        same = old[chunk.digest, chunk.context, document.text[chunk.start : chunk.end]]
        if same:
            id_, since = same.pop()
            row = _chunk_row(document, chunk, owner | {"id": id_, "sequence": since})
            kept.append({"chunk_id": id_, **{name: row[name] for name in _MOVABLE}})
        else:
            fresh.append(number)
    removed = [id_ for same in old.values() for id_, _ in same]
    remove_chunks(connection, collection_id, removed, sequence)
    if kept:
        moved = update(_CHUNK).where(ChunkRow.id == bindparam("chunk_id"))
        connection.execute(moved, kept)
    owners = [(row["chunk_id"], row["page"], row["metadata"]) for row in kept]
    attributes.put_of_chunks(connection, collection_id, owners)
    ids = draw(connection, ChunkRow, len(fresh)) if fresh else []
    new = [(id_, sequence, chunks[number]) for id_, number in zip(ids, fresh, strict=True)]
    insert_chunks(connection, owner, document, new, vectors[fresh])
    _count(connection, collection_id, sequence, len(fresh))
    return Change(added=len(fresh), reused=len(kept), removed=len(removed))


def insert_document(
    connection: Connection, collection_id: int, document_id: int, document: Document, chunks: int
) -> None:
    """Add a document whose key and id are new, and which will have so many chunks."""
    connection.execute(insert(_DOCUMENT).values(_document_row(document, document_id, collection_id, chunks)))
    attributes.put_of_document(connection, collection_id, document_id, document)


def insert_chunks(
    connection: Connection,
    owner: Mapping[str, int],
    document: Document,
    new: Sequence[tuple[int, int, Chunk]],
    vectors: np.ndarray,
) -> None:
    """Add chunks to a document that is there and counts them already.

    Args:
        connection: In a transaction.
        owner: ``collection_id`` and ``document_id``.
        document: The document.
        new: The chunks, each with its id and the sequence of the commit that adds it.
        vectors: Their unit vectors (n, d).
    """
    start = length = 0
    for stop, (_, _, chunk) in enumerate(new, 1):
        length += chunk.end - chunk.start
        if length >= _CHARACTERS or stop == len(new):
            _insert_chunks(connection, owner, document, new[start:stop], vectors[start:stop])
            start, length = stop, 0


def _insert_chunks(
    connection: Connection,
    owner: Mapping[str, int],
    document: Document,
    new: Sequence[tuple[int, int, Chunk]],
    vectors: np.ndarray,
) -> None:
    rows = [_chunk_row(document, chunk, {**owner, "id": id_, "sequence": since}) for id_, since, chunk in new]
    connection.execute(insert(_CHUNK), rows)
    blobs = [(id_, vector.astype("<f4").tobytes()) for (id_, _, _), vector in zip(new, vectors, strict=True)]
    guarded = [{"chunk_id": i, "vector": blob, "checksum": checksums.of_vector(i, blob)} for i, blob in blobs]
    connection.execute(insert(VectorRow), guarded)
    owners = [(id_, chunk.page, chunk.metadata) for id_, _, chunk in new]
    attributes.put_of_chunks(connection, owner["collection_id"], owners)


def delete_document(connection: Connection, collection_id: int, key: str) -> int:
    """Delete the document of a key, and what the ledger says of it; returns how many chunks went.

    That is 0 also where there was no such document.
    """
    document_id = _id_of(connection, collection_id, key)
    if document_id is None:
        return 0
    sequence = advance(connection, collection_id)
    ids = list(connection.scalars(select(ChunkRow.id).where(ChunkRow.document_id == document_id)))
    remove_chunks(connection, collection_id, ids, sequence)
    connection.execute(delete(DocumentRow).where(DocumentRow.id == document_id))
    forget(connection, collection_id, [key])
    return len(ids)


def rename_document(connection: Connection, collection_id: int, key: str, new_key: str, uri: str) -> bool:
    """Give a document another key and name; whatever had the new key goes. False where nothing has the old one.

    The files that it stands for follow it.
    """
    check_texts(uri, {"key": new_key, "name": uri})
    document_id = _id_of(connection, collection_id, key)
    if document_id is None:
        return False
    if new_key != key:
        delete_document(connection, collection_id, new_key)
    advance(connection, collection_id)
    forget(connection, collection_id, [key, new_key] if new_key != key else [])
    row = _change(connection, collection_id, document_id, key=new_key, uri=uri)
    attributes.put_of_document(connection, collection_id, document_id, row)
    if new_key != key:
        held = duplicates(connection, collection_id, key)
        record(connection, collection_id, [replace(line, original=new_key) for line in held])
    return True


def record(connection: Connection, collection_id: int, entries: Sequence[LedgerEntry]) -> None:
    """Write the outcomes of files, each in the place of the file's last one."""
    latest = {entry.key: entry for entry in entries}
    for entry in latest.values():
        check_entry(entry)
    forget(connection, collection_id, list(latest))
    now = time.time()
    rows = [
        ledger_row(collection_id, entry, entry.time.timestamp() if entry.time else now) for entry in latest.values()
    ]
    if rows:
        connection.execute(insert(LedgerRow), rows)


def ledger_row(collection_id: int, entry: LedgerEntry, time: float) -> dict[str, Any]:
    """The row of a line of the ledger, recorded at ``time`` in seconds since 1970."""
    names = "key", "uri", "outcome", "reason", "digest", "original", "original_digest", "sketch"
    said = {name: getattr(entry, name) for name in names}
    doubts = [[doubt.page, doubt.reason] for doubt in entry.doubts]
    row = {"collection_id": collection_id, **said, "doubts": doubts, "time": time}
    return row | {"checksum": checksums.of_ledger(SimpleNamespace(**row))}


def forget(connection: Connection, collection_id: int, keys: Sequence[str]) -> None:
    """Take files out of the ledger."""
    for batch in batches(keys):
        connection.execute(delete(LedgerRow).where(LedgerRow.collection_id == collection_id, LedgerRow.key.in_(batch)))


def sweep(connection: Connection, collection_id: int, sequence: int) -> None:
    """Forget the tombstones up to a commit that files now stand at."""
    connection.execute(
        delete(TombstoneRow).where(TombstoneRow.collection_id == collection_id, TombstoneRow.sequence <= sequence)
    )
    older = update(CollectionRow).where(CollectionRow.id == collection_id, CollectionRow.horizon < sequence)
    connection.execute(older.values(horizon=sequence))
    connection.execute(delete(CommitRow).where(CommitRow.collection_id == collection_id, CommitRow.sequence < sequence))


def advance(connection: Connection, collection_id: int) -> int:
    """Count a commit; returns its number."""
    connection.execute(
        update(CollectionRow).where(CollectionRow.id == collection_id).values(sequence=CollectionRow.sequence + 1)
    )
    of = CollectionRow.id == collection_id
    sequence: int = connection.execute(select(CollectionRow.sequence).where(of)).scalar_one()
    before = select(CommitRow.chunks).where(
        CommitRow.collection_id == collection_id, CommitRow.sequence == sequence - 1
    )
    add_commit(connection, collection_id, sequence, connection.scalar(before) or 0)
    return sequence


def add_commit(connection: Connection, collection_id: int, sequence: int, chunks: int) -> None:
    """Say of a commit how many chunks there are after it; in the place of what was said of it, if anything."""
    this = CommitRow.collection_id == collection_id, CommitRow.sequence == sequence
    connection.execute(delete(CommitRow).where(*this))
    values = {"sequence": sequence, "token": secrets.token_hex(16), "chunks": chunks}
    connection.execute(insert(CommitRow).values(collection_id=collection_id, **values))


def recount(connection: Connection, collection_id: int) -> None:
    """Begin a history of commits anew from the chunks that are there."""
    sequence = advance(connection, collection_id)
    chunks = connection.scalar(select(func.count()).where(ChunkRow.collection_id == collection_id)) or 0
    add_commit(connection, collection_id, sequence, chunks)


def _count(connection: Connection, collection_id: int, sequence: int, chunks: int) -> None:
    this = CommitRow.collection_id == collection_id, CommitRow.sequence == sequence
    connection.execute(update(CommitRow).where(*this).values(chunks=CommitRow.chunks + chunks))


def _change(connection: Connection, collection_id: int, document_id: int, **changes: str) -> Any:
    """Change fields of a document that is sound; gives what it is now."""
    with sound(connection, collection_id) as check_sum:
        row = connection.execute(select(_DOCUMENT).where(DocumentRow.id == document_id)).one()
        check_sum(f"document {row.uri!r}", checksums.of_document(row), row.checksum)
    changed = SimpleNamespace(**(row._asdict() | changes))
    values = {"checksum": checksums.of_document(changed), **changes}
    connection.execute(update(DocumentRow).where(DocumentRow.id == document_id).values(values))
    return changed


def _id_of(connection: Connection, collection_id: int, key: str) -> int | None:
    return connection.scalar(
        select(DocumentRow.id).where(DocumentRow.collection_id == collection_id, DocumentRow.key == key)
    )


_Same = tuple[str, str, str]


def _put_row(
    connection: Connection, collection_id: int, document: Document, chunks: int
) -> tuple[int, dict[_Same, list[tuple[int, int]]]]:
    """The document's id, and id and sequence of the chunks that it had, by what makes a chunk the same."""
    document_id = _id_of(connection, collection_id, document.key)
    new = document_id is None
    if document_id is None:
        document_id = draw(connection, DocumentRow, 1)[0]
    values = _document_row(document, document_id, collection_id, chunks)
    old: dict[_Same, list[tuple[int, int]]] = defaultdict(list)
    if new:
        connection.execute(insert(_DOCUMENT).values(values))
    else:
        connection.execute(update(_DOCUMENT).where(DocumentRow.id == document_id).values(values))
        statement = select(_CHUNK).where(ChunkRow.document_id == document_id).order_by(ChunkRow.id.desc())
        with sound(connection, collection_id) as found_sound:
            for known in connection.execute(statement):
                found_sound(f"chunk {known.id}", checksums.of_chunk(known), known.checksum)
                old[known.digest, known.context, known.text].append((known.id, known.sequence))
    attributes.put_of_document(connection, collection_id, document_id, document)
    return document_id, old


def _document_row(document: Document, document_id: int, collection_id: int, chunks: int) -> dict[str, Any]:
    """The row of a document."""
    values = {
        "id": document_id,
        "collection_id": collection_id,
        "key": document.key,
        "uri": document.uri,
        "title": document.title,
        "text": document.text,
        "chunks": chunks,
        "digest": document.digest,
        "metadata": dict(document.metadata),
        "pages": as_lists(document.pages),
    }
    row = SimpleNamespace(**values)
    return values | {"checksum": checksums.of_document(row), "text_checksum": checksums.of_text(row)}


_MOVABLE = "start_at", "end_at", "page", "metadata", "checksum"
"""What may change of a chunk that stays the same."""


def _chunk_row(document: Document, chunk: Chunk, owner: Mapping[str, int]) -> dict[str, Any]:
    """The row of a chunk; ``owner`` has its id, its collection's and document's, and its sequence."""
    row = {
        **owner,
        "start_at": chunk.start,
        "end_at": chunk.end,
        "page": chunk.page,
        "digest": chunk.digest,
        "metadata": dict(chunk.metadata),
        "context": chunk.context,
        "text": document.text[chunk.start : chunk.end],
    }
    return row | {"checksum": checksums.of_chunk(SimpleNamespace(**row))}


def remove_chunks(connection: Connection, collection_id: int, ids: Sequence[int], sequence: int) -> None:
    """Remove chunks, by id, as a part of commit ``sequence``."""
    if ids:
        connection.execute(
            insert(TombstoneRow),
            [{"chunk_id": id_, "collection_id": collection_id, "sequence": sequence} for id_ in ids],
        )
    for batch in batches(ids):
        connection.execute(delete(ChunkRow).where(ChunkRow.id.in_(batch)))
    _count(connection, collection_id, sequence, -len(ids))
