"""The rows of a collection: each against its checksum, its neighbours and the numbers of the collection."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, and_, func, select

from indexes.care.bundles import Bundle, Unreadable
from indexes.care.findings import Finding
from indexes.care.target import Target
from indexes.catalogue import attributes, checksums, ids
from indexes.catalogue.models import ChunkRow, CollectionRow, CommitRow, DocumentRow, LedgerRow, TombstoneRow
from indexes.catalogue.spans import as_spans

__all__ = [
    "STORED",
    "highest_ids",
    "in_bundle",
    "in_ledger",
    "in_numbers",
    "latest_commit",
    "ledger_lines",
    "line_is_sound",
    "was_published",
    "why_not",
]

STORED = "added", "changed", "moved", "unchanged"
"""Outcomes of the ledger after which the document is in the collection."""
_UNIT = 1e-3


def in_bundle(target: Target, bundle: Bundle) -> Iterator[Finding]:
    """What is wrong with a document, its chunks, vectors and attributes."""
    document = bundle.document
    if isinstance(document, Unreadable):
        yield target.finding("row", f"cannot be read ({document.why})", f"document {document.id}", document=document.id)
        return
    place, id_ = f"document {document.uri!r}", int(document.id)
    sound = checksums.of_document(document) == document.checksum
    if not sound:
        yield target.finding("row", "its name or metadata is not what was written", place, document=id_)
    text_is_sound = checksums.of_text(document) == document.text_checksum
    if not text_is_sound:
        yield target.finding("row", "its text is not what was written", place, document=id_)
    elif not _pages_are_sane(document):
        yield target.finding("text", "its pages do not lie in its text", place, document=id_)
    if sound and document.chunks != len(bundle.chunks):
        what = f"it has {len(bundle.chunks)} chunks and {document.chunks} were written"
        yield target.finding("link", what, place, document=id_)
    if sound and bundle.attributes != _rows(target, attributes.of_document(document)):
        yield target.finding("attribute", "what filters read is not what it says of itself", place, document=id_)
    for chunk in bundle.chunks:
        at = f"chunk {chunk.id} of {place}"
        for kind, what in _of_chunk(target, bundle, document.text if text_is_sound else None, chunk):
            yield target.finding(kind, what, at, chunk=chunk.id, document=id_)


def _of_chunk(
    target: Target, bundle: Bundle, text: str | None, chunk: Row[Any] | Unreadable
) -> Iterator[tuple[Any, str]]:
    if isinstance(chunk, Unreadable):
        yield "row", f"cannot be read ({chunk.why})"
        return
    sound = checksums.of_chunk(chunk) == chunk.checksum
    if not sound:
        yield "row", "is not what was written"
    elif chunk.collection_id != target.id:
        yield "link", f"is of another collection ({chunk.collection_id})"
    elif text is not None and text[chunk.start_at : chunk.end_at] != chunk.text:
        yield "text", f"differs from the document's text from {chunk.start_at} to {chunk.end_at}"
    found = bundle.chunk_attributes.get(chunk.id, set())
    if sound and found != _rows(target, attributes.of_chunk(chunk.page, chunk.metadata)):
        yield "attribute", "what filters read is not what it says of itself"
    wrong = why_not(bundle.vectors.get(chunk.id), chunk.id, target.encoder.dimension)
    if wrong:
        yield "vector", wrong


def why_not(vector: Any, chunk_id: int, dimension: int) -> str:
    """What is wrong with the stored vector of a chunk (its row, `Unreadable` or None), or nothing."""
    if vector is None:
        return "has no vector"
    if isinstance(vector, Unreadable):
        return f"has a vector that cannot be read ({vector.why})"
    if checksums.of_vector(chunk_id, vector.vector) != vector.checksum:
        return "has a vector that is not what was written"
    if len(vector.vector) != 4 * dimension:
        return f"has a vector of {len(vector.vector)} bytes where {4 * dimension} were expected"
    values = np.frombuffer(vector.vector, "<f4").astype(np.float64)
    length = float(np.linalg.norm(values)) if np.isfinite(values).all() else float("nan")
    if not (abs(length - 1) < _UNIT or length == 0):  # a text without any direction is stored as zeros
        return f"has a vector of length {length:.4g} where 1 was expected"
    return ""


def ledger_lines(target: Target, connection: Connection) -> Iterator[Row[Any]]:
    """The lines of the ledger, each with the id of the document that it is about, if there is one."""
    line = LedgerRow.__table__.c
    statement = select(LedgerRow.__table__, DocumentRow.id.label("document_id")).join(
        DocumentRow, and_(DocumentRow.collection_id == line.collection_id, DocumentRow.key == line.key), isouter=True
    )
    yield from connection.execute(statement.where(line.collection_id == target.id).execution_options(yield_per=1000))


def line_is_sound(line: Row[Any]) -> bool:
    """Whether a line of the ledger is what was written."""
    return bool(checksums.of_ledger(line) == line.checksum)


def in_ledger(target: Target, connection: Connection) -> Iterator[Finding]:
    """Lines that are not what was written, and files that are said to be stored and are not."""
    for row in ledger_lines(target, connection):
        if not line_is_sound(row):
            yield target.finding("ledger", "its line in the ledger is not what was written", f"file {row.uri!r}")
        elif row.outcome in STORED and row.document_id is None:
            yield target.finding("ledger", "is lost, though the ledger says it is here", f"document {row.uri!r}")


def in_numbers(target: Target, connection: Connection, highest_in_files: int) -> Iterator[Finding]:
    """Sequences and ids beyond those that the catalogue has counted to, and tombstones of chunks that are there."""
    of = CollectionRow.id == target.id
    sequence, horizon = connection.execute(select(CollectionRow.sequence, CollectionRow.horizon).where(of)).one()
    latest = latest_commit(target, connection)
    if latest > sequence:
        yield target.finding("number", f"there are rows of commit {latest}, beyond the last one, {sequence}")
    if horizon > sequence:
        yield target.finding("number", f"the horizon {horizon} is beyond the last commit, {sequence}")
    if wrong := wrong_commit(target, connection):
        yield target.finding("number", wrong)
    for numbered, most in highest_ids(connection, highest_in_files):
        known = ids.counted(connection, numbered)
        if most > known:
            what = f"the {numbered.__tablename__} id {most} is in use, and ids were counted to {known} only"
            yield target.finding("number", what)
    dead = select(TombstoneRow.chunk_id).join(ChunkRow, ChunkRow.id == TombstoneRow.chunk_id)
    for id_ in connection.scalars(dead.where(TombstoneRow.collection_id == target.id)):
        yield target.finding("tombstone", "is said to be removed, and is there", f"chunk {id_}", chunk=id_)


def wrong_commit(target: Target, connection: Connection) -> str:
    """What is wrong with what the last commit says of itself; empty for nothing."""
    last = and_(CommitRow.collection_id == CollectionRow.id, CommitRow.sequence == CollectionRow.sequence)
    statement = select(CollectionRow.sequence, CommitRow.chunks).join(CommitRow, last, isouter=True)
    row = connection.execute(statement.where(CollectionRow.id == target.id)).one()
    sequence: int = row[0]
    said: int | None = row[1]
    there = connection.scalar(select(func.count()).where(ChunkRow.collection_id == target.id)) or 0
    if sequence and said is None:
        return f"nothing is known of the last commit, {sequence}"
    return "" if (said or 0) == there else f"there are {there} chunks, and the last commit counted {said}"


def latest_commit(target: Target, connection: Connection) -> int:
    """The highest commit that any chunk or tombstone is of."""
    of_chunks = select(func.max(ChunkRow.sequence)).where(ChunkRow.collection_id == target.id)
    of_tombstones = select(func.max(TombstoneRow.sequence)).where(TombstoneRow.collection_id == target.id)
    return max(connection.scalar(of_chunks) or 0, connection.scalar(of_tombstones) or 0)


def highest_ids(connection: Connection, in_files: int) -> list[tuple[type[ChunkRow] | type[DocumentRow], int]]:
    """The highest ids in use, by the table that gives them out."""
    used = [in_files, *(connection.scalar(select(func.max(c))) or 0 for c in (TombstoneRow.chunk_id, ChunkRow.id))]
    return [(ChunkRow, max(used)), (DocumentRow, connection.scalar(select(func.max(DocumentRow.id))) or 0)]


def _rows(target: Target, rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {(target.id, row["key"], row["kind"], row["text"], row["number"]) for row in rows}


def _pages_are_sane(document: Row[Any]) -> bool:
    """Whether the pages are spans of the text that follow one another."""
    try:
        spans = as_spans(document.pages)
        inside = all(span.number >= 1 and 0 <= span.start <= span.end <= len(document.text) for span in spans)
        return inside and all(a.start <= b.start for a, b in pairwise(spans))
    except (TypeError, ValueError):
        return False


def was_published(target: Target, connection: Connection) -> bool:
    """Whether files were written at some time, and not for an empty collection."""
    horizon = connection.scalar(select(CollectionRow.horizon).where(CollectionRow.id == target.id)) or 0
    first = select(ChunkRow.id).where(ChunkRow.collection_id == target.id, ChunkRow.sequence <= horizon).limit(1)
    return connection.scalar(first) is not None
