"""From the pieces of text on a page to its lines in the order in which people read them.

Columns are told by the white river between them. Where enough running text stands on both sides of one, what crosses
it (a title, a table over both columns) parts the page into bands, and each band is read column by column; else the
pieces on one base line are one line, as in a table. Ruled tables are taken out before as
:mod:`ingest.loaders.pdf.tables` says and stand in the order as one piece.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from ingest.loaders.pdf.aligned import aligned_tables
from ingest.loaders.pdf.page import Box, Line, Page, Piece, around, is_leftwards
from ingest.loaders.pdf.tables import Table, take_tables
from ingest.text.cleaning import clean_characters, is_cjk, mend_spacing

__all__ = ["lines_of"]

_FEWEST_LINES = 4
"""So many lines are in a column at least."""
_PROSE_WIDTH = 18.0
"""So many Latin characters (half as many CJK ones) has the usual line of running text at least."""
_PROSE_FILL = 0.6
"""So much of its column the usual line of running text fills at least."""
_RIVER = 0.6
"""So wide, in units of the font's size, is the river between columns at least."""
_TOWERING = 2.5
_TOUCHING = 0.1
_MOSTLY_PROSE = 0.5
"""So much of the text on a page stands in long pieces, if it has columns."""
_CROSSING = 0.5
_STEPS = 96
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece, or a table, in a frame in which its text runs from left to right."""

    frame: Box
    middle: float
    height: float
    characters: float
    piece: Piece | None = None
    table: Table | None = None

    @classmethod
    def of(cls, frame: Box, content: Piece | Table) -> "_Item":
        middle, height = (frame[1] + frame[3]) / 2, frame[3] - frame[1]
        if isinstance(content, Table):
            return cls(frame, middle, height, _PROSE_WIDTH, table=content)
        characters = len(content.text) + sum(map(is_cjk, content.text))
        return cls(frame, middle, height, characters, piece=content)


def lines_of(page: Page, number: int) -> list[Line]:
    """The lines of a page in reading order; text that is set across an upright page comes first."""
    if page.lines:
        return list(page.lines)
    pieces = [piece for piece in page.pieces if piece.text.strip()]
    if not pieces:
        return []
    weights = [sum(len(piece.text) for piece in pieces if piece.turn == turn) for turn in range(4)]
    main = weights.index(max(weights))
    lines: list[Line] = []
    for turn in sorted({piece.turn for piece in pieces}, key=lambda each: (each == main, each)):
        turned = [piece for piece in pieces if piece.turn == turn]
        tables: list[Table] = []
        if turn == main == 0:
            tables, turned = take_tables(turned, page.rules)
        items = [_Item.of(_frame(piece.box, turn, page), piece) for piece in _rejoined(turned)]
        items += [_Item.of(table.box, table) for table in tables]
        lines += _written(_ordered(items), number, across=turn != main)
    return lines


def _rejoined(pieces: Sequence[Piece]) -> list[Piece]:
    """Pieces as one that only a rule parts, though it is none of a table's, or that touch, as a raised number does."""
    whole: list[Piece] = []
    for piece in pieces:
        last = whole[-1] if whole else None
        if last and piece.parted and last.base == piece.base and last.box[2] <= piece.box[0] + 1:
            whole[-1] = _joint(last, piece, " ")
        elif last and _touch(last, piece):
            whole[-1] = _joint(last, piece, "")
        else:
            whole.append(piece)
    return whole


def _joint(first: Piece, second: Piece, between: str) -> Piece:
    """Two pieces as one, with the look of the longer."""
    main = max(first, second, key=lambda each: len(each.text))
    return replace(
        main, text=f"{first.text}{between}{second.text}", box=around(iter((first.box, second.box))), parted=first.parted
    )


