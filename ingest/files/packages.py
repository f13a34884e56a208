"""Packages: documents that are ZIP archives inside (DOCX, XLSX, PPTX, OpenDocument, EPUB), told apart and checked.

A package is unpacked once, piece by piece and without keeping it, before its loader sees it: what it says of its own
sizes is not believed, and the libraries that read packages unpack a file of it in one go. XML that declares entities
is refused here, for every package: no program writes it, and expanding them can take any amount of memory.
"""

import io
import re
import zipfile
import zlib

from indexes.errors import LoadError
from ingest.documents import Refused
from ingest.files.unpacking import Budget

__all__ = ["DAMAGED", "package_kind"]

DAMAGED = "its ZIP package is damaged or cut short; fetch it again"
_ENCRYPTED = 0x1
_PIECE = 1 << 14
_ENTITIES = tuple("<!ENTITY".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_LONGEST_SIGN = max(map(len, _ENTITIES))
_SURPRISES = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError, zlib.error)
_WORD = re.compile(r"word/document\d*\.xml")
_SIGNS = (
    ("ppt/presentation.xml", "pptx"),
    ("xl/workbook.xml", "xlsx"),
    ("META-INF/container.xml", "epub"),
)
_NOT_READ = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb); save it as XLSX"),
    ("visio/document.xml", "a Visio drawing; save it as PDF"),
    ("FixedDocSeq.fdseq", "an XPS document; save it as PDF"),
    ("Index/Document.iwa", "a document of Pages, Numbers or Keynote; save it as PDF, DOCX or XLSX"),
    ("AndroidManifest.xml", "an Android program; there is no text in it to read"),
)
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."


def package_kind(data: bytes, budget: Budget) -> str:
    """Return the kind of a ZIP file: ``docx``, ``pptx``, ``xlsx``, ``odt``, ``epub`` or, of any other, ``zip``.

    Raises:
        LoadError: it is broken.
        Refused: a package that is not read, that is beyond the limits, or whose XML declares entities.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            kind = _kind(archive)
            if kind != "zip":
                _check(archive, len(data), budget)
    except _SURPRISES as error:
        raise LoadError(DAMAGED) from error
    return kind


def _kind(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if any(map(_WORD.fullmatch, names)):
        return "docx"
    for sign, kind in _SIGNS:
        if sign in names:
            return kind
    for sign, described in _NOT_READ:
        if sign in names:
            raise Refused(f"it is {described}")
    if "mimetype" in names:
        with archive.open("mimetype") as stream:
            if stream.read(100).startswith(_OPEN_DOCUMENT):
                return "odt"
    return "odt" if {"content.xml", "META-INF/manifest.xml"} <= names else "zip"


def _check(archive: zipfile.ZipFile, packed: int, budget: Budget) -> None:
    """Unpack everything and keep nothing.

    Raises:
        Refused: too many files, too many bytes, entities, or a file that is encrypted.
    """
    members = archive.infolist()
    if len(members) > budget.limits.max_members:
        raise Refused(f"it is made of more than {budget.limits.max_members:,} files; save it anew, or raise the limit")
    total = 0
    for member in members:
        if member.flag_bits & _ENCRYPTED:
            raise Refused("it is encrypted with a password; save a copy without one")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refused("it is packed by a method that documents do not use; save it anew")
        try:
            total = _check_member(archive, member, total, packed, budget)
        except _SURPRISES:  # its loader may do without this one
            continue


def _check_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, total: int, packed: int, budget: Budget) -> int:
    is_xml = member.filename.lower().endswith((".xml", ".rels"))
    before = b""
    with archive.open(member) as stream:
        while piece := stream.read(_PIECE):
            if is_xml and any(sign in before + piece for sign in _ENTITIES):
                raise Refused("its XML declares entities, which no office program does; save it anew")
            before = piece[-_LONGEST_SIGN:]  # a sign may begin in one piece and end in the next
            total += len(piece)
            budget.check_package(total, packed)
    return total
