"""Filters against a plain reading of the metadata, and applied before the search."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import FilterError
from indexes.filters import And, Compare, Exists, Filter, In, Not, Or, parse_mapping, parse_where
from indexes.records import Chunk, Scalar

VALUES: tuple[Scalar, ...] = (
    "zh",
    "3",
    3,
    3.0,
    4.5,
    -1,
    True,
    False,
    None,
    "true",
    "10",
    "2024-05-01",
    "",
    2**62,
    "x" * 999,
)


Rows = dict[int, dict[str, Scalar]]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shelf(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, toys: Any
) -> Iterator[tuple[Collection, Rows]]:
    """Chunks whose documents hold each value under ``v``; some lack it, some chunks have their own. Only to be read."""
    server = request.getfixturevalue("cluster").database() if request.param == "postgresql" else nullcontext()
    with server as url, Database.open(tmp_path_factory.mktemp("shelf"), url=url) as database:
        collection = database.create("papers", toys.ENCODER)
        with collection.writer() as writer:
            for number, value in enumerate(VALUES):
                made = toys.make(f"d{number}", [f"one {number}", f"two {number}"], {"v": value, "n": number})
                own = Chunk(
                    **{name: getattr(made.chunks[1], name) for name in Chunk.__slots__} | {"metadata": {"v": "own"}}
                )
                writer.put(made.document, [made.chunks[0], own], made.vectors)
            bare = toys.make("bare", ["nothing"])
            writer.put(bare.document, bare.chunks, bare.vectors)
        stored = collection.chunks(range(1, 100))
        assert len(stored) == 2 * len(VALUES) + 1
        yield collection, {c.chunk_id: {**c.metadata, "page": c.page, "document": c.document} for c in stored}
        assert collection.chunks(range(1, 100)) == stored


def matches(collection: Collection, where: Filter | None) -> set[int]:
    return {id_ for id_, _ in collection.dense(np.ones(16), 1000, where)}


def kind(value: Scalar) -> str:
    return {str: "s", bool: "b", int: "n", float: "n"}.get(type(value), "z")


@pytest.mark.parametrize("value", VALUES)
def test_equality_keeps_kinds_apart(shelf: tuple[Collection, Rows], value: Scalar) -> None:
    collection, rows = shelf

    def same(row: dict[str, Scalar]) -> bool:
        return "v" in row and kind(row["v"]) == kind(value) and row["v"] == value

    expected = {id_ for id_, row in rows.items() if same(row)}
    assert expected
    assert matches(collection, Compare("v", "=", value)) == expected
    assert matches(collection, Compare("v", "!=", value)) == set(rows) - expected
    assert matches(collection, In("v", (value, "own"))) == expected | {
        i for i, r in rows.items() if r.get("v") == "own"
    }


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("symbol", COMPARISONS)
@pytest.mark.parametrize("value", [3, 3.5, "3", "2024-01-01", "own"])
def test_order_compares_within_a_kind(shelf: tuple[Collection, Rows], symbol: Any, value: Scalar) -> None:
    collection, rows = shelf
    expected = {
        id_
        for id_, row in rows.items()
        if "v" in row and kind(row["v"]) == kind(value) and COMPARISONS[symbol](row["v"], value)
    }
    assert matches(collection, Compare("v", symbol, value)) == expected


def test_logic(shelf: tuple[Collection, Rows]) -> None:
    collection, rows = shelf
    zh, own, low = Compare("v", "=", "zh"), Compare("v", "=", "own"), Compare("n", "<", 5)
    of = {where: matches(collection, where) for where in (zh, own, low)}
    assert matches(collection, And((own, low))) == of[own] & of[low]
    assert matches(collection, Or((zh, own))) == of[zh] | of[own]
    assert matches(collection, Not(Or((zh, low)))) == set(rows) - of[zh] - of[low]
    assert matches(collection, And(())) == set(rows)
    assert matches(collection, Or(())) == set()
    assert matches(collection, In("v", ())) == set()
    assert matches(collection, Exists("v")) == {id_ for id_, row in rows.items() if "v" in row}
    assert matches(collection, parse_mapping({"n": {">=": 2, "<": 4}})) == {
        i for i, r in rows.items() if r.get("n") in (2, 3)
    }


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("v=3", {"3", 3}),
        ("v=3.0", {3}),
        ("v=true", {"true", True}),
        ("v=zh", {"zh"}),
        ("v<=4", {"3", 3, -1, "2024-05-01"}),
        ("v>4.4", {4.5, "10", 2**62}),
        ("v>2024", {2**62, "2024-05-01"}),
        ("v>=2024-01-01", {"2024-05-01", "zh", "true", "own", "x" * 999, "3"}),
    ],
)
def test_what_a_person_types_has_no_kinds(shelf: tuple[Collection, Rows], typed: str, found: set[Scalar]) -> None:
    collection, rows = shelf
    values = [(rows[i]["v"], kind(rows[i]["v"])) for i in matches(collection, parse_where([typed]))]
    expected = {(value, kind(value)) for value in found}
    assert set(values) == expected


def test_built_in_fields(collection: Collection, toys: Any) -> None:
    with collection.writer() as writer:
        for key in ("a", "b"):
            made = toys.make(
                key, ["one", "two", "three"], {"title": "hidden"}, uri=f"docs/{key}.md", title=f"Title {key}"
            )
            writer.put(made.document, made.chunks, made.vectors)
    for typed in ("document=a", "document=docs/a.md", "title=Title a"):
        assert {c.document for c in collection.chunks(sorted(matches(collection, parse_where([typed]))))} == {
            "docs/a.md"
        }
    pages = [c.page for c in collection.chunks(sorted(matches(collection, parse_where(["page>=2"]))))]
    assert pages == [2, 3, 2, 3]
    assert matches(collection, parse_where(["title=hidden"])) == set()


def test_values_never_reach_the_sql_as_text(shelf: tuple[Collection, Rows]) -> None:
    collection, rows = shelf
    for evil in ("' OR 1=1 --", '"; DROP TABLE chunk; --', "%", "\\", "{}", ":x"):
        assert matches(collection, Compare("v", "=", evil)) == set()
        assert matches(collection, Compare(evil, "=", "zh")) == set()
        assert matches(collection, Compare(evil, "!=", "zh")) == set(rows)


def test_filter_comes_before_the_search(collection: Collection, toys: Any) -> None:
    """The few chunks that match come back although hundreds that do not are closer."""
    query = toys.vector_of("query")
    with collection.writer() as writer:
        near = toys.make("near", [f"near {n}" for n in range(300)], {"lang": "en"})
        writer.put(near.document, near.chunks, np.tile(query, (300, 1)))
        far = toys.make("far", [f"far {n}" for n in range(5)], {"lang": "zh"})
        writer.put(far.document, far.chunks, np.tile(-query, (5, 1)))
    where = parse_where(["lang=zh"])
    assert [score for _, score in collection.dense(query, 5, where)] == pytest.approx([-1] * 5)
    assert len(collection.dense(query, 3, where)) == 3
    assert len(collection.lexical("far near", 50, where)) == 5


def test_one_of_very_many_values(shelf: tuple[Collection, Rows]) -> None:
    collection, rows = shelf
    expected = {id_ for id_, row in rows.items() if row.get("n") in (3, 7) or row.get("v") == "zh"}
    where = Or(
        (In("n", (*range(100, 12_000), 3, *range(12_000, 24_000), 7)), In("v", ("zh", *map(str, range(50, 9_000)))))
    )
    assert matches(collection, where) == expected


def test_a_chunk_cannot_pass_for_one_of_another_document(collection: Collection, toys: Any) -> None:
    made = toys.make("real.pdf", ["text"], title="Real")
    claims = replace(made.chunks[0], metadata={"document": "other", "title": "Other", "page": 9, "lang": "zh"})
    with collection.writer() as writer:
        writer.put(made.document, [claims], made.vectors)
    for typed, found in (("document=real.pdf", 1), ("title=Real", 1), ("page=1", 1), ("lang=zh", 1)):
        assert len(matches(collection, parse_where([typed]))) == found
    for typed in ("document=other", "title=Other", "page=9"):
        assert matches(collection, parse_where([typed])) == set()
    assert not collection.verify().damage


@pytest.mark.parametrize(
    "where",
    [
        Compare("v", "<", 10**400),
        Compare("v", "=", 10**5000),
        Compare("v", "=", "a\0b"),
        Compare("v", "~", 1),  # type: ignore[arg-type]
        In("v", (1, "\udcff")),
        Exists("\0"),
        And((Or((Not(Compare("", "=", 1)),)),)),
        {"v": 1},
    ],
)
def test_a_filter_put_together_by_hand_is_looked_at_too(shelf: tuple[Collection, Rows], where: Any) -> None:
    collection, _ = shelf
    for search in (lambda: matches(collection, where), lambda: collection.lexical("one", 3, where)):
        with pytest.raises(FilterError) as raised:
            search()
        assert len(str(raised.value).splitlines()) == 1


def test_a_filter_nested_without_end_is_refused(shelf: tuple[Collection, Rows]) -> None:
    collection, _ = shelf

    def nested(depth: int) -> Filter:
        where: Filter = Exists("v")
        for _ in range(depth):
            where = Not(where)
        return where

    assert matches(collection, nested(40)) == matches(collection, Exists("v"))
    with pytest.raises(FilterError, match="parts within parts"):
        matches(collection, nested(5_000))
