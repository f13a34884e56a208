"""Mending the rows of one document. A guess is believed only where the row's checksum confirms it.

A row is put together again from what says the same elsewhere: a chunk's text from its document, its place from its
text, its other fields from the chunks beside it; a document's name from its attributes and its line in the ledger; a
vector from the files of a sound generation.
"""

import shlex
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, delete, insert, select, update

from indexes.care.bundles import Bundle, Unreadable
from indexes.care.rows import why_not
from indexes.care.target import Target
from indexes.catalogue import attributes, checksums, writing
from indexes.catalogue.models import ChunkRow, DocumentRow, LedgerRow, TombstoneRow, VectorRow
from indexes.catalogue.reading import batches
from indexes.records import LedgerEntry
from indexes.search.segment import Segment

__all__ = ["how_to_bring_back", "mend"]

_SHARED = "context", "metadata", "page", "sequence", "collection_id"
_MOST_PLACES = 100


def mend(target: Target, connection: Connection, bundle: Bundle, files: tuple[Segment, ...]) -> list[str]:
    """Mend a document and what belongs to it, or take it out where that cannot be; says what was done."""
    document = bundle.document
    if isinstance(document, Unreadable):
        return [_take_out(target, connection, bundle, document.why)]
    done: list[str] = []
    if checksums.of_text(document) != document.text_checksum:
        return [_take_out(target, connection, bundle, "its text is damaged")]
    if checksums.of_document(document) != document.checksum:
        fixed = _confirmed(checksums.of_document, document, _names(target, connection, bundle))
        if fixed is None:
            return [_take_out(target, connection, bundle, "its name or metadata is damaged")]
        _write(connection, DocumentRow, fixed)
        done.append(f"document {fixed.uri!r}: mended its name or metadata")
        document = fixed
    chunks, strays = _chunks(connection, bundle, document, done)
    why = _why_lost(document, chunks) or _vectors(target, connection, bundle, chunks, files, done)
    if why:
        return [*done, _take_out(target, connection, bundle, why)]
    if strays:
        _remove(target, connection, strays)
        done.append(f"document {document.uri!r}: removed {len(strays)} damaged rows that were not its chunks")
    return [*done, *_describe(target, connection, bundle, document, chunks)]


def how_to_bring_back(target: Target, uri: str) -> str:
    """What to type to have a document again."""
    return f"ragstack ingest {shlex.quote(uri)} --collection {target.name}"


def _chunks(connection: Connection, bundle: Bundle, document: Any, done: list[str]) -> tuple[list[Any], list[int]]:
    """The chunks as they are or as they were mended, and the ids of those that cannot be."""
    sound: list[Any] = []
    broken: list[Any] = []
    strays: list[int] = []
    for chunk in bundle.chunks:
        if isinstance(chunk, Unreadable):
            strays.append(chunk.id)
        else:
            (sound if checksums.of_chunk(chunk) == chunk.checksum else broken).append(chunk)
    for chunk in broken:
        fixed = _confirmed(checksums.of_chunk, chunk, _guesses(bundle, chunk, document, sound))
        if fixed is None:
            strays.append(chunk.id)
            continue
        _write(connection, ChunkRow, fixed)
        sound.append(fixed)
        done.append(f"chunk {chunk.id} of document {document.uri!r}: mended from what stands around it")
    return sound, strays