def _touch(first: Piece, second: Piece) -> bool:
    """Whether a piece stands right behind another in a line, without room for a space."""
    shared = min(first.box[3], second.box[3]) - max(first.box[1], second.box[1])
    least = min(first.box[3] - first.box[1], second.box[3] - second.box[1])
    gap = abs(second.box[0] - first.box[2])
    alike = first.turn == second.turn == 0 and not is_leftwards(first.text[0])
    return alike and gap < _TOUCHING * min(first.size, second.size) and shared > 0.7 * least


def _written(rows: Sequence[Sequence[_Item]], number: int, *, across: bool) -> list[Line]:
    """The rows as lines, those of a table without rules as its rows."""
    cells = [[(item.frame, item.piece) for item in row if item.piece] for row in rows]
    tables = {} if across else aligned_tables(cells, number)
    lines: list[Line] = []
    index = 0
    while index < len(rows):
        if index in tables:
            index, found = tables[index]
            lines += found
        else:
            lines += _lines(rows[index], number, across=across)
            index += 1
    return lines


def _frame(box: Box, turn: int, page: Page) -> Box:
    """A box as it would stand if the page were turned until its text runs from left to right."""
    left, top, right, bottom = box
    if turn == 1:
        return page.height - bottom, left, page.height - top, right
    if turn == 2:
        return page.width - right, page.height - bottom, page.width - left, page.height - top
    if turn == 3:
        return top, page.width - right, bottom, page.width - left
    return box


def _ordered(items: Sequence[_Item], depth: int = 0) -> list[list[_Item]]:
    """The items as rows in reading order."""
    items = sorted(items, key=_middle)
    river = _river(items) if depth < _DEEPEST else None
    if river is None:
        return _rows(items)
    rows: list[list[_Item]] = []
    for band in _bands(items, river):
        for side in band:
            rows += _ordered(side, depth + 1)
    return rows


def _middle(item: _Item) -> float:
    return item.middle


def _bands(items: Sequence[_Item], river: float) -> list[tuple[list[_Item], ...]]:
    """Cut at what crosses the river: bands of a left and a right side, and between them what crosses."""
    bands: list[tuple[list[_Item], ...]] = []
    for item in items:
        crosses = item.frame[0] < river < item.frame[2]
        if not bands or (len(bands[-1]) == 1) != crosses:
            bands.append(([],) if crosses else ([], []))
        bands[-1][0 if crosses or item.frame[2] <= river else 1].append(item)
    return bands


