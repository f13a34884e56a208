"""The rows that filters are answered from: written with the documents and chunks they describe, made again from them.

A chunk has the attributes of its document, except where it has its own of the same key. Name and title are the
document's alone: what a chunk's own metadata says under these keys can be read and is not filtered by.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert

from indexes.catalogue.models import ChunkAttributeRow, DocumentAttributeRow
from indexes.catalogue.reading import batches
from indexes.catalogue.selection import attributes
from indexes.records import Scalar

__all__ = ["of_chunk", "of_document", "put_of_chunks", "put_of_document"]

_OF_DOCUMENTS = "document", "title"


def of_document(document: Any) -> list[dict[str, Any]]:
    """The attributes of a document, without their owner: a built-in field hides metadata of the same name.

    Args:
        document: Has ``key``, ``uri``, ``title`` and ``metadata``.
    """
    built_in: list[tuple[str, Scalar]] = [("document", document.key), ("document", document.uri)]
    if document.title:
        built_in.append(("title", document.title))
    hidden = {name for name, _ in built_in}
    return attributes(built_in + [(name, value) for name, value in document.metadata.items() if name not in hidden])


def of_chunk(page: int | None, metadata: Mapping[str, Scalar]) -> list[dict[str, Any]]:
    """The attributes of a chunk's own, without their owner."""
    own: dict[str, Scalar] = {key: value for key, value in metadata.items() if key not in _OF_DOCUMENTS}
    return attributes((own if page is None else {**own, "page": page}).items())


def put_of_document(connection: Connection, collection_id: int, document_id: int, document: Any) -> None:
    """Write the attributes of a document in the place of those that are there."""
    connection.execute(delete(DocumentAttributeRow).where(DocumentAttributeRow.document_id == document_id))
    owner = {"collection_id": collection_id, "document_id": document_id}
    connection.execute(insert(DocumentAttributeRow), [owner | row for row in of_document(document)])


def put_of_chunks(
    connection: Connection, collection_id: int, owners: Iterable[tuple[int, int | None, Mapping[str, Scalar]]]
) -> None:
    """Write the attributes of chunks, given by id, page and metadata, in the place of those that are there."""
    rows, owners = [], list(owners)
    for batch in batches(id_ for id_, _, _ in owners):
        connection.execute(delete(ChunkAttributeRow).where(ChunkAttributeRow.chunk_id.in_(batch)))
    for chunk_id, page, metadata in owners:
        owner = {"collection_id": collection_id, "chunk_id": chunk_id}
        rows += [owner | row for row in of_chunk(page, metadata)]
    if rows:
        connection.execute(insert(ChunkAttributeRow), rows)
