"""Checksums of rows, so that what the catalogue's file was changed to by accident is never served as if written.

A checksum is XXH3 with 64 bits (https://xxhash.com) over a canonical encoding of a row's fields: the short ones as
one line of JSON with sorted keys, then a mark that says whether a text or bytes follow, then those as they are. JSON
has no line breaks of its own here and keeps kinds apart (3 is not 3.0, nor "3", nor true), so two different rows never
have the same encoding. Every row is bound to its id: one row in the place of another is noticed too.

What guards what:

- a document: `of_document` what reading a chunk needs of it, `of_text` its text and pages;
- a chunk: `of_chunk` all of it; a vector: `of_vector`; a line of the ledger: `of_ledger`.

The functions take whatever a damaged row may hold, so that damage shows as another checksum and not as an error. They
guard against accidents. Whoever can write to the file can write checksums that fit.
"""

import json
from collections.abc import Sequence
from typing import Any

import xxhash

__all__ = ["of_chunk", "of_document", "of_ledger", "of_text", "of_vector"]

_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=lambda value: {type(value).__name__: repr(value)}
).encode


def of_document(row: Any) -> int:
    """The checksum of a document without its text.

    Args:
        row: Has the columns of ``DocumentRow`` as attributes; so have the arguments of the functions below.
    """
    named = row.key, row.uri, row.title, row.digest
    return _checksum((row.id, row.collection_id, *named, row.metadata, row.chunks), "")


def of_text(row: Any) -> int:
    """The checksum of a document's text and pages."""
    return _checksum((row.id, row.pages), row.text)


def of_chunk(row: Any) -> int:
    """The checksum of a chunk."""
    place = row.id, row.collection_id, row.document_id, row.sequence, row.start_at, row.end_at, row.page
    return _checksum((*place, row.digest, row.metadata, row.context), row.text)


def of_vector(chunk_id: int, vector: bytes) -> int:
    """The checksum of a chunk's vector, in its stored bytes."""
    return _checksum((chunk_id,), vector)


def of_ledger(row: Any) -> int:
    """The checksum of a line of the ledger, which may move from one collection to another."""
    said = row.key, row.uri, row.outcome, row.reason, row.digest, row.time
    return _checksum((*said, row.original, row.original_digest, row.doubts), row.sketch)


def _checksum(head: Sequence[Any], tail: str | bytes) -> int:
    """The checksum, as the signed integer that databases keep."""
    try:
        encoded = _encode(head)
    except (TypeError, ValueError, RecursionError):  # keys that cannot be sorted: nothing that was ever written
        return -1
    if isinstance(tail, str):
        data = f"{encoded}\ns{tail}".encode(errors="surrogatepass")
    else:
        kind = "b" if isinstance(tail, bytes) else "?"
        body = tail if isinstance(tail, bytes) else repr(tail).encode()
        data = f"{encoded}\n{kind}".encode(errors="surrogatepass") + body
    number: int = xxhash.xxh3_64_intdigest(data)
    return number - (number >> 63 << 64)
