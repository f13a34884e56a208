"""A page of PDFium's as it is seen: its coordinates from the top left corner, after rotation, and what is drawn."""

import ctypes
import math
from collections.abc import Iterator
from typing import Any

from ingest.loaders.pdf.page import Box, around

__all__ = ["View", "drawn_on"]

_THIN = 3.0
_DEEPEST = 5
_MOST_RULES = 4_000
"""A page with more of them is a drawing or a map."""
_Matrix = tuple[float, float, float, float, float, float]


class View:
    """From the coordinates of a page to those of the page as it is seen."""

    def __init__(self, page: Any) -> None:
        left, bottom, right, top = map(float, page.get_bbox())
        self._turns: int = page.get_rotation() // 90
        self._edges: _Matrix = {
            0: (1, 0, -left, 0, -1, top),
            1: (0, 1, -bottom, 1, 0, -left),
            2: (-1, 0, right, 0, 1, -bottom),
            3: (0, -1, top, -1, 0, right),
        }[self._turns]
        self.width, self.height = right - left, top - bottom
        if self._turns % 2:
            self.width, self.height = self.height, self.width

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the page's own coordinates is seen."""
        a, b, c, d, e, f = self._edges
        return a * x + b * y + c, d * x + e * y + f

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        """Where a box of the page's own coordinates is seen."""
        (x, y), (other_x, other_y) = self.point(left, bottom), self.point(right, top)
        if x > other_x:
            x, other_x = other_x, x
        return (x, other_y, other_x, y) if y > other_y else (x, y, other_x, other_y)

    def turn(self, across: float, up: float) -> int:
        """How many quarter turns, counter-clockwise, text that runs in a direction is turned by as it is seen."""
        return (round(math.atan2(up, across) / (math.pi / 2)) - self._turns) % 4


def drawn_on(page: Any, view: View) -> tuple[tuple[Box, ...], float]:
    """The level and upright rules on a page, and the share of it that the largest picture covers."""
    import pypdfium2.raw as pdfium

    rules: list[Box] = []
    covered = 0.0
    for kind, simple, bounds in _objects(page, None, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)):
        box = view.box(*bounds)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            covered = max(covered, _share(box, view))
        elif min(box[2] - box[0], box[3] - box[1]) <= _THIN:
            rules.append(box)
        elif simple:
            rules += _sides(box)
        if len(rules) > _MOST_RULES:
            return (), covered
    return tuple(rules), covered


def _objects(page: Any, form: Any, matrix: _Matrix, depth: int = 0) -> Iterator[tuple[int, bool, Box]]:
    """Paths and pictures of a page with those in its forms: kind, whether it is one rectangle, bounds on the page."""
    import pypdfium2.raw as pdfium

    count = pdfium.FPDFFormObj_CountObjects(form) if form else pdfium.FPDFPage_CountObjects(page)
    values = [ctypes.c_float() for _ in range(4)]
    inner = pdfium.FS_MATRIX()
    for index in range(count):
        item = pdfium.FPDFFormObj_GetObject(form, index) if form else pdfium.FPDFPage_GetObject(page, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            if pdfium.FPDFPageObj_GetMatrix(item, inner):
                within = (inner.a, inner.b, inner.c, inner.d, inner.e, inner.f)
                yield from _objects(page, item, _after(within, matrix), depth + 1)
        elif kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE) and pdfium.FPDFPageObj_GetBounds(
            item, *values
        ):
            simple = kind == pdfium.FPDF_PAGEOBJ_PATH and pdfium.FPDFPath_CountSegments(item) in (4, 5)
            left, bottom, right, top = (value.value for value in values)
            corners = [_apply(matrix, x, y) for x in (left, right) for y in (bottom, top)]
            yield kind, simple, around((x, y, x, y) for x, y in corners)


def _after(first: _Matrix, second: _Matrix) -> _Matrix:
    """The matrix that does one after the other."""
    a, b, c, d, e, f = first
    origin = _apply(second, e, f)
    p, q, r, s = second[:4]
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, origin[0], origin[1]


def _apply(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _sides(box: Box) -> list[Box]:
    left, top, right, bottom = box
    return [
        (left, top, right, top),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
        (right, top, right, bottom),
    ]


def _share(box: Box, view: View) -> float:
    across = min(box[2], view.width) - max(box[0], 0.0)
    down = min(box[3], view.height) - max(box[1], 0.0)
    return max(across, 0.0) * max(down, 0.0) / max(view.width * view.height, 1.0)
