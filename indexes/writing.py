"""What is written to the catalogue. Every function works inside the caller's transaction and knows no other.

The caller holds the collection's lock, so the rows read here cannot change before they are written.
"""

import math
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from indexes.dense import normalised
from indexes.errors import EncoderMismatch, UsageError
from indexes.models import (
    ChunkAttributeRow,
    ChunkRow,
    CollectionRow,
    DocumentAttributeRow,
    DocumentRow,
    LedgerRow,
    TombstoneRow,
    VectorRow,
)
from indexes.reading import batches
from indexes.records import Change, Chunk, Document, EncoderFingerprint, LedgerEntry, Scalar
from indexes.selection import attributes

__all__ = ["check", "delete_document", "forget", "put_document", "record", "rename_document", "sweep"]

_CHUNK = cast(Table, ChunkRow.__table__)
_DOCUMENT = cast(Table, DocumentRow.__table__)


def check(document: Document, chunks: Sequence[Chunk], vectors: np.ndarray, encoder: EncoderFingerprint) -> np.ndarray:
    """The vectors (n, d) as they are stored, once all that is to be stored was found sound.

    Raises:
        EncoderMismatch: The vectors have another dimension than the collection's.
        UsageError: Something else cannot be stored; the text says what.
    """
    vectors = (
        np.asarray(vectors, np.float32).reshape(len(chunks), -1) if len(chunks) else np.empty((0, encoder.dimension))
    )
    if vectors.shape[1] != encoder.dimension:
        raise EncoderMismatch(
            f"Vectors of {vectors.shape[1]} dimensions came for {document.uri!r}; "
            f"the collection's encoder {encoder.name!r} makes {encoder.dimension}."
        )
    if not np.isfinite(vectors).all():
        raise UsageError(f"The encoder gave numbers that are not finite for {document.uri!r}: use another encoder.")
    for name, value in (
        ("key", document.key),
        ("name", document.uri),
        ("title", document.title),
        ("text", document.text),
    ):
        _check_text(document.uri, name, value)
    _check_metadata(document.uri, document.metadata)
    for chunk in chunks:
        if not 0 <= chunk.start <= chunk.end <= len(document.text):
            raise UsageError(
                f"A chunk of {document.uri!r} spans {chunk.start} to {chunk.end}; "
                f"the text has {len(document.text)} characters."
            )
        _check_text(document.uri, "context", chunk.context)
        _check_metadata(document.uri, chunk.metadata)
    return normalised(vectors)


def put_document(
    connection: Connection, collection_id: int, document: Document, chunks: Sequence[Chunk], vectors: np.ndarray
) -> Change:
    """Store a document in the place of the one with its key, if any; a chunk that stays keeps its id and vector."""
    sequence = _advance(connection, collection_id)
    document_id, old = _put_row(connection, collection_id, document)
    fresh: list[int] = []
    kept: list[dict[str, Any]] = []
    for number, chunk in enumerate(chunks):
        same = old[chunk.digest, chunk.context, document.text[chunk.start : chunk.end]]
        if same:
            kept.append({"chunk_id": same.pop(), **_movable(chunk)})
        else:
            fresh.append(number)
    removed = [id_ for ids in old.values() for id_ in ids]
    _remove_chunks(connection, collection_id, removed, sequence)
    if kept:
        moved = update(_CHUNK).where(ChunkRow.id == bindparam("chunk_id"))
        connection.execute(moved, kept)
        for batch in batches(row["chunk_id"] for row in kept):
            connection.execute(delete(ChunkAttributeRow).where(ChunkAttributeRow.chunk_id.in_(batch)))
    ids = _insert_chunks(connection, collection_id, document_id, document, [chunks[n] for n in fresh], sequence)
    if ids:
        blobs = (vectors[number].astype("<f4").tobytes() for number in fresh)
        pairs = zip(ids, blobs, strict=True)
        connection.execute(insert(VectorRow), [{"chunk_id": id_, "vector": blob} for id_, blob in pairs])
    owners = [(row["chunk_id"], row["page"], row["metadata"]) for row in kept]
    owners += [(id_, chunks[n].page, chunks[n].metadata) for id_, n in zip(ids, fresh, strict=True)]
    _insert_chunk_attributes(connection, collection_id, owners)
    return Change(added=len(fresh), reused=len(kept), removed=len(removed))


