"""PDF: pages drawn here, read back as the paragraphs they were, by either reader."""

import io

import pypdf
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from indexes.errors import LoadError
from ingest.documents import Limits, Loaded, LoadOptions, PdfReader, Refused
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


@pytest.fixture(params=["pdfium", "pypdf"])
def reader(request: pytest.FixtureRequest) -> PdfReader:
    return "pdfium" if request.param == "pdfium" else "pypdf"


def load(source: bytes, reader: PdfReader = "pdfium") -> Loaded:
    return pdf.load(source, LoadOptions(pdf=reader, ocr=False))


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


def test_english_lines_become_paragraphs_and_headings(reader: PdfReader) -> None:
    assert parts(load(draw(ENGLISH), reader)) == [
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


def test_chinese_lines_join_without_spaces(reader: PdfReader) -> None:
    assert parts(load(draw(CHINESE, font="STSong-Light"), reader)) == [
        ("heading", "大语言模型"),
        (
            "paragraph",
            "大语言模型是在海量文本上训练的神经网络，它能够根据前面的内容预测下一个词，从而生成连贯的文本。",
        ),
        ("paragraph", "编码器一次读入整段文本，为其中的每个词给出一个向量，这个向量取决于其他所有的词。"),
    ]


def test_a_paragraph_goes_on_over_the_page_and_pages_are_known_by_offset(reader: PdfReader) -> None:
    line = "these are many words that fill the line up to its very end without a stop"
    first = [("The first page begins here and goes on with more and more words as if it", 11, 0), (line, 11, 14)]
    second = [(line, 11, 0), ("and now it ends.", 11, 14)]
    loaded = load(draw(first, [], second), reader)
    assert len(loaded.blocks) == 1
    assert [page.number for page in loaded.pages] == [1, 1, 2, 3, 3]
    [top, _, empty, third, last] = loaded.pages
    assert empty.start == empty.end == third.start and empty.box is None
    assert loaded.text[third.start : last.end] == line + " and now it ends."
    assert top.start == 0 and last.end == len(loaded.text)


def test_heads_that_repeat_are_kept_once_and_page_numbers_not_at_all(reader: PdfReader) -> None:
    pages = [
        [(f"Page {word} has its own words.", 11, 0), (f"And {word} more.", 11, 40)] for word in ("one", "two", "six")
    ]
    text = load(draw(*pages, head="Annual Report, part #"), reader).text
    assert text.count("Annual Report, part") == 1
    assert text.split("\n\n")[1:] == [words for page in pages for words, _, _ in page]


def test_a_line_that_is_on_every_page_stays_where_it_is_all_there_is(reader: PdfReader) -> None:
    assert load(draw(*[[("Only this.", 11, 0)]] * 4), reader).text.count("Only this.") == 4


def test_a_short_line_ends_its_paragraph_without_any_gap(reader: PdfReader) -> None:
    rows: list[Row] = [
        ("This paragraph fills its first line with words up to the very end of it and", 11, 0),
        ("stops early.", 11, 14),
        ("The next one begins on the line below, with neither a gap nor an indent.", 11, 14),
    ]
    found = [words for _, words in parts(load(draw(rows), reader))]
    assert [words.split(" ", 1)[0] for words in found] == ["This", "The"]
    assert found[0].endswith("end of it and stops early.")


def test_list_items_stay_apart(reader: PdfReader) -> None:
    rows: list[Row] = [
        ("The steps are these ones here:", 11, 0),
        ("1. Load the file", 11, 14),
        ("2. Cut it", 11, 14),
    ]
    assert parts(load(draw(rows), reader))[1:] == [("list_item", "1. Load the file"), ("list_item", "2. Cut it")]


def test_the_title_is_the_files_own_unless_it_is_junk(reader: PdfReader) -> None:
    assert load(draw(ENGLISH, title="On Models"), reader).title == "On Models"
    assert load(draw(ENGLISH, title="Microsoft Word - draft3.docx"), reader).title == "Language Models"


def test_the_title_is_the_largest_heading_of_the_first_pages(reader: PdfReader) -> None:
    """Not the small one above it, nor the capital that begins it, nor a larger one that comes far behind."""
    first: list[Row] = [
        ("Journal of Words", 13, 0),
        ("A", 20, 30),
        *((words, size, above or 40) for words, size, above in ENGLISH),
    ]
    later: list[Row] = [("The Appendix", 24, 0), *((words, 11.0, 20.0) for words, _, _ in ENGLISH[1:3])]
    assert load(draw(first, [], [], later), reader).title == "Language Models"
    assert load(draw([("大纲", 18, 0), *CHINESE[1:]], font="STSong-Light"), reader).title == "大纲"


@pytest.mark.parametrize("nobody", ["(anonymous)", "anonymous", "Unspecified"])
def test_nobody_is_no_author_and_no_title(nobody: str, reader: PdfReader) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(draw(ENGLISH)))
    for author in (nobody, "Mary Major"):
        writer.add_metadata({"/Title": nobody, "/Author": author})
        buffer = io.BytesIO()
        writer.write(buffer)
        loaded = load(buffer.getvalue(), reader)
        assert loaded.title == "Language Models"
        assert loaded.metadata.get("author") == (None if author == nobody else author)


