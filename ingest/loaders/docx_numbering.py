"""The numbers that Word puts before headings, list items and cells by itself: ``1.2``, ``(a)``, ``第三条``.

They stand nowhere in the text: a paragraph, or its style, names a list and a level, and the document's numbering part
says how each level is counted and written (ECMA-376-1, 17.9). Lists that share a definition are counted on together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.loaders.numerals import numeral

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Numbering"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVELS = 9
_LONGEST = 60
"""Characters of what stands before a text and is its number."""
_REFERENCE = re.compile(r"%([1-9])")
_UNWRITTEN = frozenset({"bullet", "none"})


@dataclass(frozen=True, slots=True)
class _Level:
    start: int
    style: str
    text: str
    restarts: bool
    in_digits: bool


@dataclass(frozen=True, slots=True)
class _List:
    """A list: what it shares its numbers with, its levels, and where levels begin anew when it begins."""

    shared: str
    levels: Mapping[int, _Level]
    anew: Mapping[int, int]


class Numbering:
    """Counts the paragraphs of one document, in their order."""

    def __init__(self, numbering: "_Element | None", styles: "_Element | None") -> None:
        self._lists: dict[str, _List] = {}
        self._by_style: dict[tuple[str, str], int] = {}
        self._styles: dict[str, _Element] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[str] = set()
        for style in styles.iter(f"{_W}style") if styles is not None else ():
            self._styles[style.get(f"{_W}styleId", "")] = style
        if numbering is not None:
            self._define(numbering)

    def place(self, paragraph: "_Element", style: str | None) -> tuple[str, int] | None:
        """The list that a paragraph is in, by itself or by its style, and its level there from 0; None for none."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr")
        number, level = (_value(own, "numId"), _value(own, "ilvl")) if own is not None else (None, None)
        current, depth = self._styles.get(style or ""), 0
        while number is None and current is not None and depth < 10:
            inherited = current.find(f"{_W}pPr/{_W}numPr")
            if inherited is not None and (number := _value(inherited, "numId")) is not None:
                linked = self._by_style.get((number, current.get(f"{_W}styleId", "")))
                level = level or _value(inherited, "ilvl") or (None if linked is None else str(linked))
            current, depth = self._styles.get(_value(current, "basedOn") or ""), depth + 1
        if number is None or number == "0":
            return None
        return number, min(_whole(level), _LEVELS - 1)

    def label(self, place: tuple[str, int] | None) -> str:
        """Count on, and return the number as it is written; empty for a bullet, or in no list."""
        found = self._lists.get(place[0]) if place is not None else None
        if place is None or found is None or place[1] not in found.levels:
            return ""
        number, at = place
        counts = self._counts.setdefault(found.shared, {})
        if number not in self._begun:
            self._begun.add(number)
            counts.update({level: start - 1 for level, start in found.anew.items()})
        for upper in range(at):
            if upper in found.levels:
                counts.setdefault(upper, found.levels[upper].start)
        level = found.levels[at]
        counts[at] = counts.get(at, level.start - 1) + 1
        for deeper in range(at + 1, _LEVELS):
            if deeper not in found.levels or found.levels[deeper].restarts:
                counts.pop(deeper, None)
        return "" if level.style == "bullet" else self._written(level, found, counts)

    def _written(self, level: _Level, found: _List, counts: Mapping[int, int]) -> str:
        def number(match: re.Match[str]) -> str:
            at = int(match[1]) - 1
            style = found.levels[at].style if at in found.levels else "decimal"
            return "" if style in _UNWRITTEN else numeral(counts.get(at, 1), "decimal" if level.in_digits else style)

        return " ".join(_REFERENCE.sub(number, level.text).split())[:_LONGEST]

    def _define(self, numbering: "_Element") -> None:
        abstract = {each.get(f"{_W}abstractNumId", ""): each for each in numbering.iter(f"{_W}abstractNum")}
        linked = {_value(each, "styleLink"): each for each in abstract.values()}
        for each in numbering.iter(f"{_W}num"):
            number, shared = each.get(f"{_W}numId", ""), _value(each, "abstractNumId") or ""
            definition = abstract.get(shared)
            if definition is not None and (link := _value(definition, "numStyleLink")) is not None:
                definition = linked.get(link)
            own = [] if definition is None else definition.findall(f"{_W}lvl")
            overrides = each.findall(f"{_W}lvlOverride")
            own += [level for override in overrides for level in override.findall(f"{_W}lvl")]
            anew = {_index(each): _whole(start) for each in overrides if (start := _value(each, "startOverride"))}
            self._lists[number] = _List(shared, {_index(level): _level(level) for level in own}, anew)
            for level in own:
                if (style := _value(level, "pStyle")) is not None:
                    self._by_style[number, style] = _index(level)


def _level(level: "_Element") -> _Level:
    style = _value(level, "numFmt") or "decimal"
    start = _value(level, "start")
    return _Level(
        _whole(start) if start else 1,
        style,
        _value(level, "lvlText") or "",
        _value(level, "lvlRestart") != "0",
        level.find(f"{_W}isLgl") is not None and _value(level, "isLgl") not in ("0", "false"),
    )


def _index(element: "_Element") -> int:
    return min(_whole(element.get(f"{_W}ilvl")), _LEVELS - 1)


def _value(element: "_Element", name: str) -> str | None:
    found = element.find(f"{_W}{name}")
    return found.get(f"{_W}val") if found is not None else None


def _whole(value: str | None) -> int:
    return int(value) if value is not None and value.isascii() and value.isdecimal() and len(value) < 7 else 0
