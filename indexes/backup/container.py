r"""The file of a snapshot: frames between a first line that names the format and a SHA-256 of all that is before it.

    ragstack snapshot 1\n
    frame, frame, …            a letter (1 byte), a length (4 bytes, little-endian), as many bytes
    SHA-256 (32 bytes)         of everything above; the file ends here

What the frames hold is told in `indexes.backup.contents`; here they are bytes. Nothing is compressed: a reader holds
one frame at a time, and a frame is never longer than what is left of the file. What is made of a frame is bounded in
`indexes.backup.parsing`. A file that was cut short, or in which any byte differs, does not agree with its SHA-256.

A file is written beside its place, for its owner only, synced and renamed: it is there whole or not at all.
"""

import hashlib
import os
import stat
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, TypeVar

from indexes.durable import sync
from indexes.errors import StoreDamaged, StoreError, UsageError

__all__ = ["VERSION", "Frames", "damaged", "read_frames", "write_frames"]

VERSION: Final = 2
"""Of the format; files of every version so far can be read."""
LONGEST_FRAME: Final = 1 << 30
"""No text or blob longer than this can come out of the databases that the catalogue runs on."""
_MAGIC: Final = b"ragstack snapshot "
_HEAD: Final = struct.Struct("<cI")
_DIGEST_BYTES: Final = 32
_T = TypeVar("_T")


class Frames:
    """Writes frames to an open file."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._hash = hashlib.sha256()
        self._put(_MAGIC + f"{VERSION}\n".encode())

    def add(self, kind: bytes, payload: bytes) -> None:
        """Append a frame.

        Raises:
            StoreError: It is longer than a frame can be, or cannot be written.
        """
        if len(payload) > LONGEST_FRAME:
            raise StoreError(f"A document of {len(payload):,} bytes is too long for a snapshot: split it first.")
        self._put(_HEAD.pack(kind, len(payload)))
        self._put(payload)

    def finish(self) -> None:
        """Append the SHA-256 and make all of it durable."""
        self._put(self._hash.digest())
        with _told(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())

    def _put(self, data: bytes) -> None:
        self._hash.update(data)
        with _told(self._path):
            self._file.write(data)


def write_frames(path: Path, fill: Callable[[Frames], None], check: Callable[[Path], _T]) -> _T:
    """Write a new file and put it in its place.

    Args:
        path: Where to; nothing may be there.
        fill: Adds the frames.
        check: Reads the file once it is durable, before it gets its name; what it returns is returned.

    Raises:
        UsageError: Something of that name is there, or there is no such directory.
        StoreError: It cannot be written; nothing was left behind.
    """
    with _told(path):
        if path.exists() or path.is_symlink():
            raise UsageError(f"There is already a file {path}: choose another name, or remove it first.")
        if not path.parent.is_dir():
            raise UsageError(f"There is no directory {path.parent} to write {path.name} to: make it first.")
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".snapshot-")  # for its owner only
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                frames = Frames(file, path)
                fill(frames)
                frames.finish()
            checked = check(beside)
            beside.rename(path)
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()
        sync(path.parent)
        return checked


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say which file an error of the operating system is about."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"The snapshot cannot be written to {path}: {error.strerror or error}. "
            "Check the permissions and the free space, or choose another place."
        ) from error


def read_frames(path: Path) -> Iterator[tuple[bytes, bytes]]:
    """The frames of a file in order: kind and payload. Whether the file is whole is known only after the last one.

    Raises:
        UsageError: There is no such file, it is no snapshot, or one of a newer program.
        StoreDamaged: It was cut short or changed.
        StoreError: It cannot be read.
    """
    try:
        with _opened(path) as file:
            left = os.fstat(file.fileno()).st_size
            hash_ = hashlib.sha256()
            first = file.readline(len(_MAGIC) + 20)
            _check_first_line(path, first)
            hash_.update(first)
            left -= len(first) + _DIGEST_BYTES
            while left > 0:
                head = file.read(_HEAD.size)
                if len(head) < _HEAD.size or left < _HEAD.size:
                    raise damaged(path, "it ends in the middle")
                kind, length = _HEAD.unpack(head)
                left -= _HEAD.size + length
                if left < 0 or length > LONGEST_FRAME:
                    raise damaged(path, "a part is longer than what is left of the file")
                payload = file.read(length)
                hash_.update(head)
                hash_.update(payload)
                yield kind, payload
            if left < 0 or file.read() != hash_.digest():
                raise damaged(path, "it does not agree with its checksum")
    except OSError as error:
        raise StoreError(f"The snapshot {path} cannot be read: {error.strerror or error}.") from error


def damaged(path: Path, reason: str) -> StoreDamaged:
    """The error for a file that is not what was written."""
    return StoreDamaged(f"The snapshot {path} is damaged ({reason}): use another copy of it; nothing was changed.")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe must not be waited for
    except (FileNotFoundError, ValueError):  # the latter for a name that holds a NUL
        raise UsageError(f"There is no file {path}: check the path.") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UsageError(f"{path} is not a file: expected a snapshot that `ragstack collections snapshot` wrote.")
    with os.fdopen(handle, "rb") as file:
        yield file


def _check_first_line(path: Path, line: bytes) -> None:
    version = line.removeprefix(_MAGIC).removesuffix(b"\n")
    if not line.startswith(_MAGIC) or not line.endswith(b"\n") or not version.isdigit():
        raise UsageError(
            f"{path} is no snapshot of a collection: expected a file that `ragstack collections snapshot` wrote."
        )
    if int(version) > VERSION:
        raise UsageError(
            f"The snapshot {path} has format {int(version)} and this program knows up to {VERSION}: "
            "a newer ragstack wrote it; type `pip install --upgrade ragstack`."
        )
    if line not in [_MAGIC + f"{known}\n".encode() for known in range(1, VERSION + 1)]:
        raise damaged(path, "its first line")
