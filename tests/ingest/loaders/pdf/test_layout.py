"""Lines that were made by hand become paragraphs, list items, headings and rows."""

import pytest

from ingest.documents import TextBuilder
from ingest.loaders.pdf.layout import arrange
from ingest.loaders.pdf.page import Line


def line(text: str, row: int, size: float = 10, *, x: float = 50, bold: bool = False) -> Line:
    return Line(text, 1, x, 700 - 14 * row, size, bold)


def blocks(lines: list[Line]) -> list[tuple[str, int, str]]:
    builder = TextBuilder(10**6)
    arrange(lines, builder)
    text = builder.text()
    return [(block.kind, block.level, text[block.start : block.end]) for block in builder.blocks]


@pytest.mark.parametrize(
    "rows",
    [
        (
            "当事人对行政处罚决定不服申请行政复议或者提起行政诉讼的应当依照本法",
            "第四十五条的规定办理并且在三十日以内向人民法院提出书面的申请材料；",
            "逾期不提出的视为放弃权利。",
        ),
        (
            "第四十四条 当事人对行政处罚决定不服或者提起诉讼的，应当首先依照本法",
            "第四十五条申请复议，并且在三十日以内向人民法院提出书面的申请材料。",
        ),
        (
            "The average temperature in the last decade of the century had risen to",
            "19. The committee then asked for more measurements, and these were made",
            "within a year of the request.",
        ),
        (
            "A method was developed to analyse the flows of all the catchments and to",
            "(1) fit a model to the observed annual time series, and then to replace",
            "the annual variation by the mean.",
        ),
        (
            "Net profit rose from 12 million in the previous year to a record level of 15",
            "- 17 million, as the chief executive said in an interview last week with us",
            "and with others.",
        ),
    ],
)
def test_a_wrapped_line_that_looks_like_an_item_is_none(rows: tuple[str, ...]) -> None:
    assert len(blocks([line(text, row) for row, text in enumerate(rows)])) == 1


def test_an_article_that_is_only_named_begins_nothing_even_after_a_short_line() -> None:
    full = "当事人对行政处罚决定不服申请行政复议或者提起行政诉讼的应当依照本法。"
    lines = [line(full, 0), line(full, 1), line("违反了本法律的有关", 4), line("第四十五条的规定。", 5)]
    assert blocks(lines)[-1][2] == "违反了本法律的有关第四十五条的规定。"


FULL = "these words fill a whole line of the text from one of its sides to the other"


@pytest.mark.parametrize(
    ("before", "item"),
    [
        (f"{FULL}.", "1. an item"),
        ("What is needed", "1. an item"),
        (f"2) {FULL}", "3) an item"),
        (f"- {FULL}", "- an item"),
        (FULL, "• an item"),
        ("第一章 总则 ..................................................................... 1", "第二章 处罚"),
    ],
)
def test_an_item_begins_where_the_line_before_has_ended_or_the_markers_go_on(before: str, item: str) -> None:
    lines = [line(FULL, 0), line(f"{FULL}.", 1), line(before, 2), line(item, 3)]
    assert blocks(lines)[-1][::2] == ("list_item", item)


def test_an_item_that_is_indented_begins_after_a_full_line() -> None:
    lines = [line(FULL, 0), line("7. an item", 1, x=70)]
    assert [words for _, _, words in blocks(lines)] == [FULL, "7. an item"]
    hanging = [line(f"{FULL}", 0), line(FULL, 1, x=70), line("7. an item", 2)]
    assert blocks(hanging)[-1][2] == "7. an item"


def test_a_dot_in_the_middle_is_an_item_only_among_its_like() -> None:
    assert len(blocks([line(f"the product of a {FULL}", 0), line("· b and of c", 1)])) == 1
    short = [line(f"{FULL}.", 0), line(f"{FULL}.", 1), line("the product of a", 4), line("· b and of c", 5)]
    assert blocks(short)[-1][2] == "the product of a · b and of c"
    assert len(blocks([line("· first of them", 0), line("· second of them", 1)])) == 2


def test_a_bold_line_is_apart_from_what_is_not() -> None:
    found = blocks([line("What a heading says", 0, bold=True), line(FULL, 1), line("and goes on.", 2)])
    assert found == [("heading", 1, "What a heading says"), ("paragraph", 0, f"{FULL} and goes on.")]


def test_bold_words_within_a_sentence_do_not_part_it() -> None:
    assert len(blocks([line(FULL, 0), line(FULL, 1), line(FULL, 2, bold=True), line("and goes on.", 3)])) == 1


def test_a_sentence_goes_on_in_the_next_column() -> None:
    lines = [line(FULL, 0), line(FULL, 1), line("and goes on.", 0, x=300), line("A new one begins.", 1, x=300)]
    assert blocks(lines)[0][2] == f"{FULL} {FULL} and goes on."
    after_end = [line(FULL, 0), line(f"{FULL}.", 1), line("Here something else begins", 0, x=300)]
    assert len(blocks(after_end)) == 2
    afresh = [line(FULL, 0), line(FULL, 1), line("Here something else begins", 0, x=50)]
    assert len(blocks(afresh)) == 2


def test_sizes_that_are_nearly_the_same_are_one_level() -> None:
    sizes = {"Book": 20.0, "Chapter one": 16.0, "Chapter two": 15.5, "Section": 13.0}
    lines: list[Line] = []
    for place, (name, size) in enumerate(sizes.items()):
        lines += [line(name, 6 * place, size), *(line(f"{FULL}.", 6 * place + row) for row in (3, 4))]
    found = {words: level for kind, level, words in blocks(lines) if kind == "heading"}
    assert found == {"Book": 1, "Chapter one": 2, "Chapter two": 2, "Section": 3}


def test_rows_that_end_in_numbers_stay_rows() -> None:
    rows = ["Net sales of goods 1,200 1,300", "cost of these goods 900 1,000", "profit before taxes 300 300"]
    assert [words for _, _, words in blocks([line(text, row) for row, text in enumerate(rows)])] == rows
