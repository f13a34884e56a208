"""Conditions on what a chunk says of itself: its metadata, and the built-in fields ``document``, ``title``, ``page``.

A chunk's metadata is its document's, overlaid by its own. ``document`` is both the name that people are shown and
the key; ``page`` is the page where the chunk starts. A condition is a small frozen value that says what must hold;
``indexes.catalogue.selection`` turns it into SQL. Values keep their kind: the number 3 is not the text "3" and not
``True``. Dates are ISO 8601 texts, which sort as dates do. Only `Exists` and the negations can hold for a chunk that
lacks the key; ``key != value`` is the negation of ``key = value``.

What a person types (`parse_where`) has no kinds: ``year=3`` finds the number and the text alike, and ``year<=3``
compares as numbers where the stored value reads as a number, else as text with what starts with a digit, as dates do
(``loose`` comparisons).
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, cast, get_args

from indexes.errors import FilterError
from indexes.records import Scalar
from indexes.storable import is_text, is_whole

__all__ = [
    "And",
    "Compare",
    "Exists",
    "Filter",
    "In",
    "Not",
    "Operator",
    "Or",
    "checked",
    "parse_mapping",
    "parse_where",
]

Operator = Literal["=", "!=", "<", "<=", ">", ">="]
_OPERATORS = get_args(Operator)
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class Compare:
    """The value of ``key`` compared with ``value``."""

    key: str
    operator: Operator
    value: Scalar
    loose: bool = False


@dataclass(frozen=True, slots=True)
class In:
    """The value of ``key`` is one of ``values``."""

    key: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """There is a value for ``key``."""

    key: str


@dataclass(frozen=True, slots=True)
class And:
    """All of ``parts`` hold; with no parts, always."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of ``parts`` holds; with no parts, never."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """``part`` does not hold."""

    part: "Filter"


Filter = Compare | In | Exists | And | Or | Not

_CONDITION = re.compile(r"\s*(?P<key>[^=<>!]+?)\s*(?P<operator>!=|<=|>=|=|<|>)\s*(?P<value>(?![=<>]).*?)\s*", re.DOTALL)
_EXPECTED = "expected KEY=VALUE, or one of != < <= > >= in the place of =, such as lang=zh or page<=3"


def parse_where(conditions: Sequence[str]) -> Filter | None:
    """What a person typed after ``--where``, all of which must hold; None for nothing typed; one text is one condition.

    Raises:
        FilterError: A condition is not of the form KEY OPERATOR VALUE.
    """
    parts: list[Filter] = []
    for condition in [conditions] if isinstance(conditions, str) else conditions:
        match = _CONDITION.fullmatch(condition)
        if match is None or not is_text(condition):
            raise FilterError(f"The filter {condition!r} cannot be understood: {_EXPECTED}.")
        operator: Any = match["operator"]
        parts.append(Compare(match["key"], operator, match["value"], loose=True))
    return _all(parts)


def parse_mapping(where: Mapping[str, Any]) -> Filter | None:
    """A filter from plain data, all entries of which must hold; None for an empty mapping.

    An entry is ``{"lang": "zh"}`` for equality, ``{"lang": ["zh", "en"]}`` for one of several, or
    ``{"year": {">=": 2020, "<": 2024}}`` with the operators = != < <= > >= and ``in``, ``exists`` (true or false).

    Raises:
        FilterError: A key, an operator or a value is of no such form.
    """
    parts: list[Filter] = []
    for key, wanted in where.items():
        _check_key(key)
        if isinstance(wanted, Mapping):
            parts.extend(_condition(key, operator, value) for operator, value in wanted.items())
        elif isinstance(wanted, list | tuple | set | frozenset):
            parts.append(_condition(key, "in", wanted))
        else:
            parts.append(_condition(key, "=", wanted))
    return _all(parts)


def checked(where: Filter | None) -> Filter | None:
    """The filter, once it was found to be one: it may have been put together by hand.

    Raises:
        FilterError: It has a key, an operator or a value of no such form, or parts within parts without end.
    """
    parts: list[tuple[Any, int]] = [] if where is None else [(where, 1)]
    while parts:
        part, depth = parts.pop()
        if depth > _DEEPEST:
            raise FilterError(f"The filter has parts within parts: expected at most {_DEEPEST}, one in another.")
        match part:
            case And(inner) | Or(inner):
                parts.extend((each, depth + 1) for each in inner)
            case Not(inner):
                parts.append((inner, depth + 1))
            case Exists(key):
                _check_key(key)
            case In(key, values):
                _check_key(key)
                _condition(key, "in", values)
            case Compare(key, operator, value):
                _check_key(key)
                _condition(key, operator, value)
            case _:
                raise FilterError(f"{_shown(part)} is no filter: expected what `parse_mapping` makes of plain data.")
    return where


def _condition(key: str, operator: Any, value: Any) -> Filter:
    if operator == "exists" and isinstance(value, bool):
        return Exists(key) if value else Not(Exists(key))
    if operator == "in" and isinstance(value, list | tuple | set | frozenset):
        return In(key, tuple(_scalar(key, item) for item in value))
    if operator in _OPERATORS:
        return Compare(key, operator, _scalar(key, value))
    raise FilterError(
        f"The filter on {key!r} uses {_shown(operator)} with {_shown(value)}: expected one of {' '.join(_OPERATORS)} "
        "with a value, 'in' with a list, or 'exists' with true or false."
    )


def _scalar(key: str, value: Any) -> Scalar:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise FilterError(f"The filter on {key!r} compares with {value!r}: expected a finite number.")
    if value is None or isinstance(value, float | bool) or is_text(value) or is_whole(value):
        return cast(Scalar, value)
    raise FilterError(
        f"The filter on {key!r} compares with {_shown(value)}: expected a text, a number of at most 64 bits, true, "
        "false, null or a date."
    )


def _check_key(key: Any) -> None:
    if not key or not is_text(key):
        raise FilterError(f"The filter key {_shown(key)} cannot be understood: expected the name of a metadata field.")


def _shown(value: Any) -> str:
    """A value in a line of an error."""
    try:
        shown = " ".join(repr(value).split())
    except ValueError:  # a number of thousands of digits
        shown = f"a {type(value).__name__}"
    return shown if len(shown) <= 80 else f"{shown[:80]}…"


def _all(parts: list[Filter]) -> Filter | None:
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))