def delete_document(connection: Connection, collection_id: int, key: str) -> int:
    """Delete the document of a key; returns how many chunks went, 0 also where there was no such document."""
    document_id = _id_of(connection, collection_id, key)
    if document_id is None:
        return 0
    sequence = _advance(connection, collection_id)
    ids = list(connection.scalars(select(ChunkRow.id).where(ChunkRow.document_id == document_id)))
    _remove_chunks(connection, collection_id, ids, sequence)
    connection.execute(delete(DocumentRow).where(DocumentRow.id == document_id))
    return len(ids)


def rename_document(connection: Connection, collection_id: int, key: str, new_key: str, uri: str) -> bool:
    """Give a document another key and name; whatever had the new key goes. False where nothing has the old one."""
    document_id = _id_of(connection, collection_id, key)
    if document_id is None:
        return False
    if new_key != key:
        delete_document(connection, collection_id, new_key)
    _advance(connection, collection_id)
    connection.execute(update(DocumentRow).where(DocumentRow.id == document_id).values(key=new_key, uri=uri))
    row = connection.execute(select(DocumentRow.title, DocumentRow.meta).where(DocumentRow.id == document_id)).one()
    _put_document_attributes(connection, collection_id, document_id, _described(new_key, uri, row.title, row.metadata))
    return True


def record(connection: Connection, collection_id: int, entries: Sequence[LedgerEntry]) -> None:
    """Write the outcomes of files, each in the place of the file's last one."""
    latest = {entry.key: entry for entry in entries}
    forget(connection, collection_id, list(latest))
    now = time.time()
    rows = [
        {
            "collection_id": collection_id,
            "key": entry.key,
            "uri": entry.uri,
            "outcome": entry.outcome,
            "reason": entry.reason,
            "digest": entry.digest,
            "time": entry.time.timestamp() if entry.time else now,
        }
        for entry in latest.values()
    ]
    if rows:
        connection.execute(insert(LedgerRow), rows)


def forget(connection: Connection, collection_id: int, keys: Sequence[str]) -> None:
    """Take files out of the ledger."""
    for batch in batches(keys):
        connection.execute(delete(LedgerRow).where(LedgerRow.collection_id == collection_id, LedgerRow.key.in_(batch)))


def sweep(connection: Connection, collection_id: int, sequence: int) -> None:
    """Forget the tombstones up to a commit that files now stand at."""
    connection.execute(
        delete(TombstoneRow).where(TombstoneRow.collection_id == collection_id, TombstoneRow.sequence <= sequence)
    )
    connection.execute(update(CollectionRow).where(CollectionRow.id == collection_id).values(horizon=sequence))


def _advance(connection: Connection, collection_id: int) -> int:
    """Count a commit; returns its number."""
    connection.execute(
        update(CollectionRow).where(CollectionRow.id == collection_id).values(sequence=CollectionRow.sequence + 1)
    )
    return connection.execute(select(CollectionRow.sequence).where(CollectionRow.id == collection_id)).scalar_one()


def _id_of(connection: Connection, collection_id: int, key: str) -> int | None:
    return connection.scalar(
        select(DocumentRow.id).where(DocumentRow.collection_id == collection_id, DocumentRow.key == key)
    )


_Same = tuple[str, str, str]


def _put_row(connection: Connection, collection_id: int, document: Document) -> tuple[int, dict[_Same, list[int]]]:
    """The document's id, and the ids of the chunks that it had, by what makes a chunk the same."""
    values = {
        "uri": document.uri,
        "title": document.title,
        "text": document.text,
        "digest": document.digest,
        "metadata": dict(document.metadata),
        "pages": [[page.number, page.start, page.end] for page in document.pages],
    }
    old: dict[_Same, list[int]] = defaultdict(list)
    document_id = _id_of(connection, collection_id, document.key)
    if document_id is None:
        inserted = insert(_DOCUMENT).values(collection_id=collection_id, key=document.key, **values)
        document_id = connection.scalars(inserted.returning(DocumentRow.id)).one()
    else:
        connection.execute(update(_DOCUMENT).where(DocumentRow.id == document_id).values(values))
        statement = select(ChunkRow.id, ChunkRow.digest, ChunkRow.context, ChunkRow.text)
        for id_, *same in connection.execute(
            statement.where(ChunkRow.document_id == document_id).order_by(ChunkRow.id.desc())
        ):
            old[same[0], same[1], same[2]].append(id_)
    described = _described(document.key, document.uri, document.title, document.metadata)
    _put_document_attributes(connection, collection_id, document_id, described)
    return document_id, old


