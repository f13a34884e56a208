"""The text of a page as PDFium tells it, character by character, in pieces that know their place.

PDFium says where words and lines end; a piece also ends at a gap wider than words are set apart by. On a page that is
written downwards, as old Chinese and Japanese print is, a piece is a column. What runs from right to left is put into
the order in which it is read.
"""

import ctypes
import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from ingest.loaders.pdf.page import BOLD, Box, Piece, around, is_leftwards
from ingest.loaders.pdf.view import Drawn, View, is_white
from ingest.text.cleaning import is_cjk

__all__ = ["pieces_of"]

_GAP = 1.2
"""A wider gap, in units of the font's size, ends a piece."""
_TOUCHING = 0.5
"""So far, in points, a rule may stand in a character's box at its side."""
_SCANNED = 0.5
"""A page of which pictures cover so much may be a scan, with what was recognised on it as text that is not drawn."""
_BOLD_WEIGHT = 600
_LINE_ENDS = frozenset({0x0A, 0x0D})
_HYPHENS = frozenset({0x02, 0xFFFE})
"""What PDFium puts for a hyphen at the end of a line."""
_FEWEST_BELOW = 20
_FIRST_CJK = "\u2e80"


@dataclass(frozen=True, slots=True)
class _Style:
    """The look of a text object; ``turn`` is its direction on the page as it is seen, in quarter turns."""

    size: float
    bold: bool
    turn: int
    hidden: bool
    white: bool


class _Character(NamedTuple):
    """A character with its look; ``joint`` says what stands before it: nothing, a space, or the end of a line."""

    text: str
    box: Box
    style: _Style
    joint: Literal["", " ", "\n"]
    number: int


def _characters(text: Any, view: View) -> list[_Character]:
    """The characters of a page in the order of its content."""
    import pypdfium2.raw as pdfium

    rectangle = pdfium.FS_RECTF()
    handle = text.raw
    object_of = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)(  # its address, without a wrapper
        ctypes.cast(pdfium.FPDFText_GetTextObject, ctypes.c_void_p).value or 0
    )
    styles: dict[int, _Style] = {}
    found: list[_Character] = []
    joint: Literal["", " ", "\n"] = ""
    for index in range(text.count_chars()):
        code = pdfium.FPDFText_GetUnicode(handle, index)
        character = "-" if code in _HYPHENS else chr(code)
        if not code or character.isspace():
            joint = "\n" if code in _LINE_ENDS or joint == "\n" else " "
            continue
        address = object_of(handle, index)
        style = styles.get(address)
        if style is None:
            style = styles[address] = _style(handle, index, view)
        pdfium.FPDFText_GetLooseCharBox(handle, index, rectangle)
        box = view.box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)
        found.append(_Character(character, box, style, joint, index))
        joint = ""
    return found


def pieces_of(text: Any, view: View, drawn: Drawn) -> Iterator[Piece]:
    """The text that is seen on a page in pieces; an upright rule parts what stands left and right of it."""
    characters = _seen(_characters(text, view), drawn)
    uprights = sorted(rule for rule in drawn.rules if rule[3] - rule[1] > rule[2] - rule[0])
    lefts = [rule[0] for rule in uprights]
    if _is_written_downwards(characters):
        downwards = {each.style: replace(each.style, turn=3) for each in characters}
        characters = [each._replace(style=downwards[each.style]) for each in characters]
    run: list[_Character] = []
    parted = False
    for character in characters:
        if run:
            goes_on = _goes_on(run[-1], character)
            if not goes_on or _is_parted(run[-1], character, uprights, lefts):
                yield replace(_piece(run, text, view), parted=parted)
                run, parted = [], goes_on
        run.append(character)
    if run:
        yield replace(_piece(run, text, view), parted=parted)


def _seen(characters: list[_Character], drawn: Drawn) -> list[_Character]:
    """The characters that are seen; all of them on a scan, of which they are the text, and where none is seen."""
    if drawn.pictured >= _SCANNED:
        return characters
    return [each for each in characters if not _is_hidden(each, drawn.grounds)] or characters


def _is_hidden(character: _Character, grounds: Sequence[Box]) -> bool:
    """Whether a character is not drawn at all, or white on white."""
    if character.style.hidden or not character.style.white:
        return character.style.hidden
    left, top, right, bottom = character.box
    x, y = (left + right) / 2, (top + bottom) / 2
    return not any(ground[0] <= x <= ground[2] and ground[1] <= y <= ground[3] for ground in grounds)


