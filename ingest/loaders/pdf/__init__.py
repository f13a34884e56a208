"""PDF, read page by page with pypdf: lines with their place and size, put together again as paragraphs.

pypdf gives pieces of text with their position and font; pieces make lines, and :mod:`ingest.loaders.pdf_layout`
makes paragraphs and headings of lines. Pages are noted by offsets; a paragraph may run over a page's end.
"""

import io
import logging
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from indexes.errors import LoadError
from indexes.records import PageSpan, Scalar
from ingest.cleaning import clean_characters, mend_spacing
from ingest.documents import Limits, Loaded, Refused, TextBuilder
from ingest.loaders.pdf_layout import Line, arrange, drop_furniture

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

__all__ = ["load"]

_BOLD = re.compile(r"bold|black|heavy|hei(?:ti)?\b|cmbx|medi\b|demi", re.IGNORECASE)
_JUNK_TITLE = re.compile(
    r"^(?:microsoft (?:word|powerpoint)|untitled|无标题|title|document\d*\b|slide \d+|doc\d*|doi:|https?:)|"
    r"\.(?:docx?|pptx?|xlsx?|indd|qxd|tex|dvi|pdf|ai|wpd|rtf|md)\s*$",
    re.IGNORECASE,
)
_DAMAGED = "its PDF structure is damaged or cut short; fetch or export it again"


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of text as pypdf reports it; ``across`` where it runs up or down the page."""

    text: str
    x: float = 0.0
    y: float = 0.0
    size: float = 0.0
    bold: bool = False
    across: bool = False


def load(source: bytes, limits: Limits) -> Loaded:
    """Load a PDF.

    Raises:
        LoadError: the file is broken or cut short.
        Refused: encrypted with a password, too many pages, or no text on any page (a scan).
    """
    from pypdf.errors import DependencyError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = _open(source)
    pages: list[list[Line]] = []
    unread = 0
    for page in _pages(reader, limits):
        try:
            pages.append(_lines(page, len(pages) + 1))
        except DependencyError as error:
            raise _needs_cryptography() from error
        except Exception:  # noqa: BLE001 - one broken page must not lose the others
            pages.append([])
            unread += 1
    builder = TextBuilder(limits.max_characters)
    starts = arrange(drop_furniture(pages), builder)
    text = builder.text()
    if not text and unread:
        raise LoadError("none of its pages can be read; open it in a PDF viewer and print it to a new PDF")
    if not text:
        raise Refused("no text was found on its pages (a scan?); run it through OCR and give the result")
    heading = next((text[block.start : block.end] for block in builder.blocks if block.kind == "heading"), None)
    metadata: dict[str, Scalar] = {"pages": len(pages)}
    if unread:
        metadata["unread_pages"] = unread
    if author := _information(reader, "author"):
        metadata["author"] = author
    spans = _spans(starts, len(pages), len(text))
    return Loaded(text, "pdf", _title(reader) or heading, tuple(builder.blocks), spans, metadata)


def _open(source: bytes) -> "PdfReader":
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    try:
        reader = PdfReader(io.BytesIO(source), strict=False)
        encrypted = reader.is_encrypted and not reader.decrypt("")
    except DependencyError as error:
        raise _needs_cryptography() from error
    except Exception as error:  # broken structures raise anything
        raise LoadError(_DAMAGED) from error
    if encrypted:
        raise Refused("it is encrypted with a password; save a copy without one")
    return reader


def _needs_cryptography() -> Refused:
    return Refused("it is encrypted with AES; save a copy without encryption, or install the package cryptography")


def _pages(reader: "PdfReader", limits: Limits) -> "Iterator[PageObject]":
    try:
        count = len(reader.pages)
    except Exception as error:  # broken page trees raise anything
        raise LoadError(_DAMAGED) from error
    if count > limits.max_pages:
        raise Refused(f"it has {count:,} pages, more than {limits.max_pages:,}; split it, or raise the limit")
    for index in range(count):
        try:
            page = reader.pages[index]
        except Exception as error:  # as above
            raise LoadError(_DAMAGED) from error
        yield page


def _lines(page: "PageObject", number: int) -> list[Line]:
    """The lines of a page in the order of its content; text that is set across an upright page comes first."""
    pieces: list[_Piece] = []

    def visit(text: str, outer: list[float], inner: list[float], font: Any, size: float) -> None:
        a = inner[0] * outer[0] + inner[1] * outer[2]
        b = inner[0] * outer[1] + inner[1] * outer[3]
        x = inner[4] * outer[0] + inner[5] * outer[2] + outer[4]
        y = inner[4] * outer[1] + inner[5] * outer[3] + outer[5]
        name = str(font.get("/BaseFont", "")) if font else ""
        pieces.append(_Piece(text, x, y, size * math.hypot(a, b), bool(_BOLD.search(name)), abs(b) > abs(a)))

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


def _spans(starts: dict[int, int], pages: int, end: int) -> tuple[PageSpan, ...]:
    """The spans of all pages; a page without text is empty and sits where the next one begins."""
    spans: list[PageSpan] = []
    for number in range(pages, 0, -1):
        start = starts.get(number, end)
        spans.append(PageSpan(number, start, end))
        end = start
    return tuple(reversed(spans))


def _title(reader: "PdfReader") -> str | None:
    title = _information(reader, "title")
    return title if len(title) > 2 and not _JUNK_TITLE.search(title) and "\ufffd" not in title else None


def _information(reader: "PdfReader", key: str) -> str:
    try:
        return " ".join(clean_characters(str(getattr(reader.metadata, key, None) or "")).split())
    except Exception:  # noqa: BLE001 - a broken information dictionary costs no more than the title
        return ""
