"""Page numbers go, numbers that are anything else stay: told by whether they rise with the pages, at one height."""

import pytest

from ingest.loaders.pdf.furniture import drop_furniture
from ingest.loaders.pdf.page import Line


def pages(*feet: str, heights: tuple[float, ...] = ()) -> list[list[Line]]:
    """Pages of six lines, each with a foot."""
    places = heights or (30.0,) * len(feet)
    return [
        [
            *(Line(f"Line {row} of {words}", page, 72, 700 - 14 * index, 10) for index, row in enumerate("abcdef")),
            Line(foot, page, 290, place, 10),
        ]
        for page, (words, foot, place) in enumerate(zip("uvwxyz", feet, places, strict=False), 1)
    ]


def left(*feet: str, heights: tuple[float, ...] = ()) -> list[str]:
    """The feet that stay."""
    return [line.text for line in drop_furniture(pages(*feet, heights=heights)) if not line.text.startswith("Line")]


@pytest.mark.parametrize(
    "feet",
    [
        ("1", "2", "3"),
        ("117", "118", "119", "120"),
        ("- 7 -", "- 8 -", "- 9 -"),
        ("viii", "ix", "x", "xi"),
        ("iii", "iv", "5", "6"),
        ("1 / 4", "2 / 4", "3 / 4", "4 / 4"),
        ("Page 1", "Page 1", "Page 2"),
        ("第1页", "第2页", "第3页"),
    ],
)
def test_numbers_that_rise_with_the_pages_are_dropped(feet: tuple[str, ...]) -> None:
    assert left(*feet) == []


@pytest.mark.parametrize("feet", [("412", "389", "501"), ("2023", "2023", "2023"), ("3", "2", "1"), ("5", "6", "end")])
def test_numbers_that_do_not_rise_with_the_pages_stay(feet: tuple[str, ...]) -> None:
    """Not even one that returns is dropped: each may be the last line of another table."""
    assert [foot for foot in left(*feet) if foot != "end"] == [foot for foot in feet if foot != "end"]


def test_a_number_among_page_numbers_stays() -> None:
    """The first page has a year where the others have their number, and one has a number at another height."""
    assert left("2023", "2", "3", "4") == ["2023"]
    assert left("1", "2", "3", "4", heights=(30.0, 32.0, 30.0, 400.0)) == ["4"]


def test_a_page_of_nothing_but_its_number_keeps_it() -> None:
    whole = pages("1", "2", "3", "4")
    whole[2] = whole[2][-1:]
    assert [line.text for line in drop_furniture(whole) if not line.text.startswith("Line")] == ["3"]


def test_rows_of_a_table_that_differ_in_their_numbers_stay_and_its_repeated_header_goes() -> None:
    whole = [[Line("Name Pay", page, 72, 700, 10, cells=("Name", "Pay"))] for page in (1, 2, 3)]
    for page, lines in enumerate(whole, 1):
        for row in (5 * page + place for place in range(5)):
            cells = f"Person {row}", f"{row * 100}"
            lines.append(Line(" ".join(cells), page, 72, 700 - 10 * row, 10, cells=cells))
    cells = [line.cells for line in drop_furniture(whole)]
    assert cells == [("Name", "Pay"), *((f"Person {row}", f"{row * 100}") for row in range(5, 20))]
