"""XLSX: the sheets and values that people see, each row with its place."""

import datetime
import io
import zipfile
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import xlsx
from ingest.loaders.xlsx_numbers import shown


def saved(workbook: Any) -> bytes:
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def load(workbook: Any, **limits: int) -> Loaded:
    return xlsx.load(saved(workbook), Limits(**limits))


def book(*rows: tuple[Any, ...], title: str = "Q3") -> Any:
    workbook = openpyxl.Workbook()
    workbook.active.title = title
    for row in rows:
        workbook.active.append(row)
    return workbook


def parts(loaded: Loaded) -> list[tuple[str, str]]:
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


def test_a_sheet_is_a_page_and_each_row_a_place() -> None:
    workbook = book(("Region", "Sales"), ("华东", 1200), (), ("华北", 900))
    other = workbook.create_sheet("笔记")
    other["A3"] = "Checked by hand."
    loaded = load(workbook)
    assert parts(loaded) == [
        ("heading", "Q3"),
        ("table_header", "| Region | Sales |"),
        ("table_row", "| 华东 | 1200 |"),
        ("table_row", "| 华北 | 900 |"),
        ("heading", "笔记"),
        ("paragraph", "Checked by hand."),
    ]
    assert [(span.number, span.label) for span in loaded.pages] == [
        (1, "sheet 'Q3'"),
        (1, "sheet 'Q3' row 1"),
        (1, "sheet 'Q3' row 2"),
        (1, "sheet 'Q3' row 4"),
        (2, "sheet '笔记'"),
        (2, "sheet '笔记' row 3"),
    ]
    assert all(loaded.text[span.start : span.end].strip() for span in loaded.pages)


@pytest.mark.parametrize(
    ("value", "number_format", "expected"),
    [
        (0.256, "0.0%", "25.6%"),
        (1234.5, "#,##0.00", "1,234.50"),
        (-1234.5, "#,##0;(#,##0)", "(1,235)"),
        (0.125, "0%", "13%"),
        (2.5, "0", "3"),
        (-2.5, "0", "-3"),
        (1.005, "0.00", "1.01"),
        (2500, "0,", "3"),
        (float("inf"), "0", "inf"),
        (-5, "0.0", "-5.0"),
        (9.5, '"$"#,##0.00', "$9.50"),
        (9.5, "[$€-407]0.00", "€9.50"),
        (1500, "0 [$CHF]", "1500 CHF"),
        (12_500_000, '0.0,,"M"', "12.5 M"),
        (0, '_-* #,##0_-;-* #,##0_-;_-* "-"??_-', "-"),
        (0.1 + 0.2, "General", "0.3"),
        (3.0, None, "3"),
        (10**18, "General", str(10**18)),
        (True, "General", "TRUE"),
        (datetime.datetime(2024, 3, 1), "dd/mm/yyyy", "2024-03-01"),
        (datetime.datetime(2024, 3, 1, 9, 30), "yyyy-mm-dd hh:mm", "2024-03-01 09:30"),
        (datetime.datetime(2024, 3, 1), "mmm yyyy", "2024-03"),
        (datetime.time(9, 5), "h:mm", "09:05"),
        (datetime.timedelta(hours=26, minutes=3), "[h]:mm", "26:03"),
        ("text", "General", "text"),
        (None, "General", ""),
    ],
)
def test_values_are_shown_as_people_see_them(value: Any, number_format: str | None, expected: str) -> None:
    assert shown(value, number_format) == expected


def test_number_formats_of_the_file_are_read() -> None:
    workbook = book(("day", "share", "cost"), (datetime.date(2024, 3, 1), 0.5, 12.0))
    workbook.active["B2"].number_format = "0%"
    workbook.active["C2"].number_format = "¥0.00"
    assert parts(load(workbook))[-1] == ("table_row", "| 2024-03-01 | 50% | ¥12.00 |")


def test_a_cell_merged_over_rows_stands_in_each_and_a_header_may_have_two_rows() -> None:
    workbook = book(
        ("Region", "2023", None, "2024", None),
        (None, "H1", "H2", "H1", "H2"),
        ("North", 1, 2, 3, 4),
        (None, 5, 6, 7, 8),
    )
    for cells in ("A1:A2", "B1:C1", "D1:E1", "A3:A4"):
        workbook.active.merge_cells(cells)
    assert parts(load(workbook))[1:] == [
        ("table_header", "| Region | 2023 |  | 2024 |"),
        ("table_header", "| Region | H1 | H2 | H1 | H2 |"),
        ("table_row", "| North | 1 | 2 | 3 | 4 |"),
        ("table_row", "| North | 5 | 6 | 7 | 8 |"),
    ]


def test_a_merged_cell_ends_with_its_last_row() -> None:
    workbook = book(("Region", "Sales"), ("North", 1), (None, 2), (None, 3))
    workbook.active.merge_cells("A2:A3")
    assert [text for _, text in parts(load(workbook))][2:] == ["| North | 1 |", "| North | 2 |", "|  | 3 |"]


def test_hidden_sheets_are_left_out_and_counted() -> None:
    workbook = book(("a", "b"), (1, 2))
    workbook.create_sheet("Lists").append(("secret", 1))
    workbook["Lists"].sheet_state = "hidden"
    loaded = load(workbook)
    assert "secret" not in loaded.text
    assert loaded.metadata["hidden_sheets"] == 1


def test_an_empty_workbook_has_no_text() -> None:
    assert load(openpyxl.Workbook()).text == ""


def test_limits_are_kept() -> None:
    workbook = book(("a", "b"), (1, 2))
    workbook.create_sheet("More")
    with pytest.raises(Refused, match="more than 1 sheets"):
        load(workbook, max_pages=1)
    with pytest.raises(Refused, match="longer than 10 characters"):
        load(book(*[("many", "words")] * 9), max_characters=10)


def test_a_size_that_the_file_states_wrong_is_not_believed() -> None:
    whole = saved(book(("a", "b"), (1, 2), (3, 4)))
    changed = rewritten(whole, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'ref="A1:B3"', b'ref="A1:A1"'))
    assert changed != whole
    assert xlsx.load(changed, Limits()).text == xlsx.load(whole, Limits()).text


def test_damage_is_told_in_a_line() -> None:
    whole = saved(book(("a", "b"), (1, 2)))
    sheet = "xl/worksheets/sheet1.xml"
    for broken in (whole[:300], rewritten(whole, sheet, lambda xml: xml[: len(xml) // 2]), b"PK\x03\x04"):
        with pytest.raises(LoadError, match="damaged"):
            xlsx.load(broken, Limits())


def rewritten(package: bytes, name: str, change: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as old, zipfile.ZipFile(buffer, "w") as new:
        for member in old.namelist():
            new.writestr(member, change(old.read(member)) if member == name else old.read(member))
    return buffer.getvalue()
