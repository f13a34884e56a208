"""Which rows are headers, what is a title, where a table ends: rules that every loader of tables shares."""

import pytest

from ingest.documents import Loaded
from ingest.loaders.tabular import Table, header_rows, is_value


def loaded(*rows: str) -> Loaded:
    """A table from rows written as ``a/b/c``; an empty text is a blank row."""
    table = Table(10_000)
    table.add_rows(1, "", enumerate((row.split("/") if row else [] for row in rows), start=1))
    return table.loaded("csv")


def parts(document: Loaded) -> list[tuple[str, str]]:
    short = {"table_header": "header", "table_row": "row", "paragraph": "line"}
    return [(short[block.kind], document.text[block.start : block.end]) for block in document.blocks]


@pytest.mark.parametrize(
    "cell", ["1", "-2.5", "1,234.00", "12%", "$5", "(81)", "2024-03-01", "9:30", "50元", "1.5e3", "TRUE"]
)
def test_numbers_amounts_and_dates_are_values(cell: str) -> None:
    assert is_value(cell)


@pytest.mark.parametrize("cell", ["", "a", "BERT", "v1.2", "Q3", "第3章", "3 apples", "1/2/3/x", "10.1.2.3 host"])
def test_words_are_no_values(cell: str) -> None:
    assert not is_value(cell)


@pytest.mark.parametrize(
    ("rows", "headers"),
    [
        ([["name", "size"], ["a", "1"], ["b", "2"]], 1),
        ([["Item", "2022", "2023"], ["Sales", "1,200", "1,300"], ["Cost", "800", "700"]], 1),
        ([["year", "event"], ["2019", "founded"], ["2021", "sold"]], 1),
        ([["2019", "founded"], ["2021", "sold"]], 0),
        ([["1", "a"], ["2", "b"]], 0),
        ([["Blind", "5"], ["Low", "6"]], 0),
        ([["颜色", "形状"], ["红", "圆"], ["蓝", "方"]], 1),
        ([["same", "same"], ["x", "y"], ["z", "w"]], 0),
        ([["", "2023", ""], ["Region", "H1", "H2"], ["North", "1", "2"]], 2),
        ([["only", "row"]], 0),
        ([], 0),
    ],
)
def test_a_header_has_names_over_values(rows: list[list[str]], headers: int) -> None:
    assert header_rows(rows) == headers


def test_a_table_of_words_that_goes_on_has_no_header_of_its_own() -> None:
    assert parts(loaded("colour/shape", "red/round", "", "blue/square", "green/flat", "", "a/b/c", "1/2/3")) == [
        ("header", "| colour | shape |"),
        ("row", "| red | round |"),
        ("row", "| blue | square |"),
        ("row", "| green | flat |"),
        ("header", "| a | b | c |"),
        ("row", "| 1 | 2 | 3 |"),
    ]


def test_a_header_may_stand_above_a_blank_row() -> None:
    assert parts(loaded("Region/Sales", "", "North/1", "South/2"))[0] == ("header", "| Region | Sales |")


def test_lines_of_one_cell_above_a_table_are_its_title_and_below_it_are_rows() -> None:
    assert parts(loaded("Report", "In millions", "a/b", "1/2", "3/4", "Total")) == [
        ("line", "Report"),
        ("line", "In millions"),
        ("header", "| a | b |"),
        ("row", "| 1 | 2 |"),
        ("row", "| 3 | 4 |"),
        ("row", "| Total |"),
    ]


def test_columns_that_only_set_others_apart_go_and_no_cell_is_lost_below() -> None:
    far = [f"/{number}//{number}" for number in range(40)]
    document = loaded("/name//size", *far, "late/41/odd/41")
    assert parts(document)[0] == ("header", "| name | size |")
    assert parts(document)[1] == ("row", "| 0 | 0 |")
    assert parts(document)[-1] == ("row", "| late | 41 | odd | 41 |")
    assert document.pages[-1].label == "row 42"
