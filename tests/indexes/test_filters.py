"""What filters can be said, and what is refused."""

from datetime import date

import pytest

from indexes.errors import FilterError
from indexes.filters import And, Compare, Exists, In, Not, parse_mapping, parse_where


def test_where_reads_each_operator() -> None:
    typed = ["lang=zh", "page<=3", "year > 2020", "lang!=en", "a<1", "b>=2"]
    assert parse_where(typed) == And(
        (
            Compare("lang", "=", "zh", loose=True),
            Compare("page", "<=", "3", loose=True),
            Compare("year", ">", "2020", loose=True),
            Compare("lang", "!=", "en", loose=True),
            Compare("a", "<", "1", loose=True),
            Compare("b", ">=", "2", loose=True),
        )
    )


def test_where_value_may_hold_anything() -> None:
    assert parse_where(["title=a=b, c < d"]) == Compare("title", "=", "a=b, c < d", loose=True)
    assert parse_where(["标题=中文 文档"]) == Compare("标题", "=", "中文 文档", loose=True)
    assert parse_where(["note="]) == Compare("note", "=", "", loose=True)


def test_nothing_is_no_filter() -> None:
    assert parse_where([]) is None
    assert parse_mapping({}) is None


@pytest.mark.parametrize("typed", ["lang", "", "=zh", "!x", "a ! b", "page==1", "page=>1", "a<>b", "a=\udc80", "a=\0"])
def test_what_cannot_be_understood_is_said(typed: str) -> None:
    with pytest.raises(FilterError, match="expected KEY=VALUE"):
        parse_where([typed])


def test_mapping_gives_conditions() -> None:
    where = {"lang": "zh", "year": {">=": 2020, "<": 2024}, "kind": ["a", "b"], "x": {"exists": False}}
    assert parse_mapping(where) == And(
        (
            Compare("lang", "=", "zh"),
            Compare("year", ">=", 2020),
            Compare("year", "<", 2024),
            In("kind", ("a", "b")),
            Not(Exists("x")),
        )
    )


def test_mapping_takes_dates_as_iso_text() -> None:
    assert parse_mapping({"day": {"<": date(2024, 5, 1)}}) == Compare("day", "<", "2024-05-01")


@pytest.mark.parametrize(
    "where",
    [
        {"a": {"~": 1}},
        {"a": {"in": 3}},
        {"a": {"exists": "yes"}},
        {"a": object()},
        {"a": float("nan")},
        {"a": 1 << 63},
        {"a": [1, -(1 << 63) - 1]},
        {"a": 10**5000},
        {"a": {"~": 10**5000}},
        {"": 1},
        {1: 2},
    ],
)
def test_mapping_that_cannot_be_understood_is_said(where: dict[object, object]) -> None:
    with pytest.raises(FilterError) as raised:
        parse_mapping(where)  # type: ignore[arg-type]
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 300


def test_whole_numbers_have_64_bits() -> None:
    ends = (1 << 63) - 1, -(1 << 63)
    assert parse_mapping({"a": list(ends)}) == In("a", ends)


def test_one_text_is_one_condition() -> None:
    assert parse_where("lang=zh") == parse_where(["lang=zh"])


@pytest.mark.parametrize(
    "where", [{"a": "\udc80"}, {"\udc80": 1}, {"a": ["b", "\udc80"]}, {"a": "\0"}, {"a\0": 1}, {"a": {"=": "b\0"}}]
)
def test_what_is_no_text_is_refused(where: dict[str, object]) -> None:
    with pytest.raises(FilterError):
        parse_mapping(where)
