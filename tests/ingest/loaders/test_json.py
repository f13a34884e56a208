"""JSON: what it says, in lines that people can read, with the place of each record."""

import json as stdlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import json


def load(text: str) -> Loaded:
    return json.load(text, Limits())


def places(loaded: Loaded) -> list[tuple[str, str]]:
    return [(span.label, loaded.text[span.start : span.end]) for span in loaded.pages]


def test_each_object_of_an_array_is_a_record() -> None:
    loaded = load('[{"name": "Trowel", "price": 12.50, "tags": ["a", "b"]}, {"name": "水壶", "price": null}]')
    assert places(loaded) == [
        ("record 1", "name: Trowel\nprice: 12.50\ntags: a, b"),
        ("record 2", "name: 水壶"),
    ]


def test_lines_of_objects_are_records_too() -> None:
    loaded = load('{"q": "Why?"}\n\n{"q": "为什么？"}\n')
    assert places(loaded) == [("record 1", "q: Why?"), ("record 2", "q: 为什么？")]


def test_what_is_nested_goes_by_its_path() -> None:
    loaded = load('[{"id": 7, "address": {"city": "Bern", "geo": [1.5, 2]}, "kin": [{"n": "A"}, {"n": "B"}]}]')
    assert loaded.text == "id: 7\naddress.city: Bern\naddress.geo: 1.5, 2\nkin[1].n: A\nkin[2].n: B"


def test_members_of_a_large_object_are_sections_and_records_below_them_have_its_name() -> None:
    loaded = load('{"version": 2, "server": {"a": 1, "b": 2, "c": 3, "d": 4}, "users": [{"n": "Ann"}, {"n": "Bo"}]}')
    assert [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks] == [
        ("paragraph", "version: 2"),
        ("heading", "server"),
        ("paragraph", "a: 1\nb: 2\nc: 3\nd: 4"),
        ("heading", "users"),
        ("paragraph", "n: Ann"),
        ("paragraph", "n: Bo"),
    ]
    assert places(loaded)[2:4] == [("server.a", "a: 1"), ("server.b", "b: 2")]
    assert places(loaded)[-1] == ("users record 2", "n: Bo")


def test_a_long_record_has_its_name_for_a_heading() -> None:
    loaded = load(stdlib.dumps([{"id": 1, "title": "Moving house", "body": "It took a day. " * 80}]))
    assert loaded.blocks[0].kind == "heading"
    assert loaded.text.startswith("Moving house\n\nid: 1\ntitle: Moving house\nbody: It took a day.")


def test_numbers_stay_as_they_are_written_and_keys_that_come_twice_are_both_read() -> None:
    digits = "9" * 5000
    loaded = load(f'{{"big": {digits}, "pi": 3.1400, "odd": NaN, "x": true, "x": false}}')
    assert loaded.text == f"big: {digits}\npi: 3.1400\nodd: NaN\nx: true\nx: false"


def test_the_lines_of_a_notebook_cell_are_its_text() -> None:
    loaded = load('[{"cell_type": "markdown", "source": ["# Title\\n", "Some words.\\n", "More."]}]')
    assert loaded.text == "cell_type: markdown\nsource: # Title\nSome words.\nMore."


def test_encoded_pictures_are_not_read_as_words() -> None:
    loaded = load(stdlib.dumps({"note": "kept", "image": "iVBORw0KGgo" * 200}))
    assert loaded.text == "note: kept\nimage: [2,200 characters of encoded data]"


def test_nesting_is_no_danger() -> None:
    loaded = load('{"a":' * 500 + '"deep"' + "}" * 500)
    assert loaded.text.endswith("a: deep") and len(loaded.text) < 200
    with pytest.raises(LoadError, match="nested too deeply"):
        load("[" * 100_000)


@pytest.mark.parametrize("text", ['{"a": 1', '[{"a": 1},', '{"a": 1}\n{"a": tru}\n', '{"a": 1} and more'])
def test_damage_is_told_with_its_line(text: str) -> None:
    with pytest.raises(LoadError, match=r"damaged or cut short in line \d"):
        load(text)


def test_more_text_than_the_limit_is_refused() -> None:
    with pytest.raises(Refused, match="longer than 20"):
        json.load('[{"text": "many words, more than twenty"}]', Limits(max_characters=20))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', True),
        ('[{"a": 1}]', True),
        ("[1, 2, 3]", True),
        ("[]", True),
        ('{"a": 1}\n{"b": broken\n', True),
        ('{"a": [1, 2', False),
        ("{{ template }}", False),
        ("[1] A reference, 2004.\n[2] Another.", False),
        ("[link](http://example.org)", False),
        ("{a: 1}", False),
        ("Just words.", False),
        ("", False),
    ],
)
def test_json_is_told_from_other_text(text: str, expected: bool) -> None:
    assert json.looks_like(text) is expected


_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=20,
)


def words(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [word for each in value.values() for word in words(each)]
    if isinstance(value, list):
        return [word for each in value for word in words(each)]
    return value.split() if isinstance(value, str) else [] if value is None else [stdlib.dumps(value)]


@settings(max_examples=200)
@given(_VALUES)
@example({"": "0\r\x1b"})
def test_every_word_of_every_value_is_in_the_text(value: Any) -> None:
    loaded = load(stdlib.dumps(value))
    said = "".join(loaded.text.split())
    for word in words(value):
        assert all(character in said for character in word if character.isalnum() and character.isascii())
    position = 0
    for span in loaded.pages:
        assert position <= span.start < span.end <= len(loaded.text)
        position = span.end
