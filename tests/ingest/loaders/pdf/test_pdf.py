"""PDF: pages drawn here, read back as the paragraphs they were."""

import io

import pytest
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders import pdf

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
Row = tuple[str, int, float]  # words, size, and the space above in points


def draw(*pages: list[Row], font: str = "Helvetica", title: str = "", head: str = "") -> bytes:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    if title:
        canvas.setTitle(title)
    for number, rows in enumerate(pages, 1):
        y = 780.0
        if head:
            canvas.setFont("Helvetica", 8)
            canvas.drawString(72, 810, head.replace("#", str(number)))
            canvas.drawString(290, 30, str(number))
        for words, size, above in rows:
            y -= above
            canvas.setFont(font, size)
            canvas.drawString(72, y, words)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def load(source: bytes) -> Loaded:
    return pdf.load(source, Limits())


def parts(loaded: Loaded) -> list[tuple[str, str]]:
    return [(block.kind, loaded.text[block.start : block.end]) for block in loaded.blocks]


ENGLISH: list[Row] = [
    ("Language Models", 18, 0),
    ("A language model assigns probabilities to the words of a text, and infor-", 11, 30),
    ("mation about the words before helps it to choose the next one, each time", 11, 14),
    ("anew.", 11, 14),
    ("Encoders", 14, 30),
    ("An encoder reads a whole text at once and gives each word of it a vector", 11, 24),
    ("that depends on all the others.", 11, 14),
]
CHINESE: list[Row] = [
    ("大语言模型", 18, 0),
    ("大语言模型是在海量文本上训练的神经网络，它能够根据前面的内容预测下一个", 11, 30),
    ("词，从而生成连贯的文本。", 11, 14),
    ("编码器一次读入整段文本，为其中的每个词给出一个向量，这个向量取决于其他", 11, 26),
    ("所有的词。", 11, 14),
]


def test_english_lines_become_paragraphs_and_headings() -> None:
    assert parts(load(draw(ENGLISH))) == [
        ("heading", "Language Models"),
        (
            "paragraph",
            "A language model assigns probabilities to the words of a text, and information about the words before "
            "helps it to choose the next one, each time anew.",
        ),
        ("heading", "Encoders"),
        (
            "paragraph",
            "An encoder reads a whole text at once and gives each word of it a vector that depends on all the others.",
        ),
    ]


def test_chinese_lines_join_without_spaces() -> None:
    assert parts(load(draw(CHINESE, font="STSong-Light"))) == [
        ("heading", "大语言模型"),
        (
            "paragraph",
            "大语言模型是在海量文本上训练的神经网络，它能够根据前面的内容预测下一个词，从而生成连贯的文本。",
        ),
        ("paragraph", "编码器一次读入整段文本，为其中的每个词给出一个向量，这个向量取决于其他所有的词。"),
    ]


def test_a_paragraph_goes_on_over_the_page_and_pages_are_known_by_offset() -> None:
    line = "these are many words that fill the line up to its very end without a stop"
    first = [("The first page begins here and goes on with more and more words as if it", 11, 0), (line, 11, 14)]
    second = [(line, 11, 0), ("and now it ends.", 11, 14)]
    loaded = load(draw(first, [], second))
    assert len(loaded.blocks) == 1
    assert [page.number for page in loaded.pages] == [1, 2, 3]
    [_, empty, last] = loaded.pages
    assert empty.start == empty.end == last.start
    assert loaded.text[last.start :].startswith("these are many words")
    assert loaded.text[last.start :].endswith("and now it ends.")
    assert loaded.pages[0].start == 0 and last.end == len(loaded.text)


def test_heads_that_repeat_are_kept_once_and_page_numbers_not_at_all() -> None:
    pages = [
        [(f"Page {word} has its own words.", 11, 0), (f"And {word} more.", 11, 40)] for word in ("one", "two", "six")
    ]
    text = load(draw(*pages, head="Annual Report, part #")).text
    assert text.count("Annual Report, part") == 1
    assert text.split("\n\n")[1:] == [words for page in pages for words, _, _ in page]


def test_a_line_that_is_on_every_page_stays_where_it_is_all_there_is() -> None:
    assert load(draw(*[[("Only this.", 11, 0)]] * 4)).text.count("Only this.") == 4


def test_a_short_line_ends_its_paragraph_without_any_gap() -> None:
    rows: list[Row] = [
        ("This paragraph fills its first line with words up to the very end of it and", 11, 0),
        ("stops early.", 11, 14),
        ("The next one begins on the line below, with neither a gap nor an indent.", 11, 14),
    ]
    found = [words for _, words in parts(load(draw(rows)))]
    assert [words.split(" ", 1)[0] for words in found] == ["This", "The"]
    assert found[0].endswith("end of it and stops early.")


def test_list_items_stay_apart() -> None:
    rows: list[Row] = [
        ("The steps are these ones here:", 11, 0),
        ("1. Load the file", 11, 14),
        ("2. Cut it", 11, 14),
    ]
    assert parts(load(draw(rows)))[1:] == [("list_item", "1. Load the file"), ("list_item", "2. Cut it")]


def test_the_title_is_the_files_own_unless_it_is_junk() -> None:
    assert load(draw(ENGLISH, title="On Models")).title == "On Models"
    assert load(draw(ENGLISH, title="Microsoft Word - draft3.docx")).title == "Language Models"


def encrypted(password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(draw(ENGLISH))))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_password_is_a_refusal_and_an_empty_one_is_none() -> None:
    with pytest.raises(Refused, match="password"):
        load(encrypted("secret"))
    assert "Language Models" in load(encrypted("")).text


def test_a_scan_is_refused_and_says_ocr() -> None:
    with pytest.raises(Refused, match="OCR"):
        load(draw([]))


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_a_truncated_file_fails(keep: float) -> None:
    whole = draw(ENGLISH, ENGLISH)
    with pytest.raises(LoadError) as caught:
        load(whole[: int(len(whole) * keep)])
    assert not isinstance(caught.value, Refused)


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(Refused, match="2 pages, more than 1"):
        pdf.load(draw(ENGLISH, ENGLISH), Limits(max_pages=1))
