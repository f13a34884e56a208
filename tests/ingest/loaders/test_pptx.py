"""PPTX: slides as places, in reading order, with lists, tables, charts and notes."""

import io
import re
from typing import Any

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml.ns import qn
from pptx.util import Inches

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import pptx as loader

TITLE_ONLY, BODY, BLANK = 5, 1, 6


def load(deck: Any, **limits: int) -> Loaded:
    buffer = io.BytesIO()
    deck.save(buffer)
    return loader.load(buffer.getvalue(), Limits(**limits))


def parts(loaded: Loaded) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, loaded.text[block.start : block.end]) for block in loaded.blocks]


def slide(deck: Any, layout: int, title: str = "") -> Any:
    added = deck.slides.add_slide(deck.slide_layouts[layout])
    if title:
        added.shapes.title.text = title
    return added


def box(shapes: Any, text: str, left: float, top: float, width: float = 2, height: float = 0.5) -> Any:
    shape = shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height))
    shape.text_frame.text = text
    return shape


def test_titles_bullets_and_notes_are_structure_and_each_slide_a_place() -> None:
    deck = pptx.Presentation()
    first = slide(deck, BODY, "计划 2024")
    frame = first.placeholders[1].text_frame
    frame.text = "Build"
    inner = frame.add_paragraph()
    inner.text, inner.level = "测试", 1
    first.notes_slide.notes_text_frame.text = "Say hello.\nThen begin."
    slide(deck, TITLE_ONLY, "End")
    loaded = load(deck)
    assert parts(loaded) == [
        ("heading", 1, "计划 2024"),
        ("list_item", 1, "- Build"),
        ("list_item", 2, "  - 测试"),
        ("paragraph", 0, "Say hello."),
        ("paragraph", 0, "Then begin."),
        ("heading", 1, "End"),
    ]
    assert [(span.number, span.label) for span in loaded.pages] == [(1, "slide 1"), (2, "slide 2")]
    assert loaded.text[loaded.pages[1].start :] == "End"
    assert loaded.title == "计划 2024"


def test_shapes_are_read_column_by_column_where_columns_are_wide_apart() -> None:
    deck = pptx.Presentation()
    shapes = slide(deck, TITLE_ONLY, "Compare").shapes
    for text, left, top in (("right 2", 6, 3), ("left 2", 0.5, 3), ("right 1", 6, 2.4), ("left 1", 0.5, 2.4)):
        box(shapes, text, left, top)
    assert [text for _, _, text in parts(load(deck))] == ["Compare", "left 1", "left 2", "right 1", "right 2"]


def test_shapes_are_read_row_by_row_where_rows_are_wide_apart() -> None:
    deck = pptx.Presentation()
    shapes = slide(deck, TITLE_ONLY, "Years").shapes
    for text, left, top in (("founded", 3, 2), ("2019", 0.9, 2), ("sold", 3, 5), ("2024", 0.9, 5)):
        box(shapes, text, left, top)
    assert [text for _, _, text in parts(load(deck))] == ["Years", "2019", "founded", "2024", "sold"]


def test_groups_are_read_where_they_stand() -> None:
    deck = pptx.Presentation()
    shapes = slide(deck, TITLE_ONLY, "Groups").shapes
    group = shapes.add_group_shape()
    box(group.shapes, "inner second", 1, 5)
    box(group.shapes, "inner first", 1, 4)
    box(shapes, "before", 1, 2)
    assert [text for _, _, text in parts(load(deck))] == ["Groups", "before", "inner first", "inner second"]


def test_tables_have_headers_and_merged_cells_stand_in_each_row() -> None:
    deck = pptx.Presentation()
    shapes = slide(deck, TITLE_ONLY, "Table").shapes
    table = shapes.add_table(3, 2, Inches(1), Inches(2), Inches(4), Inches(2)).table
    for row, texts in enumerate((("组", "value"), ("A", "1"), ("", "2"))):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    assert parts(load(deck))[1:] == [
        ("table_header", 0, "| 组 | value |"),
        ("table_row", 0, "| A | 1 |"),
        ("table_row", 0, "| A | 2 |"),
    ]


def test_a_chart_is_the_table_behind_it() -> None:
    deck = pptx.Presentation()
    data = CategoryChartData()
    data.categories = ["East", "西部"]
    data.add_series("Sales", (4.5, 3))
    graphic = slide(deck, TITLE_ONLY, "Chart").shapes.add_chart(
        XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(2), Inches(4), Inches(3), data
    )
    graphic.chart.has_title = True
    graphic.chart.chart_title.text_frame.text = "Sales by region"
    assert parts(load(deck))[1:] == [
        ("paragraph", 0, "Sales by region"),
        ("table_header", 0, "|  | Sales |"),
        ("table_row", 0, "| East | 4.5 |"),
        ("table_row", 0, "| 西部 | 3 |"),
    ]


def test_a_slide_without_a_title_goes_by_its_first_short_line_else_by_its_number() -> None:
    deck = pptx.Presentation()
    box(slide(deck, BLANK).shapes, "Only line", 1, 1)
    box(slide(deck, BLANK).shapes, "A long text. " * 20, 1, 1)
    slide(deck, BLANK)
    loaded = load(deck)
    assert [text for kind, _, text in parts(loaded) if kind == "heading"] == ["Only line", "Slide 2"]
    assert [span.label for span in loaded.pages] == ["slide 1", "slide 2"]


def test_limits_are_kept_and_damage_is_told_in_a_line() -> None:
    deck = pptx.Presentation()
    slide(deck, TITLE_ONLY, "One")
    slide(deck, TITLE_ONLY, "Two")
    with pytest.raises(Refused, match="more than 1 slides"):
        load(deck, max_pages=1)
    with pytest.raises(Refused, match="longer than 4 characters"):
        load(deck, max_characters=4)
    with pytest.raises(LoadError, match="damaged"):
        loader.load(b"PK\x03\x04 no more", Limits())


def test_paragraphs_that_are_numbered_have_their_numbers() -> None:
    deck = pptx.Presentation()
    shape = slide(deck, BODY, "Steps").placeholders[1]
    lines: tuple[tuple[str, int, str, str], ...] = (
        ("1. open", 0, "arabicPeriod", ""),
        ("  (a) turn", 1, "alphaLcParenBoth", ""),
        ("  (b) pull", 1, "alphaLcParenBoth", ""),
        ("2. read", 0, "arabicPeriod", ""),
        ("  (a) aloud", 1, "alphaLcParenBoth", ""),
        ("- or", 0, "", ""),
        ("1. anew", 0, "arabicPeriod", ""),
        ("三、其三", 0, "ea1ChsPeriod", "3"),
        ("④ 四", 0, "circleNumDbPlain", "4"),
        ("9. odd", 0, "nonesuch", "9"),
        ("iv) last", 0, "romanLcParenR", "4"),
    )
    frame = shape.text_frame
    for index, (expected, level, scheme, start) in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.text, paragraph.level = re.split(r"[ 、]", expected.strip(), maxsplit=1)[1], level
        if scheme:
            number = paragraph._p.get_or_add_pPr().makeelement(qn("a:buAutoNum"), {"type": scheme})
            number.attrib.update({"startAt": start} if start else {})
            paragraph._p.pPr.append(number)
    assert [text for _, _, text in parts(load(deck))][1:] == [expected for expected, *_ in lines]
