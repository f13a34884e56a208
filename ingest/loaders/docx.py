"""DOCX: headings, paragraphs, lists and tables in the order of the document, as the text stands after its changes.

Accepted insertions are read and deletions are not; text boxes and content controls are read where they are anchored.
Footnotes, endnotes, comments, and what stands in headers and footers of the pages follow at the end, each once. List
items are written ``- item``, table rows ``| cell | cell |``; headings, items and cells that Word numbers have their
numbers before them: ``1.2 Scope``, ``第三条 付款``.
"""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, TextBuilder
from ingest.loaders.docx_numbering import Numbering
from ingest.loaders.docx_symbols import symbol
from ingest.loaders.numerals import labelled
from ingest.loaders.tabular import header_rows
from ingest.text.cleaning import clean_characters

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["load"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT = (f"{_W}t", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t")
_SKIPPED = frozenset(
    {f"{_W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "delText", "rt")} | {_FALLBACK}
)
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}ptab": "\t"}
_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_NOTES = ("/footnotes", "/endnotes")
_MARGINS = ("/header", "/footer")
_PAGE_NUMBER = re.compile(r"page|of|第|共|页|頁|[\W\d_]+", re.IGNORECASE)
_DEEPEST_LIST = 6
_MOST_COLUMNS = 63
"""What a table of Word can have."""
_LONGEST_REPEATED = 200
"""Characters of a merged cell that is repeated in the rows below."""


def load(source: bytes, limits: Limits) -> Loaded:
    """Load a Word document.

    Raises:
        LoadError: the package is damaged.
        Refused: the text is longer than the limit.
    """
    import docx

    try:
        document = docx.Document(io.BytesIO(source))
        body = document.element.body
    except Exception as error:  # python-docx raises whatever the damage leads it to
        raise LoadError("its Word document is damaged; open it in an office program and save it again") from error
    related = list(_related(document))
    numbering = next((_parse(blob) for kind, blob in related if kind.endswith("/numbering")), None)
    reader = _Reader(limits, _heading_styles(document), Numbering(numbering, document.styles.element))
    reader.read(body)
    for kind, blob in related:
        if kind.endswith(_NOTES):
            reader.read(_parse(blob))
    for kind, blob in related:
        if kind.endswith("/comments"):
            reader.read_comments(_parse(blob))
    reader.read_margins([_parse(blob) for kind, blob in related if kind.endswith(_MARGINS)])
    named, author = _properties(document)
    title = named or reader.title or _only_heading(reader.builder)
    metadata = {"author": author} if author and author != "python-docx" else {}
    return Loaded(reader.builder.text(), "docx", title, tuple(reader.builder.blocks), (), metadata)


def _related(document: Any) -> Iterator[tuple[str, bytes]]:
    """The kinds and the bytes of the parts beside the body that are read."""
    for part in document.part.rels.values():
        if not part.is_external and part.reltype.endswith((*_NOTES, *_MARGINS, "/comments", "/numbering")):
            yield part.reltype, part.target_part.blob


def _properties(document: Any) -> tuple[str, str]:
    """The title and the author that the file names; nothing where its properties are damaged."""
    try:
        properties = document.core_properties
        return str(properties.title or "").strip(), str(properties.author or "").strip()
    except Exception:  # noqa: BLE001 - damaged properties cost no more than the title
        return "", ""


def _parse(blob: bytes) -> "_Element":
    from docx.oxml import parse_xml

    element: _Element = parse_xml(blob)
    return element


def _heading_styles(document: Any) -> dict[str, int]:
    """Map style ids to heading levels, by the style's own name or that of the style it is based on; 0 is a title."""
    levels: dict[str, int] = {}
    for style in document.styles:
        current, depth = style, 0
        while current is not None and depth < 10:
            name = current.name or ""
            match = _HEADING.match(name)
            if match or name == "Title":
                levels[style.style_id] = int(match[1]) if match else 0
                break
            current, depth = getattr(current, "base_style", None), depth + 1
    return levels


def _only_heading(builder: TextBuilder) -> str | None:
    """The one heading of the first level that all other headings stand below."""
    headings = [block for block in builder.blocks if block.kind == "heading"]
    if [block.level for block in headings].count(1) != 1 or headings[0].level != 1:
        return None
    return builder.text()[headings[0].start : headings[0].end]


class _Reader:
    """Walks the XML of a document body and writes its parts to a builder."""

    def __init__(self, limits: Limits, styles: dict[str, int], numbering: Numbering) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.title: str | None = None
        self._styles = styles
        self._numbering = numbering

    def read(self, container: "_Element") -> None:
        """Read the paragraphs and tables of a container, in order, looking into whatever wraps them."""
        for child in container:
            if child.tag == f"{_W}p":
                self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                self._table(child)
            elif child.tag not in _SKIPPED and isinstance(child.tag, str):
                self.read(child)

    def read_comments(self, comments: "_Element") -> None:
        """Read each comment as a paragraph behind the name of who made it."""
        for comment in comments.iter(f"{_W}comment"):
            text = " ".join(filter(None, map(_text, comment.iter(f"{_W}p"))))
            author = " ".join(clean_characters(comment.get(f"{_W}author", "")).split())
            if text:
                self.builder.add(f"Comment ({author}): {text}" if author else f"Comment: {text}", "paragraph")

    def read_margins(self, margins: "list[_Element]") -> None:
        """Read the paragraphs of headers and footers that say more than the number of a page, each once."""
        paragraphs = [each for margin in margins for each in margin.iter(f"{_W}p")]
        texts = [_text(each) for each in paragraphs if next(each.iterancestors(_FALLBACK), None) is None]
        for text in dict.fromkeys(texts):
            if _PAGE_NUMBER.sub("", text):
                self.builder.add(text, "paragraph")

    def _paragraph(self, paragraph: "_Element") -> None:
        text = _text(paragraph)
        style = _attribute(paragraph, f"{_W}pPr/{_W}pStyle")
        outline = _attribute(paragraph, f"{_W}pPr/{_W}outlineLvl")
        level = self._styles.get(style or "")
        if level is None and outline is not None and outline.isdigit() and int(outline) < 9:
            level = int(outline) + 1
        place = self._numbering.place(paragraph, style)
        label = self._label(paragraph, place)
        if level is not None and text and "\n" not in text:
            if level == 0:
                self.title = self.title or text
            self.builder.add(labelled(label, text), "heading", max(level, 1))
        elif text and (place or self._is_list(paragraph, style)):
            depth = min(place[1], _DEEPEST_LIST) if place else 0
            self.builder.add(f"{'  ' * depth}{labelled(label or '-', text)}", "list_item", depth + 1)
        else:
            self.builder.add(text, "paragraph")
        for box in _boxes(paragraph):
            self.read(box)

    def _label(self, paragraph: "_Element", place: tuple[str, int] | None) -> str:
        """The number of a paragraph; one whose end was deleted has none."""
        return "" if paragraph.find(f"{_W}pPr/{_W}rPr/{_W}del") is not None else self._numbering.label(place)

    def _is_list(self, paragraph: "_Element", style: str | None) -> bool:
        number = _attribute(paragraph, f"{_W}pPr/{_W}numPr/{_W}numId")
        return number != "0" if number is not None else (style or "").lower().startswith("list")

    def _table(self, table: "_Element") -> None:
        """Write a table by rows; a table of one cell is a frame around ordinary content."""
        rows = [row for row in table.iter(f"{_W}tr") if next(row.iterancestors(f"{_W}tbl")) is table]
        if len(rows) == 1 and len(list(_cells(rows[0]))) == 1:
            self.read(rows[0])
            return
        texts: list[list[str]] = []
        for row in rows:
            texts.append(self._row(row, texts[-1] if texts else []))
        named = sum(row.find(f"{_W}trPr/{_W}tblHeader") is not None for row in rows)
        headers = max(header_rows(texts), min(max(named, 1), len(texts) - 1))
        for number, cells in enumerate(texts):
            self.builder.add_row(cells, header=number < headers)

    def _row(self, row: "_Element", above: list[str]) -> list[str]:
        """The cells of a row, as many as columns; one merged with the cell above it says what that says."""
        texts: list[str] = []
        for cell in _cells(row):
            merged = cell.find(f"{_W}tcPr/{_W}vMerge")
            goes_on = merged is not None and merged.get(f"{_W}val") != "restart"
            words = (_text(each) if goes_on else self._numbered(each) for each in cell.iter(f"{_W}p"))
            text = " ".join(filter(None, words))
            if not text and goes_on and len(texts) < len(above):
                text = above[len(texts)] if len(above[len(texts)]) <= _LONGEST_REPEATED else ""
            span = _attribute(cell, f"{_W}tcPr/{_W}gridSpan") or "1"
            columns = min(int(span), _MOST_COLUMNS) if span.isdecimal() else 1
            texts += [text, *[""] * (columns - 1)]
        return texts

    def _numbered(self, paragraph: "_Element") -> str:
        style = _attribute(paragraph, f"{_W}pPr/{_W}pStyle")
        return labelled(self._label(paragraph, self._numbering.place(paragraph, style)), _text(paragraph))


def _cells(row: "_Element") -> Iterator["_Element"]:
    table = next(row.iterancestors(f"{_W}tbl"))
    return (cell for cell in row.iter(f"{_W}tc") if next(cell.iterancestors(f"{_W}tbl")) is table)


def _text(paragraph: "_Element") -> str:
    pieces: list[str] = []
    _gather(paragraph, pieces)
    lines = (clean_characters(line).strip() for line in "".join(pieces).split("\n"))
    return "\n".join(filter(None, lines))


def _gather(element: "_Element", pieces: list[str]) -> None:
    for child in element:
        if child.tag in _TEXT:
            pieces.append(child.text or "")
        elif child.tag == f"{_W}sym":
            pieces.append(symbol(child.get(f"{_W}font", ""), child.get(f"{_W}char", "")))
        elif child.tag in _BREAKS:
            pieces.append(_BREAKS[child.tag])
        elif child.tag not in _SKIPPED and child.tag != f"{_W}txbxContent" and isinstance(child.tag, str):
            _gather(child, pieces)


def _boxes(paragraph: "_Element") -> Iterator["_Element"]:
    for box in paragraph.iter(f"{_W}txbxContent"):
        if next(box.iterancestors(_FALLBACK), None) is None and next(box.iterancestors(f"{_W}p")) is paragraph:
            yield box


def _attribute(element: "_Element", path: str) -> str | None:
    found = element.find(path)
    return found.get(f"{_W}val") if found is not None else None
