"""Ruled tables on a page: the rules make a grid, and each piece of text falls into a cell of it.

A table is only taken where it is beyond doubt: at least two rows and two columns, no text that crosses an upright
rule, text in at least half of the cells, and not nearly all of it in one or two of them. The lines of one cell become
one text, so that a heading which is broken over lines in a narrow column can be found.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.loaders.pdf.page import Box, Line, Piece, around
from ingest.loaders.tabular import header_rows
from ingest.text.cleaning import clean_characters, join_lines, mend_spacing

__all__ = ["Table", "go_on", "take_tables"]

_NEAR = 3.0
"""Rules that are no farther apart, in points, meet."""
_FEWEST_FILLED = 0.5
_FEWEST_RULES = 5
_MOST_CELLS = 20_000
_LONG_CELL = 200
"""A cell with more characters is prose."""
_NEARLY_ALL = 0.85
_FEW_CELLS = 3
_FEWEST_NUMBERS = 4


@dataclass(frozen=True, slots=True)
class Table:
    """A ruled table: the box around it, and rows of cells, each row with its box."""

    box: Box
    rows: tuple[tuple[tuple[str, ...], Box, float], ...]

    def lines(self, page: int) -> list[Line]:
        """Its rows as lines; the first are its header where they look like one."""
        headers = _headers([cells for cells, _, _ in self.rows])
        return [
            Line(
                " ".join(filter(None, cells)), page, box[0], -box[3], size, box=box, cells=cells, header=index < headers
            )
            for index, (cells, box, size) in enumerate(self.rows)
        ]


def take_tables(pieces: Sequence[Piece], rules: Sequence[Box]) -> tuple[list[Table], list[Piece]]:
    """Return the ruled tables of a page and the pieces that are in none."""
    tables: list[Table] = []
    rest = list(pieces)
    for grid in _grids(rules):
        inside = [piece for piece in rest if _holds(grid, piece)]
        table, within = _table(grid, inside)
        if table:
            tables.append(table)
            taken = set(map(id, within))
            rest = [piece for piece in rest if id(piece) not in taken]
    return tables, rest


def go_on(lines: Sequence[Line]) -> list[Line]:
    """Let tables go on over the ends of pages: what goes on has no header of its own, unless values stand below it.

    A table goes on where the line before is a row of the page before with as many columns.
    """
    found = list(lines)
    for index in range(1, len(found)):
        line, before = found[index], found[index - 1]
        if line.header and before.page + 1 == line.page and len(before.cells) == len(line.cells):
            stop = next(
                (at for at in range(index, len(found)) if _begins_anew(found[index], found[at])),
                len(found),
            )
            headers = _headers([row.cells for row in found[index:stop]], continued=True)
            found[index:stop] = [
                replace(row, header=row.header and place < headers) for place, row in enumerate(found[index:stop])
            ]
    return found


def _begins_anew(first: Line, line: Line) -> bool:
    """Whether a line is in no table with another one, on whose page the table goes on."""
    return line.page != first.page or len(line.cells) != len(first.cells)


def _headers(rows: Sequence[Sequence[str]], *, continued: bool = False) -> int:
    """How many of the first rows are a header; none where each row names its own value, as in a form."""
    if all(row[0].rstrip().endswith((":", "：")) for row in rows):
        return 0
    return header_rows(rows, continued=continued)


def _grids(rules: Sequence[Box]) -> list[list[Box]]:
    """The rules in groups that hang together, the largest first; only those with rules of both kinds."""
    levels = sorted((rule for rule in rules if not _upright(rule)), key=lambda rule: rule[1])
    heights = [rule[1] for rule in levels]
    leader = list(range(len(levels)))

    def lead(index: int) -> int:
        while leader[index] != index:
            leader[index] = index = leader[leader[index]]
        return index

    crossed: dict[int, list[Box]] = {}
    for upright in filter(_upright, rules):
        near = range(bisect_left(heights, upright[1] - 2 * _NEAR), bisect_right(heights, upright[3] + 2 * _NEAR))
        met = [lead(index) for index in near if _meet(levels[index], upright)]
        if met:
            for other in met[1:]:
                leader[lead(other)] = lead(met[0])
            crossed.setdefault(lead(met[0]), []).append(upright)
    groups: dict[int, list[Box]] = {}
    for index, level in enumerate(levels):
        groups.setdefault(lead(index), []).append(level)
    for index, uprights in crossed.items():
        groups[lead(index)] += uprights
    return sorted(
        (each for each in groups.values() if len(each) >= _FEWEST_RULES and any(map(_upright, each))), key=_size
    )


def _size(rules: Sequence[Box]) -> float:
    left, top, right, bottom = around(iter(rules))
    return -(right - left) * (bottom - top)


def _meet(one: Box, other: Box) -> bool:
    return (
        one[0] <= other[2] + _NEAR
        and other[0] <= one[2] + _NEAR
        and one[1] <= other[3] + _NEAR
        and other[1] <= one[3] + _NEAR
    )


def _upright(rule: Box) -> bool:
    return rule[3] - rule[1] > rule[2] - rule[0]


def _holds(grid: Sequence[Box], piece: Piece) -> bool:
    left, top, right, bottom = around(iter(grid))
    x, y = (piece.box[0] + piece.box[2]) / 2, (piece.box[1] + piece.box[3]) / 2
    return left < x < right and top < y < bottom


def _table(grid: Sequence[Box], pieces: Sequence[Piece]) -> tuple[Table | None, Sequence[Piece]]:
    """The table of a grid, or None where it is none, and those of the pieces that are in it."""
    uprights = [rule for rule in grid if _upright(rule)]
    levels = [rule for rule in grid if not _upright(rule)]
    xs, ys = _places(rule[0] for rule in uprights), _places(rule[1] for rule in levels)
    columns, rows = len(xs) - 1, len(ys) - 1
    if rows < 2 or columns < 2 or rows * columns > _MOST_CELLS or not pieces:
        return None, ()
    cells: dict[tuple[int, int], list[Piece]] = {}
    for piece in pieces:
        if _is_cut(piece, uprights):
            return None, ()
        column, row = _index(xs, (piece.box[0] + piece.box[2]) / 2), _index(ys, (piece.box[1] + piece.box[3]) / 2)
        cells.setdefault(_owner(row, column, xs, ys, uprights, levels), []).append(piece)
    _drop_title(cells)
    used_rows, used_columns = sorted({row for row, _ in cells}), sorted({column for _, column in cells})
    if min(len(used_rows), len(used_columns)) < 2:
        return None, ()
    if len(cells) < _FEWEST_FILLED * len(used_rows) * len(used_columns):
        return None, ()
    found = []
    for row in used_rows:
        rows_within = _parted([cells.get((row, column), []) for column in used_columns])
        if len(rows_within) == 1 and any(map(_is_column_of_numbers, rows_within[0])):
            return None, ()
        for fields in rows_within:
            own = [piece for field in fields for piece in field]
            size = max(own, key=lambda piece: len(piece.text)).size
            found.append((tuple(map(_text, fields)), around(piece.box for piece in own), size))
    if len(found) < 2 or _is_prose([len(text) for texts, _, _ in found for text in texts if text]):
        return None, ()
    within = [piece for field in cells.values() for piece in field]
    return Table(around(box for _, box, _ in found), tuple(found)), within


def _drop_title(cells: dict[tuple[int, int], list[Piece]]) -> None:
    """Take a first row with one cell off a table of three columns or more: it stands above the table."""
    if len({column for _, column in cells}) > 2:
        first = min(row for row, _ in cells)
        title = [place for place in cells if place[0] == first]
        if len(title) == 1 and title[0][1] == min(column for _, column in cells):
            del cells[title[0]]


def _is_prose(lengths: Sequence[int]) -> bool:
    """Whether nearly all of the text is in one or two cells, as on a page with a frame around its text."""
    *_, second, longest = sorted(lengths)
    total = sum(lengths)
    few = longest + second >= _NEARLY_ALL * total and len(lengths) <= _FEW_CELLS
    return longest > _LONG_CELL and (longest >= _NEARLY_ALL * total or few)


def _places(values: Iterable[float]) -> list[float]:
    """The values without those that are next to another."""
    places: list[float] = []
    for value in sorted(values):
        if not places or value - places[-1] > _NEAR:
            places.append(value)
    return places


def _index(places: Sequence[float], value: float) -> int:
    """Between which of the places a value is."""
    return max(0, min(sum(place <= value for place in places) - 1, len(places) - 2))


def _is_cut(piece: Piece, uprights: Sequence[Box]) -> bool:
    """Whether an upright rule runs through the middle of a piece."""
    left, top, right, bottom = piece.box
    middle, slack = (top + bottom) / 2, min(2.0, (right - left) / 4)
    return any(left + slack < rule[0] < right - slack and rule[1] < middle < rule[3] for rule in uprights)


def _owner(
    row: int, column: int, xs: Sequence[float], ys: Sequence[float], uprights: Sequence[Box], levels: Sequence[Box]
) -> tuple[int, int]:
    """The first row and column of the cell that covers a field of the grid, where no rule parts them."""
    middle = (ys[row] + ys[row + 1]) / 2
    while column and not any(
        abs(rule[0] - xs[column]) <= _NEAR and rule[1] - _NEAR <= middle <= rule[3] + _NEAR for rule in uprights
    ):
        column -= 1
    centre = (xs[column] + xs[column + 1]) / 2
    while row and not any(
        abs(rule[1] - ys[row]) <= _NEAR and rule[0] - _NEAR <= centre <= rule[2] + _NEAR for rule in levels
    ):
        row -= 1
    return row, column


def _parted(fields: list[list[Piece]]) -> list[list[list[Piece]]]:
    """Part a row of the grid that holds several rows of numbers without a rule between them; else leave it whole."""
    rows: list[list[list[Piece]]] = []
    bases: list[float] = []
    for base, column, piece in sorted(
        ((piece.base, column, piece) for column, field in enumerate(fields) for piece in field),
        key=lambda each: each[:2],
    ):
        if not bases or base - bases[-1] > 0.5 * piece.size:
            bases.append(base)
            rows.append([[] for _ in fields])
        rows[-1][column].append(piece)
    filled = sum(map(bool, fields))
    for row in rows:
        numbers = sum(any(character.isdigit() for piece in field for character in piece.text) for field in row)
        if sum(map(bool, row)) < filled or 2 * numbers <= filled:
            return [fields]
    return rows


def _is_column_of_numbers(field: Sequence[Piece]) -> bool:
    """Whether a field holds numbers below one another: it is a column, whose rows no rule parts."""
    lines = {round(piece.base / max(piece.size, 1.0)) for piece in field}
    numbers = sum(any(map(str.isdigit, piece.text)) for piece in field)
    return len(lines) >= _FEWEST_NUMBERS and 2 * numbers > len(field)


def _text(pieces: Sequence[Piece]) -> str:
    """The text of a cell: its pieces from the top, and from the left where they share a base line."""
    text = ""
    last: Piece | None = None
    for piece in sorted(pieces, key=lambda each: (round(each.base / max(each.size, 1.0)), each.box[0])):
        words = mend_spacing(clean_characters(piece.text).strip())
        same = last is not None and abs(piece.base - last.base) < 0.5 * piece.size
        text = f"{text} {words}".strip() if same else join_lines(text, words)
        last = piece
    return text
