"""HTML: what a reader of the page sees, in order, as paragraphs, headings, list items, table rows and code.

Scripts, styles, templates, navigation, forms' controls and hidden parts are left out, and so is a page's footer.
List items are written ``- item``, table rows ``| cell | cell |``. A table that only lays out a page is read as
ordinary content. The title is the page's ``<title>``, else its first ``<h1>``.
"""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.cleaning import clean_characters, collapse
from ingest.documents import Limits, Loaded, TextBuilder

if TYPE_CHECKING:
    from bs4 import BeautifulSoup
    from bs4.element import PageElement, Tag

__all__ = ["load"]

_DROPPED = frozenset(
    {"script", "style", "template", "noscript", "nav", "iframe", "svg", "canvas", "object", "embed", "audio", "video"}
    | {"button", "select", "input", "textarea", "head"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "li", "main", "ol", "p", "pre"}
    | {"section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul", *_HEADINGS}
)
_LAYOUT = ("table", "p", "div", "ul", "ol", "h1", "h2", "h3", "h4", "pre", "section", "article")
_DEEPEST_LIST = 6


def load(source: str, limits: Limits) -> Loaded:
    """Load a page of HTML.

    Raises:
        Refused: the text is longer than the limit.
    """
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)  # XHTML is read as HTML, as browsers do
        soup = BeautifulSoup(source, "lxml")
    title = _title(soup)
    language = soup.html.get("lang") if soup.html else None
    page = _Page(limits)
    root = soup.body or soup
    page.read(root)
    metadata = {"html_lang": language} if isinstance(language, str) and language else {}
    return Loaded(page.builder.text(), "html", title, tuple(page.builder.blocks), (), metadata)


def _title(soup: "BeautifulSoup") -> str | None:
    for name in ("title", "h1"):
        tag = soup.find(name)
        text = _words(tag) if tag else ""
        if text:
            return text
    return None


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a block; that of a list item takes back a mark that no text has used."""

    of_item: bool


class _Page:
    """Walks a page, gathering inline text until a block begins or ends."""

    def __init__(self, limits: Limits) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self._inline: list[str] = []
        self._marker = ""

    def read(self, root: "Tag") -> None:
        """Read all of ``root``. Nesting may be deep, so the way is kept on a stack: nodes to read, and block ends."""
        from bs4.element import NavigableString, PreformattedString, Tag

        stack: list[tuple[PageElement | _End, int]] = [(_End(False), 0), (root, 0)]
        while stack:
            node, depth = stack.pop()
            if isinstance(node, _End):
                self._flush()
                self._marker = "" if node.of_item else self._marker
            elif isinstance(node, Tag):
                inner = self._enter(node, depth)
                if node.name in _BLOCKS:
                    stack.append((_End(node.name == "li"), depth))
                stack += [(child, depth + (node.name in ("ul", "ol"))) for child in reversed(inner)]
            elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
                self._inline.append(str(node).replace("\0", ""))

    def _enter(self, tag: "Tag", depth: int) -> "list[PageElement]":
        """Begin a tag; returns what of it is still to be read."""
        name = tag.name
        if name in _DROPPED or _hidden(tag):
            return []
        if name == "br":
            self._inline.append("\0")
        if name in _BLOCKS:
            self._flush()
        if name in _HEADINGS:
            self.builder.add(_words(tag), "heading", _HEADINGS[name])
        elif name == "pre":
            self.builder.add("\n".join(_code(line) for line in tag.get_text().splitlines()), "code")
        elif name == "table" and not _is_layout(tag):
            self._table(tag)
        else:
            if name == "li":
                self._marker = f"{'  ' * min(depth - 1, _DEEPEST_LIST)}- "
            return list(tag.children)
        return []

    def _flush(self) -> None:
        """End the paragraph in hand."""
        lines = "".join(self._inline).split("\0")
        self._inline.clear()
        text = "\n".join(filter(None, (clean_characters(collapse(line)) for line in lines)))
        if text:
            self.builder.add(self._marker + text, "list_item" if self._marker else "paragraph")
            self._marker = ""

    def _table(self, table: "Tag") -> None:
        caption = table.find("caption")
        if caption:
            self.builder.add(_words(caption), "paragraph")
        rows = [row for row in table.find_all("tr") if row.find_parent("table") is table]
        for number, row in enumerate(rows):
            cells = [cell for cell in row.find_all(["td", "th"]) if cell.find_parent("tr") is row]
            texts = [_words(cell) for cell in cells]
            in_head = row.parent is not None and row.parent.name == "thead"
            header = number == 0 and (in_head or row.find("td") is None)
            self.builder.add_row(texts, header=header)


def _code(line: str) -> str:
    """Clean a line of code, keeping its indentation."""
    bare = line.lstrip(" \t")
    return line[: len(line) - len(bare)].expandtabs(4) + clean_characters(bare).rstrip()


def _words(tag: "Tag") -> str:
    """The words of ``tag`` on one line; blocks and breaks within it are set apart by a space."""
    from bs4.element import NavigableString, PreformattedString, Tag

    pieces: list[str] = []
    stack = list(reversed(list(tag.children)))
    while stack:
        node = stack.pop()
        if isinstance(node, Tag):
            if node.name in _BLOCKS or node.name == "br":
                pieces.append("\n")
                stack.append(NavigableString("\n"))
            if node.name not in _DROPPED:
                stack.extend(reversed(list(node.children)))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            pieces.append(str(node))
    return clean_characters(collapse("".join(pieces)))


def _hidden(tag: "Tag") -> bool:
    style = str(tag.get("style", "")).replace(" ", "").lower()
    if tag.has_attr("hidden") or "display:none" in style or tag.get("role") == "navigation":
        return True
    return tag.name == "footer" and tag.find_parent(["article", "main", "blockquote", "section"]) is None


def _is_layout(table: "Tag") -> bool:
    """True where a table arranges a page rather than holding data."""
    if table.get("role") in ("presentation", "none"):
        return True
    if table.find("th") is not None:
        return False
    cells = table.find_all("td")
    return len(cells) <= 1 or any(len(cell.find_all(_LAYOUT, limit=2)) > 1 or cell.find("table") for cell in cells)
