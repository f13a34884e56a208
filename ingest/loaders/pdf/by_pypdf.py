"""PDF by pypdf: lines in the order of the page's content, without a box, since pypdf does not say where a text ends."""

import io
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ingest.documents import Refused
from ingest.loaders.pdf.page import BOLD, Line, Page
from ingest.text.cleaning import clean_characters, mend_spacing

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject

__all__ = ["PypdfPages"]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text as pypdf reports it; ``across`` where it runs up or down the page."""

    text: str
    x: float = 0.0
    y: float = 0.0
    size: float = 0.0
    bold: bool = False
    across: bool = False


class PypdfPages:
    """A PDF opened with pypdf.

    Raises:
        Refused: it is encrypted with a password.
    """

    def __init__(self, source: bytes) -> None:
        from pypdf import PdfReader
        from pypdf.errors import DependencyError

        self._source = source
        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
        try:
            self._reader = PdfReader(io.BytesIO(source), strict=False)
            encrypted = self._reader.is_encrypted and not self._reader.decrypt("")
            self._count = 0 if encrypted else len(self._reader.pages)
        except DependencyError as error:
            raise Refused(
                "it is encrypted with AES; save a copy without, or install the package cryptography"
            ) from error
        if encrypted:
            raise Refused("it is encrypted with a password; save a copy without one")

    def __len__(self) -> int:
        return self._count

    def page(self, number: int) -> Page:
        """The lines of a page."""
        page = self._reader.pages[number - 1]
        box = page.cropbox
        return Page(float(box.width), float(box.height), lines=tuple(_lines(page, number)))

    def picture(self, number: int, dpi: int) -> "Image":
        """The page as PDFium draws it, since pypdf does not."""
        from ingest.loaders.pdf.by_pdfium import PdfiumPages

        drawn = PdfiumPages(self._source)
        try:
            return drawn.picture(number, dpi)
        finally:
            drawn.close()

    def information(self, key: str) -> str:
        """A field of the information dictionary."""
        return str(getattr(self._reader.metadata, key.lower(), None) or "")

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def _lines(page: "PageObject", number: int) -> list[Line]:
    """The lines of a page in the order of its content; text that is set across an upright page comes first."""
    pieces: list[_Piece] = []

    def visit(text: str, outer: list[float], inner: list[float], font: Any, size: float) -> None:
        a = inner[0] * outer[0] + inner[1] * outer[2]
        b = inner[0] * outer[1] + inner[1] * outer[3]
        x = inner[4] * outer[0] + inner[5] * outer[2] + outer[4]
        y = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
        name = str(font.get("/BaseFont", "")) if font else ""
        pieces.append(_Piece(text, x, y, size * math.hypot(a, b), bool(BOLD.search(name)), abs(b) > abs(a)))

    whole = page.extract_text(visitor_text=visit)
    if "".join(piece.text for piece in pieces) != whole:
        pieces = [_Piece(whole)]
    lines = _assemble(pieces, number)
    across = [line for line in lines if line.across]
    if 2 * len(across) > len(lines):
        return [replace(line, across=False, size=0.0) for line in lines]
    return across + [line for line in lines if not line.across]


def _assemble(pieces: Sequence[_Piece], number: int) -> list[Line]:
    """Cut the stream of pieces at its line breaks."""
    lines: list[Line] = []
    current: list[_Piece] = []
    for piece in pieces:
        first, *rest = piece.text.split("\n")
        current.append(replace(piece, text=first))
        for part in rest:
            lines += _line(current, number)
            current = [replace(piece, text=part)]
    return lines + _line(current, number)


def _line(pieces: list[_Piece], number: int) -> list[Line]:
    """Make a line of its pieces, with the look of the longest; nothing where there is nothing to see."""
    text = mend_spacing(clean_characters("".join(piece.text for piece in pieces)).strip())
    if not text:
        return []
    visible = [piece for piece in pieces if piece.text.strip()]
    main = max(visible, key=lambda piece: len(piece.text))
    bold = 2 * sum(len(piece.text) for piece in visible if piece.bold) > sum(len(piece.text) for piece in visible)
    return [Line(text, number, visible[0].x, main.y, round(main.size, 1), bold, main.across)]
