"""Filters as SQL: from a condition to the ids of the chunks for which it holds, with bound parameters only.

What a filter can ask about is kept in rows of attributes, of documents and of chunks, with an index on key and value;
so a filter costs what it finds, on SQLite and PostgreSQL alike. An attribute is a kind (s, n, b, z: string, number,
boolean, null), a canonical text, which decides equality, and a number where the value reads as one, for comparisons.
A value longer than an index can hold is kept as its beginning and its hash.

A chunk's own attributes hide those of its document with the same key.
"""

import hashlib
import math
import operator
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, CompoundSelect, Connection, and_, false, or_, select, true, union_all

from indexes.catalogue.models import ChunkAttributeRow, ChunkRow, DocumentAttributeRow
from indexes.filters import And, Compare, Exists, Filter, In, Not, Or
from indexes.records import Scalar

__all__ = ["attribute", "attributes", "select_ids"]

_LONGEST = 256
_MOST_VALUES = 5_000
"""Values that one statement asks for; databases bound the parameters of a statement."""
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_Attributes = type[ChunkAttributeRow] | type[DocumentAttributeRow]


def select_ids(
    connection: Connection, collection_id: int, where: Filter, everything: Callable[[], np.ndarray]
) -> np.ndarray:
    """The ids (m,) int64, rising, of the collection's chunks for which ``where`` holds.

    Each simple condition is one statement that its index answers; and, or and not are set operations on what comes
    back. ``everything`` gives the ids of all chunks, for what is not.
    """

    def ids_of(part: Filter) -> np.ndarray:
        return select_ids(connection, collection_id, part, everything)

    match where:
        case And(parts):
            return reduce(np.intersect1d, map(ids_of, parts)) if parts else everything()
        case Or(parts):
            return reduce(np.union1d, map(ids_of, parts), np.empty(0, np.int64))
        case Not(part):
            return np.setdiff1d(everything(), ids_of(part), assume_unique=True)
        case Compare(key, "!=", value, loose):
            return ids_of(Not(Compare(key, "=", value, loose)))
        case In(key, values) if len(values) > _MOST_VALUES:
            starts = range(0, len(values), _MOST_VALUES)
            return reduce(np.union1d, (ids_of(In(key, values[start : start + _MOST_VALUES])) for start in starts))
    # straight from the driver: an object for each row would cost ten times what finding them does
    rows = connection.execute(_holding(collection_id, where)).cursor.fetchall()
    return np.unique(np.fromiter((row[0] for row in rows), np.int64, len(rows)))


def attributes(pairs: Iterable[tuple[str, Scalar]]) -> list[dict[str, Any]]:
    """The rows of attributes, without their owner, for keys and values; equal rows once."""
    rows = {(key, *attribute(value)) for key, value in pairs}
    return [
        {"key": key, "kind": kind, "text": text, "number": number} for key, kind, text, number in sorted(rows, key=str)
    ]


def attribute(value: Scalar) -> tuple[str, str, float | None]:
    """Kind, canonical text and number of a value.

    >>> attribute(3.0), attribute(True), attribute("3 apples")
    (('n', '3', 3.0), ('b', 'true', None), ('s', '3 apples', None))
    """
    if value is None:
        return "z", "null", None
    if isinstance(value, bool):
        return "b", "true" if value else "false", None
    if isinstance(value, str):
        return "s", _shortened(value), _number(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "n", _shortened(str(value)), _number(str(value))


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}…{hashlib.sha256(text.encode()).hexdigest()}"


def _number(text: str) -> float | None:
    if not text.isascii() or "_" in text:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _holding(collection_id: int, where: Compare | In | Exists) -> CompoundSelect[tuple[int]]:
    """Chunks with such an attribute of their own, and chunks without any of that key whose document has one."""
    own, inherited = ChunkAttributeRow, DocumentAttributeRow
    hidden = ChunkRow.id.in_(select(own.chunk_id).where(own.collection_id == collection_id, own.key == where.key))
    return union_all(
        select(own.chunk_id).where(own.collection_id == collection_id, own.key == where.key, _test(own, where)),
        select(ChunkRow.id)
        .join(inherited, inherited.document_id == ChunkRow.document_id)
        .where(inherited.collection_id == collection_id, inherited.key == where.key, _test(inherited, where), ~hidden),
    )


def _test(row: _Attributes, where: Compare | In | Exists) -> ColumnElement[bool]:
    match where:
        case Exists():
            return true()
        case In(_, values):
            texts: dict[str, list[str]] = {}
            for kind, text, _ in map(attribute, values):
                texts.setdefault(kind, []).append(text)
            return or_(false(), *(and_(row.text.in_(each), row.kind == kind) for kind, each in texts.items()))
        case Compare(_, "=", value, True):
            return _equals_loosely(row, str(value))
        case Compare(_, "=", value, False):
            return _equals(row, value)
        case Compare(_, symbol, value, True):
            return _ordered_loosely(row, symbol, str(value))
    return _ordered(row, where.operator, where.value)


def _equals(row: _Attributes, value: Scalar) -> ColumnElement[bool]:
    kind, text, _ = attribute(value)
    return and_(row.text == text, row.kind == kind)


def _equals_loosely(row: _Attributes, value: str) -> ColumnElement[bool]:
    same = row.text == _shortened(value)
    number = _number(value)
    if number is not None:
        return or_(same, and_(row.number == number, row.kind == "n"))
    if value.casefold() in ("true", "false"):
        return or_(same, and_(row.text == value.casefold(), row.kind == "b"))
    return same


def _ordered(row: _Attributes, symbol: str, value: Scalar) -> ColumnElement[bool]:
    compare = _COMPARISONS[symbol]
    if isinstance(value, str):
        return and_(compare(row.text, _shortened(value)), row.kind == "s")
    if value is None or isinstance(value, bool):
        return false()
    return and_(compare(row.number, float(value)), row.kind == "n")


def _ordered_loosely(row: _Attributes, symbol: str, value: str) -> ColumnElement[bool]:
    compare, number = _COMPARISONS[symbol], _number(value)
    as_text = and_(compare(row.text, _shortened(value)), row.kind == "s")
    if number is None:
        return as_text
    starts_with_digit = and_(row.text >= "0", row.text < ":")  # a date, a version
    return or_(compare(row.number, number), and_(row.number.is_(None), as_text, starts_with_digit))
