"""OpenDocument: texts, sheets and slides from XML written by hand."""

import io
import zipfile

import pytest

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import odt

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
_SPACES = " ".join(
    f'xmlns:{short}="{_URN}{name}:1.0"'
    for short, name in (
        ("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("p", "presentation"),
    )
)  # fmt: skip


def package(body: str, prolog: str = "", manifest: str = "") -> bytes:
    content = f"{prolog}<office:document-content {_SPACES}><office:body>{body}</office:body></office:document-content>"
    meta = '<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title> </dc:title><dc:creator>A. Writer</dc:creator></m>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", content)
        archive.writestr("meta.xml", meta)
        archive.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
    return buffer.getvalue()


def load(body: str, **limits: int) -> Loaded:
    return odt.load(package(body), Limits(**limits))


def parts(loaded: Loaded) -> list[tuple[str, int, str]]:
    return [(block.kind, block.level, loaded.text[block.start : block.end]) for block in loaded.blocks]


def row(*cells: str) -> str:
    return f"<table:table-row>{''.join(map(cell, cells))}</table:table-row>"


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def test_a_text_keeps_headings_lists_tables_and_notes_in_order() -> None:
    loaded = load(
        '<office:text><text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>'
        '<text:h text:outline-level="2">模型 <text:span>overview</text:span></text:h>'
        "<text:p>BERT<text:note><text:note-body><text:p>A note.</text:p></text:note-body></text:note> reads"
        "<text:line-break/>both<text:s/>ways.<office:annotation><text:p>comment</text:p></office:annotation></text:p>"
        "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>inner</text:p>"
        "</text:list-item></text:list></text:list-item></text:list>"
        f"<table:table>{row('name', 'size')}{row('BERT', '110')}</table:table>"
        "<text:section><text:p>Last.<draw:frame><draw:text-box><text:p>Boxed.</text:p></draw:text-box></draw:frame>"
        "</text:p></text:section></office:text>"
    )  # fmt: skip
    assert parts(loaded) == [
        ("heading", 2, "模型 overview"),
        ("paragraph", 0, "BERT reads\nboth ways."),
        ("list_item", 1, "- one"),
        ("list_item", 2, "  - inner"),
        ("table_header", 0, "| name | size |"),
        ("table_row", 0, "| BERT | 110 |"),
        ("paragraph", 0, "Last."),
        ("paragraph", 0, "Boxed."),
        ("paragraph", 0, "A note."),
    ]
    assert (loaded.format, loaded.title, loaded.metadata, loaded.pages) == (
        "odt", "模型 overview", {"author": "A. Writer"}, (),
    )  # fmt: skip


def test_sheets_have_rows_with_places_and_repeat_what_the_file_repeats() -> None:
    empty = '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/></table:table-row>'
    twice = cell("7", 'table:number-columns-repeated="2"')
    merged = cell("North", 'table:number-rows-spanned="2"')
    loaded = load(
        f'<office:spreadsheet><table:table table:name="Q3">{row("Region", "a", "b")}'
        f"<table:table-row>{merged}{twice}</table:table-row>"
        f"<table:table-row><table:covered-table-cell/>{cell('8')}{cell('9')}</table:table-row>"
        f"{empty}{row('Note')}</table:table><table:table table:name='Empty'>{empty}</table:table></office:spreadsheet>"
    )
    assert loaded.format == "ods"
    assert [(span.label, loaded.text[span.start : span.end]) for span in loaded.pages] == [
        ("sheet 'Q3'", "Q3"),
        ("sheet 'Q3' row 1", "| Region | a | b |"),
        ("sheet 'Q3' row 2", "| North | 7 | 7 |"),
        ("sheet 'Q3' row 3", "| North | 8 | 9 |"),
        ("sheet 'Q3' row 1048004", "Note"),
    ]


def test_slides_are_places_with_titles_and_notes() -> None:
    frame = "<draw:frame {}><draw:text-box>{}</draw:text-box></draw:frame>"
    loaded = load(
        "<office:presentation><draw:page>"
        + frame.format("", "<text:p>Body.</text:p>")
        + frame.format('p:class="title"', "<text:p>标题</text:p>")
        + frame.format('p:class="footer"', "<text:p>page 1</text:p>")
        + f"<p:notes>{frame.format('', '<text:p>Say it.</text:p>')}</p:notes></draw:page>"
        + f"<draw:page>{frame.format('', '<text:p>Untitled.</text:p>')}</draw:page></office:presentation>"
    )
    assert loaded.format == "odp"
    assert [text for _, _, text in parts(loaded)] == ["标题", "Body.", "Say it.", "Slide 2", "Untitled."]
    assert [(span.number, span.label, loaded.text[span.start]) for span in loaded.pages] == [
        (1, "slide 1", "标"),
        (2, "slide 2", "S"),
    ]


def test_entities_are_not_expanded_and_no_file_is_read(tmp_path: object) -> None:
    prolog = '<!DOCTYPE x [<!ENTITY a "boom"><!ENTITY f SYSTEM "file:///etc/hostname">]>'
    data = package("<office:text><text:p>kept &a;&f; words</text:p></office:text>", prolog)
    assert odt.load(data, Limits()).text == "kept words"


def test_what_cannot_be_read_is_told_in_a_line() -> None:
    with pytest.raises(Refused, match="encrypted"):
        odt.load(package("<office:text/>", manifest="<manifest:encryption-data/>"), Limits())
    for broken in (package("<office:text>")[:80], package("</broken>"), package("")):
        with pytest.raises(LoadError, match="OpenDocument package"):
            odt.load(broken, Limits())
    with pytest.raises(Refused, match="longer than 3"):
        load("<office:text><text:p>words</text:p></office:text>", max_characters=3)
    with pytest.raises(Refused, match="more than 1 sheets"):
        load("<office:spreadsheet><table:table/><table:table/></office:spreadsheet>", max_pages=1)
