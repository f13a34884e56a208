"""The tree of a page of HTML with nothing in it but what is read: blocks, and the text between them.

libxml2 reports tags and text as it comes upon them, and :class:`TreeBuilder` makes nodes of blocks only: inline tags
leave no trace, hidden parts and scripts are never stored. So a page costs memory for its words and not for its
markup, and neither its depth nor its size matters: libxml2's own tree gives up on pages nested more than 2,048 deep.

Whether a table holds data or lays out a page is settled as it ends, from counts that its cells gathered on the way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["BLOCKS", "BREAK", "HEADINGS", "Node", "TreeBuilder", "parse"]

BREAK = "\0"
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "dir", "div"}
    | {"dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend"}
    | {"li", "main", "menu", "ol", "option", "p", "pre", "listing", "plaintext", "xmp", "search", "section", "summary"}
    | {"table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", *HEADINGS}
)
_DROPPED = frozenset(
    {"script", "style", "template", "noscript", "nav", "iframe", "svg", "canvas", "object", "embed", "audio", "video"}
    | {"button", "select", "datalist", "input", "textarea", "title", "annotation", "annotation-xml", "rt", "rp"}
)
_MOST_IN_CELL = 3
"""Paragraphs in a cell from which on it is not a value but a part of the page."""
_HIDING = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)
_MOST_SPANNED = 1000
_COUNTING = frozenset({"start", "type", "reversed", "value"})
_POWER = re.compile(r"\s*[-−+]?\d")
_NO_ATTRIBUTES: Mapping[str, str] = {}


@dataclass(slots=True)
class Node:
    """A block: what is in it, in order, and for tables and their parts what its attributes say.

    Attributes:
        tag: Its name.
        children: Blocks and pieces of text.
        rows: A table's own rows, or a row's own cells.
        is_layout: A table that arranges a page rather than holding data.
        in_head: A row that is in the head of its table.
        columns: How many columns a cell covers.
        lines: How many rows a cell covers.
        paragraphs: How many blocks in it hold text of their own.
        has_table: Whether there is a table in it.
        has_heading: Whether there is a heading in it.
        counting: How an ordered list or an item of one is counted: its ``start``, ``type``, ``reversed``, ``value``.
    """

    tag: str
    children: "list[Node | str]" = field(default_factory=list)
    rows: "list[Node]" = field(default_factory=list)
    is_layout: bool = False
    in_head: bool = False
    columns: int = 1
    lines: int = 1
    paragraphs: int = 0
    has_table: bool = False
    has_heading: bool = False
    counting: Mapping[str, str] = field(default_factory=dict)


class TreeBuilder:
    """Takes the events of a parser; see https://lxml.de/parsing.html#the-target-parser-interface."""

    def __init__(self) -> None:
        self.root = Node("root")
        self.language = ""
        self.author = ""
        self._title: list[str] = []
        self._open = [self.root]
        self._tables: list[Node] = []
        self._rows: list[Node] = []
        self._skipping = 0
        self._in_title = False
        self._is_raised = False

    @property
    def title(self) -> str:
        """The text of the first ``<title>``."""
        return "".join(self._title)

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element."""
        attributes = dict(attributes) if attributes else _NO_ATTRIBUTES  # what the parser hands over is slow to ask
        if self._skipping:
            self._skipping += 1
        elif tag in _DROPPED or self._is_hidden(tag, attributes):
            self._skipping = 1
            self._in_title = tag == "title" and not self._title
        elif tag in BLOCKS:
            self._begin(tag, attributes)
        elif tag == "br":
            self._open[-1].children.append(BREAK)
        elif tag == "sup":
            self._is_raised = True
        elif tag == "img":
            self._picture(attributes.get("alt", ""))
        elif tag == "meta" and attributes.get("name", "").lower() == "author":
            self.author = self.author or attributes.get("content", "")

    def end(self, tag: str) -> None:
        """End an element."""
        if self._skipping:
            self._skipping -= 1
            self._in_title = self._in_title and self._skipping > 0
        elif tag in BLOCKS and len(self._open) > 1:
            self._finish(self._open.pop())
        elif tag == "sup":
            self._is_raised = False

    def data(self, text: str) -> None:
        """Take a piece of text."""
        if not self._skipping:
            children = self._open[-1].children
            last = children[-1] if self._is_raised and children else ""
            if isinstance(last, str) and last[-1:].isdigit() and _POWER.match(text):
                children.append("^")
            self._is_raised = False
            children.append(text.replace(BREAK, ""))
        elif self._in_title and self._skipping == 1:
            self._title.append(text)

    def close(self) -> Node:
        """End the page."""
        while len(self._open) > 1:
            self._finish(self._open.pop())
        return self.root

    def _is_hidden(self, tag: str, attributes: Mapping[str, str]) -> bool:
        if not attributes:
            return False
        if "hidden" in attributes and attributes["hidden"] != "until-found":
            return True
        hidden = attributes.get("role") == "navigation" or _HIDING.search(attributes.get("style", "")) is not None
        return hidden and tag not in ("html", "body")

    def _picture(self, described: str) -> None:
        """A picture stands for its description, where that is more than a word or two."""
        if len(described.split()) > 2:
            self._open[-1].children.append(f" {described} ")

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        node = Node(tag)
        self._open[-1].children.append(node)
        self._open.append(node)
        if tag == "html":
            self.language = self.language or attributes.get("lang", "")
        elif tag == "table":
            node.is_layout = attributes.get("role") in ("presentation", "none")
            self._tables.append(node)
        elif tag in ("ol", "li") and attributes:
            node.counting = {name: value for name, value in attributes.items() if name in _COUNTING}
        elif tag == "tr":
            node.in_head = self._open[-2].tag == "thead"
            self._rows.append(node)
            if self._tables:
                self._tables[-1].rows.append(node)
        elif tag in ("td", "th"):
            if attributes:
                node.columns = _count(attributes.get("colspan"))
                node.lines = _count(attributes.get("rowspan"))
            if self._rows:
                self._rows[-1].rows.append(node)

    def _finish(self, node: Node) -> None:
        if node.tag == "table":
            self._tables.pop()
            cells = [cell for row in node.rows for cell in row.rows]
            named = any(cell.tag == "th" for cell in cells)
            filled = any(cell.paragraphs > _MOST_IN_CELL or cell.has_table or cell.has_heading for cell in cells)
            node.is_layout = node.is_layout or len(cells) <= 1 or (filled and not named) or _is_frame(cells)
        elif node.tag == "tr":
            self._rows.pop()
        parent = self._open[-1]
        parent.paragraphs += node.paragraphs or any(
            isinstance(each, str) and not each.isspace() for each in node.children
        )
        parent.has_table = parent.has_table or node.has_table or node.tag == "table"
        parent.has_heading = parent.has_heading or node.has_heading or node.tag in HEADINGS


def _is_frame(cells: list[Node]) -> bool:
    """Whether a table is built around other tables, even if some of its cells are marked as names."""
    return sum(cell.has_table for cell in cells) * 2 > len(cells)


def _count(value: str | None) -> int:
    digits = (value or "").strip()
    return min(max(int(digits), 1), _MOST_SPANNED) if digits.isascii() and digits.isdigit() and len(digits) < 6 else 1


def parse(source: str) -> TreeBuilder:
    """Parse a page, however broken, and return what was built of it."""
    from lxml.etree import HTMLParser

    builder = TreeBuilder()
    parser = HTMLParser(target=builder, encoding="utf-8", huge_tree=True)
    parser.feed(source.encode(errors="replace"))
    parser.close()
    return builder
