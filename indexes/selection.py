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
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, and_, false, not_, or_, select, true, type_coerce
from sqlalchemy.types import Text

from indexes.filters import And, Compare, Exists, Filter, In, Not, Or
from indexes.models import ChunkAttributeRow, ChunkRow, DocumentAttributeRow
from indexes.records import Scalar

__all__ = ["attribute", "attributes", "select_ids"]

_LONGEST = 256
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_Attributes = type[ChunkAttributeRow] | type[DocumentAttributeRow]


def select_ids(connection: Connection, collection_id: int, where: Filter) -> np.ndarray:
    """The ids of the collection's chunks for which ``where`` holds: int64, rising."""
    statement = select(ChunkRow.id).where(ChunkRow.collection_id == collection_id, _clause(collection_id, where))
    ids = np.fromiter(connection.scalars(statement), np.int64)
    ids.sort()
    return ids


def attributes(pairs: Iterable[tuple[str, Scalar]]) -> list[dict[str, Any]]:
    """The rows of attributes, without their owner, for keys and values; equal rows once."""
    rows = {(key, *attribute(value)) for key, value in pairs}
    return [{"key": key, "kind": kind, "text": text, "number": number} for key, kind, text, number in sorted(rows, key=str)]


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


def _clause(collection_id: int, where: Filter) -> ColumnElement[bool]:
    match where:
        case And(parts):
            return and_(true(), *(_clause(collection_id, part) for part in parts))
        case Or(parts):
            return or_(false(), *(_clause(collection_id, part) for part in parts))
        case Not(part):
            return not_(_clause(collection_id, part))
        case Compare(key, "!=", value, loose):
            return not_(_clause(collection_id, Compare(key, "=", value, loose)))
    return or_(
        ChunkRow.id.in_(
            select(ChunkAttributeRow.chunk_id).where(*_of(ChunkAttributeRow, collection_id, where.key), _test(ChunkAttributeRow, where))
        ),
        and_(
            ChunkRow.document_id.in_(
                select(DocumentAttributeRow.document_id).where(
                    *_of(DocumentAttributeRow, collection_id, where.key), _test(DocumentAttributeRow, where)
                )
            ),
            ChunkRow.id.not_in(select(ChunkAttributeRow.chunk_id).where(*_of(ChunkAttributeRow, collection_id, where.key))),
        ),
    )


def _of(row: _Attributes, collection_id: int, key: str) -> tuple[ColumnElement[bool], ...]:
    return row.collection_id == collection_id, row.key == key


def _test(row: _Attributes, where: Compare | In | Exists) -> ColumnElement[bool]:
    match where:
        case Exists():
            return true()
        case In(_, values):
            return or_(false(), *(_equals(row, value) for value in values))
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
    as_text = and_(compare(row.text, type_coerce(_shortened(value), Text)), row.kind == "s")
    if number is None:
        return as_text
    return or_(compare(row.number, number), and_(row.number.is_(None), as_text))
