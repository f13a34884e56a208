"""Pages whose text is in their picture: which these are, and the lines that recognition finds on them.

A page is looked at where it has no letters of its own, or few of them over a picture that covers most of it: a stamp
on a scan, say. Its own lines stay, and of what is recognised only that is added which stands elsewhere. Recognition
takes at most 80 % of the time that a file has; what is not looked at by then counts as unread.
"""

import math
import time
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from ingest import ocr
from ingest.documents import Limits, LoadOptions
from ingest.loaders.pdf.order import lines_of
from ingest.loaders.pdf.page import Box, Line, Page, Pages, Piece
from ingest.text.cleaning import is_cjk

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Clock", "Recogniser", "recognised_lines"]

_DPI = 200
_TIME = 0.8
_PICTURED = 0.5
"""A picture that covers so much of a page may be a scan of it."""
_FEW_LETTERS = 200
_SAME_SIZE = 1.35
_SLENDER = 1.5


class Clock:
    """Says when recognition has had its share of the time that a file has."""

    def __init__(self, limits: Limits) -> None:
        self._ends = time.monotonic() + _TIME * limits.max_seconds

    def is_over(self) -> bool:
        """Whether it has."""
        return time.monotonic() > self._ends


class Recogniser:
    """Reads the pictures of one file's pages.

    Attributes:
        confidences: For each page that was recognised, how sure it is, in [0, 1].
        unread: How many pages want looking at and were not.
    """

    def __init__(self, pages: Pages, options: LoadOptions) -> None:
        self._pages = pages
        self._clock = Clock(options.limits)
        self._obstacle = ocr.missing() if options.ocr else "switch OCR on to have pictures read"
        self.confidences: dict[int, float] = {}
        self.unread = 0

    def refusal(self) -> str:
        """Why a file in which no text was found is declined."""
        if self._obstacle:
            return f"no text was found on its pages (a scan?); {self._obstacle}"
        return "no text was found on its pages, nor in their pictures"

    def lines(self, page: Page, number: int, lines: list[Line]) -> list[Line]:
        """The lines of a page with those that are only in its picture."""
        letters = sum(character.isalnum() for line in lines for character in line.text)
        if letters >= _FEW_LETTERS or (letters and page.pictured < _PICTURED):
            return lines
        if self._obstacle:
            return lines
        if self._clock.is_over():
            self.unread += 1
            return lines
        picture = self._pages.picture(number, _DPI)
        found, confidence = recognised_lines(picture, number, page.width / picture.width, apart_from=lines)
        if found:
            self.confidences[number] = confidence
        return [*lines, *found] if letters else found or lines


def recognised_lines(
    picture: "Image", number: int, scale: float, *, apart_from: Sequence[Line] = ()
) -> tuple[list[Line], float]:
    """The lines in a picture of a page, and how sure recognition is of their characters, in [0, 1].

    Args:
        picture: The page as it is seen.
        number: Its number.
        scale: Points per pixel.
        apart_from: Lines that are known; what stands where they do is left out.
    """
    known = [line.box for line in apart_from if line.box]
    words = [each for each in ocr.read(picture) if each.text.strip()]
    boxes: list[Box] = [tuple(scale * edge for edge in each.box) for each in words]  # type: ignore[misc]
    kept = [
        (each, box) for each, box in zip(words, boxes, strict=True) if not any(_covers(other, box) for other in known)
    ]
    if not kept:
        return [], 0.0
    usual = median(min(box[3] - box[1], box[2] - box[0]) for _, box in kept)
    pieces = [_piece(each.text, box, usual) for each, box in kept]
    lines = lines_of(Page(picture.width * scale, picture.height * scale, tuple(pieces)), number)
    characters = sum(len(each.text) for each, _ in kept)
    return lines, sum(each.confidence * len(each.text) for each, _ in kept) / characters


def _covers(known: Box, box: Box) -> bool:
    """Whether the middle of a box stands in another."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return known[0] <= x <= known[2] and known[1] <= y <= known[3]


def _piece(text: str, box: Box, usual: float) -> Piece:
    """What is recognised in a box, as high as text usually is; a slender box holds text that runs up, or down if CJK.

    The size is the usual one where it is near, else to a fifth, since boxes are not exact.
    """
    across, down = box[2] - box[0], box[3] - box[1]
    slender = len(text) > 1 and down > _SLENDER * across
    height = max(across if slender else down, 1.0)
    if usual / _SAME_SIZE < height < usual * _SAME_SIZE:
        height = usual
    else:
        height = usual * 1.2 ** round(math.log(height / max(usual, 1.0), 1.2))
    turn = (3 if is_cjk(text[0]) else 1) if slender else 0
    return Piece(text, box, box[3] - 0.2 * down, round(0.75 * height, 1), turn=turn)
