"""TAR archives, and single files packed by gzip, bzip2 or xz: unpacked within bounds, without touching the disk.

What is passed over and what is refused is as in :mod:`ingest.loaders.zip`.
"""

import bz2
import gzip
import io
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import PurePath

from indexes.errors import LoadError
from ingest.documents import Refused
from ingest.files.unpacking import Budget, Member, Names, Stream, is_passed_over, leads_out

__all__ = ["inner_name", "members", "unpack"]

_DAMAGED = "its archive is damaged or cut short; fetch it again"
_XZ_MEMORY = 200_000_000


def unpack(data: bytes, kind: str, budget: Budget) -> bytes:
    """Return the file that is packed by ``kind``: ``gzip``, ``bzip2`` or ``xz``.

    Raises:
        Refused: it unpacks beyond the limits.
        LoadError: it is broken.
    """
    source = io.BytesIO(data)
    stream: Stream
    try:
        if kind == "gzip":
            stream = gzip.GzipFile(fileobj=source)
        else:
            stream = bz2.BZ2File(source) if kind == "bzip2" else _Xz(data)
        return budget.read(stream, len(data))
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise LoadError(_DAMAGED) from error


class _Xz:
    """Reads one stream of xz with a bound on the memory that its header may ask for."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._reader = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)

    def read(self, size: int, /) -> bytes:
        if self._reader.eof:
            return b""
        piece = self._reader.decompress(self._data, size)
        self._data = b""
        if not piece and not self._reader.eof:
            raise EOFError
        return piece


def inner_name(name: str) -> str:
    """The name of the file in a packed one: ``a.txt.gz`` holds ``a.txt`` and ``a.tgz`` holds ``a.tar``."""
    path = PurePath(name)
    suffix = path.suffix.lower()
    if suffix in (".tgz", ".tbz", ".tbz2", ".txz"):
        return str(path.with_suffix(".tar"))
    return str(path.with_suffix("")) if suffix in (".gz", ".bz2", ".xz") else name


def members(data: bytes, budget: Budget) -> Iterator[Member]:
    """Return the files of an archive in its order.

    Raises:
        LoadError: it is broken; what came before has been returned.
        Refused: it has no files.
    """
    settle = Names().settle
    empty = True
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for entry in archive:
                if entry.isdir() or is_passed_over(entry.name):
                    continue
                empty = False
                name = settle(entry.name)
                if not budget.take_member():
                    yield Member(name, budget.too_many())
                    return
                yield Member(name, _content(archive, entry, len(data), budget))
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError) as error:
        raise LoadError(_DAMAGED) from error
    if empty:
        raise Refused("it is an archive with no files in it")


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo, size: int, budget: Budget) -> bytes | LoadError:
    if leads_out(entry.name):
        return Refused("its name leads out of the archive; unpack it by hand if you trust it")
    if not entry.isreg():
        return Refused("it is a link or a device, not a file; pack the file itself")
    try:
        budget.check(entry.size, size)
        stream = archive.extractfile(entry)
        return LoadError(_DAMAGED) if stream is None else budget.read(stream, size)
    except LoadError as error:
        return error
    except (tarfile.TarError, EOFError, OSError, ValueError):
        return LoadError("it is damaged in its archive; fetch the archive again")
