"""What kind of file this is, told by its content and not by its name.

A name decides only what content cannot: whether a text is meant as Markdown. Known kinds that no loader reads yet
are refused by name, so that nobody finds slides or spreadsheets half read.
"""

import io
import re
import zipfile
from pathlib import PurePath

from indexes.errors import LoadError
from ingest.documents import Limits, Refused

__all__ = ["detect"]

_READ = "PDF, DOCX, HTML, Markdown and plain text are read: save it as one of these"
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"BM", "a BMP image"),
    (b"{\\rtf", "an RTF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "a SQLite database"),
)
_PACKAGES = (
    ("ppt/presentation.xml", "a PowerPoint presentation"),
    ("xl/workbook.xml", "an Excel workbook"),
    ("xl/workbook.bin", "an Excel workbook"),
    ("META-INF/container.xml", "an EPUB book"),
    ("content.xml", "an OpenDocument file"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(
    r"\A(?>\s|<\?xml[^>]*>|<!--.*?-->)*+<(?:!doctype\s+html|html|head|body|title|meta|article|main|div|p|h[1-6]|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(r"\A\s*<\?xml\b", re.IGNORECASE)
_MAIL = re.compile(r"\A(?:(?:[A-Z][\w-]*): .*\n(?:[ \t].*\n)*){2,}", re.IGNORECASE)
_MAIL_FIELDS = re.compile(r"^(?:From|Received|Return-Path|Message-ID|MIME-Version|Delivered-To):", re.M | re.I)
_MARKDOWN_NAMES = frozenset({".md", ".markdown", ".mdown", ".mkd"})
_MARKDOWN_SIGNS = tuple(
    re.compile(sign, re.M)
    for sign in (
        r"^#{1,6} \S",
        r"^(?:```|~~~)",
        r"\[[^\[\]\n]++\]\([^()\n]++\)",
        r"^\|?[ \t]*+:?-{3,}+:?[ \t]*+\|",
        r"\*\*\S[^*\n]*\*\*",
    )
)


def detect(data: bytes, limits: Limits) -> str:
    """Return the format of a file: ``pdf``, ``docx``, or ``text`` for whatever may be decoded as characters.

    Raises:
        Refused: a kind that is known and not read.
        LoadError: a broken ZIP package.
    """
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _package(data, limits)
    if data.startswith(_OLE):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Refused("it is encrypted with a password; save a copy without one")
        raise Refused(f"it is an Office document in the format of before 2007; {_READ}")
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            raise Refused(f"it is {kind}; {_READ}")
    return "text"


def detect_text(text: str, name: str) -> str:
    """Return the format of decoded text: ``html``, ``markdown`` or ``text``.

    Raises:
        Refused: a kind of text that is known and not read.
    """
    opening = text[:20_000]
    suffix = PurePath(name).suffix.lower()
    if suffix in _MARKDOWN_NAMES:
        return "markdown"
    if _HTML.match(opening):
        return "html"
    if _XML.match(opening):
        raise Refused(f"it is an XML file; {_READ}")
    head = _MAIL.match(opening)
    if head and len(_MAIL_FIELDS.findall(head[0])) >= 2:
        raise Refused(f"it is an e-mail message; {_READ}")
    signs = [bool(sign.search(text)) for sign in _MARKDOWN_SIGNS]
    return "markdown" if signs[0] and sum(signs) >= 2 else "text"


def _package(data: bytes, limits: Limits) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise LoadError("its ZIP package is damaged or cut short; fetch it again") from error
    names = {member.filename for member in members}
    if "word/document.xml" in names or any(name.startswith("word/document") for name in names):
        if sum(member.file_size for member in members) > limits.max_unpacked_bytes:
            raise Refused(f"it unpacks to more than {limits.max_unpacked_bytes:,} bytes; split it, or raise the limit")
        return "docx"
    for member_name, kind in _PACKAGES:
        if member_name in names:
            raise Refused(f"it is {kind}; {_READ}")
    raise Refused("it is a ZIP archive; unpack it and give the files in it")
