"""Where the text of a PDF stands and in which order it is read: pages drawn to measure, read back with their boxes."""

import io
from collections.abc import Callable

import pypdf
import pytest
from PIL import Image
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


def tabled(*pages: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    """The blocks of pages with one ruled table each, which was drawn 20 points a row."""

    def paint(canvas: Canvas) -> None:
        for rows in pages:
            canvas.setFont("Helvetica", 10)
            ruled(canvas, [[[cell] for cell in row] for row in rows], "Helvetica")
            canvas.showPage()

    loaded = load(drawn(paint))
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


def test_a_table_that_goes_on_over_pages_has_one_header() -> None:
    rows = [("Anna", "Bern", "baker"), ("Ben", "Chur", "smith"), ("Cleo", "Thun", "judge"), ("Dan", "Zug", "cook")]
    found = tabled([("Name", "Town", "Trade"), *rows[:2]], rows[2:])
    assert found == [
        ("table_header", "| Name | Town | Trade |"),
        *(("table_row", f"| {' | '.join(row)} |") for row in rows),
    ]


def test_a_row_of_values_is_no_header() -> None:
    assert [kind for kind, _ in tabled([("Anna", "1,200"), ("Ben", "1,300"), ("Cleo", "900")])] == ["table_row"] * 3


def test_another_table_on_the_next_page_has_its_own_header() -> None:
    found = tabled(
        [("Name", "Pay"), ("Anna", "10"), ("Ben", "20")], [("Town", "People"), ("Bern", "30"), ("Chur", "4")]
    )
    assert [words for kind, words in found if kind == "table_header"] == ["| Name | Pay |", "| Town | People |"]


def test_a_form_of_names_and_values_has_no_header() -> None:
    rows = [("Name:", "Anna Smith"), ("Town:", "Bern"), ("Trade:", "baker")]
    assert [kind for kind, _ in tabled(rows)] == ["table_row"] * 3


def test_prose_in_a_frame_with_a_few_words_beside_it_is_prose() -> None:
    def paint(canvas: Canvas) -> None:
        for x, y, width, height in ((60, 580, 60, 20), (120, 580, 400, 20), (60, 400, 60, 180), (120, 400, 400, 180)):
            canvas.rect(x, y, width, height)
        canvas.drawString(65, 586, "Part")
        canvas.drawString(65, 560, "One")
        for index, line in enumerate(LEFT + RIGHT):
            canvas.drawString(125, 566 - 12 * index, line)

    assert {block.kind for block in load(drawn(paint)).blocks}.isdisjoint({"table_header", "table_row"})


def test_a_grid_with_text_in_few_of_its_cells_is_no_table() -> None:
    """Of sixteen cells, four have text, each in another row and column: a drawing."""

    def paint(canvas: Canvas) -> None:
        ruled(
            canvas, [[[f"Word {row}"] if row == column else [] for column in range(4)] for row in range(4)], "Helvetica"
        )

    assert {block.kind for block in load(drawn(paint)).blocks}.isdisjoint({"table_header", "table_row"})


def test_a_rule_parts_words_that_stand_near_one_another() -> None:
    """Between "Salary" and "Bonus" are 8 points: less than what ends a piece of text, but a rule stands there."""

    def paint(canvas: Canvas) -> None:
        edge = 76 + pdfmetrics.stringWidth("Salary", "Helvetica", 10) + 4
        for row, cells in enumerate([("Salary", "Bonus"), ("1,000", "10"), ("2,000", "20")]):
            for x, width, cell in ((72.0, edge - 72, cells[0]), (edge, 60.0, cells[1])):
                canvas.rect(x, 680 - 20 * row, width, 20)
                canvas.drawString(x + 4, 686 - 20 * row, cell)

    loaded = load(drawn(paint))
    assert loaded.text.split("\n") == ["| Salary | Bonus |", "| 1,000 | 10 |", "| 2,000 | 20 |"]


def test_a_first_row_of_one_cell_is_the_title_of_the_table() -> None:
    rows = [("Pay of the staff", "", ""), ("Name", "Town", "Pay"), ("Anna", "Bern", "10"), ("Ben", "Chur", "20")]
    assert [kind for kind, _ in tabled(rows)] == ["paragraph", "table_header", "table_row", "table_row"]


def test_a_rule_that_is_of_no_table_parts_no_words() -> None:
    def paint(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "Words before")
        canvas.line(
            75 + pdfmetrics.stringWidth("Words before", "Helvetica", 10),
            690,
            75 + pdfmetrics.stringWidth("Words before", "Helvetica", 10),
            720,
        )
        canvas.drawString(78 + pdfmetrics.stringWidth("Words before", "Helvetica", 10), 700, "and behind.")

    loaded = load(drawn(paint))
    assert loaded.text == "Words before and behind." and len(loaded.pages) == 1


def test_columns_with_rules_between_them_but_none_between_their_rows_keep_their_rows() -> None:
    """The second column has gaps, so that the rows cannot be told by the rules."""
    rows = [(f"Town {place}", "" if place % 2 else f"{place}50", f"{place}00 votes") for place in range(1, 7)]

    def paint(canvas: Canvas) -> None:
        for column, cells in enumerate(zip(*rows, strict=True)):
            canvas.rect(72 + 100 * column, 690, 100, 20)
            canvas.drawString(76 + 100 * column, 696, ("Name", "Before", "After")[column])
            canvas.rect(72 + 100 * column, 590, 100, 100)
            for index, cell in enumerate(cells):
                canvas.drawString(76 + 100 * column, 676 - 14 * index, cell)

    found = [" ".join(words.replace("|", " ").split()) for words in load(drawn(paint)).text.split("\n") if words]
    assert found[-6:] == [" ".join(" ".join(row).split()) for row in rows]


def test_a_number_that_stands_lower_stays_at_the_word_that_it_touches() -> None:
    """Left of it and below runs the river of a title that is in the middle over columns."""

    def paint(canvas: Canvas) -> None:
        edge = 196 + pdfmetrics.stringWidth("5", "Helvetica", 14)
        canvas.setFont("Helvetica", 14)
        canvas.drawString(196, 780, "5")
        canvas.drawString(edge, 784, "th International Conference on Applied")
        canvas.setFont("Helvetica", 10)
        for index, (one, other) in enumerate(zip(LEFT, RIGHT, strict=True)):
            canvas.drawString(30, 740 - 12 * index, one)
            canvas.drawString(220, 740 - 12 * index, other)

    assert load(drawn(paint)).text.startswith("5th International Conference on Applied")


def test_rules_that_are_drawn_as_one_path_are_seen() -> None:
    xs, ys = (72, 162, 252, 342), (700, 680, 660, 640)
    rows = [("Name", "Town", "Trade"), ("Anna", "Bern", "baker"), ("Ben", "Chur", "smith")]

    def paint(canvas: Canvas) -> None:
        canvas.translate(10, 20)
        canvas.lines([*((xs[0], y, xs[-1], y) for y in ys), *((x, ys[0], x, ys[-1]) for x in xs)])
        for row, y in zip(rows, ys, strict=False):
            for cell, x in zip(row, xs, strict=False):
                canvas.drawString(x + 4, y - 14, cell)

    loaded = load(drawn(paint))
    assert loaded.text.split("\n") == [f"| {' | '.join(row)} |" for row in rows]


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


@pytest.mark.usefixtures("chinese_font")
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


def test_text_that_nobody_sees_is_left_out_and_white_text_on_a_dark_ground_is_not() -> None:
    def paint(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "What is seen.")
        text = canvas.beginText(72, 500)
        text.setTextRenderMode(3)
        text.textOut("Not drawn at all.")
        text.setTextRenderMode(0)
        canvas.drawText(text)
        canvas.setFillColorRGB(0.1, 0.2, 0.5)
        canvas.rect(60, 590, 300, 30, stroke=0, fill=1)
        canvas.setFillColorRGB(1, 1, 1)
        canvas.rect(60, 390, 300, 30, stroke=0, fill=1)
        canvas.drawString(72, 600, "White on blue.")
        canvas.drawString(72, 400, "White on white.")

    assert load(drawn(paint)).text.split("\n\n") == ["What is seen.", "White on blue."]


def test_text_that_is_not_drawn_is_the_text_of_a_scan_and_of_a_page_without_any_other() -> None:
    def paint(canvas: Canvas) -> None:
        for scan in (True, False):
            if scan:
                canvas.drawInlineImage(Image.new("RGB", (60, 80), "gray"), 0, 0, WIDTH, HEIGHT)
                canvas.drawString(72, 100, "A stamp.")
            text = canvas.beginText(72, 500)
            text.setTextRenderMode(3)
            text.textOut("What was recognised.")
            canvas.drawText(text)
            canvas.showPage()
            canvas.setFont("Helvetica", 10)

    loaded = load(drawn(paint))
    assert loaded.text.count("What was recognised.") == 2 and "A stamp." in loaded.text
