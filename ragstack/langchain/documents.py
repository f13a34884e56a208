"""LangChain's documents and ours.

A chunk that a search found becomes a ``Document`` whose text is ``page_content``, whose id is ``id`` and whose
``metadata`` is the chunk's own, overlaid by ``document``, ``title``, ``page``, ``place``, ``start``, ``end``,
``score`` and ``score_kind`` (see :class:`indexes.records.Hit` and :mod:`indexes.places`): ``page_content`` is exactly
the document's stored text from ``start`` to ``end``. Where it was read from a picture, ``ocr`` says how surely.

A ``Document`` that is stored becomes a document of one chunk, and comes back as it was. A collection holds texts,
numbers, booleans and nulls as metadata, and can filter by them; what a loader of LangChain gives beyond that (lists,
mappings, numbers beyond 64 bits) goes as JSON under one reserved key. Of such, tuples come back as lists.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from langchain_core.documents import Document

from indexes import records
from indexes.errors import UsageError
from indexes.places import place_of
from indexes.storable import is_whole

__all__ = ["from_chunk", "from_hit", "from_stored", "to_stored"]

NESTED = "langchain:nested"


def from_hit(hit: records.Hit) -> Document:
    """A chunk that a stack's search found."""
    names = ("document", "title", "page", "start", "end", "score", "score_kind")
    known = {name: getattr(hit, name) for name in names}
    place = {"place": place_of(hit)} if hit.page is not None else {}
    return Document(id=str(hit.chunk_id), page_content=hit.text, metadata={**hit.metadata, **known, **place})


def from_chunk(chunk: records.StoredChunk) -> Document:
    """The one chunk of a document that :func:`to_stored` made."""
    return Document(id=chunk.document, page_content=chunk.text, metadata=_unpacked(chunk.metadata))


def from_stored(document: records.Document) -> Document:
    """A document that :func:`to_stored` made."""
    return Document(id=document.key, page_content=document.text, metadata=_unpacked(document.metadata))


def to_stored(id_: str, text: str, metadata: Mapping[str, Any]) -> tuple[records.Document, records.Chunk]:
    """What is stored of a document: its id is the key and the name, its title the one that the metadata may have.

    Raises:
        UsageError: a value of the metadata is of no JSON type, or the text holds half a character.
    """
    title = metadata.get("title")
    try:
        digest = sha256(text.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise UsageError(f"the text of {id_!r} holds half a character at {error.start}; decode it properly") from None
    document = records.Document(
        key=id_,
        uri=id_,
        title=title if isinstance(title, str) else "",
        text=text,
        digest=digest,
        metadata=_packed(metadata),
    )
    return document, records.Chunk(start=0, end=len(text), context="", digest=digest)


def _packed(metadata: Mapping[str, Any]) -> dict[str, records.Scalar]:
    plain = {
        key: value
        for key, value in metadata.items()
        if key != NESTED
        and (isinstance(value, str | float | None) or (isinstance(value, int) and is_whole(int(value))))
    }
    nested = {key: value for key, value in metadata.items() if key not in plain}
    if not nested:
        return plain
    try:
        return {**plain, NESTED: json.dumps(nested, ensure_ascii=False, allow_nan=False)}
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the metadata {', '.join(map(repr, nested))} cannot be stored: {error}; expected texts, numbers, "
            "booleans, nulls, and lists and mappings of them"
        ) from None


def _unpacked(stored: Mapping[str, records.Scalar]) -> dict[str, Any]:
    metadata: dict[str, Any] = dict(stored)
    nested = metadata.pop(NESTED, None)
    return metadata if nested is None else {**metadata, **json.loads(nested)}
