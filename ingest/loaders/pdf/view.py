"""A page of PDFium's as it is seen: its coordinates from the top left corner, after rotation, and what is drawn."""

import ctypes
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.loaders.pdf.page import Box, around

__all__ = ["Drawn", "View", "drawn_on", "is_white"]

_THIN = 3.0
_DEEPEST = 5
_MOST_RULES = 4_000
"""A page with more of them is a drawing or a map."""
_WHITE = 250
"""Of 255, in all three colours."""
_MOST_PICTURES = 200
_OVERLAP = 0.1
"""A picture that shares more of itself with another does not stand beside it."""
_SHORTEST = 6.0
"""Shorter sides of what is drawn, in points, are of letters and signs rather than of cells."""
_STRAIGHT = 0.5
"""A line that goes no farther aside, in points, is level or upright."""
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


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn on a page: rules, level or upright; where it is not white; the share that pictures cover."""

    rules: tuple[Box, ...] = ()
    grounds: tuple[Box, ...] = ()
    pictured: float = 0.0


def drawn_on(page: Any, view: View) -> Drawn:
    """What is drawn on a page."""
    import pypdfium2.raw as pdfium

    rules: list[Box] = []
    pictures: list[Box] = []
    grounds: list[Box] = []
    for item, matrix in _objects(page, None, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)):
        box = _bounds(item, matrix, view)
        if box is None:
            continue
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            pictures.append(box)
        elif kind == pdfium.FPDF_PAGEOBJ_PATH and len(rules) <= _MOST_RULES:
            thinner, longer = sorted((box[2] - box[0], box[3] - box[1]))
            if thinner <= _THIN:
                rules.append(box)
            elif longer >= _SHORTEST:
                rules += _segments(item, matrix, view)
        if kind != pdfium.FPDF_PAGEOBJ_PATH or _is_coloured(item):
            grounds.append(box)
    return Drawn(tuple(rules) if len(rules) <= _MOST_RULES else (), tuple(grounds), _covered(pictures, view))


def is_white(read: Callable[..., int], *place: Any) -> bool:
    """Whether a function of PDFium's that tells the colour of what is at a place tells white, or nothing to see."""
    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if not read(*place, red, green, blue, alpha):
        return False
    return not alpha.value or min(red.value, green.value, blue.value) >= _WHITE


def _is_coloured(path: Any) -> bool:
    """Whether a path is filled, or a line is drawn, with anything but white."""
    import pypdfium2.raw as pdfium

    fill, stroke = ctypes.c_int(), ctypes.c_int()
    if not pdfium.FPDFPath_GetDrawMode(path, fill, stroke):
        return True
    if fill.value:
        return not is_white(pdfium.FPDFPageObj_GetFillColor, path)
    return bool(stroke.value) and pdfium.FPDFPath_CountSegments(path) == 2


def _objects(page: Any, form: Any, matrix: _Matrix, depth: int = 0) -> Iterator[tuple[Any, _Matrix]]:
    """Paths, pictures and shadings of a page and its forms, each with the matrix from its coordinates to the page's."""
    import pypdfium2.raw as pdfium

    count = pdfium.FPDFFormObj_CountObjects(form) if form else pdfium.FPDFPage_CountObjects(page)
    inner = pdfium.FS_MATRIX()
    for index in range(count):
        item = pdfium.FPDFFormObj_GetObject(form, index) if form else pdfium.FPDFPage_GetObject(page, index)
        kind = pdfium.FPDFPageObj_GetType(item)
        if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEEPEST:
            if pdfium.FPDFPageObj_GetMatrix(item, inner):
                yield from _objects(page, item, _after(_values(inner), matrix), depth + 1)
        elif kind in (pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING):
            yield item, matrix


def _values(matrix: Any) -> _Matrix:
    return matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f


def _bounds(item: Any, matrix: _Matrix, view: View) -> Box | None:
    """The box around what is drawn, as it is seen."""
    import pypdfium2.raw as pdfium

    values = [ctypes.c_float() for _ in range(4)]
    if not pdfium.FPDFPageObj_GetBounds(item, *values):
        return None
    left, bottom, right, top = (value.value for value in values)
    corners = [view.point(*_apply(matrix, x, y)) for x in (left, right) for y in (bottom, top)]
    return around((x, y, x, y) for x, y in corners)


def _segments(item: Any, matrix: _Matrix, view: View) -> list[Box]:
    """The level and upright lines of a path."""
    import pypdfium2.raw as pdfium

    own = pdfium.FS_MATRIX()
    if pdfium.FPDFPageObj_GetMatrix(item, own):
        matrix = _after(_values(own), matrix)
    x, y = ctypes.c_float(), ctypes.c_float()
    found: list[Box] = []
    last = first = (0.0, 0.0)
    for index in range(min(pdfium.FPDFPath_CountSegments(item), _MOST_RULES)):
        segment = pdfium.FPDFPath_GetPathSegment(item, index)
        if not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            continue
        point = view.point(*_apply(matrix, x.value, y.value))
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            found += _rule(last, point)
        last = point
        if pdfium.FPDFPathSegment_GetClose(segment):
            found += _rule(last, first)
            last = first
    return found


def _rule(start: tuple[float, float], end: tuple[float, float]) -> list[Box]:
    """The line between two points, if it is level or upright."""
    box = around((x, y, x, y) for x, y in (start, end))
    across, down = box[2] - box[0], box[3] - box[1]
    return [box] if min(across, down) <= _STRAIGHT and max(across, down) >= _SHORTEST else []


def _after(first: _Matrix, second: _Matrix) -> _Matrix:
    """The matrix that does one after the other."""
    a, b, c, d, e, f = first
    origin = _apply(second, e, f)
    p, q, r, s = second[:4]
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, origin[0], origin[1]


def _apply(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f


def _covered(pictures: Sequence[Box], view: View) -> float:
    """The share of a page that pictures cover: the largest, with those that stand beside the ones before them."""
    beside: list[Box] = []
    for box in sorted((_cut(box, view) for box in pictures), key=_area, reverse=True)[:_MOST_PICTURES]:
        if not any(_area(_shared(box, other)) > _OVERLAP * _area(box) for other in beside):
            beside.append(box)
    return min(sum(map(_area, beside)) / max(view.width * view.height, 1.0), 1.0)


def _cut(box: Box, view: View) -> Box:
    return _shared(box, (0.0, 0.0, view.width, view.height))


def _shared(one: Box, other: Box) -> Box:
    return max(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), min(one[3], other[3])


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
