"""Scanned pages of a PDF: recognised only where text is missing, with boxes and confidence, within their time."""

import io
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

sys.path.insert(0, str(Path(__file__).parents[2]))
from pictures import CHINESE, picture

from ingest import ocr
from ingest.documents import Limits, LoadOptions, PdfReader, Refused
from ingest.loaders import pdf

WIDTH, HEIGHT = 350, 200
LONG = "These are the words of a page that has a text of its own, and enough of it to be taken for one. " * 3


def scanned(*texts: str, strips: int = 1) -> bytes:
    """A PDF of pages that a picture, or strips of one, covers, each with some text over it."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT))
    for text in texts:
        page = picture(CHINESE, height=400)
        for strip in range(strips):
            part = page.crop((0, strip * page.height // strips, page.width, (strip + 1) * page.height // strips))
            canvas.drawImage(ImageReader(part), 0, HEIGHT - (strip + 1) * HEIGHT / strips, WIDTH, HEIGHT / strips)
        canvas.setFont("Helvetica", 8)
        for index in range(0, len(text), 60):
            canvas.drawString(20, 60 - index / 8, text[index : index + 60])
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[Image.Image]:
    """Recognition that finds a line at the top left and one in the middle of the foot, and keeps what it was given."""
    seen: list[Image.Image] = []

    def read(page: Image.Image) -> list[ocr.Words]:
        seen.append(page)
        scale = page.width / WIDTH
        words = [("found above", (20.0, 10.0, 120.0, 20.0)), ("found below", (20.0, 132.0, 120.0, 142.0))]
        return [ocr.Words(text, 0.75, (a * scale, b * scale, c * scale, d * scale)) for text, (a, b, c, d) in words]

    monkeypatch.setattr(ocr, "read", read)
    return seen


@pytest.mark.parametrize("reader", ["pdfium", "pypdf"])
def test_a_scan_is_read_for_good(reader: PdfReader) -> None:
    loaded = pdf.load(scanned(""), LoadOptions(pdf=reader))
    assert "".join(loaded.text.split()) == "".join(CHINESE)
    assert loaded.recognised[1] > 0.9
    boxes = [span.box for span in loaded.pages]
    assert all(box and 0 <= box[0] < box[2] <= WIDTH and 0 <= box[1] < box[3] <= HEIGHT for box in boxes)


def test_only_pages_without_text_are_looked_at(looked_at: list[Image.Image]) -> None:
    loaded = pdf.load(scanned(LONG, "", LONG), LoadOptions())
    assert len(looked_at) == 1 and list(loaded.recognised) == [2]
    assert loaded.recognised[2] == pytest.approx(0.75)


@pytest.mark.parametrize("strips", [1, 4])
def test_a_stamp_on_a_scan_is_kept_and_the_scan_is_read(strips: int, looked_at: list[Image.Image]) -> None:
    """The stamp stands where the second line would be found: it is not there twice."""
    loaded = pdf.load(scanned("Copy for the archive", strips=strips), LoadOptions())
    assert loaded.text.count("Copy for the archive") == 1
    assert "found above" in loaded.text and "found below" not in loaded.text


def test_few_words_without_a_picture_are_left_alone(looked_at: list[Image.Image]) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT))
    canvas.drawString(20, 100, "Part Two")
    canvas.save()
    assert pdf.load(buffer.getvalue(), LoadOptions()).text == "Part Two"
    assert looked_at == []


def test_pictures_one_over_the_other_do_not_make_a_scan(looked_at: list[Image.Image]) -> None:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT))
    for _ in range(4):
        canvas.drawImage(ImageReader(picture(CHINESE, height=400)), 0, 0, WIDTH / 2, HEIGHT / 2)
    canvas.drawString(200, 150, "Part Two")
    canvas.save()
    assert pdf.load(buffer.getvalue(), LoadOptions()).text == "Part Two"
    assert looked_at == []


def test_when_time_is_up_the_rest_is_left_and_counted(
    looked_at: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    read = ocr.read

    def slow(page: Image.Image) -> list[ocr.Words]:
        now[0] += 5.0
        return read(page)

    monkeypatch.setattr(ocr, "read", slow)
    loaded = pdf.load(scanned("", "", "", ""), LoadOptions(Limits(max_seconds=10.0)))
    assert len(looked_at) == 2  # the second begins at 5 of the 8 seconds, the third would at 10
    assert loaded.metadata["unread_pages"] == 2


def test_without_recognition_a_scan_is_refused_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="switch OCR on"):
        pdf.load(scanned(""), LoadOptions(ocr=False))
    monkeypatch.setattr(ocr, "missing", lambda: "install rapidocr")
    with pytest.raises(Refused, match="install rapidocr"):
        pdf.load(scanned(""), LoadOptions())
    assert pdf.load(scanned(LONG, ""), LoadOptions()).text.startswith("These are the words")
