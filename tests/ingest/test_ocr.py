"""Recognition reads pictures that were drawn here, in both languages, and nothing where there is nothing."""

import importlib.util
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pictures import CHINESE, ENGLISH, picture

from ingest import ocr


@pytest.mark.parametrize("lines", [ENGLISH, CHINESE], ids=["english", "chinese"])
def test_lines_are_read_with_their_place(lines: list[str]) -> None:
    found = ocr.read(picture(lines))
    assert [each.text.replace(" ", "") for each in found] == [line.replace(" ", "") for line in lines]
    for index, each in enumerate(found):
        assert each.confidence > 0.9
        left, top, _, bottom = each.box
        assert left == pytest.approx(30, abs=10)
        assert top < 30 + 60 * index + 20 < bottom


def test_a_blank_picture_has_no_lines() -> None:
    assert ocr.read(picture([])) == []


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ocr.missing() == ""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'ragstack[ocr]'" in ocr.missing()