def encrypted(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=pypdf.PdfReader(io.BytesIO(draw(ENGLISH))))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


def test_a_password_is_a_refusal_and_an_empty_one_is_none(reader: PdfReader) -> None:
    with pytest.raises(Refused, match="password"):
        load(encrypted("secret"), reader)
    assert "Language Models" in load(encrypted(""), reader).text


def test_a_page_without_text_is_refused_and_says_why(reader: PdfReader) -> None:
    with pytest.raises(Refused, match="switch OCR on"):
        load(draw([]), reader)


def numbered(*words: str) -> bytes:
    return draw(*[[(f"Page number {word} has these words.", 11.0, 0.0)] for word in words])


@pytest.mark.parametrize(("behind", "left"), [(b"/Count", []), (b"endstream", ["one"]), (b"xref", ["one", "two"])])
def test_a_file_that_is_cut_short_gives_the_pages_that_are_there(
    behind: bytes, left: list[str], reader: PdfReader
) -> None:
    whole = numbered("one", "two")
    cut = whole[: whole.index(behind) + len(behind) + 12]
    if not left:
        with pytest.raises(LoadError, match="cut short") as caught:
            load(cut, reader)
        assert not isinstance(caught.value, Refused)
        return
    loaded = load(cut, reader)
    assert loaded.text.split("\n\n") == [f"Page number {word} has these words." for word in left]
    assert loaded.metadata["damaged"] is True and loaded.metadata["pages"] == 2


def test_a_broken_table_of_objects_costs_nothing(reader: PdfReader) -> None:
    whole = numbered("one", "two")
    table = whole.index(b"xref")
    broken = whole[:table] + whole[table:].replace(b"0000000", b"0000123")
    assert load(broken, reader).text == load(whole, reader).text


def test_one_broken_page_does_not_lose_the_others(reader: PdfReader) -> None:
    whole = numbered("one", "two")
    last = whole.rindex(b"stream\n", 0, whole.rindex(b"endstream")) + 7
    loaded = load(whole[:last] + b"?" * 60 + whole[last + 60 :], reader)
    assert "Page number one" in loaded.text


def test_too_many_pages_are_refused() -> None:
    with pytest.raises(Refused, match="2 pages, more than 1"):
        pdf.load(draw(ENGLISH, ENGLISH), LoadOptions(Limits(max_pages=1)))


def test_values_of_form_fields_are_text() -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    canvas.setFont("Helvetica", 11)
    canvas.drawString(72, 700, "Name of the owner:")
    canvas.acroForm.textfield(value="Marguerite", x=200, y=690, width=200, height=20, name="owner")
    canvas.save()
    assert "Name of the owner: Marguerite" in load(buffer.getvalue()).text
