"""PPTX: what stands on each slide, in reading order, and the speaker's notes below it.

A slide is a page and a place, ``slide 4``. Its title is a heading; a slide without one goes by its first short line,
else by its number. Bullets are list items with their depth, and with their numbers where they are numbered; tables and
charts are table rows, the texts of a diagram list items. Shapes are read in the order in which they lie on the slide:
it is cut at its widest gap, again and again. Dates, footers and slide numbers are left out.
"""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from indexes.errors import LoadError
from indexes.records import PageSpan, Scalar
from ingest.documents import Block, BlockKind, Limits, Loaded, Refused, TextBuilder
from ingest.loaders.numerals import labelled
from ingest.loaders.pptx_numbering import Numbering
from ingest.loaders.tabular import header_rows
from ingest.text.cleaning import clean_characters

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["load"]

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
_LEFT_OUT = frozenset({13, 15, 16})
"""Placeholders for the slide's number, its footer and its date, by their numbers in PP_PLACEHOLDER."""
_BULLETED = frozenset({2, 7})
"""Placeholders whose paragraphs are bullets unless they say otherwise: body and object."""
_DEEPEST_LIST = 6
_LONGEST_HEADING = 200
_LONGEST_TITLE = 80
"""Characters of a line that stands for a title, and of a merged cell that is repeated in the rows below."""


def load(source: bytes, limits: Limits) -> Loaded:
    """Load a PowerPoint presentation.

    Raises:
        LoadError: the package is damaged.
        Refused: there are more slides, or more characters, than the limits allow.
    """
    try:
        return _read(source, limits)
    except (LoadError, MemoryError, RecursionError):
        raise
    except Exception as error:  # python-pptx raises whatever the damage leads it to
        raise LoadError("its presentation is damaged; open it in an office program and save it again") from error


def _read(source: bytes, limits: Limits) -> Loaded:
    import pptx

    presentation = pptx.Presentation(io.BytesIO(source))
    if len(presentation.slides) > limits.max_pages:
        raise Refused(f"it has more than {limits.max_pages:,} slides; split it, or raise the limit")
    reader = _Reader(limits)
    for number, slide in enumerate(presentation.slides, start=1):
        reader.read(number, slide)
    properties = presentation.core_properties
    title = reader.title or (properties.title or "").strip() or None
    metadata: dict[str, Scalar] = {"author": properties.author} if properties.author else {}
    return Loaded(reader.builder.text(), "pptx", title, tuple(reader.builder.blocks), tuple(reader.spans), metadata)


class _Reader:
    """Writes slide after slide and notes where each stands."""

    def __init__(self, limits: Limits) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.spans: list[PageSpan] = []
        self.title = ""
        self._number = 0
        self._heading = ""

    def read(self, number: int, slide: Any) -> None:
        """Read a slide and its notes."""
        self._number = number
        for wrapped in slide.shapes._spTree.findall(f"{_MC}AlternateContent"):
            _unwrap(wrapped)
        shapes = in_reading_order(list(slide.shapes))
        name = _name(shapes, slide.shapes.title)
        self._heading = f"Slide {number}"
        if name is not None:
            shapes.remove(name)
            self._heading = _joined(name)
            self.title = self.title or self._heading
            self._begin()
        for shape in shapes:
            self._shape(shape)
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        for paragraph in notes.paragraphs if notes is not None else ():
            self._add(_text(paragraph), "paragraph")

    def _shape(self, shape: Any) -> None:
        if shape.is_placeholder and shape.placeholder_format.type in _LEFT_OUT:
            return
        if hasattr(shape, "shapes"):
            for inner in in_reading_order(list(shape.shapes)):
                self._shape(inner)
        elif shape.has_text_frame:
            self._paragraphs(shape)
        elif getattr(shape, "has_table", False):
            self._table(shape.table)
        elif getattr(shape, "has_chart", False):
            self._chart(shape.chart)
        else:
            for text in _diagram(shape):
                self._add(f"- {text}", "list_item", 1)

    def _paragraphs(self, shape: Any) -> None:
        paragraphs = [(each, _text(each)) for each in shape.text_frame.paragraphs]
        paragraphs = [(each, text) for each, text in paragraphs if text]
        listed = len(paragraphs) > 1 and shape.is_placeholder and shape.placeholder_format.type in _BULLETED
        numbering = Numbering()
        for paragraph, text in paragraphs:
            label = numbering.label(paragraph._p.pPr, paragraph.level)
            if _is_bullet(paragraph, listed):
                depth = min(paragraph.level, _DEEPEST_LIST)
                self._add(f"{'  ' * depth}{labelled(label or '-', text)}", "list_item", depth + 1)
            else:
                self._add(text, "paragraph")

    def _table(self, table: Any) -> None:
        """Write a table by rows; a cell merged over several rows stands in each of them."""
        rows: list[list[str]] = []
        standing: dict[int, tuple[int, str]] = {}
        for number, row in enumerate(table.rows):
            cells = [" ".join(filter(None, map(_text, cell.text_frame.paragraphs))) for cell in row.cells]
            for column, cell in enumerate(row.cells):
                last, text = standing.get(column, (0, ""))
                if cell.is_merge_origin:
                    standing[column] = (number + cell.span_height, cells[column])
                elif cell.is_spanned and number < last and len(text) <= _LONGEST_TITLE:
                    cells[column] = cells[column] or text
            rows.append(cells)
        headers = max(header_rows(rows), int(bool(table.first_row) and len(rows) > 1))
        for number, cells in enumerate(rows):
            self._row(cells, header=number < headers)

    def _chart(self, chart: Any) -> None:
        """Write a chart's title and the table behind it."""
        if chart.has_title and chart.chart_title.has_text_frame:
            self._add(_words(chart.chart_title.text_frame.text), "paragraph")
        for plot in chart.plots:
            series = list(plot.series)
            columns = [[_figure(value) for value in each.values] for each in series]
            self._row(["", *(_words(str(each.name or "")) for each in series)], header=True)
            names = [_words(str(category)) for category in plot.categories]
            for at in range(max(map(len, columns), default=0)):
                values = [column[at] if at < len(column) else "" for column in columns]
                self._row([names[at] if at < len(names) else "", *values], header=False)

    def _row(self, cells: Sequence[str], *, header: bool) -> None:
        if any(cells):
            self._begin()
            self._note(self.builder.add_row(cells, header=header))

    def _add(self, text: str, kind: BlockKind, level: int = 0) -> None:
        if text:
            self._begin()
            self._note(self.builder.add(text, kind, level))

    def _begin(self) -> None:
        """Write the slide's heading, once there is something to stand below it."""
        heading, self._heading = self._heading, ""
        self._note(self.builder.add(heading, "heading", 1))

    def _note(self, block: Block | None) -> None:
        """Let the slide's span reach the end of the text."""
        if block:
            begun = self.spans and self.spans[-1].number == self._number
            start = self.spans.pop().start if begun else block.start
            self.spans.append(PageSpan(self._number, start, block.end, f"slide {self._number}"))


