"""From a file to a :class:`ingest.documents.Loaded`: read, tell the kind by content, decode, hand to the loader.

This is the one door to all loaders. It takes a path and plain limits and returns a plain value, so that the work can
be moved into a process of its own without a change for callers. Whatever a loader stumbles over comes out as a
:class:`indexes.errors.LoadError` with one line; only what the caller must see (``KeyboardInterrupt``,
``MemoryError``) passes.
"""

import dataclasses
from pathlib import Path

from indexes.errors import LoadError
from ingest.decoding import decode
from ingest.documents import Limits, Loaded, Refused
from ingest.formats import detect, detect_text
from ingest.language import detect_language

__all__ = ["VERSION", "load", "load_bytes", "read"]

VERSION = 1
"""Counts up whenever loading the same bytes gives another text, so that collections notice and load again."""


def load(path: Path, limits: Limits | None = None) -> Loaded:
    """Read a file and return it as a document's text with its structure.

    Raises:
        Refused: the file is declined: empty, encrypted, binary, of a kind that is not read, too large, without text.
        LoadError: the file is damaged, cannot be opened, or surprised its loader.
    """
    limits = limits or Limits()
    return load_bytes(read(path, limits), path.name, limits)


def read(path: Path, limits: Limits) -> bytes:
    """Return the bytes of a file.

    Raises:
        Refused: the file is larger than the limit, or no regular file.
        LoadError: the operating system does not let us read it.
    """
    try:
        if not path.is_file():
            raise Refused("it is not a regular file") if path.exists() else LoadError("no such file; check the path")
        size = path.stat().st_size
        if size > limits.max_bytes:
            raise Refused(f"it has {size:,} bytes, more than {limits.max_bytes:,}; split it, or raise the limit")
        return path.read_bytes()
    except OSError as error:
        raise LoadError(f"it cannot be read: {error.strerror or error}; check its permissions") from error


def load_bytes(data: bytes, name: str, limits: Limits) -> Loaded:
    """Return the document that the bytes of a file hold; ``name`` is the file's name.

    Raises:
        Refused, LoadError: as :func:`load`.
    """
    if not data.strip():
        raise Refused("it is empty")
    try:
        loaded = _dispatch(data, name, limits)
    except LoadError:
        raise
    except RecursionError as error:
        raise LoadError("its parts are nested too deeply; simplify it or convert it to another format") from error
    except MemoryError:
        raise
    except Exception as error:  # a loader's surprise is one file's failure, never the run's
        kind = type(error).__name__
        raise LoadError(f"its loader failed on it ({kind}); convert it to another format and try again") from error
    if not any(character.isalnum() for character in loaded.text):
        raise Refused("no text was found in it")
    language = detect_language(loaded.text)
    metadata = {**loaded.metadata, "format": loaded.format, **({"lang": language} if language else {})}
    return dataclasses.replace(loaded, metadata=metadata)


def _dispatch(data: bytes, name: str, limits: Limits) -> Loaded:
    kind = detect(data, limits)
    if kind == "pdf":
        from ingest.loaders import pdf

        return pdf.load(data, limits)
    if kind == "docx":
        from ingest.loaders import docx

        return docx.load(data, limits)
    text, encoding = decode(data)
    kind = detect_text(text, name)
    if kind == "html":
        from ingest.loaders import html

        loaded = html.load(text, limits)
    elif kind == "markdown":
        from ingest.loaders import markdown

        loaded = markdown.load(text, limits)
    else:
        from ingest.loaders import text as plain

        loaded = plain.load(text, limits)
    if encoding != "utf-8":
        return dataclasses.replace(loaded, metadata={**loaded.metadata, "encoding": encoding})
    return loaded
