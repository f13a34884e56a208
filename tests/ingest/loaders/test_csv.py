"""CSV and its kin: delimiters by content, rows as a spreadsheet counts them, headers where there are."""

import csv as stdlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import csv


def parts(loaded: Loaded) -> list[tuple[str, str]]:
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


def places(loaded: Loaded) -> list[tuple[str, str]]:
    return [(span.label, loaded.text[span.start : span.end]) for span in loaded.pages]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_rows_come_with_their_header_whatever_the_delimiter(delimiter: str) -> None:
    rows = [("城市", "population"), ("上海", "24870895"), ("Bern", "134591")]
    loaded = csv.load("\n".join(delimiter.join(row) for row in rows) + "\n", Limits())
    assert parts(loaded) == [
        ("table_header", "| 城市 | population |"),
        ("table_row", "| 上海 | 24870895 |"),
        ("table_row", "| Bern | 134591 |"),
    ]
    assert places(loaded)[1] == ("row 2", "| 上海 | 24870895 |")
    assert {span.number for span in loaded.pages} == {1}


def test_rows_are_counted_as_a_spreadsheet_counts_them() -> None:
    loaded = csv.load('name,note\nA,"two\nlines"\n\nB,"say ""yes"", please"\n', Limits())
    assert places(loaded) == [
        ("row 1", "| name | note |"),
        ("row 2", "| A | two lines |"),
        ("row 4", '| B | say "yes", please |'),
    ]


def test_a_line_above_the_table_is_its_title_and_empty_cells_at_the_end_go() -> None:
    loaded = csv.load("Cups,,\nTeam,City,Cups\nBlues,STL,1\n", Limits())
    assert parts(loaded) == [
        ("paragraph", "Cups"),
        ("table_header", "| Team | City | Cups |"),
        ("table_row", "| Blues | STL | 1 |"),
    ]


def test_a_quote_that_is_never_closed_swallows_no_rows() -> None:
    loaded = csv.load('size,name\n5",pipe\n7,"tube\n9,hose\n', Limits())
    assert [label for label, _ in places(loaded)] == ["row 1", "row 2", "row 3", "row 4"]
    assert parts(loaded)[-1] == ("table_row", "| 9 | hose |")


def test_one_column_is_a_list_of_lines() -> None:
    assert parts(csv.load("First line.\nSecond line.\n", Limits())) == [
        ("paragraph", "First line."),
        ("paragraph", "Second line."),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b\n1,2\n", True),
        ("姓名,年龄\n张三,30\n李四,25\n", True),
        ("id\tsentence\n1\tIt was, all in all, good.\n2\tNo.\n", True),
        ('name,quote\n"Ann","Well, yes"\n"Bob","No"\n', True),
        ("Roses are red, violets are blue,\nSugar is sweet, and so are you.\n", False),
        ("春眠不觉晓，\n处处闻啼鸟。\n", False),
        ("int a = f(x, y);\nint b = g(x, y);\n", False),
        ("color: red;\nmargin: 0;\n", False),
        ('{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n', False),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", False),
        ("a | b\n--- | ---\n1 | 2\n", False),
        ("one column\nand no more\n", False),
        ("a,b\n", False),
        ("", False),
    ],
)
def test_a_table_is_told_from_prose(text: str, expected: bool) -> None:
    assert csv.looks_like(text) is expected


def test_a_text_longer_than_the_limit_is_refused() -> None:
    with pytest.raises(Refused, match="longer than 10"):
        csv.load("a,b\n1,2\n3,4\n", Limits(max_characters=10))


_CELLS = st.text(st.sampled_from("ab1 ,;\t\n\"'|。，é中"), max_size=6)


@settings(max_examples=150)
@given(st.lists(st.lists(_CELLS, min_size=3, max_size=3), min_size=2, max_size=8))
def test_whatever_is_written_by_a_spreadsheet_is_read_cell_for_cell(rows: list[list[str]]) -> None:
    buffer = io.StringIO()
    stdlib.writer(buffer).writerows([["x", "y", "z"], *rows])
    loaded = csv.load(buffer.getvalue().replace("\r\n", "\n"), Limits())
    expected = "".join("".join(cell.split()) for row in rows for cell in row)
    read = "".join(loaded.text.split()).replace("|", "")
    assert read == "xyz" + expected.replace("|", "")
