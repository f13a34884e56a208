"""Pictures become documents: one page each, TIFF several; what cannot be read says why."""

import io
import sys
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from pictures import CHINESE, ENGLISH, encoded, picture

from indexes.errors import LoadError
from ingest import ocr
from ingest.documents import Limits, LoadOptions, Refused
from ingest.loaders import image

OPTIONS = LoadOptions()


def blank(kind: str, **settings: object) -> bytes:
    return encoded(picture([]), kind, **settings)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> list[Image.Image]:
    """Recognition that finds ``words`` in every picture, and keeps the pictures it was given."""
    seen: list[Image.Image] = []

    def read(page: Image.Image) -> list[ocr.Words]:
        seen.append(page)
        return [
            ocr.Words("words", 0.5, (10.0, 20.0, 60.0, 32.0)),
            ocr.Words("more of them", 1.0, (10.0, 80.0, 90.0, 92.0)),
        ]

    monkeypatch.setattr(ocr, "read", read)
    return seen


def test_a_picture_is_read_for_good() -> None:
    loaded = image.load(encoded(picture([*ENGLISH, *CHINESE], height=320), "PNG"), OPTIONS)
    words = "".join(loaded.text.split())
    assert "".join("".join(ENGLISH).split()) in words and "".join(CHINESE) in words
    assert loaded.recognised[1] > 0.9
    assert all(span.box and span.number == 1 for span in loaded.pages)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
def test_each_kind_is_opened(kind: str, reading: list[Image.Image]) -> None:
    loaded = image.load(blank(kind, dpi=(72, 72)), OPTIONS)
    assert loaded.text.split() == ["words", "more", "of", "them"]
    assert loaded.recognised[1] == pytest.approx((0.5 * 5 + 1.0 * 12) / 17)
    assert loaded.pages[0].box == pytest.approx((10.0, 20.0, 60.0, 32.0), abs=0.05)


def test_all_pages_of_a_tiff_are_read(reading: list[Image.Image]) -> None:
    loaded = image.load(blank("TIFF", save_all=True, append_images=[picture([])] * 2), OPTIONS)
    assert sorted({span.number for span in loaded.pages}) == [1, 2, 3] == sorted(loaded.recognised)
    assert len(reading) == 3 and loaded.metadata["pages"] == 3


def test_of_what_moves_only_the_first_picture_is_read(reading: list[Image.Image]) -> None:
    image.load(blank("GIF", save_all=True, append_images=[picture(ENGLISH)]), OPTIONS)
    assert len(reading) == 1


def test_boxes_are_points_by_the_resolution_of_the_picture(reading: list[Image.Image]) -> None:
    loaded = image.load(blank("TIFF", dpi=(144, 144)), OPTIONS)
    assert loaded.pages[0].box == pytest.approx((5.0, 10.0, 30.0, 16.0))


def test_a_camera_held_sideways_is_put_right(reading: list[Image.Image]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image.load(blank("JPEG", exif=exif), OPTIONS)
    assert reading[0].size == (200, 700)


def test_what_is_clear_is_on_white(reading: list[Image.Image]) -> None:
    image.load(encoded(Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "PNG"), OPTIONS)
    assert reading[0].getpixel((20, 20)) == (255, 255, 255)


def test_without_recognition_a_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="switch OCR on"):
        image.load(blank("PNG"), LoadOptions(ocr=False))
    monkeypatch.setattr(ocr, "missing", lambda: "install rapidocr")
    with pytest.raises(Refused, match="install rapidocr"):
        image.load(blank("PNG"), OPTIONS)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_too_many_pixels_are_refused_before_they_are_unpacked() -> None:
    huge = io.BytesIO()
    Image.new("1", (20_000, 6_000)).save(huge, "PNG")
    with pytest.raises(Refused, match="pixels"):
        image.load(huge.getvalue(), OPTIONS)


def test_too_many_pages_are_refused() -> None:
    source = blank("TIFF", save_all=True, append_images=[picture([])])
    with pytest.raises(Refused, match="2 pages, more than 1"):
        image.load(source, LoadOptions(Limits(max_pages=1)))


def test_a_picture_that_is_cut_short_fails() -> None:
    whole = encoded(picture(ENGLISH), "PNG")
    with pytest.raises(LoadError) as caught:
        image.load(whole[: len(whole) // 2], OPTIONS)
    assert not isinstance(caught.value, Refused)


def test_when_time_is_up_the_rest_is_left_and_counted(reading: list[Image.Image]) -> None:
    source = blank("TIFF", save_all=True, append_images=[picture([])] * 2)
    with pytest.raises(Refused):
        image.load(source, LoadOptions(Limits(max_seconds=-1.0)))
    assert reading == []
