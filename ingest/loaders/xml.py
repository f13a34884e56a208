"""XML of any other kind: what it says, without its tags.

Text with inline markup is a paragraph. Elements named like titles are headings, those named like items of lists are
items, and an element that holds no more than a short value is written ``name: value``, for in data the name says what
the value is; values that stand side by side are one record, a paragraph with a line for each. Feeds (RSS, Atom) and
documents like DocBook read as people would read them; HTML that a feed wraps up in text is loaded as HTML.

The parser expands no entities, fetches nothing, and gives up on XML that is nested or large beyond reason.
"""

import re
from collections.abc import Iterator
from html.entities import html5
from typing import TYPE_CHECKING

from indexes.errors import LoadError
from ingest.documents import BlockKind, Limits, Loaded, Refused, TextBuilder
from ingest.text.cleaning import clean_characters, collapse

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["load"]

_PROLOG = re.compile(r"\A\s*<\?xml\b[^>]*\?>")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})
_MARKUP = re.compile(r"<(?:p|div|br|a|ul|ol|li|img|span|h[1-6]|table|b|i|em|strong|pre|blockquote)\b[^<>]*>", re.I)
_TITLES = frozenset({"title", "heading", "head", "h", "h1", "h2", "h3", "h4", "h5", "h6", "caption"})
_TEXTS = frozenset(
    {"p", "para", "simpara", "paragraph", "text", "content", "description", "summary", "body", "abstract", "note", "v"}
    | {"encoded", "subtitle", "quote", "verse", "line", "l", "s", "u", "ab", "seg", "tspan", "desc", "value"}
)
_ITEMS = frozenset({"li", "listitem"})
_CODE = frozenset({"code", "programlisting", "screen", "literallayout", "pre"})
_DROPPED = frozenset({"script", "style", "binary", "metadata", "defs"})
_NOISE = re.compile(r"[A-Za-z0-9+/=\s]{2000,}|#[0-9a-fA-F]{3,8}")
_SHORT = 200
_DEEPEST_HEADING = 6


def load(source: str, limits: Limits) -> Loaded:
    """Load a file of XML.

    Raises:
        LoadError: it is not well-formed.
        Refused: its text is longer than the limit.
    """
    root = _parse(_known_entities(_PROLOG.sub("", source.replace("\0", ""))))
    reader = _Reader(limits)
    reader.read(root)
    kind = str(root.tag).rpartition("}")[2].lower()
    metadata = {"root": kind} if kind else {}
    return Loaded(reader.builder.text(), "xml", reader.title, tuple(reader.builder.blocks), (), metadata)


def _known_entities(source: str) -> str:
    """Write the characters that HTML has names for, which people use in XML without declaring them."""
    if "<!ENTITY" in source:
        return source
    return _ENTITY.sub(lambda match: match[0] if match[1] in _OWN else html5.get(f"{match[1]};", match[0]), source)


def _parse(source: str) -> "_Element":
    from lxml.etree import XMLParser, XMLSyntaxError, fromstring

    parser = XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True,
        encoding="utf-8",
    )  # fmt: skip
    try:
        root: _Element = fromstring(source.lstrip().encode(errors="replace"), parser)
    except XMLSyntaxError as error:
        if "<!ENTITY" in source or any(sign in str(error) for sign in ("depth", "huge", "HUGE")):
            raise Refused("its XML is nested or large beyond reason; convert it to another format") from error
        line = error.lineno or 1
        raise LoadError(f"its XML is damaged or cut short in line {line}; mend it or fetch it again") from error
    return root


class _Reader:
    """Walks the elements and writes what they say to a builder."""

    def __init__(self, limits: Limits) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.title: str | None = None
        self._limits = limits
        self._record: dict[str, list[str]] = {}
        self._record_of: _Element | None = None

    def read(self, root: "_Element") -> None:
        """Read an element and all in it, in order; no deeper than the parser lets through."""
        stack = [(root, 1)]
        while stack:
            element, depth = stack.pop()
            if isinstance(element.tag, str) and (name := _name(element)) not in _DROPPED:
                stack += [(child, depth + 1) for child in reversed(self._element(element, name, depth))]
        self._end_record()

    def _element(self, element: "_Element", name: str, depth: int) -> "list[_Element]":
        """Write an element; returns the elements in it that are still to be read."""
        children = [child for child in element if isinstance(child.tag, str)]
        if not children or _is_mixed(element) or name in _TITLES:
            self._leaf(element, name, depth)
            return []
        return children

    def _leaf(self, element: "_Element", name: str, depth: int) -> None:
        raw = "".join(_texts(element))
        if not raw.strip():
            self._attributes(element)
        elif name in _CODE:
            from ingest.loaders.html import clean_code

            self._add(clean_code(raw), "code")
        elif len(_MARKUP.findall(raw)) > 1:
            self._html(raw)
        elif not _NOISE.fullmatch(raw):
            self._words(element, clean_characters(collapse(raw)).strip(), name, depth)

    def _words(self, element: "_Element", words: str, name: str, depth: int) -> None:
        if name in _TITLES:
            self.title = self.title or words
            self._add(words, "heading", min(max(depth - 1, 1), _DEEPEST_HEADING))
        elif name in _ITEMS:
            self._add(f"- {words}", "list_item")
        elif name in _TEXTS or len(words) > _SHORT:
            self._add(words, "paragraph")
        else:
            self._value(element, words)

    def _value(self, element: "_Element", value: str) -> None:
        """Write a short value into the record of the element that it is in."""
        parent = element.getparent()
        if parent is not self._record_of:
            self._end_record()
            self._record_of = parent
        self._record.setdefault(_local(str(element.tag)), []).append(value)

    def _end_record(self) -> None:
        record, self._record = self._record, {}
        lines = [f"{name}: {'; '.join(values)}" for name, values in record.items()]
        self.builder.add("\n".join(lines), "paragraph")

    def _add(self, text: str, kind: BlockKind, level: int = 0) -> None:
        self._end_record()
        self.builder.add(text, kind, level)

    def _html(self, raw: str) -> None:
        from ingest.loaders import html

        self._end_record()
        loaded = html.load(raw, self._limits)
        for block in loaded.blocks:
            kind: BlockKind = block.kind
            level = min(block.level + 2, _DEEPEST_HEADING) if kind == "heading" else block.level
            self.builder.add(loaded.text[block.start : block.end], kind, level)

    def _attributes(self, element: "_Element") -> None:
        """An empty element says what its attributes say, where these are words."""
        if "svg" in str(element.tag):
            return
        said = [f"{_local(key)}: {value.strip()}" for key, value in element.attrib.items() if _is_said(key, value)]
        if said:
            self._value(element, ", ".join(said))


def _name(element: "_Element") -> str:
    return _local(str(element.tag)).lower()


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _is_said(key: str, value: str) -> bool:
    return not key.startswith("{") and any(map(str.isalnum, value)) and not _NOISE.fullmatch(value)


def _is_mixed(element: "_Element") -> bool:
    """Whether there is text between the elements in it."""
    between = [element.text, *(child.tail for child in element)]
    return any(piece is not None and not piece.isspace() and piece for piece in between)


def _texts(element: "_Element") -> Iterator[str]:
    for text in element.itertext():
        yield str(text)
