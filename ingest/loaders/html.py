"""HTML: what a reader of the page sees, in order, as paragraphs, headings, list items, table rows and code.

Scripts, styles, templates, navigation, forms' controls and hidden parts are left out.
List items and the definitions of terms are written ``- item``, those of ordered lists with their numbers as the page
shows them (``3. item``, ``c. item``), powers of numbers ``10^6``, table rows ``| cell | cell |``; a cell that covers
several rows is repeated in each, so that every row can be understood by itself. A table that only lays out a page is
read as ordinary content. The title is the page's ``<title>``, else its first ``<h1>``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.documents import Limits, Loaded, TextBuilder
from ingest.loaders.html_tree import BREAK, HEADINGS, Node, parse
from ingest.loaders.numerals import numeral
from ingest.loaders.tabular import header_rows
from ingest.text.cleaning import clean_characters, collapse

__all__ = ["clean_code", "load"]

_CODE = frozenset({"pre", "listing", "xmp", "plaintext"})
_ITEMS = frozenset({"li", "dd"})
_LISTS = frozenset({"ul", "ol", "menu", "dir", "dl"})
_STYLES = {"a": "lowerAlphabetic", "A": "upperAlphabetic", "i": "lowerRoman", "I": "upperRoman"}
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,9})")
_DEEPEST_LIST = 6
_LONGEST_REPEATED = 200
_MANY_COLUMNS = 3
"""A table of fewer is more likely one of names and values than one whose first row names its columns."""


def load(source: str, limits: Limits) -> Loaded:
    """Load a page of HTML.

    Raises:
        Refused: the text is longer than the limit.
    """
    page = _Page(limits)
    if source.strip():
        tree = parse(source)
        page.read(tree.root)
        title = clean_characters(collapse(tree.title)) or page.first_heading
        found = {"html_lang": tree.language, "author": clean_characters(collapse(tree.author))}
        metadata = {key: value for key, value in found.items() if value}
        return Loaded(page.builder.text(), "html", title or None, tuple(page.builder.blocks), (), metadata)
    return Loaded("", "html")


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a block; that of a list item takes back a mark that no text has used."""

    of_item: bool


class _Page:
    """Walks a page, gathering inline text until a block begins or ends."""

    def __init__(self, limits: Limits) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.first_heading = ""
        self._inline: list[str] = []
        self._marker = ""
        self._labels: dict[int, str] = {}

    def read(self, root: Node) -> None:
        """Read all of ``root``. Nesting may be deep, so the way is kept on a stack: nodes to read, and block ends."""
        stack: list[tuple[Node | str | _End, int]] = [(_End(False), 0), (root, 0)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, _End):
                self._flush(depth)
                self._marker = "" if node.of_item else self._marker
            elif isinstance(node, Node):
                inner = self._enter(node, depth)
                stack.append((_End(node.tag in _ITEMS), depth))
                stack += [(child, depth + (node.tag in _LISTS)) for child in reversed(inner)]
            else:
                self._inline.append(node)

    def _enter(self, node: Node, depth: int) -> Sequence[Node | str]:
        """Begin a block; returns what of it is still to be read."""
        self._flush(depth)
        if node.tag in HEADINGS:
            words = _words(node)
            self.builder.add(words, "heading", HEADINGS[node.tag])
            if node.tag == "h1":
                self.first_heading = self.first_heading or words
        elif node.tag in _CODE:
            self.builder.add(clean_code(_text(node).replace(BREAK, "\n")), "code")
        elif node.tag == "table" and not node.is_layout:
            self._table(node)
        else:
            if node.tag in _ITEMS:
                label = self._labels.pop(id(node), "-")
                self._marker = f"{'  ' * min(max(depth - 1, 0), _DEEPEST_LIST)}{label} "
            elif node.tag == "ol":
                self._labels |= _labels(node)
            return node.children
        return ()

    def _flush(self, depth: int) -> None:
        """End the paragraph in hand."""
        if not self._inline:
            return
        lines = "".join(self._inline).split(BREAK)
        self._inline.clear()
        text = "\n".join(filter(None, (clean_characters(collapse(line)).strip() for line in lines)))
        if text:
            self.builder.add(self._marker + text, "list_item" if self._marker else "paragraph", depth)
            self._marker = ""

    def _table(self, table: Node) -> None:
        for child in table.children:
            if isinstance(child, Node) and child.tag == "caption":
                self.builder.add(_words(child), "paragraph")
        grid = _Grid()
        rows = [grid.row(row) for row in table.rows]
        heads = _heads(table.rows) or (header_rows(rows) if min(map(len, rows), default=0) >= _MANY_COLUMNS else 0)
        if heads:
            self.builder.add_row(_merged(rows[:heads]), header=True)
        for row in rows[heads:]:
            self.builder.add_row(row)