def _described(key: str, uri: str, title: str, metadata: Mapping[str, Scalar]) -> list[tuple[str, Scalar]]:
    """What filters on a document can ask about: a built-in field that is there hides metadata of the same name."""
    built_in: list[tuple[str, Scalar]] = [("document", key), ("document", uri)]
    if title:
        built_in.append(("title", title))
    hidden = {name for name, _ in built_in}
    return built_in + [(name, value) for name, value in metadata.items() if name not in hidden]


def _put_document_attributes(
    connection: Connection, collection_id: int, document_id: int, pairs: list[tuple[str, Scalar]]
) -> None:
    connection.execute(delete(DocumentAttributeRow).where(DocumentAttributeRow.document_id == document_id))
    owner = {"collection_id": collection_id, "document_id": document_id}
    connection.execute(insert(DocumentAttributeRow), [owner | row for row in attributes(pairs)])


def _insert_chunk_attributes(
    connection: Connection, collection_id: int, owners: list[tuple[int, int | None, Mapping[str, Scalar]]]
) -> None:
    rows = []
    for chunk_id, page, metadata in owners:
        pairs = dict(metadata) if page is None else {**metadata, "page": page}
        owner = {"collection_id": collection_id, "chunk_id": chunk_id}
        rows += [owner | row for row in attributes(pairs.items())]
    if rows:
        connection.execute(insert(ChunkAttributeRow), rows)


def _movable(chunk: Chunk) -> dict[str, Any]:
    """What may change of a chunk that stays the same."""
    return {"start_at": chunk.start, "end_at": chunk.end, "page": chunk.page, "metadata": dict(chunk.metadata)}


def _insert_chunks(
    connection: Connection,
    collection_id: int,
    document_id: int,
    document: Document,
    chunks: Sequence[Chunk],
    sequence: int,
) -> list[int]:
    rows = [
        {
            "collection_id": collection_id,
            "document_id": document_id,
            "sequence": sequence,
            "digest": chunk.digest,
            "context": chunk.context,
            "text": document.text[chunk.start : chunk.end],
            **_movable(chunk),
        }
        for chunk in chunks
    ]
    if not rows:
        return []
    inserted = insert(_CHUNK).returning(ChunkRow.id, sort_by_parameter_order=True)
    return list(connection.scalars(inserted, rows))


def _remove_chunks(connection: Connection, collection_id: int, ids: Sequence[int], sequence: int) -> None:
    if ids:
        connection.execute(
            insert(TombstoneRow),
            [{"chunk_id": id_, "collection_id": collection_id, "sequence": sequence} for id_ in ids],
        )
    for batch in batches(ids):
        connection.execute(delete(ChunkRow).where(ChunkRow.id.in_(batch)))


def _check_text(uri: str, what: str, text: str) -> None:
    if "\0" in text:
        raise UsageError(f"The {what} of {uri!r} holds a NUL character at {text.index(chr(0))}: remove it first.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"The {what} of {uri!r} holds half a character at {error.start}: decode it properly first."
        ) from None


def _check_metadata(uri: str, metadata: Mapping[str, Any]) -> None:
    for key, value in metadata.items():
        if not isinstance(key, str) or not isinstance(value, str | int | float | bool | None):
            raise UsageError(
                f"The metadata {key!r} of {uri!r} is {value!r}: expected a text, a number, true, false or null."
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"The metadata {key!r} of {uri!r} is {value!r}: expected a finite number.")
        _check_text(uri, f"metadata {key!r}", f"{key}{value}")
