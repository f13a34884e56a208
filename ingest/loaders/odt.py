"""OpenDocument: texts (ODT), sheets (ODS) and slides (ODP), as they stand after their changes.

Headings, paragraphs, lists and tables come in the order of the document; text boxes follow the paragraph that they
hang on, notes stand at the end. Sheets and slides are pages with their places, as in XLSX and PPTX.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexes.errors import LoadError
from indexes.records import PageSpan, Scalar
from ingest.documents import BlockKind, Limits, Loaded, Refused, TextBuilder
from ingest.loaders.tabular import Row, Table, header_rows
from ingest.text.cleaning import clean_characters

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["load"]

_NAMES = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_OFFICE, _TEXT, _TABLE, _DRAW, _SHOW = (
    _NAMES % name for name in ("office", "text", "table", "drawing", "presentation")
)
_DC = "{http://purl.org/dc/elements/1.1/}"
_LEFT_OUT = frozenset({f"{_TEXT}tracked-changes", f"{_OFFICE}annotation", f"{_TEXT}sequence-decls", f"{_OFFICE}forms"})
_BREAKS = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n"}
_MOST_COLUMNS = 16_384
_MOST_REPEATED = 1_000
"""How often a filled cell or row is repeated at most; empty ones go on to the edge of a sheet."""
_DEEPEST_LIST = 6
_LONGEST_TITLE = 200


def load(source: bytes, limits: Limits) -> Loaded:
    """Load an OpenDocument file; the format is ``odt``, ``ods`` or ``odp``.

    Raises:
        LoadError: the package is damaged.
        Refused: it is encrypted, or larger than the limits allow.
    """
    from lxml import etree

    try:
        with zipfile.ZipFile(io.BytesIO(source)) as package:
            names = package.namelist()
            if "META-INF/manifest.xml" in names and b":encryption-data" in package.read("META-INF/manifest.xml"):
                raise Refused("it is encrypted with a password; save a copy without one")
            content = _parse(package.read("content.xml"))
            meta = _parse(package.read("meta.xml")) if "meta.xml" in names else None
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, zlib.error, etree.XMLSyntaxError) as error:
        raise LoadError("its OpenDocument package is damaged; open it in an office program, save it again") from error
    body = next(content.iterfind(f"{_OFFICE}body/*"), None)
    if body is None:
        raise LoadError("its OpenDocument package has no body; open it in an office program, save it again")
    title = meta.findtext(f".//{_DC}title") if meta is not None else None
    author = meta.findtext(f".//{_DC}creator") if meta is not None else None
    metadata: dict[str, Scalar] = {"author": author} if author else {}
    if body.tag == f"{_OFFICE}spreadsheet":
        return _sheets(body, limits, (title or "").strip() or None, metadata)
    return _document(body, limits, (title or "").strip(), metadata)


def _parse(xml: bytes) -> "_Element":
    from lxml import etree

    return etree.fromstring(xml, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _sheets(body: "_Element", limits: Limits, title: str | None, metadata: dict[str, Scalar]) -> Loaded:
    table = Table(limits.max_characters)
    sheets = body.findall(f"{_TABLE}table")
    if len(sheets) > limits.max_pages:
        raise Refused(f"it has more than {limits.max_pages:,} sheets; split it, or raise the limit")
    for number, sheet in enumerate(sheets, start=1):
        table.add_sheet(number, sheet.get(f"{_TABLE}name") or f"Sheet{number}", _rows(sheet))
    return table.loaded("ods", title, metadata)


def _document(body: "_Element", limits: Limits, title: str, metadata: dict[str, Scalar]) -> Loaded:
    reader = _Reader(limits)
    slides = body.findall(f"{_DRAW}page")
    if len(slides) > limits.max_pages:
        raise Refused(f"it has more than {limits.max_pages:,} slides; split it, or raise the limit")
    if slides:
        for number, slide in enumerate(slides, start=1):
            reader.slide(number, slide)
    else:
        reader.read(body)
        reader.write_notes()
    blocks = tuple(reader.builder.blocks)
    return Loaded(
        reader.builder.text(), "odp" if slides else "odt", title or reader.title, blocks, tuple(reader.spans), metadata
    )


class _Reader:
    """Walks the content of a text or of slides and writes its parts."""

    def __init__(self, limits: Limits) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.spans: list[PageSpan] = []
        self.title: str | None = None
        self._notes: list[_Element] = []

    def read(self, container: "_Element", depth: int = 0) -> None:
        """Read what a container holds; ``depth`` is the number of lists it is in."""
        for child in container:
            if child.tag == f"{_TEXT}h":
                self._heading(child)
            elif child.tag == f"{_TEXT}p":
                self._paragraph(child, "list_item" if depth else "paragraph", depth)
            elif child.tag == f"{_TEXT}list":
                self.read(child, depth + 1)
            elif child.tag == f"{_TABLE}table":
                self._table(child)
            elif child.tag not in _LEFT_OUT and isinstance(child.tag, str):
                self.read(child, depth)

    def slide(self, number: int, slide: "_Element") -> None:
        """Read a slide, its title first, and its notes last."""
        begin = self.builder.length
        notes = slide.findall(f"{_SHOW}notes")
        frames = [child for child in slide if child.tag != f"{_SHOW}notes"]
        titles = [frame for frame in frames if frame.get(f"{_SHOW}class") == "title"]
        text = " ".join(filter(None, (_words(each, None) for title in titles for each in title.iter(f"{_TEXT}p"))))
        if text and len(text) <= _LONGEST_TITLE:
            self.title = self.title or text
            frames = [frame for frame in frames if frame not in titles]
        elif any(_words(each, None) for each in slide.iter(f"{_TEXT}p")):
            text = f"Slide {number}"
        self.builder.add(text, "heading", 1)
        for frame in [*frames, *notes]:
            if frame.get(f"{_SHOW}class") not in ("footer", "date-time", "page-number", "header"):
                self.read(frame)
        if self.builder.length > begin:
            start = next(block.start for block in reversed(self.builder.blocks) if block.kind == "heading")
            self.spans.append(PageSpan(number, start, self.builder.length, f"slide {number}"))

    def write_notes(self) -> None:
        """Write the footnotes and endnotes that the paragraphs read so far hold."""
        while self._notes:
            notes, self._notes = self._notes, []
            for note in notes:
                self.read(note)

    def _heading(self, element: "_Element") -> None:
        level = element.get(f"{_TEXT}outline-level") or "1"
        text = " ".join(_words(element, self._notes).split())
        self.title = self.title or text or None
        self.builder.add(text, "heading", int(level) if level.isdigit() and level != "0" else 1)
        self._boxes(element)

    def _paragraph(self, element: "_Element", kind: BlockKind, depth: int) -> None:
        text = _words(element, self._notes)
        indent = "  " * min(depth - 1, _DEEPEST_LIST)
        self.builder.add(f"{indent}- {text}" if text and depth else text, kind, depth)
        self._boxes(element)

    def _boxes(self, paragraph: "_Element") -> None:
        """Read the text boxes that hang on a paragraph."""
        for box in paragraph.iter(f"{_DRAW}text-box"):
            if next(box.iterancestors(f"{_TEXT}p", f"{_TEXT}h"), None) is paragraph:
                self.read(box)

    def _table(self, table: "_Element") -> None:
        rows = [cells for _, cells in _rows(table, self._notes)]
        named = sum(1 for rows in table.iterfind(f"{_TABLE}table-header-rows") for _ in rows)
        headers = max(header_rows(rows), min(named, len(rows) - 1))
        for number, cells in enumerate(rows):
            self.builder.add_row(cells, header=number < headers)


def _rows(table: "_Element", notes: "list[_Element] | None" = None) -> Iterator[Row]:
    """The rows of a table or sheet; a cell merged over several rows stands in each of them."""
    number = 1
    standing: dict[int, tuple[int, str]] = {}
    for row in table.iter(f"{_TABLE}table-row"):
        if next(row.iterancestors(f"{_TABLE}table")) is not table:
            continue
        cells: list[str] = []
        for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            text = " ".join(filter(None, (_words(each, notes) for each in cell.iter(f"{_TEXT}p", f"{_TEXT}h"))))
            last, above = standing.get(len(cells), (0, ""))
            if cell.tag == f"{_TABLE}covered-table-cell" and number <= last:
                text = text or above
            elif text and len(text) <= _LONGEST_TITLE:
                standing[len(cells)] = (number + _count(cell, "number-rows-spanned") - 1, text)
            times = _count(cell, "number-columns-repeated")
            cells += [text] * min(times, _MOST_REPEATED if text else _MOST_COLUMNS, _MOST_COLUMNS - len(cells))
        times = _count(row, "number-rows-repeated")
        for offset in range(min(times, _MOST_REPEATED) if any(cells) else 1):
            yield number + offset, cells
        number += times


def _count(element: "_Element", name: str) -> int:
    value = element.get(f"{_TABLE}{name}") or "1"
    return max(int(value), 1) if value.isdecimal() and len(value) < 8 else 1


def _words(element: "_Element", notes: "list[_Element] | None") -> str:
    """The text of a paragraph; what its notes say is put aside in ``notes``."""
    pieces: list[str] = []
    _gather(element, pieces, notes)
    lines = (" ".join(clean_characters(line).split()) for line in "".join(pieces).split("\n"))
    return "\n".join(filter(None, lines))


def _gather(element: "_Element", pieces: list[str], notes: "list[_Element] | None") -> None:
    pieces.append((element.text or "").replace("\n", " "))
    for child in element:
        if child.tag == f"{_TEXT}note":
            if notes is not None:
                notes += child.iterfind(f"{_TEXT}note-body")
        elif child.tag in _BREAKS:
            pieces.append(_BREAKS[child.tag])
        elif child.tag == f"{_TEXT}s":
            pieces.append(" ")
        elif child.tag not in _LEFT_OUT and child.tag != f"{_DRAW}frame" and isinstance(child.tag, str):
            _gather(child, pieces, notes)
        pieces.append((child.tail or "").replace("\n", " "))