def _is_written_downwards(characters: Sequence[_Character]) -> bool:
    """Whether most CJK characters of a page stand below the one before, as in old Chinese and Japanese print."""
    below = beside = 0
    for before, character in pairwise(characters):
        if character.text < _FIRST_CJK or character.style.turn or not (is_cjk(before.text) and is_cjk(character.text)):
            continue
        across = abs(character.box[0] - before.box[0]) / max(character.style.size, 1.0)
        down = (character.box[1] - before.box[1]) / max(character.style.size, 1.0)
        below += across < 0.3 and 0.5 < down < 2
        beside += abs(down) < 0.3 and 0.5 < across < 2
    return below > 2 * beside and below > _FEWEST_BELOW


def _goes_on(before: _Character, character: _Character) -> bool:
    """Whether a character belongs to the piece of the one before it."""
    if character.joint == "\n" or character.style.turn != before.style.turn:
        return False
    turn = character.style.turn
    first, last = (0, 2) if turn % 2 == 0 else (1, 3)
    ahead = character.box[first] - before.box[last]
    back = before.box[first] - character.box[last]
    if turn in (1, 2):
        ahead, back = back, ahead
    size = max(character.style.size, 1.0)
    return -size < ahead <= _GAP * size or (-size < back <= _GAP * size and is_leftwards(character.text))


def _is_parted(before: _Character, character: _Character, uprights: Sequence[Box], lefts: Sequence[float]) -> bool:
    """Whether an upright rule, of those sorted from the left, stands between two characters beside one another."""
    start, end = before.box[2] - _TOUCHING, character.box[0] + _TOUCHING
    middle = (character.box[1] + character.box[3]) / 2
    near = uprights[bisect_left(lefts, start - _TOUCHING) : bisect_right(lefts, end)]
    return any(start <= (rule[0] + rule[2]) / 2 <= end and rule[1] < middle < rule[3] for rule in near)


def _piece(run: Sequence[_Character], text: Any, view: View) -> Piece:
    """The piece that a run of characters is, with the look of most of them."""
    import pypdfium2.raw as pdfium

    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text.raw, run[0].number, x, y)
    if sum(is_leftwards(each.text) for each in run) * 2 > len(run) and run[0].box[0] < run[-1].box[0]:
        run = run[::-1]
    words = "".join(" " + each.text if each.joint and index else each.text for index, each in enumerate(run))
    words = words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    style = Counter(each.style for each in run).most_common(1)[0][0]
    bold = 2 * sum(each.style.bold for each in run) > len(run)
    return Piece(words, around(each.box for each in run), view.point(x.value, y.value)[1], style.size, bold, style.turn)


def _style(handle: Any, index: int, view: View) -> _Style:
    """The look of the text object that holds a character."""
    import pypdfium2.raw as pdfium

    matrix = pdfium.FS_MATRIX()
    size = pdfium.FPDFText_GetFontSize(handle, index)
    turn = 0
    if pdfium.FPDFText_GetMatrix(handle, index, matrix):
        size *= math.hypot(matrix.c, matrix.d)
        turn = view.turn(matrix.a, matrix.b)
    flags = ctypes.c_int()
    buffer = ctypes.create_string_buffer(200)
    length = pdfium.FPDFText_GetFontInfo(handle, index, buffer, 200, flags)
    name = buffer.raw[: max(length - 1, 0)].decode("utf-8", errors="replace") if length <= 200 else ""
    weight = pdfium.FPDFText_GetFontWeight(handle, index)
    drawing = pdfium.FPDFText_GetTextObject(handle, index)
    mode = pdfium.FPDFTextObj_GetTextRenderMode(drawing) if drawing else pdfium.FPDF_TEXTRENDERMODE_UNKNOWN
    hidden = mode == pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
    white = mode == pdfium.FPDF_TEXTRENDERMODE_FILL and is_white(pdfium.FPDFText_GetFillColor, handle, index)
    bold = bool(BOLD.search(name)) or weight >= _BOLD_WEIGHT
    return _Style(round(abs(size), 1), bold, turn, hidden, white)
