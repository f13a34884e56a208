"""Where the text of a PDF stands and in which order it is read: pages drawn to measure, read back with their boxes."""

import io
from collections.abc import Callable

import pypdf
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from ingest.documents import Loaded, LoadOptions
from ingest.loaders import pdf

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
WIDTH, HEIGHT = A4
LEFT = [f"The left column has its line {word} here," for word in ("one", "two", "three", "four", "five", "six")]
RIGHT = [f"and the right column its line {word} too," for word in ("one", "two", "three", "four", "five", "six")]


def drawn(paint: Callable[[Canvas], None], font: str = "Helvetica", size: float = 10) -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setFont(font, size)
    paint(canvas)
    canvas.save()
    return buffer.getvalue()


def load(source: bytes) -> Loaded:
    return pdf.load(source, LoadOptions(ocr=False))


def boxes(loaded: Loaded) -> dict[str, tuple[float, float, float, float] | None]:
    return {loaded.text[span.start : span.end].strip(): span.box for span in loaded.pages}


def interleaved(canvas: Canvas) -> None:
    """Both columns line by line, as some producers write them, under a title and above a foot over both."""
    canvas.drawString(72, 780, "A title that stands over both of the columns of this page, and fills it")
    for index, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True)):
        canvas.drawString(72, 740 - 12 * index, left)
        canvas.drawString(310, 740 - 12 * index, right)
    canvas.drawString(72, 640, "A line below that goes over the width of both columns, as a caption does")


def test_columns_are_read_one_after_the_other() -> None:
    text = " ".join(load(drawn(interleaved)).text.split())
    assert text.index("A title") < text.index(" ".join(LEFT)) < text.index(" ".join(RIGHT)) < text.index("A line below")


def test_chinese_columns_are_read_one_after_the_other() -> None:
    left = [f"左边一栏的第{number}行写的是关于语言模型" for number in "一二三四五"]
    right = [f"右边一栏的第{number}行讲的是编码器原理" for number in "一二三四五"]

    def paint(canvas: Canvas) -> None:
        for index, (one, other) in enumerate(zip(left, right, strict=True)):
            canvas.drawString(72, 740 - 15 * index, one)
            canvas.drawString(310, 740 - 15 * index, other)

    text = load(drawn(paint, "STSong-Light")).text
    assert "".join(text.split()) == "".join(left + right)