def in_reading_order(shapes: Sequence[Any]) -> list[Any]:
    """Shapes as they are read: cut apart at the widest gap, from left to right or from top to bottom."""
    ordered: list[Any] = []
    stack = [list(shapes)]
    while stack:
        group = stack.pop()
        gap, before, behind = max((_cut(group, upright) for upright in (False, True)), key=lambda cut: cut[0])
        if gap < 0 or not behind:
            ordered += sorted(group, key=lambda shape: (shape.top or 0, shape.left or 0))
        else:
            stack += [behind, before]
    return ordered


def _cut(shapes: list[Any], upright: bool) -> tuple[int, list[Any], list[Any]]:
    """The widest gap across (or, ``upright``, between columns) and the shapes on both sides of it; -1 for none."""
    spans = sorted(((_extent(shape, upright), at) for at, shape in enumerate(shapes)), key=lambda each: each[0])
    widest, cut = -1, 0
    reach = spans[0][0][1] if spans else 0
    for index, ((start, end), _) in enumerate(spans):
        if index and start - reach > widest:
            widest, cut = start - reach, index
        reach = max(reach, end)
    sides = ([shapes[at] for _, at in spans[:cut]], [shapes[at] for _, at in spans[cut:]])
    return (widest, *sides) if cut and widest >= 0 else (-1, shapes, [])


def _extent(shape: Any, upright: bool) -> tuple[int, int]:
    start, length = (shape.left, shape.width) if upright else (shape.top, shape.height)
    return (start or 0), (start or 0) + (length or 0)


def _unwrap(wrapped: "_Element") -> None:
    """Put the shapes that a new program would show in the place of what holds them and their replacement."""
    choice = wrapped.find(f"{_MC}Choice")
    for shape in list(choice) if choice is not None else ():
        wrapped.addprevious(shape)
    wrapped.getparent().remove(wrapped)


def _name(shapes: Sequence[Any], title: Any) -> Any:
    """The shape that names a slide: its title, else the first text on it, where that is one short line."""
    named = next((shape for shape in shapes if title is not None and shape._element is title._element), None)
    if named is not None and 0 < len(_joined(named)) <= _LONGEST_HEADING:
        return named
    first = next((shape for shape in shapes if shape.has_text_frame and _joined(shape)), None)
    if first is None or len(_joined(first)) > _LONGEST_TITLE:
        return None
    return first if len(list(filter(None, map(_text, first.text_frame.paragraphs)))) == 1 else None


def _is_bullet(paragraph: Any, listed: bool) -> bool:
    properties = paragraph._p.pPr
    marks = {child.tag for child in properties} if properties is not None else set()
    if f"{_A}buNone" in marks:
        return False
    return listed or paragraph.level > 0 or not marks.isdisjoint({f"{_A}buChar", f"{_A}buAutoNum", f"{_A}buBlip"})


def _diagram(shape: Any) -> Iterator[str]:
    """The texts of a diagram (SmartArt), which stand in a part of their own."""
    from lxml import etree

    for relations in shape._element.iter(f"{_DIAGRAM}relIds"):
        part = shape.part.related_part(relations.get(_RELATION))
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        for point in etree.fromstring(part.blob, parser).iter(f"{_DIAGRAM}pt"):
            text = _words(" ".join(each.text or "" for each in point.iter(f"{_A}t")))
            if text and point.get("type") not in ("pres", "parTrans", "sibTrans"):
                yield text


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.15g}"


def _joined(shape: Any) -> str:
    return " ".join(filter(None, map(_text, shape.text_frame.paragraphs)))


def _text(paragraph: Any) -> str:
    """The words of a paragraph on one line, with those of its formulas."""
    pieces: list[str] = []
    stack = list(reversed(list(paragraph._p)))
    while stack:
        element = stack.pop()
        if element.tag in (f"{_A}t", f"{_MATH}t"):
            pieces.append(element.text or "")
        elif element.tag == f"{_A}br":
            pieces.append("\n")
        elif element.tag != f"{_MC}Fallback":
            stack += reversed(list(element))
    return _words("".join(pieces))


def _words(text: str) -> str:
    """A text on one line."""
    return " ".join(clean_characters(text.replace("\v", " ")).split())
