"""ZIP archives: the files in one, each by itself, within bounds and without touching the disk.

Folders, hidden files and what macOS and Windows leave for themselves are passed over. A file that cannot be unpacked
(encrypted, damaged, a link, a name that leads out of the archive, too large for what it was packed in) says why and
costs none of the others. Files that lie over one another in the archive, the way of bombs, are unpacked once.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from lzma import LZMAError

from indexes.errors import LoadError
from ingest.documents import Refused
from ingest.files.decoding import decode_names
from ingest.files.packages import DAMAGED
from ingest.files.unpacking import Budget, Member, Names, is_passed_over, leads_out

__all__ = ["members"]

_ENCRYPTED = 0x1
_UTF8 = 0x800
_HEADER = 30
_SURPRISES = (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, OSError, ValueError, RuntimeError)


def members(data: bytes, budget: Budget) -> Iterator[Member]:
    """Return the files of an archive in its order.

    Raises:
        LoadError: its list of files is broken.
        Refused: it has too many files, or none.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _SURPRISES as error:
        raise LoadError(DAMAGED) from error
    with archive:
        entries = archive.infolist()
        names = _names(entries)
        wanted = zip(entries, names, strict=True)
        found = [(entry, name) for entry, name in wanted if not (name.endswith("/") or is_passed_over(name))]
        if not found:
            raise Refused("it is an archive with no files in it")
        if len(found) > budget.members_left:
            raise budget.too_many_in_archive()
        overlapping = _overlapping(entries)
        settle = Names().settle
        for entry, name in found:
            budget.take_member()
            content = _content(archive, entry, name, len(data), budget, overlaps=id(entry) in overlapping)
            yield Member(settle(name), content)


def _names(entries: list[zipfile.ZipInfo]) -> list[str]:
    """The names as their writer meant them; old archives do not say in which encoding they are."""
    unsure = [entry.orig_filename.encode("cp437") for entry in entries if not entry.flag_bits & _UTF8]
    meant = iter(decode_names(unsure))
    return [(entry.orig_filename if entry.flag_bits & _UTF8 else next(meant)).replace("\\", "/") for entry in entries]


def _overlapping(entries: list[zipfile.ZipInfo]) -> set[int]:
    """The identities of the entries that begin within another one's bytes."""
    found: set[int] = set()
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            found.add(id(entry))
        else:
            end = entry.header_offset + _HEADER + len(entry.orig_filename) + entry.compress_size
    return found


def _content(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, size: int, budget: Budget, *, overlaps: bool
) -> bytes | LoadError:
    mode = entry.external_attr >> 16
    if leads_out(name):
        return Refused("its name leads out of the archive; unpack it by hand if you trust it")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return Refused("it is a link or a device, not a file; pack the file itself")
    if entry.flag_bits & _ENCRYPTED:
        return Refused("it is encrypted with a password; unpack it and give the file")
    if overlaps:
        return Refused("it lies over another file in the archive, as in a bomb; pack the archive anew")
    packed = min(entry.compress_size, size)
    try:
        budget.check(entry.file_size, packed)
        with archive.open(entry) as stream:
            return budget.read(stream, packed, gently=entry.compress_type in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    except LoadError as error:
        return error
    except NotImplementedError:
        return Refused("it is packed by a method that is not read; pack it anew")
    except _SURPRISES:
        return LoadError("it is damaged in its archive; fetch the archive again")
