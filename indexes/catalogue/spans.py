"""Page spans as lists for JSON, and back: ``[number, start, end]``, then the label and the box where there are such."""

from collections.abc import Iterable, Sequence
from typing import Any

from indexes.records import PageSpan

__all__ = ["as_lists", "as_spans"]


def as_lists(pages: Iterable[PageSpan]) -> list[list[Any]]:
    """The spans as lists."""
    return [_as_list(page) for page in pages]


def as_spans(lists: Iterable[Sequence[Any]]) -> tuple[PageSpan, ...]:
    """The spans of lists that `as_lists` made.

    Raises:
        ValueError, TypeError: They are none; whether the values fit a text is not looked at.
    """
    return tuple(_as_span(*values) for values in lists)


def _as_list(page: PageSpan) -> list[Any]:
    values: list[Any] = [page.number, page.start, page.end]
    if page.label or page.box is not None:
        values.append(page.label)
    if page.box is not None:
        values.append(list(page.box))
    return values


def _as_span(number: int, start: int, end: int, label: str = "", box: Sequence[float] | None = None) -> PageSpan:
    if box is None:
        return PageSpan(number, start, end, label)
    left, top, right, bottom = box
    return PageSpan(number, start, end, label, (left, top, right, bottom))
