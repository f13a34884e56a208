"""Tables without rules: rows of a page whose pieces stand below one another in at least three columns.

White rivers between the columns run through at least three rows, and the cells are short. A row of names above
rows with numbers is their header. What stands alone below a cell goes on with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from ingest.loaders.pdf.page import Box, Line, Piece, around
from ingest.text.cleaning import clean_characters, join_lines, mend_spacing

__all__ = ["Cell", "aligned_tables"]

Cell = tuple[Box, tuple[Piece, ...]]
"""Pieces without a wide gap between them, and where they stand if their text runs from left to right."""

_FEWEST_COLUMNS = 3
_FEWEST_ROWS = 3
_LONGEST_CELL = 30
_NEAR = 0.8
"""Pieces that are nearer, in units of their size, are in one cell."""
_FARTHEST = 3.5
"""Rows are no farther apart, in units of their height."""


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[Cell, ...]

    @property
    def box(self) -> Box:
        return around(box for box, _ in self.cells)


def aligned_tables(pieces: Sequence[Sequence[tuple[Box, Piece]]], page: int) -> dict[int, tuple[int, list[Line]]]:
    """Find tables among the rows of a page, of which some may be empty.

    Returns:
        For the first row of each table, the row behind its last and its rows as lines.
    """
    found: dict[int, tuple[int, list[Line]]] = {}
    rows = [_cells(row) for row in pieces]
    start = 0
    while start < len(rows):
        stop, columns = _run(rows, start)
        members = [_Row(row) for row in rows[start:stop]]
        if columns and _is_table(members):
            found[start] = stop, _lines(members, columns, page)
            start = stop
        else:
            start += 1
    return found


def _cells(row: Sequence[tuple[Box, Piece]]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for box, piece in row:
        if cells and box[0] - cells[-1][0][2] < _NEAR * piece.size:
            cells[-1] = around(iter((cells[-1][0], box))), (*cells[-1][1], piece)
        else:
            cells.append((box, (piece,)))
    return tuple(cells)


def _run(rows: Sequence[tuple[Cell, ...]], start: int) -> tuple[int, list[tuple[float, float]]]:
    """How far a table that begins at ``start`` goes, and from where to where its columns reach."""
    columns: list[tuple[float, float]] = []
    stop = start
    for row in rows[start:]:
        if not row:
            break
        last = rows[stop - 1] if stop > start else None
        if last and not _is_near(_Row(last), _Row(row)):
            break
        merged = _merged([*columns, *((box[0], box[2]) for box, _ in row)])
        if len(row) >= _FEWEST_COLUMNS or (columns and len(row) == 2):
            fits = len(merged) >= max(_FEWEST_COLUMNS, len(columns) - 1, round(0.7 * len(row)))
        else:
            fits = bool(columns) and merged == _merged(columns) and row[0][0][0] > columns[0][1]
        if not fits:
            break
        columns = merged
        stop += 1
    return stop, columns


def _is_near(above: _Row, below: _Row) -> bool:
    first, second = above.box, below.box
    return 0 <= second[1] - first[1] <= _FARTHEST * min(first[3] - first[1], second[3] - second[1])


def _merged(intervals: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The intervals with those that overlap made one."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted(intervals):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _is_table(rows: Sequence[_Row]) -> bool:
    full = [row for row in rows if len(row.cells) >= _FEWEST_COLUMNS]
    lengths = [sum(len(piece.text) for piece in pieces) for row in rows for _, pieces in row.cells]
    return len(full) >= _FEWEST_ROWS and median(lengths) <= _LONGEST_CELL


def _lines(rows: Sequence[_Row], columns: Sequence[tuple[float, float]], page: int) -> list[Line]:
    lines: list[Line] = []
    for row, texts in zip(rows, _grid(rows, columns), strict=True):
        pieces = [piece for _, members in row.cells for piece in members]
        box = around(piece.box for piece in pieces)
        if len(row.cells) == 1 and lines:
            lines[-1] = _continued(lines[-1], texts, box)
        else:
            main = max(pieces, key=lambda each: len(each.text))
            bold = all(piece.bold for piece in pieces)
            text = " ".join(filter(None, texts))
            lines.append(Line(text, page, box[0], -box[3], main.size, bold, box=box, cells=tuple(texts)))
    return [replace(lines[0], header=True), *lines[1:]] if _has_header(lines) else lines


def _grid(rows: Sequence[_Row], columns: Sequence[tuple[float, float]]) -> list[list[str]]:
    """The texts of all cells; columns next to one another that never have both a text are one."""
    grid = [[""] * len(columns) for _ in rows]
    for texts, row in zip(grid, rows, strict=True):
        for box, pieces in row.cells:
            column = max(index for index, (start, _) in enumerate(columns) if start <= box[0])
            words = mend_spacing(clean_characters(" ".join(piece.text for piece in pieces)).strip())
            texts[column] = f"{texts[column]} {words}".strip()
    column = 1
    while column < len(grid[0]):
        if any(texts[column - 1] and texts[column] for texts in grid):
            column += 1
        else:
            for texts in grid:
                texts[column - 1 : column + 1] = [texts[column - 1] or texts[column]]
    return grid


def _continued(line: Line, texts: Sequence[str], box: Box) -> Line:
    """A row with what stands below it."""
    cells = tuple(join_lines(first, second) for first, second in zip(line.cells, texts, strict=True))
    whole = around(iter((line.box or box, box)))
    return replace(line, text=" ".join(filter(None, cells)), y=-whole[3], box=whole, cells=cells)


def _has_header(lines: Sequence[Line]) -> bool:
    """Whether the first row has no numbers, and most of the others do."""
    numbered = [any(map(str.isdigit, line.text)) for line in lines]
    return not numbered[0] and sum(numbered) >= 0.6 * (len(lines) - 1) > 0
