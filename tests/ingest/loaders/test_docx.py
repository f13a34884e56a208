"""DOCX: headings, lists and tables in the document's order, as the text stands."""

import io
import re
from typing import Any

import docx
import pytest
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn

from ingest.documents import Limits, Loaded
from ingest.loaders import docx as loader


def load(document: Any) -> Loaded:
    buffer = io.BytesIO()
    document.save(buffer)
    return loader.load(buffer.getvalue(), Limits())


def parts(loaded: Loaded) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, loaded.text[block.start : block.end]) for block in loaded.blocks]


def test_parts_come_in_the_order_of_the_document() -> None:
    document = docx.Document()
    document.add_heading("大语言模型入门", 0)
    document.add_heading("Encoders", 1)
    document.add_paragraph("BERT reads both ways.")
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Number")
    table = document.add_table(2, 2)
    for cell, text in zip((*table.rows[0].cells, *table.rows[1].cells), ("name", "size", "BERT", "110 M"), strict=True):
        cell.text = text
    document.add_heading("解码器", 2)
    document.add_paragraph("GPT 逐字生成。")
    document.core_properties.author = "A. Writer"
    document.core_properties.title = ""
    loaded = load(document)
    assert parts(loaded) == [
        ("heading", 1, "大语言模型入门"),
        ("heading", 1, "Encoders"),
        ("paragraph", 0, "BERT reads both ways."),
        ("list_item", 1, "- first"),
        ("list_item", 1, "1. second"),
        ("table_header", 0, "| name | size |"),
        ("table_row", 0, "| BERT | 110 M |"),
        ("heading", 2, "解码器"),
        ("paragraph", 0, "GPT 逐字生成。"),
    ]
    assert loaded.title == "大语言模型入门"
    assert loaded.metadata == {"author": "A. Writer"}


def test_the_title_property_wins() -> None:
    document = docx.Document()
    document.add_heading("Heading", 1)
    document.core_properties.title = "The Title"
    assert load(document).title == "The Title"


def test_a_style_based_on_a_heading_is_a_heading() -> None:
    document = docx.Document()
    style = document.styles.add_style("My Part", 1)
    style.base_style = document.styles["Heading 2"]
    document.add_paragraph("Own style", style="My Part")
    assert parts(load(document)) == [("heading", 2, "Own style")]


_CHANGES = (
    ("w:ins", "<w:t>added</w:t>"),
    ("w:del", "<w:delText>gone</w:delText><w:t>gone</w:t>"),
    ("w:moveFrom", "<w:t>moved</w:t>"),
    ("w:moveTo", "<w:t> here</w:t>"),
)


def test_insertions_are_read_and_deletions_are_not() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Kept ")
    for name, inner in _CHANGES:
        change = OxmlElement(name)
        namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        change.append(parse_xml(f'<w:r xmlns:w="{namespace}">{inner}</w:r>'))
        paragraph._p.append(change)
    assert load(document).text == "Kept added here"


def test_breaks_and_tabs_set_words_apart() -> None:
    document = docx.Document()
    run = document.add_paragraph().add_run("one")
    run.add_tab()
    run.add_text("two")
    run.add_break()
    run.add_text("three")
    assert load(document).text == "one two\nthree"


def test_a_table_of_one_cell_is_a_frame() -> None:
    document = docx.Document()
    document.add_table(1, 1).cell(0, 0).text = "Framed words."
    assert parts(load(document)) == [("paragraph", 0, "Framed words.")]


def test_content_controls_are_read() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("Inside a control.")
    control, content = OxmlElement("w:sdt"), OxmlElement("w:sdtContent")
    document.element.body.insert(0, control)
    control.append(content)
    content.append(paragraph._p)
    assert paragraph._p.getparent().tag == qn("w:sdtContent")
    assert load(document).text == "Inside a control."


