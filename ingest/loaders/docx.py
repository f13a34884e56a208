"""DOCX: headings, paragraphs, lists and tables in the order of the document, as the text stands after its changes.

Accepted insertions are read and deletions are not; text boxes and content controls are read where they are anchored.
Footnotes and endnotes follow at the end. List items are written ``- item``, table rows ``| cell | cell |``.
"""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, TextBuilder
from ingest.loaders.tabular import header_rows
from ingest.text.cleaning import clean_characters

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["load"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TEXT = (f"{_W}t", "{http://schemas.openxmlformats.org/officeDocument/2006/math}t")
_SKIPPED = frozenset(
    {f"{_W}{name}" for name in ("del", "moveFrom", "pPr", "rPr", "instrText", "delText")} | {_FALLBACK}
)
_BREAKS = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}ptab": "\t"}
_HEADING = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_NOTES = ("/footnotes", "/endnotes")
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
    reader = _Reader(limits, _heading_styles(document))
    reader.read(body)
    for part in document.part.rels.values():
        if part.reltype.endswith(_NOTES) and not part.is_external:
            reader.read(_parse(part.target_part.blob))
    named, author = _properties(document)
    title = named or reader.title or _first_heading(reader.builder)
    metadata = {"author": author} if author and author != "python-docx" else {}
    return Loaded(reader.builder.text(), "docx", title, tuple(reader.builder.blocks), (), metadata)


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


def _first_heading(builder: TextBuilder) -> str | None:
    text = builder.text()
    return next((text[block.start : block.end] for block in builder.blocks if block.kind == "heading"), None)


class _Reader:
    """Walks the XML of a document body and writes its parts to a builder."""

    def __init__(self, limits: Limits, styles: dict[str, int]) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.title: str | None = None
        self._styles = styles

    def read(self, container: "_Element") -> None:
        """Read the paragraphs and tables of a container, in order, looking into whatever wraps them."""
        for child in container:
            if child.tag == f"{_W}p":
                self._paragraph(child)
            elif child.tag == f"{_W}tbl":
                self._table(child)
            elif child.tag not in _SKIPPED and isinstance(child.tag, str):
                self.read(child)

    def _paragraph(self, paragraph: "_Element") -> None:
        text = _text(paragraph)
        style = _attribute(paragraph, f"{_W}pPr/{_W}pStyle")
        outline = _attribute(paragraph, f"{_W}pPr/{_W}outlineLvl")
        level = self._styles.get(style or "")
        if level is None and outline is not None and outline.isdigit() and int(outline) < 9:
            level = int(outline) + 1
        if level is not None and text and "\n" not in text:
            if level == 0:
                self.title = self.title or text
            self.builder.add(text, "heading", max(level, 1))
        elif text and self._is_list(paragraph, style):
            within = _attribute(paragraph, f"{_W}pPr/{_W}numPr/{_W}ilvl") or "0"
            depth = min(int(within), _DEEPEST_LIST) if within.isdecimal() else 0
            self.builder.add(f"{'  ' * depth}- {text}", "list_item", depth + 1)
        else:
            self.builder.add(text, "paragraph")
        for box in _boxes(paragraph):
            self.read(box)

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
            texts.append(_row(row, texts[-1] if texts else []))
        named = sum(row.find(f"{_W}trPr/{_W}tblHeader") is not None for row in rows)
        headers = max(header_rows(texts), min(max(named, 1), len(texts) - 1))
        for number, cells in enumerate(texts):
            self.builder.add_row(cells, header=number < headers)


def _row(row: "_Element", above: list[str]) -> list[str]:
    """The cells of a row, as many as columns; one merged with the cell above it says what that says."""
    texts: list[str] = []
    for cell in _cells(row):
        text = " ".join(filter(None, (_text(each) for each in cell.iter(f"{_W}p"))))
        merged = cell.find(f"{_W}tcPr/{_W}vMerge")
        if not text and merged is not None and merged.get(f"{_W}val") != "restart" and len(texts) < len(above):
            text = above[len(texts)] if len(above[len(texts)]) <= _LONGEST_REPEATED else ""
        span = _attribute(cell, f"{_W}tcPr/{_W}gridSpan") or "1"
        columns = min(int(span), _MOST_COLUMNS) if span.isdecimal() else 1
        texts += [text, *[""] * (columns - 1)]
    return texts


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
