"""Checksums of rows: no two rows that differ have the same, and what differs from its checksum is not given out."""

from itertools import combinations
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from indexes.catalogue import checksums
from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import StoreDamaged

DOCUMENT = {
    "id": 1, "collection_id": 2, "key": "k", "uri": "u", "title": "t", "digest": "d", "metadata": {"a": 1, "b": "北京"},
    "chunks": 3, "pages": [[1, 0, 4]], "text": "text",
}  # fmt: skip
CHUNK = {
    "id": 7, "collection_id": 2, "document_id": 1, "sequence": 5, "start_at": 0, "end_at": 4, "page": 1, "digest": "d",
    "metadata": {}, "context": "c", "text": "text",
}  # fmt: skip
OTHERS = [
    None,
    0,
    -1,
    1,
    True,
    "",
    "1",
    1.0,
    b"text",
    "x",
    {},
    {"a": 1},
    {"a": True},
    {"a": 1.0},
    {"a": "1"},
    [[1, 0, 5]],
]


@pytest.mark.parametrize(
    ("of", "row", "fields"),
    [
        (checksums.of_document, DOCUMENT, set(DOCUMENT) - {"text", "pages"}),
        (checksums.of_text, DOCUMENT, {"id", "text", "pages"}),
        (checksums.of_chunk, CHUNK, set(CHUNK)),
    ],
)
def test_every_field_counts_with_its_kind(of: Any, row: dict[str, Any], fields: set[str]) -> None:
    whole = of(SimpleNamespace(**row))
    for name in fields:
        variants = [value for value in OTHERS if (type(value), value) != (type(row[name]), row[name])]
        found = [of(SimpleNamespace(**(row | {name: value}))) for value in variants]
        assert whole not in found, name
        different = [(a, b) for a, b in combinations(range(len(variants)), 2) if repr(variants[a]) != repr(variants[b])]
        assert all(found[a] != found[b] for a, b in different), name


def test_what_stands_at_a_border_belongs_to_one_side() -> None:
    def of(context: str, body: Any) -> int:
        return checksums.of_chunk(SimpleNamespace(**(CHUNK | {"context": context, "text": body})))

    pairs = [
        ("a", "b"),
        ("ab", ""),
        ("", "ab"),
        ('a"],"', "b"),
        ("a\nsb", ""),
        ("a", "\nsb"),
        ("a", b"b"),
        ("a", "\nbb"),
    ]
    assert len({of(*pair) for pair in pairs}) == len(pairs)


def test_keys_of_metadata_have_no_order() -> None:
    one, other = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert len({checksums.of_document(SimpleNamespace(**(DOCUMENT | {"metadata": m}))) for m in (one, other)}) == 1


@given(st.binary(min_size=1, max_size=64), st.integers(0, 63), st.integers(0, 7))
@settings(max_examples=50)
def test_a_flipped_bit_of_a_vector_shows_in_a_number_that_a_database_can_keep(vector: bytes, at: int, bit: int) -> None:
    changed = bytearray(vector)
    changed[at % len(vector)] ^= 1 << bit
    assert checksums.of_vector(1, vector) != checksums.of_vector(1, bytes(changed))
    assert checksums.of_vector(1, vector) != checksums.of_vector(2, vector)
    assert -(2**63) <= checksums.of_vector(1, vector) < 2**63


@pytest.fixture
def filled(collection: Collection, toys: Any) -> Collection:
    with collection.writer() as writer:
        for key in "ab":
            made = toys.make(key, [f"{key} {each}" for each in toys.PARAGRAPHS], {"lang": "zh"})
            writer.put(made.document, made.chunks, made.vectors)
        writer.publish()
    return collection


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE chunk SET text = 'another' WHERE id = 2",
        "UPDATE chunk SET context = 'another' WHERE id = 2",
        "UPDATE chunk SET page = 9 WHERE id = 2",
        "UPDATE chunk SET metadata = '{\"a\": 1}' WHERE id = 2",
        "UPDATE document SET uri = 'another' WHERE id = 1",
        'UPDATE document SET metadata = \'{"lang": "en"}\' WHERE id = 1',
        "DELETE FROM chunk WHERE id = 2",
    ],
)
def test_a_damaged_chunk_is_never_given_out(filled: Collection, database: Database, damage: str) -> None:
    with database._catalogue.write() as connection:
        connection.execute(text(damage))
    with pytest.raises(StoreDamaged, match="ragstack collections repair papers") as raised:
        filled.chunks([1, 2, 3])
    assert "\n" not in str(raised.value)
    assert [chunk.document for chunk in filled.chunks([9, 10])] == ["b", "b"]  # the sound ones are


@pytest.mark.parametrize(
    ("damage", "read"),
    [
        ("UPDATE document SET text = 'another' WHERE id = 1", lambda c: c.document("a")),
        ("UPDATE document SET pages = '[[1, 0, 1]]' WHERE id = 1", lambda c: c.document(1)),
        ("UPDATE document SET digest = 'another' WHERE id = 1", lambda c: c.documents()),
        ("UPDATE vector SET checksum = 1 WHERE chunk_id = 2", lambda c: c.vectors([2])),
        ("DELETE FROM vector WHERE chunk_id = 2", lambda c: c.vectors([2])),
    ],
)
def test_other_damage_is_never_given_out(filled: Collection, database: Database, damage: str, read: Any) -> None:
    with database._catalogue.write() as connection:
        connection.execute(text(damage))
    with pytest.raises(StoreDamaged, match="ragstack collections verify papers"):
        read(filled)


def test_removed_chunks_are_left_out_and_are_no_damage(filled: Collection) -> None:
    with filled.writer() as writer:
        writer.delete("a")
    assert [chunk.chunk_id for chunk in filled.chunks([1, 10, 2, 99_999])] == [10]
    assert not filled.vectors([1]).any()


def test_damage_in_what_files_lack_stops_the_search(
    filled: Collection, database: Database, reopened: Any, toys: Any
) -> None:
    made = toys.make("c", ["new", "and newer"])
    with filled.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    with database._catalogue.write() as connection:
        connection.execute(text("DELETE FROM vector WHERE chunk_id = 17"))
    with pytest.raises(StoreDamaged, match="vector of chunk 17"):
        reopened().dense(toys.vector_of("query"), 3)
