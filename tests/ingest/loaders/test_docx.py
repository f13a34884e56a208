"""DOCX: headings, lists and tables in the document's order, as the text stands."""

import io
from typing import Any

import docx
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
        ("list_item", 1, "- second"),
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