def _labels(ordered: Node) -> dict[int, str]:
    """The numbers before the items of an ordered list, by the identity of the items."""
    items = [child for child in ordered.children if isinstance(child, Node) and child.tag == "li"]
    step = -1 if "reversed" in ordered.counting else 1
    number = _whole(ordered.counting.get("start"), len(items) if step < 0 else 1)
    labels: dict[int, str] = {}
    for item in items:
        number = _whole(item.counting.get("value"), number)
        style = item.counting.get("type") or ordered.counting.get("type", "")
        labels[id(item)] = f"{numeral(number, _STYLES.get(style, 'decimal'))}."
        number += step
    return labels


def _whole(value: str | None, otherwise: int) -> int:
    match = _WHOLE.match(value or "")
    return int(match[1]) if match else otherwise


def _heads(rows: Sequence[Node]) -> int:
    """The number of rows at the top of a table that name its columns."""
    heads = 0
    while heads < len(rows) and rows[heads].rows and _is_head(rows[heads]):
        heads += 1
    return heads if heads < len(rows) else min(heads, 1)


def _is_head(row: Node) -> bool:
    return row.in_head or all(cell.tag == "th" for cell in row.rows)


class _Grid:
    """Puts the cells of a table's rows in their columns, repeating in each row those that reach down into it."""

    def __init__(self) -> None:
        self._reaching: dict[int, tuple[int, str]] = {}

    def row(self, row: Node) -> list[str]:
        """The texts of the next row."""
        if not row.rows:
            return []
        above, self._reaching = self._reaching, {}
        texts: list[str] = []
        for cell in row.rows:
            self._fill(texts, above)
            text = _words(cell)
            for column in range(cell.columns):
                shown = text if column == 0 else ""
                if cell.lines > 1:
                    repeated = shown if len(shown) <= _LONGEST_REPEATED else ""
                    self._reaching[len(texts)] = (cell.lines - 1, repeated)
                texts.append(shown)
        self._fill(texts, above)
        return texts

    def _fill(self, texts: list[str], above: dict[int, tuple[int, str]]) -> None:
        while (found := above.get(len(texts))) is not None:
            lines, text = found
            if lines > 1:
                self._reaching[len(texts)] = (lines - 1, text)
            texts.append(text)


def _merged(rows: Sequence[Sequence[str]]) -> list[str]:
    """One row of names from several that stand over one another."""
    merged: list[str] = []
    for column in range(max(map(len, rows))):
        names = [row[column] for row in rows if column < len(row) and row[column]]
        merged.append(" ".join(dict.fromkeys(names)))
    return merged


def clean_code(text: str) -> str:
    """Clean lines of code, keeping their indentation."""
    return "\n".join(map(_clean_code_line, text.splitlines()))


def _clean_code_line(line: str) -> str:
    bare = line.lstrip(" \t")
    return line[: len(line) - len(bare)].expandtabs(4) + clean_characters(bare).rstrip()


def _words(node: Node) -> str:
    """The words of a block on one line; blocks and breaks within it are set apart by a space."""
    text = _text(node)
    if text.isascii() and text.isalnum():
        return text
    return clean_characters(collapse(text.replace(BREAK, " \n "))).strip()


def _text(node: Node) -> str:
    """All text of a block, with a break where one begins or ends within it."""
    pieces: list[str] = []
    stack: list[Node | str] = list(reversed(node.children))
    while stack:
        child = stack.pop()
        if isinstance(child, str):
            pieces.append(child)
        else:
            pieces.append(BREAK)
            stack.append(BREAK)
            stack.extend(reversed(child.children))
    return "".join(pieces)
