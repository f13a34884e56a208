"""From the paths that a caller gives to the files to bring in.

Folders are walked in the order of names, without hidden files and folders; a folder reached twice, by a link or by
overlapping paths, is walked once, and so is a file. A path that is none but has ``*``, ``?`` or ``[`` in it is a
pattern, with ``**`` for any folders; ``-`` is what comes on standard input. What cannot be looked into is reported,
never skipped in silence; only the caller's own files are, where they lie inside what is walked.
"""

import glob
import hashlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from indexes.errors import UsageError

__all__ = ["SEPARATOR", "Discovery", "OwnFiles", "SourceFile", "discover", "identity", "is_under"]

SEPARATOR = "!//"
"""Between the key of an archive and the path in it; no resolved path has two slashes in a row."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to bring in.

    Attributes:
        path: Where it is; of standard input and of what is in an archive, no more than a name.
        key: Its identity: its resolved path.
        uri: What people are shown, as given.
        data: Its bytes, where they are not at ``path``.
    """

    path: Path
    key: str
    uri: str
    data: bytes | None = None

    def member(self, path: str) -> "SourceFile":
        """A file in this one, which is an archive or a mail; itself where ``path`` is empty."""
        return SourceFile(Path(path), f"{self.key}{SEPARATOR}{path}", f"{self.uri}!/{path}") if path else self


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found: the files, and the paths that gave none with the reason."""

    files: tuple[SourceFile, ...]
    problems: tuple[tuple[SourceFile, str], ...]


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """What the caller itself keeps in a folder, which may be that of the documents.

    Attributes:
        folder: The key of the folder.
        names: What matches the whole path in it of a file or folder of the caller's.
    """

    folder: str
    names: re.Pattern[str]

    def hold(self, key: str) -> bool:
        """Whether a key is that of one of these files and folders, or of what is in one."""
        if not is_under(key, self.folder):
            return False
        parts = key[len(self.folder) :].strip("/").split("/")
        return any(self.names.fullmatch("/".join(parts[:end])) for end in range(1, len(parts) + 1))


def discover(paths: Sequence[str | Path], max_bytes: int = 200_000_000, skip: OwnFiles | None = None) -> Discovery:
    """Find the files at and under ``paths``; of standard input no more than ``max_bytes`` and one are read.

    Args:
        paths: What was given.
        max_bytes: The most that is read of standard input, but for one.
        skip: The caller's own files, passed over wherever a walk or a pattern comes upon them; what is given by name is
            found, whosever it is.

    Raises:
        UsageError: A path is empty, or no path at all.
    """
    walk = _Walk()
    for given in paths:
        if not str(given) or "\0" in str(given):
            raise UsageError(f"{str(given)!r} is no path; expected that of a file or folder")
        if str(given) == "-":
            walk.input(sys.stdin.buffer.read(max_bytes + 1))
            continue
        path = Path(given)
        before = walk.reached
        walk.skip = None if skip and skip.hold(identity(_fixed(path))) else skip
        if _is_folder(path):
            walk.folder(path)
            if walk.reached == before:
                walk.problems.append((_source(path), "no files were found in it; check the path"))
        elif _is_there(path):
            walk.file(path)
        elif glob.has_magic(str(path)):
            walk.pattern(path)
        else:
            walk.problems.append((_source(path), "no such file or folder; check the path"))
    return Discovery(tuple(walk.files), tuple(walk.problems))


class _Walk:
    """Gathers files, remembering where it has been."""

    def __init__(self) -> None:
        self.skip: OwnFiles | None = None
        self.files: list[SourceFile] = []
        self.problems: list[tuple[SourceFile, str]] = []
        self._repeated = 0
        self._keys: set[str] = set()
        self._folders: set[tuple[int, int]] = set()

    @property
    def reached(self) -> int:
        """How many files, problems and places of before have been come upon."""
        return len(self.files) + len(self.problems) + self._repeated

    def file(self, path: Path) -> None:
        source = _source(path)
        if self._is_skipped(source.key):
            return
        if source.key in self._keys:
            self._repeated += 1
        else:
            self._keys.add(source.key)
            self.files.append(source)

    def input(self, data: bytes) -> None:
        """What came on standard input: its identity is its content, for it has no place."""
        key = f"stdin:{hashlib.sha256(data).hexdigest()[:16]}"
        if key not in self._keys:
            self._keys.add(key)
            self.files.append(SourceFile(Path("stdin"), key, key, data))

    def pattern(self, path: Path) -> None:
        found = map(Path, sorted(glob.glob(str(path), recursive=True)))  # noqa: PTH207 - it may be absolute
        matches = [match for match in found if not self._is_skipped(identity(match))]
        if not matches:
            self.problems.append((_source(path), "no file matches the pattern; check it"))
        for match in matches:
            if _is_folder(match):
                self.folder(match)
            else:
                self.file(match)

    def folder(self, path: Path) -> None:
        waiting: Iterator[Path] = iter([path])
        stack = [waiting]
        while stack:
            entry = next(stack[-1], None)
            if entry is None:
                stack.pop()
            elif _is_folder(entry):
                stack.append(iter(self._entries(entry)))
            elif not entry.is_symlink() or _is_there(entry):
                self.file(entry)
            else:
                self.problems.append((_source(entry), "it is a link to nothing; mend or remove it"))

    def _entries(self, folder: Path) -> list[Path]:
        """What is in a folder, in order; nothing where it was walked before, is to be skipped or cannot be opened."""
        if self._is_skipped(identity(folder)):
            return []
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in self._folders:
                self._repeated += 1
                return []
            self._folders.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
        except OSError as error:
            self.problems.append((_source(folder), f"it cannot be opened: {error.strerror}; check its permissions"))
            return []
        return [folder / name for name in names]

    def _is_skipped(self, key: str) -> bool:
        return self.skip is not None and self.skip.hold(key)


def identity(path: Path) -> str:
    r"""The key of the document that a path leads to: the resolved path, in POSIX notation.

    Bytes of a name that are not UTF-8 are written as ``\xNN``, for a catalogue holds text.
    """
    return re.sub("^//+", "/", _text(Path(os.path.realpath(path))))


def is_under(key: str, root: str) -> bool:
    """Whether a key is that of a path, or of one below it."""
    return key == root or key.startswith(root.rstrip("/") + "/")


def _fixed(path: Path) -> Path:
    """A path, or the folder from which a pattern starts."""
    if _is_there(path) or not glob.has_magic(str(path)):
        return path
    return Path(*takewhile(lambda part: not glob.has_magic(part), path.parts))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # such as a name that is too long; whoever reads it as a file says so
        return False


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return True


def _source(path: Path) -> SourceFile:
    return SourceFile(path, identity(path), _text(path))


def _text(path: Path) -> str:
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")
