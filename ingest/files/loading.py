"""From a file's bytes to documents: tell the kind by content, unpack, decode, hand to the loader.

:func:`load_parts` is the one door to all loaders. A plain file gives one :class:`ingest.documents.Part`. An archive
gives one for each file in it, and a mail one for itself and one for each attachment; files in files are named
``inner.zip!/b.txt``. What a loader stumbles over becomes a part with an outcome and a reason, and never costs the
other parts; only what the caller must see (``KeyboardInterrupt``, ``MemoryError``, ``SystemExit``) passes.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Literal

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, LoadOptions, Part, Refused
from ingest.files.decoding import decode
from ingest.files.formats import detect, detect_text
from ingest.files.unpacking import Budget, Member
from ingest.text.language import detect_language

__all__ = ["VERSION", "load", "load_bytes", "load_parts", "read"]

VERSION = 3
"""Counts up whenever loading the same bytes gives another text, so that collections notice and load again."""

_PACKED = frozenset({"gzip", "bzip2", "xz"})
_ARCHIVES = frozenset({"zip", "tar", "mailbox"})


def load_parts(data: bytes, name: str, options: LoadOptions) -> Iterator[Part]:
    """Return what becomes of a file and of the files in it; ``name`` is the file's name."""
    return _Unpacker(options).parts(data, name, "", 1)


def load(path: Path, limits: Limits | None = None) -> Loaded:
    """Read a plain file, or a mail without its attachments, and return it as a document.

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
    """Return the document that the bytes of a plain file hold; ``name`` is the file's name.

    Raises:
        Refused, LoadError: as :func:`load`.
    """
    part = next(load_parts(data, name, LoadOptions(limits)), None)
    if part is None or part.path:
        raise Refused("it is an archive; expected a file that is one document")
    if part.loaded is None:
        raise (Refused if part.outcome == "refused" else LoadError)(part.reason)
    return part.loaded


class _Unpacker:
    """Loads one file with all that is in it, within one budget."""

    def __init__(self, options: LoadOptions) -> None:
        self._options = options
        self._limits = options.limits
        self._budget = Budget(options.limits)

    def parts(self, data: bytes, name: str, path: str, depth: int) -> Iterator[Part]:
        """Return the parts of a file that is at ``path``, within ``depth - 1`` others."""
        try:
            yield from self._parts(data, name, path, depth)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a loader's surprise is one file's failure, never the run's
            yield _unread(path, data, error)

    def _parts(self, data: bytes, name: str, path: str, depth: int) -> Iterator[Part]:
        if len(data) > self._limits.max_bytes:
            raise Refused(
                f"it has {len(data):,} bytes, more than {self._limits.max_bytes:,}; split it, or raise the limit"
            )
        if not data or data.isspace():
            raise Refused("it is empty")
        kind = detect(data, name, self._budget)
        if depth > self._limits.max_depth and kind in _ARCHIVES | _PACKED:
            raise _too_deep(depth)
        if kind in _PACKED:
            from ingest.loaders import tar

            yield from self.parts(tar.unpack(data, kind, self._budget), tar.inner_name(name), path, depth + 1)
        elif kind in _ARCHIVES:
            members: Callable[[bytes, Budget], Iterator[Member]] = import_module(f"ingest.loaders.{kind}").members
            for member in members(data, self._budget):
                yield from self._member(member, path, depth)
        elif kind == "mail":
            yield from self._mail(data, path, depth)
        elif kind == "text":
            yield from self._text(data, name, path, depth)
        else:
            yield self._done(data, path, self._load(kind, data))

    def _text(self, data: bytes, name: str, path: str, depth: int) -> Iterator[Part]:
        text, encoding = decode(data)
        kind = detect_text(text, name)
        if kind == "mail":  # saved in another encoding than mails are sent in
            yield from self._mail(text.encode(), path, depth)
            return
        load: Callable[[str, Limits], Loaded] = import_module(f"ingest.loaders.{kind}").load
        loaded = load(text, self._limits)
        if encoding != "utf-8":
            loaded = dataclasses.replace(loaded, metadata={**loaded.metadata, "encoding": encoding})
        yield self._done(data, path, loaded)

    def _mail(self, data: bytes, path: str, depth: int) -> Iterator[Part]:
        """Load a mail; neither its text nor an attachment costs the other."""
        from ingest.loaders import eml

        message = eml.parse(data)
        try:
            own = self._done(data, path, eml.load(message, self._limits))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            own = _unread(path, data, error)
        yield own
        for member in eml.attachments(message, self._budget):
            if depth > self._limits.max_depth:
                member = Member(member.name, _too_deep(depth))
            yield from self._member(member, path, depth)

    def _member(self, member: Member, path: str, depth: int) -> Iterator[Part]:
        where = f"{path}!/{member.name}" if path else member.name
        if isinstance(member.content, LoadError):
            return iter([_unread(where, None, member.content)])
        return self.parts(member.content, member.name, where, depth + 1)

    def _load(self, kind: str, data: bytes) -> Loaded:
        module = import_module(f"ingest.loaders.{kind}")
        if kind in ("pdf", "image"):
            load_with_options: Callable[[bytes, LoadOptions], Loaded] = module.load
            return load_with_options(data, self._options)
        load: Callable[[bytes, Limits], Loaded] = module.load
        return load(data, self._limits)

    def _done(self, data: bytes, path: str, loaded: Loaded) -> Part:
        """Return the part of a loaded document, or refuse it where it has no words.

        Raises:
            Refused: there is neither a letter nor a digit in it.
        """
        if not any(map(str.isalnum, loaded.text)):
            raise Refused("no text was found in it")
        language = detect_language(loaded.text)
        metadata = {**loaded.metadata, "format": loaded.format, **({"lang": language} if language else {})}
        return Part(path, _digest(data), dataclasses.replace(loaded, metadata=metadata))


def _too_deep(depth: int) -> Refused:
    return Refused(f"it is in {depth} archives or mails within one another; unpack them, or raise the limit of depth")


def _unread(path: str, data: bytes | None, error: Exception) -> Part:
    """Return the part of what cannot be read; ``data`` is None where not even its bytes are known."""
    outcome: Literal["refused", "failed"] = "refused" if isinstance(error, Refused) else "failed"
    if isinstance(error, LoadError):
        reason = str(error)
    elif isinstance(error, RecursionError):
        reason = "its parts are nested too deeply; simplify it or convert it to another format"
    else:
        reason = f"its loader failed on it ({type(error).__name__}); convert it to another format and try again"
    return Part(path, "" if data is None else _digest(data), None, outcome, " ".join(reason.split()))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