def _river(items: Sequence[_Item]) -> float | None:
    """Where the river between two columns of running text runs, or None where there is none."""
    written = sum(item.characters for item in items)
    if (
        len(items) < 2 * _FEWEST_LINES
        or sum(item.characters for item in items if item.characters >= _PROSE_WIDTH) < _MOSTLY_PROSE * written
    ):
        return None
    lefts, rights = sorted(item.frame[0] for item in items), sorted(item.frame[2] for item in items)
    places: dict[tuple[int, int], list[float]] = {}
    for step in range(1, _STEPS):
        place = lefts[0] + (rights[-1] - lefts[0]) * step / _STEPS
        beside = bisect_right(rights, place), len(lefts) - bisect_left(lefts, place)
        if min(beside) >= _FEWEST_LINES:
            places.setdefault(beside, []).append(place)
    best, found = -math.inf, None
    for beside, alike in sorted(places.items(), key=lambda each: -_promise(each[0], len(items))):
        promise = _promise(beside, len(items))
        if promise <= best:
            break
        place = alike[len(alike) // 2]
        fewest = _fewest_beside(items, place)
        if fewest and promise - min(beside) + fewest > best:
            best, found = promise - min(beside) + fewest, place
    return found


def _promise(beside: tuple[int, int], count: int) -> float:
    """How good a river at best is that has so many items left and right of it: what crosses it speaks against it."""
    return min(beside) - _CROSSING * (count - sum(beside))


def _fewest_beside(items: Sequence[_Item], place: float) -> int:
    """How many lines stand beside one another left and right of ``place``; 0 where it is no river."""
    sides: tuple[list[_Item], list[_Item]] = ([], [])
    for band in _bands(items, place):
        if len(band) == 2 and min(map(len, band)) >= 2:
            sides[0].extend(band[0])
            sides[1].extend(band[1])
    fewest = min(map(len, sides))
    if fewest < _FEWEST_LINES:
        return 0
    size = median(item.height for side in sides for item in side)
    if min(item.frame[0] for item in sides[1]) - max(item.frame[2] for item in sides[0]) < _RIVER * size:
        return 0
    prose = [_is_prose(side) for side in sides]
    if all(prose) or (any(prose) and _aligned(*sides) < 0.5):
        return fewest
    return 0


def _is_prose(side: Sequence[_Item]) -> bool:
    """Whether the usual line is long, and fills its column."""
    rows = _rows(side)
    width = max(item.frame[2] for item in side) - min(item.frame[0] for item in side)
    lengths = [sum(item.characters for item in row) for row in rows]
    filled = [sum(item.frame[2] - item.frame[0] for item in row) / max(width, 1.0) for row in rows]
    return median(lengths) >= _PROSE_WIDTH and median(filled) >= _PROSE_FILL


def _aligned(left: Sequence[_Item], right: Sequence[_Item]) -> float:
    """The share of the rows with fewer items that stand at the height of a row of the other side, as in a table."""
    few, many = sorted(([row[0] for row in _rows(side)] for side in (left, right)), key=len)
    met = sum(any(abs(item.middle - other.middle) < 0.2 * item.height for other in many) for item in few)
    return met / len(few)


def _rows(items: Sequence[_Item]) -> list[list[_Item]]:
    """The items of one column as rows from the top, each from the left."""
    rows: list[list[_Item]] = []
    for item in sorted(items, key=_middle):
        if rows and item.table is None and _same_row(rows[-1], item):
            rows[-1].append(item)
        else:
            rows.append([item])
    return [sorted(row, key=lambda each: each.frame[0]) for row in rows]


def _same_row(row: Sequence[_Item], item: _Item) -> bool:
    """Whether an item shares most of its height with the largest of a row, and neither towers over the other."""
    largest = max(row, key=lambda each: each.height)
    if largest.table or not largest.height / _TOWERING <= item.height <= largest.height * _TOWERING:
        return False
    shared = min(largest.frame[3], item.frame[3]) - max(largest.frame[1], item.frame[1])
    return shared > 0.5 * min(largest.height, item.height)


def _lines(row: Sequence[_Item], number: int, *, across: bool) -> list[Line]:
    if row[0].table:
        return row[0].table.lines(number)
    pieces = [(item.piece, item.frame) for item in row if item.piece]
    text = _joined(pieces)
    text = mend_spacing(clean_characters(text).strip())
    if not text:
        return []
    main = max((piece for piece, _ in pieces), key=lambda each: len(each.text))
    bold = 2 * sum(len(piece.text) for piece, _ in pieces if piece.bold) > sum(len(piece.text) for piece, _ in pieces)
    base = -pieces[0][1][3] if main.turn else -main.base
    box = around(piece.box for piece, _ in pieces)
    line = Line(text, number, pieces[0][1][0], base, main.size, bold, across, box)
    return [replace(line, size=0.0) if across else line]


def _joined(pieces: Sequence[tuple[Piece, Box]]) -> str:
    """The text of a row of pieces, in the direction in which most of it is written."""
    leftwards = sum(len(piece.text) if is_leftwards(piece.text[0]) else -len(piece.text) for piece, _ in pieces) > 0
    text = ""
    edge = 0.0
    for piece, frame in reversed(pieces) if leftwards else pieces:
        gap = edge - frame[2] if leftwards else frame[0] - edge
        text += piece.text if not text or gap < 0.15 * piece.size else f" {piece.text}"
        edge = frame[0] if leftwards else frame[2]
    return text
