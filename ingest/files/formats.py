"""What kind of file this is, told by its content and not by its name.

A name decides only what content cannot: whether a text is meant as Markdown, a list of values or the start of a mail.
Signatures that are made of letters (``ID3``, ``OTTO``) count only where the file is no text, for a text may well begin
with them or quote them.
Kinds that are known and not read are refused by name, with what to save them as.
"""

import re
import struct
from pathlib import PurePath

from indexes.errors import LoadError
from ingest.documents import Refused
from ingest.files.packages import package_kind
from ingest.files.unpacking import Budget

__all__ = ["MAIL_SEPARATOR", "detect", "detect_text"]

_AS_DOCUMENT = "save it as PDF, DOCX or text"
_UNPACK = "unpack it and give the files in it"
_NO_TEXT = "there is no text in it to read"
_READ: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\0", "image"),
    (b"MM\0*", "image"),
    (b"II+\0", "image"),
    (b"MM\0+", "image"),
    (b"\0\0\0\x0cjP  \r\n", "image"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
)
_NOT_READ: tuple[tuple[bytes, str], ...] = (
    (b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive; {_UNPACK}"),
    (b"Rar!\x1a\x07", f"a RAR archive; {_UNPACK}"),
    (b"(\xb5/\xfd", f"a Zstandard archive; {_UNPACK}"),
    (b"MSCF\0\0\0\0", f"a Cabinet archive; {_UNPACK}"),
    (b"!<arch>\n", f"a software library; {_NO_TEXT}"),
    (b"\x7fELF", f"a program; {_NO_TEXT}"),
    (b"\xcf\xfa\xed\xfe", f"a program; {_NO_TEXT}"),
    (b"\xca\xfe\xba\xbe", f"a program; {_NO_TEXT}"),
    (b"\0asm", f"a program; {_NO_TEXT}"),
    (b"SQLite format 3\0", "a SQLite database; export its tables as CSV"),
    (b"\0\1\0\0Standard ", "an Access database; export its tables as CSV"),
    (b"PAR1", "a Parquet table; export it as CSV"),
    (b"\x89HDF\r\n", "an HDF5 data file; export its tables as CSV"),
    (b"\x93NUMPY", f"a NumPy array; {_NO_TEXT}"),
    (b"!BDN", "an Outlook mailbox; save its messages as EML"),
    (b"\x78\x9f\x3e\x22", "what Outlook packs attachments in (winmail.dat); ask for them to be sent as they are"),
    (b"ITSF", "a compiled help file; save it as HTML or PDF"),
    (b"AT&TFORM", "a DjVu document; save it as PDF"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file; save it as PDF"),
    (b"8BPS", "a Photoshop picture; save it as PNG or PDF"),
    (b"ID3", f"an audio file; {_NO_TEXT}"),
    (b"fLaC", f"an audio file; {_NO_TEXT}"),
    (b"OggS", f"an audio or video file; {_NO_TEXT}"),
    (b"MThd", f"an audio file; {_NO_TEXT}"),
    (b"#!AMR", f"an audio file; {_NO_TEXT}"),
    (b"FLV\x01", f"a video; {_NO_TEXT}"),
    (b"\x1aE\xdf\xa3", f"a video; {_NO_TEXT}"),
    (b"\0\0\1\xba", f"a video; {_NO_TEXT}"),
    (b"\0\1\0\0\0", f"a font; {_NO_TEXT}"),
    (b"OTTO", f"a font; {_NO_TEXT}"),
    (b"wOFF", f"a font; {_NO_TEXT}"),
    (b"wOF2", f"a font; {_NO_TEXT}"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_KINDS = (
    ("EncryptedPackage", "it is encrypted with a password; save a copy without one"),
    ("WordDocument", "it is a Word document in the format of before 2007 (.doc); save it as DOCX or PDF"),
    ("PowerPoint Document", "it is a presentation in the format of before 2007 (.ppt); save it as PPTX or PDF"),
    ("Workbook", "it is an Excel workbook in the format of before 2007 (.xls); save it as XLSX or CSV"),
    ("Book", "it is an Excel workbook in the format of before 2007 (.xls); save it as XLSX or CSV"),
    ("__properties_version1.0", "it is an Outlook message (.msg); save it as EML"),
    ("VisioDocument", "it is a Visio drawing; save it as PDF"),
)  # fmt: skip
_PICTURE_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})
_BITMAP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_LETTERS = re.compile(rb"[\n -~]+")
_BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_POSTSCRIPT = re.compile(rb"%!PS(?:-Adobe|[ \t]*[\r\n])")
_PDF = re.compile(rb"%PDF-[\d.]*[ \t]*(?:[\r\n%]|\Z)")
_PDF_LINE = re.compile(rb"^%PDF-\d\.\d[ \t]*[\r\n]", re.MULTILINE)
_OBJECT = re.compile(rb"\d \d{1,5} obj\b")
_HTML = re.compile(
    r"\A(?>\s|<!--.*?-->)*+<(?:!doctype\s+html|html|head|body|title|meta|article|main|div|p|h[1-6]|table"
    r"|script|style|link|section|header|span|center|font|ul|ol|br|hr|img|a|b|i)\b",
    re.IGNORECASE | re.DOTALL,
)
_WHOLE_HTML = re.compile(r"\A(?>\s|<\?xml[^>]*>|<!--.*?-->)*+<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_XML = re.compile(r"\A\s*(?:<\?xml\b|<!DOCTYPE\b|<(?:rss|feed|svg|rdf:RDF)\b|<[\w:.-]+\s[^<>]*?\bxmlns(?::\w+)?\s*=)")
_XML_TAG = re.compile(r"\A\s*<[\w:!]")
_FIELD = rb"[!-9;-~]{1,80}:[^\n]*\r?\n(?:[ \t][^\n]*\r?\n)*+"
_MAIL = re.compile(rb"\A\s*(?:" + _FIELD + rb"){2,}")
_ONE_FIELD = re.compile(rb"\A\s*" + _FIELD)
_MAIL_FIELDS = re.compile(
    rb"^(?:From|To|Cc|Date|Subject|Received|Return-Path|Message-ID|MIME-Version|Delivered-To|Reply-To|Content-Type):",
    re.M | re.I,
)
_SURE_FIELDS = re.compile(rb"^(?:From|Received|Return-Path|Message-ID|MIME-Version|Delivered-To):", re.M | re.I)
MAIL_SEPARATOR = re.compile(rb"^From \S+ [^\n]*\d{4}[^\n]*\n(?=[!-9;-~]{1,80}:)", re.MULTILINE)
_MAIL_NAMES = frozenset({".eml", ".mht", ".mhtml"})
_MARKDOWN_NAMES = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"})
_HTML_NAMES = frozenset({".html", ".htm", ".xhtml", ".shtml"})
_XML_NAMES = frozenset({".xml", ".rss", ".atom", ".svg", ".dbk", ".xsd", ".rdf", ".opml", ".fb2"})
_JSON_NAMES = frozenset({".json", ".jsonl", ".ndjson", ".geojson", ".ipynb", ".webmanifest"})
_VALUE_NAMES = frozenset({".csv", ".tsv", ".tab", ".psv"})
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


def detect(data: bytes, name: str, budget: Budget) -> str:
    """Return the kind of a file; ``text`` for whatever may be decoded as characters.

    Others are ``pdf``, ``docx``, ``pptx``, ``xlsx``, ``odt`` (for all of OpenDocument), ``epub``, ``rtf``, ``image``,
    ``mail``, ``mailbox``, ``zip``, ``tar``, ``gzip``, ``bzip2`` and ``xz``.

    Raises:
        Refused: a kind that is known and not read, or a package beyond the limits.
        LoadError: a broken ZIP package.
    """
    if _is_pdf(data):
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK00PK\x03\x04")):
        return package_kind(data, budget)
    if data.startswith(_OLE):
        raise _old_office(data)
    signed = _signed(data)
    if signed is not None:
        return signed
    _refuse_known(data)
    if MAIL_SEPARATOR.match(data):
        return "mail" if MAIL_SEPARATOR.search(data, 1) is None else "mailbox"
    return "mail" if _is_mail(data[:20_000], name) else "text"


def detect_text(text: str, name: str) -> str:
    """Return the kind of decoded text: ``html``, ``xml``, ``json``, ``csv``, ``mail``, ``markdown`` or ``text``."""
    from ingest.loaders import csv, json

    opening = text[:20_000]
    suffix = PurePath(name).suffix.lower()
    if suffix in _MARKDOWN_NAMES:
        return "html" if _WHOLE_HTML.match(opening) else "markdown"
    if _WHOLE_HTML.match(opening) or _HTML.match(opening) or (suffix in _HTML_NAMES and _TAG.search(text)):
        return "html"
    if _XML.match(opening) or (suffix in _XML_NAMES and _XML_TAG.match(opening)):
        return "xml"
    if _is_mail(opening.encode(errors="replace"), name):
        return "mail"
    if suffix in _JSON_NAMES or json.looks_like(text):
        return "json"
    if suffix in _VALUE_NAMES:
        return "csv"
    signs = [bool(sign.search(text)) for sign in _MARKDOWN_SIGNS]
    if signs[0] and sum(signs) >= 2:
        return "markdown"
    return "csv" if csv.looks_like(text) else "text"


def _is_mail(opening: bytes, name: str) -> bool:
    """Whether a file begins with the fields of a message; where its name says so, one will do."""
    head = _MAIL.match(opening)
    if head and len(_SURE_FIELDS.findall(head[0])) >= 2:
        return True
    named = PurePath(name).suffix.lower() in _MAIL_NAMES
    return named and _ONE_FIELD.match(opening) is not None and _MAIL_FIELDS.search(opening) is not None


def _signed(data: bytes) -> str | None:
    """The kind that the signature of a file says, of those that are read."""
    if data.startswith(b"{\\rtf"):
        return "rtf"
    if _BZIP2.match(data):
        return "bzip2"
    for magic, kind in _READ:
        if _begins(data, magic):
            return kind
    if _is_binary(data) and _is_picture(data):
        return "image"
    return "tar" if _is_binary(data) and data[257:262] == b"ustar" else None


def _is_binary(data: bytes) -> bool:
    """Whether bytes near the start are none that a text has."""
    return _BINARY.search(data, 0, 4096) is not None


def _begins(data: bytes, magic: bytes) -> bool:
    return data.startswith(magic) and (not _LETTERS.fullmatch(magic) or _is_binary(data))


def _is_pdf(data: bytes) -> bool:
    """Whether a header of PDF is at the start, or behind other bytes in what is no text or a whole PDF of letters."""
    if data.startswith(b"%PDF-"):
        return _PDF.match(data) is not None or _is_binary(data)
    if b"%PDF-" not in data[:1024] or not _OBJECT.search(data) or _MAIL.match(data[:1024]):
        return False
    whole = _PDF_LINE.search(data, 0, 1040) is not None and data.rstrip().endswith(b"%%EOF")
    return whole or _BINARY.search(data) is not None


def _is_picture(data: bytes) -> bool:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return True
    if data[4:8] == b"ftyp" and data[8:12] in _PICTURE_BRANDS:
        return True
    return (
        data[:2] == b"BM" and len(data) > 26 and struct.unpack_from("<I", data, 14)[0] in _BITMAP_HEADERS
    )  # the length of its header, which no text has here


def _refuse_known(data: bytes) -> None:
    for magic, kind in _NOT_READ:
        if _begins(data, magic):
            raise Refused(f"it is {kind}")
    if _POSTSCRIPT.match(data):
        raise Refused("it is a PostScript file; save it as PDF")
    if not _is_binary(data):
        return
    if data[:2] == b"MZ" and b"\0" in data[:256]:
        raise Refused(f"it is a program; {_NO_TEXT}")
    if data[:4] == b"RIFF" and data[8:12] in (b"WAVE", b"AVI "):
        raise Refused(f"it is an audio or video file; {_NO_TEXT}")
    if data[4:8] == b"ftyp":
        raise Refused(f"it is an audio or video file; {_NO_TEXT}")
    if (
        data[:1] == b"\xff"
        and len(data) > 2
        and data[1] in (0xFB, 0xF3, 0xF2, 0xFA, 0xF1, 0xF9)
        and b"\0" in data[:4096]
    ):
        raise Refused(f"it is an audio file; {_NO_TEXT}")


def _old_office(data: bytes) -> LoadError:
    for stream, reason in _OLE_KINDS:
        if stream.encode("utf-16-le") in data:
            return Refused(reason)
    return Refused(f"it is an Office document in the format of before 2007; {_AS_DOCUMENT}")