def _guesses(bundle: Bundle, chunk: Row[Any], document: Any, others: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """What one field or two of a damaged chunk may have been."""
    yield {"document_id": document.id}
    if isinstance(chunk.start_at, int) and isinstance(chunk.end_at, int):
        yield {"text": document.text[chunk.start_at : chunk.end_at]}
    if isinstance(chunk.text, str):
        at = document.text.find(chunk.text)
        for _ in range(_MOST_PLACES):
            if at < 0:
                break
            yield {"start_at": at, "end_at": at + len(chunk.text)}
            at = document.text.find(chunk.text, at + 1)
    yield {"page": None}
    yield {"metadata": {}}
    for *_, key, _, _, number in bundle.chunk_attributes.get(chunk.id, ()):
        if key == "page" and number is not None:
            yield {"page": int(number)}
    for other in others:
        for name in _SHARED:
            yield {name: getattr(other, name)}


def _names(target: Target, connection: Connection, bundle: Bundle) -> Iterator[dict[str, Any]]:
    """What one field of a damaged document may have been."""
    document: Any = bundle.document
    yield {"collection_id": target.id}
    yield {"chunks": len(bundle.chunks)}
    for found in bundle.attributes:
        _, key, _, text, _ = found[-5:]
        if key in ("document", "title"):
            for name in ("key", "uri", "title"):
                yield {name: text}
    lines = select(LedgerRow.key, LedgerRow.uri, LedgerRow.digest).where(LedgerRow.collection_id == target.id)
    near = (LedgerRow.key == str(document.key)) | (LedgerRow.uri == str(document.uri))
    for line in connection.execute(lines.where(near)):
        for name in ("key", "uri", "digest"):
            yield {name: getattr(line, name)}


def _confirmed(of: Any, row: Row[Any], guesses: Iterable[dict[str, Any]]) -> Any:
    """The row with the first guess that its checksum confirms, or None."""
    fields = row._asdict()
    for guess in guesses:
        changed = SimpleNamespace(**(fields | guess))
        if of(changed) == row.checksum:
            return changed
    return None


def _write(connection: Connection, rows: type[DocumentRow] | type[ChunkRow], fixed: Any) -> None:
    table: Any = rows.__table__
    connection.execute(update(table).where(table.c.id == fixed.id).values(vars(fixed)))


def _why_lost(document: Any, chunks: list[Any]) -> str:
    """Why a document with these sound chunks is not whole, or nothing."""
    if len(chunks) != document.chunks:
        return "some of its chunks are lost or damaged"
    if any(document.text[chunk.start_at : chunk.end_at] != chunk.text for chunk in chunks):
        return "its text is not that of its chunks"
    return ""


def _vectors(
    target: Target,
    connection: Connection,
    bundle: Bundle,
    chunks: list[Any],
    files: tuple[Segment, ...],
    done: list[str],
) -> str:
    """Take damaged vectors back from the files; why one cannot be had, or nothing."""
    uri = getattr(bundle.document, "uri", "")
    for chunk in chunks:
        wrong = why_not(bundle.vectors.get(chunk.id), chunk.id, target.encoder.dimension)
        if not wrong:
            continue
        values = next(_filed(chunk.id, files, target.encoder.dimension), None)
        if values is None:
            return f"chunk {chunk.id} {wrong}"
        connection.execute(delete(VectorRow).where(VectorRow.chunk_id == chunk.id))
        connection.execute(insert(VectorRow), [values])
        done.append(f"chunk {chunk.id} of document {uri!r}: took its vector back from the files")
    return ""


def _filed(chunk_id: int, files: tuple[Segment, ...], dimension: int) -> Iterator[dict[str, Any]]:
    """The row of a chunk's vector as sound files have it."""
    for segment in files:
        for place in segment.places(np.array([chunk_id], np.int64)):
            blob = np.asarray(segment.vectors[place], "<f4").tobytes()
            values = {"chunk_id": chunk_id, "vector": blob, "checksum": checksums.of_vector(chunk_id, blob)}
            if not why_not(SimpleNamespace(**values), chunk_id, dimension):
                yield values


def _describe(
    target: Target, connection: Connection, bundle: Bundle, document: Any, chunks: Iterable[Any]
) -> Iterator[str]:
    """Make the attributes again where they are not what the rows say."""

    def as_set(rows: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        return {(target.id, row["key"], row["kind"], row["text"], row["number"]) for row in rows}

    if bundle.attributes != as_set(attributes.of_document(document)):
        attributes.put_of_document(connection, target.id, document.id, document)
        yield f"document {document.uri!r}: made again what filters read"
    wrong = [
        (chunk.id, chunk.page, chunk.metadata)
        for chunk in chunks
        if bundle.chunk_attributes.get(chunk.id, set()) != as_set(attributes.of_chunk(chunk.page, chunk.metadata))
    ]
    if wrong:
        attributes.put_of_chunks(connection, target.id, wrong)
        yield f"document {document.uri!r}: made again what filters read of {len(wrong)} chunks"


def _remove(target: Target, connection: Connection, ids: list[int]) -> None:
    for batch in batches(ids):
        connection.execute(delete(TombstoneRow).where(TombstoneRow.chunk_id.in_(batch)))
    writing.remove_chunks(connection, target.id, ids, writing.advance(connection, target.id))


def _take_out(target: Target, connection: Connection, bundle: Bundle, why: str) -> str:
    """Remove a document that cannot be mended, so that nothing wrong is served; the ledger says how to get it back."""
    document: Any = bundle.document
    _remove(target, connection, [chunk.id for chunk in bundle.chunks])
    connection.execute(delete(DocumentRow).where(DocumentRow.id == document.id))
    if isinstance(document, Unreadable):
        return f"document {document.id}: taken out, for it cannot be read ({why})"
    again = how_to_bring_back(target, document.uri)
    if checksums.of_document(document) == document.checksum:
        reason = f"it was damaged in the catalogue and taken out ({why}): type `{again}`"
        writing.record(connection, target.id, [LedgerEntry(document.key, document.uri, "failed", reason)])
    return f"document {document.uri!r}: taken out, for {why}; type `{again}` to bring it back"
