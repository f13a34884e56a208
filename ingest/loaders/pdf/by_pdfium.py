"""PDF by PDFium, which tells where every character stands, so that lines, columns and tables can be told.

Values of form fields and free text that was written on a page are pieces where they stand.
"""

import ctypes
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ingest.documents import Refused
from ingest.loaders.pdf.characters import pieces_of
from ingest.loaders.pdf.page import Page, Piece
from ingest.loaders.pdf.view import View, drawn_on

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["PdfiumPages"]

_WIDGET, _FREE_TEXT = 20, 3
_TEXT_FIELDS = frozenset({4, 5, 6})
"""Combo boxes, list boxes and text fields."""
_LARGEST = 2_400
"""So many pixels high or wide is the picture of a page at most."""


class PdfiumPages:
    """A PDF opened with PDFium.

    Raises:
        Refused: it is encrypted with a password.
    """

    def __init__(self, source: bytes) -> None:
        import pypdfium2
        import pypdfium2.raw as pdfium

        try:
            self._document = pypdfium2.PdfDocument(source)
        except pypdfium2.PdfiumError as error:
            if error.err_code == pdfium.FPDF_ERR_PASSWORD:
                raise Refused("it is encrypted with a password; save a copy without one") from error
            raise
        if self._document.get_formtype():
            self._document.init_forms()

    def __len__(self) -> int:
        return len(self._document)

    def page(self, number: int) -> Page:
        """The pieces and rules of a page."""
        page = self._document[number - 1]
        try:
            view = View(page)
            drawn = drawn_on(page, view)
            text = page.get_textpage()
            try:
                pieces = [*pieces_of(text, view, drawn), *self._fields(page, view)]
            finally:
                text.close()
            return Page(view.width, view.height, tuple(pieces), (), drawn.rules, drawn.pictured)
        finally:
            page.close()

    def picture(self, number: int, dpi: int) -> "Image":
        """The page as it is seen."""
        page = self._document[number - 1]
        try:
            scale = min(dpi / 72, _LARGEST / max(page.get_width(), page.get_height(), 1.0))
            return page.render(scale=scale).to_pil().convert("RGB")  # type: ignore[no-any-return]
        finally:
            page.close()

    def information(self, key: str) -> str:
        """A field of the information dictionary."""
        return str(self._document.get_metadata_value(key))

    def close(self) -> None:
        """Let go of the document."""
        self._document.close()

    def _fields(self, page: Any, view: "View") -> Iterator[Piece]:
        """The values of form fields, and free text on the page."""
        import pypdfium2.raw as pdfium

        for index in range(pdfium.FPDFPage_GetAnnotCount(page)):
            note = pdfium.FPDFPage_GetAnnot(page, index)
            if not note:
                continue
            try:
                text = self._value(note)
                rectangle = pdfium.FS_RECTF()
                if text.strip() and pdfium.FPDFAnnot_GetRect(note, rectangle):
                    box = view.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
                    size = min(max(box[3] - box[1], 4.0) * 0.7, 10.0)
                    yield Piece(" ".join(text.split()), box, box[3] - size * 0.3, size)
            finally:
                pdfium.FPDFPage_CloseAnnot(note)

    def _value(self, note: Any) -> str:
        import pypdfium2.raw as pdfium

        kind = pdfium.FPDFAnnot_GetSubtype(note)
        if kind == _FREE_TEXT:
            return _wide(lambda buffer, size: int(pdfium.FPDFAnnot_GetStringValue(note, b"Contents", buffer, size)))
        form = self._document.formenv
        if kind != _WIDGET or form is None or pdfium.FPDFAnnot_GetFormFieldType(form, note) not in _TEXT_FIELDS:
            return ""
        return _wide(lambda buffer, size: int(pdfium.FPDFAnnot_GetFormFieldValue(form, note, buffer, size)))


def _wide(ask: Callable[[Any, int], int]) -> str:
    """A UTF-16 string of PDFium's, which is asked for its length first."""
    size = ask(None, 0)
    if size <= 2:
        return ""
    buffer = (ctypes.c_ushort * (size // 2 + 1))()
    ask(buffer, size)
    return bytes(buffer)[: size - 2].decode("utf-16-le", errors="ignore")
