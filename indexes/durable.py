"""Files that are there whole or not at all: written beside, synced, renamed; and the checksums that tell damage.

A checksum is XXH3-128, which reads as fast as memory does, so that everything is checked whenever it is opened. It
tells accident from what was written; it is no defence against somebody who can write both.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xxhash

__all__ = ["UNFINISHED", "checksum", "checksum_of", "sync", "written_beside"]

_BLOCK = 1 << 20
UNFINISHED = "writing-"
"""How the names of directories begin that are being written; one that is found later was left by a killed process."""


def checksum(path: Path) -> str:
    """The checksum of a file's bytes, in hex.

    Raises:
        OSError: The file cannot be read.
    """
    hashing, block = xxhash.xxh3_128(), memoryview(bytearray(_BLOCK))
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(block):
            hashing.update(block[:size])
    return hashing.hexdigest()


def checksum_of(data: bytes) -> str:
    """The checksum of bytes, in hex."""
    return xxhash.xxh3_128_hexdigest(data)


@contextmanager
def written_beside(target: Path) -> Iterator[Path]:
    """A new directory to write files into, which becomes ``target`` at the end, durable and for its owner only.

    Raises:
        OSError: It could not be written; nothing has changed.
    """
    folder = target.with_name(f"{UNFINISHED}{target.name}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
        for path in folder.iterdir():
            path.chmod(0o600)
            sync(path)
        sync(folder)
        folder.rename(target)
        sync(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    """Have the operating system put a file or directory on the disk now."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
