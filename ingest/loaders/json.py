"""JSON and JSON lines: what a file says, as lines ``key: value``, without braces.

The objects of an array (or of the lines of a file) are records, each a paragraph: ``record 17``, counted from 1; what
is nested in a record goes by its path, ``address.city: Bern``. The members of one large object are sections with
headings. Numbers stay as they are written, however long; nulls and empty values are left out.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from indexes.errors import LoadError
from indexes.records import PageSpan
from ingest.documents import BlockKind, Limits, Loaded, TextBuilder
from ingest.text.cleaning import clean_characters

__all__ = ["load", "looks_like"]

_OPENING = re.compile(r'[\s\ufeff]*(?:\{\s*["}]|\[\s*(?:[\[{"\]]|-?\d[\d.eE+-]*\s*,|true\b|false\b|null\b))')
_SPACE = re.compile(r"[\s\ufeff]*")
_ENCODED = re.compile(r"(?=.*[A-Za-z])(?:data:[^,\s]{0,100},)?[A-Za-z0-9+/_=\s-]{1000,}")
"""Base64: a picture, not words."""
_LONGEST_PATH = 160
_DEEPEST_HEADING = 3
_SMALL_OBJECT = 3
"""Members up to which an object is written in lines of its own, without a heading."""
_LONG_RECORD = 800
"""Characters from which on a record has its name for a heading, so that all its chunks bear it."""
_NAMES = ("title", "name", "subject", "question", "headline", "标题", "题目", "名称", "问题")


class _Object(list[tuple[str, Any]]):
    """The members of an object in their order; a key may occur twice."""


def looks_like(text: str) -> bool:
    """Whether a text is JSON or JSON lines, as its first value tells; a later line may be damaged."""
    if not _OPENING.match(text):
        return False
    try:
        next(_values(text))
    except LoadError:
        return False
    return True


def load(source: str, limits: Limits) -> Loaded:
    """Load JSON: one value, or several one after another, as in JSON lines.

    Raises:
        LoadError: it is damaged, or its parts are nested too deeply.
        Refused: the text is longer than the limit.
    """
    values = list(_values(source))
    writer = _Writer(limits)
    first = values[0] if len(values) == 1 else values
    if isinstance(first, _Object):
        writer.members(first)
    else:
        writer.records("", first if isinstance(first, list) else [first])
    return Loaded(writer.builder.text(), "json", None, tuple(writer.builder.blocks), tuple(writer.spans))


def _values(source: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(object_pairs_hook=_Object, parse_float=str, parse_int=str, parse_constant=str)
    position = _skip_space(source, 0)
    while position < len(source):
        try:
            value, position = decoder.raw_decode(source, position)
        except json.JSONDecodeError as error:
            raise LoadError(
                f"its JSON is damaged or cut short in line {error.lineno} ({error.msg}); mend it, or fetch it again"
            ) from error
        except RecursionError as error:
            raise LoadError("its JSON is nested too deeply; flatten it") from error
        yield value
        position = _skip_space(source, position)


def _skip_space(source: str, position: int) -> int:
    space = _SPACE.match(source, position)
    return space.end() if space else position


class _Writer:
    """Writes values as text and notes where each stands."""

    def __init__(self, limits: Limits) -> None:
        self.builder = TextBuilder(limits.max_characters)
        self.spans: list[PageSpan] = []

    def members(self, members: _Object, path: str = "", level: int = 1) -> None:
        """Write an object as sections; what is small stands in lines ``path: value``."""
        lines: list[tuple[str, str]] = []
        for key, value in members:
            below = _path(path, key)
            large = isinstance(value, _Object) and len(value) > _SMALL_OBJECT and level <= _DEEPEST_HEADING
            if not large and not _is_records(value):
                lines += ((line, below) for line, _ in _lines(value, key))
                continue
            self._add_lines(lines)
            lines = []
            self._add(_flat(key), "heading", below, level)
            if large:
                self.members(value, below, level + 1)
            else:
                self.records(below, value)
        self._add_lines(lines)

    def records(self, path: str, values: Iterable[Any]) -> None:
        """Write the elements of an array."""
        for number, value in enumerate(values, start=1):
            label = f"{path} record {number}".lstrip()
            if not isinstance(value, list):
                for line, _ in _lines(value, ""):
                    self._add(f"- {line}", "list_item", label)
            elif isinstance(value, _Object):
                self._record(value, label)
            else:
                self._record(_Object([("", value)]), label)

    def _record(self, record: _Object, label: str) -> None:
        lines = list(_lines(record, ""))
        long = sum(len(line) for line, _ in lines) > _LONG_RECORD
        if long:
            names = [value for key, value in record if key.lower() in _NAMES and isinstance(value, str)]
            self._add(_flat(names[0])[:_LONGEST_PATH] if names else "", "heading", label, _DEEPEST_HEADING + 1)
        waiting: list[str] = []
        for line, begins in lines:
            if begins and long:
                self._add("\n".join(waiting), "paragraph", label)
                waiting = []
            waiting.append(line)
        self._add("\n".join(waiting), "paragraph", label)

    def _add_lines(self, lines: Sequence[tuple[str, str]]) -> None:
        """Append a paragraph of lines, each with the path it stands at."""
        block = self.builder.add("\n".join(line for line, _ in lines), "paragraph")
        start = block.start if block else 0
        for line, label in lines if block else ():
            self.spans.append(PageSpan(1, start, start + len(line), label))
            start += len(line) + 1

    def _add(self, text: str, kind: BlockKind, label: str, level: int = 0) -> None:
        block = self.builder.add(text, kind, level)
        if block:
            self.spans.append(PageSpan(1, block.start, block.end, label))


def _lines(value: Any, path: str) -> Iterator[tuple[str, bool]]:
    """The lines ``path: text`` of a value, and whether each begins an object in an array."""
    stack: list[tuple[str, Any, bool]] = [(path, value, False)]
    while stack:
        path, value, begins = stack.pop()
        if isinstance(value, _Object):
            inner = [(_path(path, key), each, False) for key, each in value]
        elif _is_records(value) or (isinstance(value, list) and any(isinstance(each, list) for each in value)):
            inner = [(f"{path}[{number}]", each, _is_object(each)) for number, each in enumerate(value, start=1)]
        else:
            text = _scalars(value) if isinstance(value, list) else _scalar(value)
            if text:
                yield (f"{_flat(path)}: {text}" if path else text), begins
            elif begins and stack:
                stack[-1] = (*stack[-1][:2], True)
            continue
        inner[:1] = [(*first[:2], begins or first[2]) for first in inner[:1]]
        stack += reversed(inner)


def _path(path: str, key: str) -> str:
    joined = f"{path}.{key}" if path else key
    return joined if len(joined) <= _LONGEST_PATH else f"…{joined[-_LONGEST_PATH:]}"


def _is_object(value: Any) -> bool:
    return isinstance(value, _Object)


def _is_records(value: Any) -> bool:
    """Whether a value is an array that holds objects."""
    return isinstance(value, list) and not isinstance(value, _Object) and any(map(_is_object, value))


def _scalars(values: list[Any]) -> str:
    """An array of plain values; the lines of a text that was stored as an array become that text."""
    if len(values) > 1 and all(isinstance(each, str) and each.endswith("\n") for each in values[:-1]):
        return _scalar("".join(map(str, values)))
    return ", ".join(filter(None, map(_scalar, values)))


def _scalar(value: Any) -> str:
    """A value as text; the parser leaves numbers as they are written."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    text = str(value)
    if len(text) >= 1000 and _ENCODED.fullmatch(text) and len(text.split()) * 50 < len(text):
        return f"[{len(text):,} characters of encoded data]"
    lines = (clean_characters(line).rstrip() for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _flat(text: str) -> str:
    return " ".join(clean_characters(text).split())