def test_the_box_of_a_line_is_where_it_was_drawn() -> None:
    words = "Exactly here stands a line."

    def paint(canvas: Canvas) -> None:
        canvas.drawString(100, 500, words)
        canvas.drawString(100, 300, "Another one stands far below.")

    found = boxes(load(drawn(paint)))[words]
    assert found is not None
    width = pdfmetrics.stringWidth(words, "Helvetica", 10)
    assert found[0] == pytest.approx(100, abs=1) and found[2] == pytest.approx(100 + width, abs=1)
    assert HEIGHT - 500 - 10 < found[1] < HEIGHT - 500 - 6
    assert HEIGHT - 500 < found[3] < HEIGHT - 500 + 4


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_boxes_are_those_of_the_page_as_it_is_seen(degrees: int) -> None:
    """The page is turned and cut; the oracle turns the four corners by hand."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(drawn(lambda canvas: canvas.drawString(150, 500, "Turned words"))))
    writer.pages[0].cropbox = pypdf.generic.RectangleObject((50, 100, 450, 700))
    writer.pages[0].rotate(degrees)
    buffer = io.BytesIO()
    writer.write(buffer)
    [box] = boxes(load(buffer.getvalue())).values()
    width = pdfmetrics.stringWidth("Turned words", "Helvetica", 10)
    left, base = 150 - 50, 500 - 100  # in the crop box of 400 by 600
    seen = {
        0: (left, 600 - base, left + width),
        90: (base, left, left + width),
        180: (400 - left - width, base, 400 - left),
        270: (600 - base, 400 - left - width, 400 - left),
    }[degrees]
    assert box is not None
    along = (box[0], box[2]) if degrees in (0, 180) else (box[1], box[3])
    beside = (box[1], box[3]) if degrees in (0, 180) else (box[0], box[2])
    start, end, line = (seen[0], seen[2], seen[1]) if degrees in (0, 180) else (seen[1], seen[2], seen[0])
    assert along == pytest.approx((start, end), abs=1)
    assert beside[0] - 1 < line < beside[1] + 1 and beside[1] - beside[0] < 16


def test_a_page_that_is_set_sideways_is_read_in_order() -> None:
    def paint(canvas: Canvas) -> None:
        canvas.rotate(90)
        for index, line in enumerate(LEFT):
            canvas.drawString(100, -100 - 14 * index, line)

    assert " ".join(load(drawn(paint)).text.split()) == " ".join(LEFT)


def test_spans_rise_and_do_not_overlap() -> None:
    loaded = load(drawn(interleaved))
    assert all(first.end <= second.start for first, second in zip(loaded.pages, loaded.pages[1:], strict=False))
    assert {span.number for span in loaded.pages} == {1}
    assert len(loaded.pages) == len(LEFT) + len(RIGHT) + 2


def ruled(canvas: Canvas, rows: list[list[list[str]]], font: str) -> None:
    """A table with rules around cells of 90 by 40 points, each with its lines of text."""
    canvas.setFont(font, 10)
    for row, cells in enumerate(rows):
        for column, lines in enumerate(cells):
            x, y = 72 + 90 * column, 700 - 40 * row
            canvas.rect(x, y - 40, 90, 40)
            for index, line in enumerate(lines):
                canvas.drawString(x + 5, y - 14 - 13 * index, line)


def test_a_ruled_table_is_rows_and_a_broken_heading_is_whole() -> None:
    rows = [
        [["股东名称"], ["持股", "比例"], ["股份性质"]],
        [["张三"], ["12.5%"], ["流通股"]],
        [["李四"], [], ["限售股"]],
    ]
    loaded = load(drawn(lambda canvas: ruled(canvas, rows, "STSong-Light")))
    assert [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks] == [
        ("table_header", "| 股东名称 | 持股比例 | 股份性质 |"),
        ("table_row", "| 张三 | 12.5% | 流通股 |"),
        ("table_row", "| 李四 |  | 限售股 |"),
    ]


def test_rows_of_numbers_without_a_rule_between_them_stay_rows() -> None:
    rows = [[["Year"], ["Sales"]], [["2013", "2014"], ["7,723", "8,110"]]]
    loaded = load(drawn(lambda canvas: ruled(canvas, rows, "Helvetica")))
    assert loaded.text.split("\n") == ["| Year | Sales |", "| 2013 | 7,723 |", "| 2014 | 8,110 |"]


def test_a_table_without_rules_is_rows_with_its_header() -> None:
    rows = [
        ("Product", "Place", "Count"),
        ("Bolts", "Shelf 1", "450"),
        ("Nuts", "", "289"),
        ("Screws", "Shelf 3", "78"),
    ]

    def paint(canvas: Canvas) -> None:
        for index, row in enumerate(rows):
            for column, cell in enumerate(row):
                canvas.drawString(72 + 120 * column, 700 - 14 * index, cell)

    loaded = load(drawn(paint))
    assert loaded.text.split("\n") == [f"| {' | '.join(row)} |" for row in rows]
    assert [block.kind for block in loaded.blocks] == ["table_header", *["table_row"] * 3]


def test_running_text_in_a_box_is_no_table() -> None:
    def paint(canvas: Canvas) -> None:
        canvas.rect(60, 600, 400, 120)
        for index, line in enumerate(LEFT):
            canvas.drawString(72, 700 - 12 * index, line)

    assert [block.kind for block in load(drawn(paint)).blocks] == ["paragraph"]


def test_text_that_is_written_downwards_is_read_from_the_right() -> None:
    columns = [
        "政令第百四十九号は道路交通法施行令",
        "の一部を改正する政令をここに公布す",
        "る平成十九年法律第九十号の一部施行",
    ]

    def paint(canvas: Canvas) -> None:
        for index, column in enumerate(columns):
            for place, character in enumerate(column):
                canvas.drawString(400 - 20 * index, 700 - 11 * place, character)

    assert "".join(load(drawn(paint, "STSong-Light")).text.split()) == "".join(columns)
