"""What a reader of PDFs gives of a page, whichever library reads it: pieces of text, rules, and how it looks.

Boxes are left, top, right, bottom in points from the top left corner of the page as it is seen: after its rotation,
and cut to its crop box.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ingest.text.cleaning import is_cjk

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["BOLD", "Box", "Line", "Page", "Pages", "Piece", "around", "is_leftwards"]

BOLD = re.compile(r"bold|black|heavy|hei(?:ti)?\b|cmbx|medi\b|demi", re.IGNORECASE)
"""Told by the names of fonts."""
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text without a wide gap in it.

    Attributes:
        text: Its characters.
        box: Where it stands.
        base: How far its base line is from the top.
        size: Of its font, in points.
        bold: Whether most of it is.
        turn: Quarter turns, counter-clockwise, that it is turned by as it is seen.
        parted: Whether it would be one with the piece before it if no rule stood between them.
    """

    text: str
    box: Box
    base: float
    size: float
    bold: bool = False
    turn: int = 0
    parted: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, in reading order; ``x``, ``y`` (upwards) and ``size`` in points, ``size`` 0 where not known.

    ``across`` marks text that runs up or down the margin of an upright page, such as a stamp. A row of a table has
    its ``cells``, and ``header`` where it names the columns.
    """

    text: str
    page: int
    x: float
    y: float
    size: float
    bold: bool = False
    across: bool = False
    box: Box | None = None
    cells: tuple[str, ...] = ()
    header: bool = False

    @property
    def width(self) -> float:
        """The line's width in characters of Latin text; a CJK character counts twice."""
        return len(self.text) + sum(map(is_cjk, self.text))


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is read.

    Attributes:
        width: In points, as it is seen.
        height: In points, as it is seen.
        pieces: Its text in the order of its content, for a reader that knows where everything is.
        lines: Its lines in the order of its content, for one that does not.
        rules: The lines that are drawn on it, level or upright.
        pictured: The share of the page that its pictures cover, in [0, 1].
    """

    width: float
    height: float
    pieces: tuple[Piece, ...] = ()
    lines: tuple[Line, ...] = ()
    rules: tuple[Box, ...] = ()
    pictured: float = 0.0


class Pages(Protocol):
    """An open PDF. Its methods may raise anything on a page that is broken."""

    def __len__(self) -> int:
        """The number of pages."""

    def page(self, number: int) -> Page:
        """Page ``number``, counted from 1."""

    def picture(self, number: int, dpi: int) -> "Image":
        """How the page looks."""

    def information(self, key: str) -> str:
        """What the file says of itself: its ``Title`` or ``Author``; empty where it does not."""

    def close(self) -> None:
        """Let go of the file."""


def around(boxes: Iterator[Box]) -> Box:
    """The smallest box around all of one or more."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def is_leftwards(character: str) -> bool:
    """True for letters of scripts that run from right to left."""
    return unicodedata.bidirectional(character) in ("R", "AL")
