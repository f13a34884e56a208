"""PDF, read page by page: lines with their place and size, put together again as paragraphs, headings and tables.

A reader (:mod:`ingest.loaders.pdf.by_pdfium`, or :mod:`ingest.loaders.pdf.by_pypdf` where it is asked for) gives what
is on a page, :mod:`ingest.loaders.pdf.order` its lines in the order in which people read them,
:mod:`ingest.loaders.pdf.furniture` takes away heads, feet and page numbers, :mod:`ingest.loaders.pdf.layout` makes
paragraphs. A page without text is looked at by :mod:`ingest.ocr`. Every line of the stored text is a span with its
page and, where it is known, its box; a paragraph may run over a page's end. A file that is cut short gives the pages
that are still there.
"""

import re
from collections.abc import Sequence

from indexes.errors import LoadError
from indexes.records import PageSpan, Scalar
from ingest.documents import Limits, Loaded, LoadOptions, PdfReader, Refused, TextBuilder
from ingest.loaders.pdf.furniture import drop_furniture
from ingest.loaders.pdf.layout import arrange, spans
from ingest.loaders.pdf.order import lines_of
from ingest.loaders.pdf.page import Line, Pages
from ingest.loaders.pdf.repair import repaired
from ingest.loaders.pdf.scans import Recogniser
from ingest.loaders.pdf.tables import go_on
from ingest.text.cleaning import clean_characters, is_cjk

__all__ = ["load"]

_JUNK_TITLE = re.compile(
    r"^(?:microsoft (?:word|powerpoint)|untitled|无标题|title|document\d*\b|slide \d+|doc\d*|doi:|https?:)|"
    r"\.(?:docx?|pptx?|xlsx?|indd|qxd|tex|dvi|pdf|ai|wpd|rtf|md)\s*$",
    re.IGNORECASE,
)
_NOBODY = re.compile(r"\(?(?:anonymous|unspecified|unknown|none|user|admin(?:istrator)?|佚名|匿名)\)?", re.IGNORECASE)
_FIRST_PAGES = 3
"""The title stands on one of them."""
_DAMAGED = "its PDF structure is damaged or cut short; fetch or export it again"


def load(source: bytes, options: LoadOptions) -> Loaded:
    """Load a PDF.

    Raises:
        LoadError: the file is broken, and no page of it can be read.
        Refused: encrypted with a password, too many pages, or no text on any page.
    """
    pages, damaged = _open(source, options.pdf, options.limits)
    try:
        recogniser = Recogniser(pages, options)
        lines, unread = _read(pages, recogniser)
        metadata: dict[str, Scalar] = {"pages": len(lines)}
        title, author = _information(pages, "Title"), _information(pages, "Author")
    finally:
        pages.close()
    builder = TextBuilder(options.limits.max_characters)
    placed = arrange(go_on(drop_furniture(lines)), builder)
    text = builder.text()
    if not text and damaged:
        raise LoadError(_DAMAGED)
    if not text and unread == len(lines):
        raise LoadError("none of its pages can be read; open it in a PDF viewer and print it to a new PDF")
    if not text:
        raise Refused(recogniser.refusal())
    if unread + recogniser.unread:
        metadata["unread_pages"] = unread + recogniser.unread
    if damaged:
        metadata["damaged"] = True
    if author and not _NOBODY.fullmatch(author):
        metadata["author"] = author
    where = spans(placed, len(lines), len(text))
    title = title if _is_title(title) else _first_heading(builder, where)
    return Loaded(text, "pdf", title or None, tuple(builder.blocks), where, metadata, recogniser.confidences)


def _is_title(title: str) -> bool:
    """Whether words are more than a program's or nobody's name, or a letter or two."""
    length = len(title) + sum(map(is_cjk, title))
    junk = _JUNK_TITLE.search(title) or _NOBODY.fullmatch(title) or "\ufffd" in title
    return length > 2 and not junk


def _first_heading(builder: TextBuilder, where: Sequence[PageSpan]) -> str:
    """The first of the largest headings on the first pages, or of all where these have none; empty without any."""
    text = builder.text()
    end = next((span.start for span in where if span.number > _FIRST_PAGES), len(text))
    headings = [
        (block.start >= end, block.level, block.start, text[block.start : block.end])
        for block in builder.blocks
        if block.kind == "heading" and _is_title(text[block.start : block.end])
    ]
    return min(headings)[3] if headings else ""


def _open(source: bytes, reader: PdfReader, limits: Limits) -> tuple[Pages, bool]:
    """The pages of a file, and whether it had to be mended."""
    try:
        pages, damaged = _reader(source, reader), False
    except LoadError:
        raise
    except Exception as error:  # noqa: BLE001 - broken structures raise anything
        pages, damaged = _reopen(source, reader, error), True
    count = len(pages)
    if count > limits.max_pages:
        pages.close()
        raise Refused(f"it has {count:,} pages, more than {limits.max_pages:,}; split it, or raise the limit")
    return pages, damaged


def _reopen(source: bytes, reader: PdfReader, error: Exception) -> Pages:
    try:
        return _reader(repaired(source), reader)
    except LoadError:
        raise
    except Exception:  # noqa: BLE001 - as above
        raise LoadError(_DAMAGED) from error


def _reader(source: bytes, reader: PdfReader) -> Pages:
    if reader == "pypdf":
        from ingest.loaders.pdf.by_pypdf import PypdfPages

        pages: Pages = PypdfPages(source)
    else:
        from ingest.loaders.pdf.by_pdfium import PdfiumPages

        pages = PdfiumPages(source)
    if not len(pages):
        raise ValueError("no pages")
    return pages


def _read(pages: Pages, recogniser: Recogniser) -> tuple[list[list[Line]], int]:
    """The lines of each page, and how many pages could not be read."""
    found: list[list[Line]] = []
    unread = 0
    for number in range(1, len(pages) + 1):
        lines: list[Line] = []
        try:
            page = pages.page(number)
            lines = lines_of(page, number)
            lines = recogniser.lines(page, number, lines)
        except LoadError:
            raise
        except Exception:  # noqa: BLE001 - one broken page must not lose the others
            unread += not lines
        found.append(lines)
    return found, unread


def _information(pages: Pages, key: str) -> str:
    try:
        return " ".join(clean_characters(pages.information(key)).split())
    except Exception:  # noqa: BLE001 - a broken information dictionary costs no more than the title
        return ""
