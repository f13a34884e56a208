"""What is looked at before anything is written: whatever passes can be stored, read back, filtered by and restored."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, get_args

import numpy as np

from indexes.errors import EncoderMismatch, UsageError
from indexes.records import Chunk, Document, EncoderFingerprint, LedgerEntry, Outcome
from indexes.storable import LONGEST_DIGEST, is_text, is_whole
from indexes.vectors import normalised

__all__ = ["check", "check_entry", "check_texts", "most_characters"]

_OVERLAP = 16
_MOST_PAGES = 1 << 31
_LONGEST_SKETCH = 4096  # bytes


def check(document: Document, chunks: Sequence[Chunk], vectors: np.ndarray, encoder: EncoderFingerprint) -> np.ndarray:
    """The vectors (n, d) as they are stored, once all that is to be stored was found sound.

    Raises:
        EncoderMismatch: The vectors have another dimension than the collection's.
        UsageError: Something else cannot be stored; the text says what.
    """
    uri = document.uri
    named = {"key": document.key, "name": uri, "title": document.title, "text": document.text}
    check_texts(uri, named | {"digest": document.digest})
    _check_metadata(uri, document.metadata)
    _check_pages(document)
    for chunk in chunks:
        _check_chunk(document, chunk)
    length, most = sum(chunk.end - chunk.start for chunk in chunks), most_characters(document.text)
    if length > most:
        raise UsageError(
            f"The chunks of {uri!r} hold {length} characters, and with its text at most {most} are stored: "
            "let them overlap less."
        )
    return _checked_vectors(uri, chunks, vectors, encoder)


def most_characters(text: str) -> int:
    """How many characters the chunks of a document may have together: they overlap, and not without bound."""
    return _OVERLAP * len(text) + (1 << 16)


def check_entry(entry: LedgerEntry) -> None:
    """Look at a line of the ledger.

    Raises:
        UsageError: It cannot be stored; the text says why.
    """
    named = {"key": entry.key, "name": entry.uri, "reason": entry.reason, "digest": entry.digest}
    check_texts(entry.uri, named | {"original": entry.original})
    check_texts(entry.uri, {"digest": entry.original_digest})
    for doubt in entry.doubts:
        check_texts(entry.uri, {"doubt": doubt.reason})
        if doubt.page is not None and not is_whole(doubt.page, 0, _MOST_PAGES):
            raise UsageError(f"A doubtful page of {entry.uri!r} is none: expected a whole number below {_MOST_PAGES}.")
    if not isinstance(entry.sketch, bytes) or len(entry.sketch) > _LONGEST_SKETCH:
        raise UsageError(f"The sketch of {entry.uri!r} is no sketch: expected at most {_LONGEST_SKETCH} bytes.")
    if entry.outcome not in get_args(Outcome):
        raise UsageError(f"The outcome of {entry.uri!r} is unknown: expected one of {', '.join(get_args(Outcome))}.")


def check_texts(uri: str, texts: Mapping[str, str]) -> None:
    """Look at texts, each by what it is.

    Raises:
        UsageError: One cannot be stored; the text says why.
    """
    for what, text in texts.items():
        _check_text(uri, what, text)
        if what == "digest" and len(text) > LONGEST_DIGEST:
            raise UsageError(
                f"The digest of {uri!r} has {len(text)} characters: expected at most {LONGEST_DIGEST}, as of a SHA-256."
            )


def _check_text(uri: str, what: str, text: Any) -> None:
    if not isinstance(text, str):
        raise UsageError(f"The {what} of {uri!r} is of the type {type(text).__name__}: expected a text.")
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
        if not is_text(key):
            raise UsageError(f"A key of the metadata of {uri!r} is {key!r}: expected a text without NUL.")
        if not isinstance(value, str | int | float | bool | None):
            raise UsageError(
                f"The metadata {key!r} of {uri!r} is of the type {type(value).__name__}: "
                "expected a text, a number, true, false or null."
            )
        if isinstance(value, str):
            _check_text(uri, f"metadata {key!r}", value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"The metadata {key!r} of {uri!r} is {value!r}: expected a finite number.")
        elif isinstance(value, int) and not is_whole(int(value)):
            raise UsageError(f"The metadata {key!r} of {uri!r} is a number beyond 64 bits: write it as a text.")


def _check_pages(document: Document) -> None:
    for page in document.pages:
        if not is_whole(page.number, 0, _MOST_PAGES) or not _is_span(document, page.start, page.end):
            raise UsageError(f"The pages of {document.uri!r} are not numbered spans of its text: load it again.")
        if page.box is not None and not (len(page.box) == 4 and all(map(_is_finite, page.box))):
            raise UsageError(f"A box on a page of {document.uri!r} is none: expected four numbers.")
        _check_text(document.uri, "label of a page", page.label)
    if any(a.start > b.start for a, b in pairwise(document.pages)):
        raise UsageError(f"The pages of {document.uri!r} do not follow one another: load it again.")


def _check_chunk(document: Document, chunk: Chunk) -> None:
    uri = document.uri
    if not _is_span(document, chunk.start, chunk.end):
        raise UsageError(
            f"A chunk of {uri!r} is no span of its text: expected whole numbers up to its {len(document.text)} "
            "characters as start and end."
        )
    if chunk.page is not None and not is_whole(chunk.page, 0, _MOST_PAGES):
        raise UsageError(f"The page of a chunk of {uri!r} is none: expected a whole number below {_MOST_PAGES}.")
    check_texts(uri, {"context": chunk.context, "digest": chunk.digest})
    _check_metadata(uri, chunk.metadata)


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _is_span(document: Document, start: Any, end: Any) -> bool:
    return is_whole(start, 0) and is_whole(end, start, len(document.text) + 1)


def _checked_vectors(uri: str, chunks: Sequence[Chunk], vectors: np.ndarray, encoder: EncoderFingerprint) -> np.ndarray:
    if not len(chunks):
        return normalised(np.empty((0, encoder.dimension)))
    try:
        vectors = np.asarray(vectors, np.float32)
        vectors = vectors.reshape(len(chunks), -1 if len(vectors) == len(chunks) else encoder.dimension)
    except (ValueError, TypeError, OverflowError):
        raise UsageError(
            f"The vectors of {uri!r} are no numbers, or not one vector for each of its {len(chunks)} chunks."
        ) from None
    if vectors.shape[1] != encoder.dimension:
        raise EncoderMismatch(
            f"Vectors of {vectors.shape[1]} dimensions came for {uri!r}; "
            f"the collection's encoder {encoder.name!r} makes {encoder.dimension}."
        )
    if not np.isfinite(vectors).all():
        raise UsageError(f"The encoder gave numbers that are not finite for {uri!r}: use another encoder.")
    return normalised(vectors)