def test_headers_of_several_rows_and_merged_cells_keep_columns_and_names() -> None:
    document = docx.Document()
    table = document.add_table(4, 3)
    words = (("Region", "2023", ""), ("", "H1", "H2"), ("North", "1", "2"), ("", "3", "4"))
    for row, texts in zip(table.rows, words, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(2, 0).merge(table.cell(3, 0))
    assert [(kind, text) for kind, _, text in parts(load(document))] == [
        ("table_header", "| Region | 2023 |  |"),
        ("table_header", "| Region | H1 | H2 |"),
        ("table_row", "| North | 1 | 2 |"),
        ("table_row", "| North | 3 | 4 |"),
    ]


def test_rows_that_repeat_on_each_page_are_the_header() -> None:
    document = docx.Document()
    table = document.add_table(3, 2)
    for row, texts in zip(table.rows, (("甲", "乙"), ("子", "丑"), ("x", "y")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    for row in table.rows[:2]:
        row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
    assert [kind for kind, _, _ in parts(load(document))] == ["table_header", "table_header", "table_row"]


def test_items_of_nested_lists_have_their_depth() -> None:
    document = docx.Document()
    inner = parse_xml(
        '<w:numPr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:ilvl w:val="1"/><w:numId w:val="1"/></w:numPr>'
    )
    document.add_paragraph("outer", style="List Bullet")
    document.add_paragraph("inner")._p.get_or_add_pPr().append(inner)
    assert parts(load(document)) == [("list_item", 1, "- outer"), ("list_item", 2, "  - inner")]


_NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def xml(source: str) -> Any:
    """A piece of a document, its elements without a prefix and its attributes with ``w:``."""
    return parse_xml(re.sub(r"^<\w+", rf'\g<0> xmlns="{_NAMESPACE}" xmlns:w="{_NAMESPACE}"', source))


def numbered(document: Any, number: int, *levels: tuple[str, str], more: str = "", anew: str = "") -> None:
    """Define a list of levels, each the style of its numbers and how they are written."""
    definition = "".join(
        f'<lvl w:ilvl="{at}"><start w:val="1"/><numFmt w:val="{style}"/>{more}<lvlText w:val="{text}"/></lvl>'
        for at, (style, text) in enumerate(levels)
    )
    numbering = document.part.numbering_part.element
    if levels:
        numbering.append(xml(f'<abstractNum w:abstractNumId="{number}">{definition}</abstractNum>'))
    shared = number if levels else number - 1
    numbering.append(xml(f'<num w:numId="{number}"><abstractNumId w:val="{shared}"/>{anew}</num>'))


def put(document: Any, text: str, number: int, level: int = 0, style: str | None = None) -> Any:
    paragraph = document.add_paragraph(text, style=style)
    properties = f'<numPr><ilvl w:val="{level}"/><numId w:val="{number}"/></numPr>'
    paragraph._p.get_or_add_pPr().append(xml(properties))
    return paragraph


def test_headings_that_word_numbers_have_their_numbers() -> None:
    document = docx.Document()
    numbered(document, 90, ("chineseCountingThousand", "第%1条"), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"))
    put(document, "总则", 90, 0, "Heading 1")
    put(document, "Scope", 90, 1, "Heading 2")
    put(document, "Parties", 90, 1, "Heading 2")
    put(document, "the buyer", 90, 2)
    put(document, "the seller", 90, 2)
    put(document, "付款", 90, 0, "Heading 1")
    put(document, "Dates", 90, 1, "Heading 2")
    put(document, "due", 90, 2)
    assert parts(load(document)) == [
        ("heading", 1, "第一条 总则"),
        ("heading", 2, "一.1 Scope"),
        ("heading", 2, "一.2 Parties"),
        ("list_item", 3, "    (a) the buyer"),
        ("list_item", 3, "    (b) the seller"),
        ("heading", 1, "第二条 付款"),
        ("heading", 2, "二.1 Dates"),
        ("list_item", 3, "    (a) due"),
    ]


def test_levels_that_are_written_in_digits_are() -> None:
    document = docx.Document()
    numbered(document, 90, ("upperRoman", "%1"), ("decimal", "%1.%2"), more="<isLgl/>")
    put(document, "one", 90)
    put(document, "two", 90, 1)
    assert load(document).text == "1 one\n  1.1 two"


def test_lists_with_one_definition_count_on_unless_they_begin_anew() -> None:
    document = docx.Document()
    numbered(document, 90, ("decimal", "%1."))
    numbered(document, 91)
    put(document, "a", 90)
    put(document, "b", 91)
    assert load(document).text == "1. a\n2. b"
    document = docx.Document()
    numbered(document, 90, ("decimal", "%1、"))
    numbered(document, 91, anew='<lvlOverride w:ilvl="0"><startOverride w:val="5"/></lvlOverride>')
    for text, number in (("a", 90), ("b", 91), ("c", 91)):
        put(document, text, number)
    assert load(document).text == "1、a\n5、b\n6、c"


def test_a_style_numbers_its_paragraphs_at_the_level_that_names_it() -> None:
    document = docx.Document()
    numbered(document, 90, ("decimal", "Article %1"), ("decimal", "%1.%2"))
    styles = (document.styles["Heading 1"], document.styles.add_style("Clause", 1))
    levels = document.part.numbering_part.element.findall(f"{{{_NAMESPACE}}}abstractNum")[-1]
    for style, level in zip(styles, levels, strict=True):
        style.element.get_or_add_pPr().append(xml('<numPr><numId w:val="90"/></numPr>'))
        level.insert(2, xml(f'<pStyle w:val="{style.style_id}"/>'))
    derived = document.styles.add_style("Derived", 1)
    derived.base_style = styles[1]
    document.add_paragraph("Price", style="Heading 1")
    document.add_paragraph("The price is fixed.", style="Clause")
    document.add_paragraph("It is in euros.", style="Derived")
    unnumbered = document.add_paragraph("Annex", style="Heading 1")
    unnumbered._p.get_or_add_pPr().append(xml('<numPr><numId w:val="0"/></numPr>'))
    assert [text for _, _, text in parts(load(document))] == [
        "Article 1 Price",
        "  1.1 The price is fixed.",
        "  1.2 It is in euros.",
        "Annex",
    ]


def test_bullets_and_lists_that_are_not_defined_are_items_without_numbers() -> None:
    document = docx.Document()
    numbered(document, 90, ("bullet", "\uf0b7"))
    put(document, "a", 90)
    put(document, "b", 99)
    put(document, "c", 90, 40)
    assert load(document).text == "- a\n- b\n" + "  " * 6 + "- c"


def test_cells_that_word_numbers_have_their_numbers() -> None:
    document = docx.Document()
    numbered(document, 90, ("decimal", "%1"))
    table = document.add_table(3, 2)
    for row, text in zip(table.rows, ("Name", "甲", "乙"), strict=True):
        row.cells[1].text = text
    table.cell(0, 0).text = "No."
    for at in (1, 2):
        properties = xml('<numPr><ilvl w:val="0"/><numId w:val="90"/></numPr>')
        table.cell(at, 0).paragraphs[0]._p.get_or_add_pPr().append(properties)
    assert [text for _, _, text in parts(load(document))] == ["| No. | Name |", "| 1 | 甲 |", "| 2 | 乙 |"]


def test_comments_and_page_margins_follow_at_the_end_once() -> None:
    document = docx.Document()
    document.add_paragraph("Words.")
    for text in ("Page 3 of 9", "机密：仅供内部使用", "- 第 3 页 -", "12"):
        document.sections[0].header.add_paragraph(text)
    document.sections[0].footer.add_paragraph("机密：仅供内部使用")
    comments = (
        f'<w:comments xmlns:w="{_NAMESPACE}"><w:comment w:id="0" w:author="Ann"><w:p><w:r><w:t>Is this so?</w:t></w:r>'
        '</w:p><w:p><w:r><w:t>请核对。</w:t></w:r></w:p></w:comment><w:comment w:id="1"/></w:comments>'
    )
    part = Part(PackURI("/word/comments9.xml"), CONTENT_TYPE.WML_COMMENTS, comments.encode(), document.part.package)
    document.part.relate_to(part, RELATIONSHIP_TYPE.COMMENTS)
    assert parts(load(document)) == [
        ("paragraph", 0, "Words."),
        ("paragraph", 0, "Comment (Ann): Is this so? 请核对。"),
        ("paragraph", 0, "机密：仅供内部使用"),
    ]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ('<r><sym w:font="Wingdings" w:char="F0FE"/><t> paid</t></r>', "☑ paid"),
        ('<r><sym w:font="Symbol" w:char="F061"/><t> decay</t></r>', "α decay"),
        ('<r><sym w:font="Arial" w:char="20AC"/><t>5</t></r>', "€5"),
        ('<r><sym w:font="Unknown" w:char="F0FE"/><sym w:font="Arial" w:char="zz"/><t>x</t></r>', "x"),
        ("<r><ruby><rt><r><t>hàn</t></r></rt><rubyBase><r><t>漢</t></r></rubyBase></ruby></r>", "漢"),
    ],
)
def test_symbols_are_read_and_readings_are_not(run: str, expected: str) -> None:
    document = docx.Document()
    document.add_paragraph()._p.append(xml(run))
    assert load(document).text == expected


def test_the_one_heading_that_all_others_stand_below_is_the_title() -> None:
    def title(*levels: int) -> str | None:
        document = docx.Document()
        for number, level in enumerate(levels, start=1):
            document.add_heading(f"Heading {number}", level)
        document.core_properties.title = ""
        return load(document).title

    assert title(1, 2, 2) == "Heading 1"
    assert [title(1, 2, 1), title(2, 1), title(2, 2), title(2), title()] == [None] * 5


def test_the_first_row_is_the_header_even_where_it_does_not_look_like_one() -> None:
    document = docx.Document()
    table = document.add_table(3, 2)
    for row, texts in zip(table.rows, (("Price", "100"), ("Tax", "19"), ("合计", "119")), strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    assert [kind for kind, _, _ in parts(load(document))] == ["table_header", "table_row", "table_row"]
