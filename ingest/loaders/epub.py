"""EPUB: the chapters of a book in the order in which it is read, each loaded as the page of HTML that it is.

A book has no pages, so its places are its files: ``chapter 3`` is the third in the order of reading, cover and
contents included. Title and author are those of the book's own description. A book whose chapters are encrypted, as
shops sell them, is refused; its fonts may be.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from indexes.errors import LoadError
from indexes.records import PageSpan, Scalar
from ingest.documents import Limits, Loaded, Refused
from ingest.files.decoding import decode
from ingest.files.unpacking import Budget
from ingest.text.cleaning import clean_characters
from ingest.text.joining import Joiner

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["load"]

_DAMAGED = "its EPUB package is damaged; fetch it again"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PAGES = (".xhtml", ".html", ".htm", ".xml")
_PAGE_TYPES = ("application/xhtml+xml", "text/html", "text/x-oeb1-document", "application/xml")
_SURPRISES = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, KeyError)


def load(source: bytes, limits: Limits) -> Loaded:
    """Load a book.

    Raises:
        LoadError: the package is damaged, or none of its chapters can be read.
        Refused: its chapters are encrypted, or it is longer than the limits.
    """
    from ingest.loaders import html

    try:
        book = _Book(zipfile.ZipFile(io.BytesIO(source)), limits)
    except _SURPRISES as error:
        raise LoadError(_DAMAGED) from error
    if book.is_encrypted():
        raise Refused("it is protected against copying; expected a book without such protection")
    description, folder = book.description()
    chapters = list(_chapters(description, folder)) if description is not None else book.pages()
    if len(chapters) > limits.max_pages:
        raise Refused(f"it has more than {limits.max_pages:,} chapters; split it, or raise the limit")
    joiner = Joiner(limits)
    spans: list[PageSpan] = []
    missing: list[str] = []
    for number, name in enumerate(chapters, 1):
        page = book.read(name)
        if page is None:
            missing.append(str(number))
            continue
        start, end = joiner.add(html.load(decode(page)[0], limits))
        if end > start:
            spans.append(PageSpan(number, start, end, f"chapter {number}"))
    if missing and not spans:
        raise LoadError(_DAMAGED)
    metadata = {} if description is None else _metadata(description)
    if missing:
        metadata["missing"] = f"chapters {', '.join(missing[:20])}"
    title = metadata.pop("title", None)
    return Loaded(joiner.text(), "epub", str(title) if title else None, tuple(joiner.blocks), tuple(spans), metadata)


class _Book:
    """The files of a book."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        self._budget = Budget(limits)
        self._names = {name.casefold(): name for name in reversed(archive.namelist())}

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where there is no such file or it is broken."""
        try:
            entry = self._archive.getinfo(self._names[name.casefold()])
            with self._archive.open(entry) as stream:
                return self._budget.read(stream, max(entry.compress_size, 1))
        except _SURPRISES:
            return None

    def pages(self) -> list[str]:
        """The names of all pages, for a book that does not say what is in it."""
        return sorted(name for name in self._names.values() if name.lower().endswith(_PAGES[:3]))

    def is_encrypted(self) -> bool:
        """Whether there is a page among the files that are encrypted."""
        listed = _parse(self.read("META-INF/encryption.xml"))
        for data in [] if listed is None else listed.iter("{*}EncryptedData"):
            names = [unquote(each.get("URI") or "").lower() for each in data.iter("{*}CipherReference")]
            if any(name.endswith(_PAGES) for name in names):
                return True
        return False

    def description(self) -> "tuple[_Element | None, str]":
        """The book's description of itself (OPF), and the folder that the names in it start from."""
        container = _parse(self.read("META-INF/container.xml"))
        listed = [] if container is None else [each.get("full-path") or "" for each in container.iter("{*}rootfile")]
        for name in [*listed, *(name for name in self._names.values() if name.lower().endswith(".opf"))]:
            description = _parse(self.read(name))
            if description is not None:
                return description, posixpath.dirname(name)
        return None, ""


def _parse(source: bytes | None) -> "_Element | None":
    from lxml.etree import XMLParser, XMLSyntaxError, fromstring

    if source is None:
        return None
    parser = XMLParser(resolve_entities=False, load_dtd=False, no_network=True, recover=True)
    try:
        root: _Element | None = fromstring(source, parser)
    except (XMLSyntaxError, ValueError):
        return None
    return root


def _chapters(description: "_Element", folder: str) -> Iterator[str]:
    """The names of the pages in the order of reading."""
    files = {each.get("id"): each for each in description.iterfind("{*}manifest/{*}item")}
    for reference in description.iterfind("{*}spine/{*}itemref"):
        item = files.get(reference.get("idref"))
        if item is None or (item.get("media-type") or _PAGE_TYPES[0]) not in _PAGE_TYPES:
            continue
        yield posixpath.normpath(posixpath.join(folder, unquote(item.get("href") or "")))


def _metadata(description: "_Element") -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for key, name in (("title", "title"), ("author", "creator"), ("html_lang", "language"), ("date", "date")):
        values = [clean_characters(" ".join("".join(each.itertext()).split())) for each in description.iter(_DC + name)]
        if values := [value for value in values if value]:
            found[key] = ", ".join(values) if key == "author" else values[0]
    return found
