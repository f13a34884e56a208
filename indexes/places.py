"""Where in a file a stretch of a document's text stands, in words that people use.

``page 3``, ``pages 3–4``, ``slide 4``, ``sheet 'Q3' rows 17–19``, ``header Subject``, ``record 12``; empty for a
document without pages. Chunks bear it as ``place`` in their metadata where it is more than their page, so that a search
can give it, and filter by it, without reading a document.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from indexes.records import PageSpan, StoredChunk

__all__ = ["Box", "boxes", "describe", "paged", "place_of"]

_NUMBERED = re.compile(r"(?P<before>(?:.* )?)(?P<noun>\w+) (?P<number>\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page: left, top, right, bottom in points from the top left corner of the page."""

    page: int
    box: tuple[float, float, float, float]


def describe(spans: Sequence[PageSpan]) -> str:
    """The place that ``spans``, as they follow one another, make together."""
    if not spans:
        return ""
    first, last = (span.label or paged(span.number) for span in (spans[0], spans[-1]))
    if len(spans) > 1 and spans[1].label.startswith(f"{first} "):
        first = spans[1].label  # a sheet's name, and then its rows
    if first == last:
        return first
    begin, end = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if begin and end and begin.group("before", "noun") == end.group("before", "noun"):
        return f"{begin['before']}{begin['noun']}s {begin['number']}–{end['number']}"
    return f"{first} – {last}"


def paged(page: int | None) -> str:
    """The place that a page is; empty for None."""
    return "" if page is None else f"page {page}"


def place_of(chunk: StoredChunk) -> str:
    """The place of a chunk; empty where its document has no pages."""
    place = chunk.metadata.get("place")
    return place if isinstance(place, str) and chunk.page is not None else paged(chunk.page)


def boxes(spans: Sequence[PageSpan]) -> tuple[Box, ...]:
    """The boxes of the spans that have one, in order."""
    return tuple(Box(span.number, span.box) for span in spans if span.box is not None)
