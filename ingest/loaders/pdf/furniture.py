"""What is on a page for the sake of the page: its number, and the heads and feet that return on page after page."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.loaders.pdf.page import Line

__all__ = ["drop_furniture"]

_PAGE_NUMBER = re.compile(
    r"(?P<named>page|p\.|第)?\s*[-–—·|/ ]*(?P<number>\d{1,4}|[ivxl]{1,6})\s*[-–—·|/ ]*"
    r"(?:(?P<counted>页|頁)|(?:of|/|共)\s*\d{1,4}\s*页?)?",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
_EDGE = 2
_FEWEST = 3
"""On so many pages stands what belongs to the page, at least."""
_SAME_PLACE = 12.0
"""So far apart, in points, are the numbers of two pages at most."""
_Key = tuple[str, int]
_NAMED: _Key = ("#", 0)


def drop_furniture(pages: Sequence[list[Line]]) -> list[Line]:
    """Return the lines of all pages without page numbers and without the heads and feet that repeat at their edges.

    A line repeats where its words, digits aside, and its size are the same on at least three pages and half of all;
    its first occurrence stays, so that no words are lost. A row of a table repeats only where its digits are the same
    too. A number that stands alone is the page's only where numbers at the same height rise with the pages. A page
    that would be left with nothing keeps everything.
    """
    edges = [_edges(page) for page in pages]
    seen = Counter(key for page, edge in zip(pages, edges, strict=True) for key in {_key(page[i]) for i in edge} if key)
    numbers = set(_numbers(pages, edges))
    enough = max(_FEWEST, len(pages) * 0.5)
    kept: list[Line] = []
    met: set[_Key] = set()
    for number, (page, edge) in enumerate(zip(pages, edges, strict=True)):
        rest: list[Line] = []
        for index, line in enumerate(page):
            key = _key(line)
            repeats = key is not None and index in edge and seen[key] >= enough and (key in met or key == _NAMED)
            if not repeats and (number, index) not in numbers:
                rest.append(line)
            if key:
                met.add(key)
        kept += rest or page
    return kept


def _edges(page: list[Line]) -> set[int]:
    """The indices of the lines at the top and the bottom of a page, by place and by order."""
    order = sorted(range(len(page)), key=lambda index: page[index].y)
    known = any(line.size for line in page)
    by_place = {*order[:_EDGE], *order[-_EDGE:]} if known else set()
    count = len(page)
    return by_place | set(range(min(_EDGE, count))) | set(range(max(0, count - _EDGE), count))


def _key(line: Line) -> _Key | None:
    """What makes a line the same as one on another page; None for a number that stands alone."""
    found = _PAGE_NUMBER.fullmatch(line.text)
    if found:
        return _NAMED if found["named"] or found["counted"] else None
    words = line.text.casefold()
    return words if line.cells else _DIGITS.sub("#", words), round(line.size)


def _numbers(pages: Sequence[list[Line]], edges: Sequence[set[int]]) -> Iterator[tuple[int, int]]:
    """The pages and lines of numbers that rise with the pages, at the same height on at least half of a stretch."""
    alike: dict[int, list[tuple[float, int, int]]] = {}
    for number, (page, edge) in enumerate(zip(pages, edges, strict=True)):
        for index in edge:
            found = _PAGE_NUMBER.fullmatch(page[index].text)
            if found:
                alike.setdefault(_value(found["number"]) - number, []).append((page[index].y, number, index))
    for places in alike.values():
        for level in _levels(sorted(places)):
            on = {number for _, number, _ in level}
            if len(on) >= _FEWEST and 2 * len(on) > max(on) - min(on):
                yield from ((number, index) for _, number, index in level)


def _levels(places: Sequence[tuple[float, int, int]]) -> Iterator[list[tuple[float, int, int]]]:
    """The places in groups of about the same height."""
    level: list[tuple[float, int, int]] = []
    for place in places:
        if level and place[0] - level[-1][0] > _SAME_PLACE:
            yield level
            level = []
        level.append(place)
    if level:
        yield level


def _value(number: str) -> int:
    """The value of a number in digits or Roman numerals."""
    if number.isdecimal():
        return int(number)
    values = [_ROMAN[letter] for letter in number.casefold()]
    return sum(-value if value < max(values[index:]) else value for index, value in enumerate(values))
