"""RTF: paragraphs, headings, lists and tables in the order of the document.

Headings are told by outline levels and by the names of styles. Text boxes follow the paragraph that they hang on,
footnotes stand at the end; what is hidden or deleted is not read. List items are written ``- item``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from indexes.errors import LoadError
from indexes.records import Scalar
from ingest.documents import Limits, Loaded, TextBuilder
from ingest.loaders.rtf_stream import Event, events
from ingest.loaders.tabular import header_rows
from ingest.text.cleaning import clean_characters

__all__ = ["load"]

_HEADING = re.compile(r"(?:heading|标题|標題) ?([1-9])$", re.IGNORECASE)
_ASIDE = frozenset({"footnote", "shptxt"})
_NAMED = frozenset({"title", "author"})
_NO_TEXT = frozenset({"listtext", "pntext"})
_ENDS = frozenset({"par", "sect", "page"})
_DEEPEST_LIST = 6


def load(source: bytes, limits: Limits) -> Loaded:
    """Load an RTF document.

    Raises:
        LoadError: it is damaged.
        Refused: the text is longer than the limit.
    """
    if not source.lstrip(b"\xef\xbb\xbf\0 \t\r\n").startswith(b"{\\rtf"):
        raise LoadError("it does not begin as RTF does; open it in an office program and save it again")
    reader = _Reader(limits)
    reader.read(events(source))
    metadata: dict[str, Scalar] = {"author": reader.named["author"]} if reader.named.get("author") else {}
    title = reader.named.get("title") or reader.title
    return Loaded(reader.builder.text(), "rtf", title, tuple(reader.builder.blocks), (), metadata)


@dataclass(slots=True)
class _Flow:
    """A stream of paragraphs: the text itself, a footnote or a text box."""

    pieces: list[str] = field(default_factory=list)
    style: str = ""
    outline: int = 0
    listed: bool = False
    depth: int = 0
    in_table: bool = False
    cells: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    headers: int = 0


class _Reader:
    """Writes paragraphs as they end; tables when they end; footnotes when all is read."""

    def __init__(self, limits: Limits) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.title: str | None = None
        self.named: dict[str, str] = {}
        self._styles: dict[str, int] = {}
        self._flow = _Flow()
        self._outer: list[tuple[str, _Flow]] = []
        self._groups: list[str] = []
        self._notes: list[str] = []
        self._style = ""

    def read(self, stream: Iterable[Event]) -> None:
        """Read a document to its end."""
        for word, value in stream:
            if word == "begin":
                self._groups.append(self._groups[-1] if self._groups and self._groups[-1] not in _ASIDE else "")
            elif word == "end":
                self._end_group()
            elif word == "text":
                self._text(value)
            elif self._groups and (word in _NAMED | _NO_TEXT | _ASIDE | {"stylesheet", "info"}):
                self._destination(word)
            elif self._groups and self._groups[-1] == "stylesheet":
                self._style_word(word, value)
            elif not self._table_word(word):
                self._control(word, value)
        self._end_paragraph()
        self._end_table()
        for note in self._notes:
            self.builder.add(note, "paragraph")

    def _destination(self, word: str) -> None:
        if word == "title" and "info" not in self._groups:
            return
        self._groups[-1] = word
        if word in _NO_TEXT:
            self._flow.listed = True
        elif word in _ASIDE:
            self._outer.append((word, self._flow))
            self._flow = _Flow()

    def _end_group(self) -> None:
        ended = self._groups.pop() if self._groups else ""
        if ended in _ASIDE and self._outer:
            kind, outer = self._outer.pop()
            text = _clean("".join(self._flow.pieces))
            self._flow = outer
            if kind == "footnote":
                self._notes += [text] if text else []
            elif text:
                self._flow.pieces.append(f"\n{text}\n")

    def _text(self, text: str) -> None:
        group = self._groups[-1] if self._groups else ""
        if group in _NAMED:
            self.named[group] = _clean(self.named.get(group, "") + text)
        elif group == "stylesheet":
            match = _HEADING.match(text.strip().rstrip(";").strip())
            if match and self._style:
                self._styles[self._style] = int(match[1])
        elif group not in _NO_TEXT and group != "info":
            self._flow.pieces.append(text)

    def _style_word(self, word: str, value: str) -> None:
        if word == "s":
            self._style = value
        elif word == "outlinelevel" and value.isdigit() and int(value) < 9:
            self._styles[self._style] = int(value) + 1

    def _control(self, word: str, value: str) -> None:
        flow = self._flow
        if word in _ENDS:
            if self._outer or flow.in_table:
                flow.pieces.append("\n")
            else:
                self._end_paragraph()
        elif word == "pard":
            flow.style, flow.outline, flow.listed, flow.depth, flow.in_table = "", 0, False, 0, False
        elif word == "s":
            flow.style = value
        elif word == "outlinelevel" and value.isdigit():
            flow.outline = int(value) + 1 if int(value) < 9 else 0
        elif word == "ls":
            flow.listed = value != "0"
        elif word == "ilvl" and value.isdigit():
            flow.depth = min(int(value), _DEEPEST_LIST)

    def _table_word(self, word: str) -> bool:
        flow = self._flow
        if word == "intbl":
            flow.in_table = True
        elif word == "trhdr":
            flow.headers = len(flow.rows) + 1
        elif word in ("cell", "nestcell"):
            flow.cells.append(_clean("".join(_taken(flow.pieces))))
        elif word in ("row", "nestrow"):
            flow.rows.append(flow.cells)
            flow.cells = []
        else:
            return False
        return True

    def _end_paragraph(self) -> None:
        flow = self._flow
        text = "\n".join(filter(None, map(_clean, "".join(_taken(flow.pieces)).split("\n"))))
        if not text:
            return
        self._end_table()
        level = flow.outline or self._styles.get(flow.style, 0)
        if level and "\n" not in text:
            self.title = self.title or text
            self.builder.add(text, "heading", level)
        elif flow.listed:
            self.builder.add(f"{'  ' * flow.depth}- {text}", "list_item", flow.depth + 1)
        else:
            self.builder.add(text, "paragraph")

    def _end_table(self) -> None:
        flow = self._flow
        rows = [*flow.rows, *([flow.cells] if flow.cells else [])]
        headers = max(header_rows(rows), min(flow.headers, len(rows) - 1))
        flow.rows, flow.cells, flow.headers = [], [], 0
        for number, cells in enumerate(rows):
            self.builder.add_row(cells, header=number < headers)


def _taken(pieces: list[str]) -> list[str]:
    """The pieces, which are taken away."""
    taken = pieces[:]
    pieces.clear()
    return taken


def _clean(text: str) -> str:
    return " ".join(clean_characters(text).split())
