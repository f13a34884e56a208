"""Rows of cells → the parts of a document: what loaders of tables share.

Rows come one after another, each with the number that people see. A blank row ends a table. Of each table the lines
above it that have one cell only are its title; the first rows are its header where they name what stands below them.
Columns that only set others apart are left out. Every row is a place of its own: ``row 17``, ``sheet 'Q3' row 17``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from indexes.records import Metadata, PageSpan
from ingest.documents import Block, BlockKind, Loaded, TextBuilder
from ingest.text.cleaning import clean_characters

__all__ = ["Row", "Table", "header_rows", "is_value"]

Row = tuple[int, Sequence[str]]
"""A row's number as people see it, from 1, and its cells."""

_LOOKED_AT = 30
"""Rows by which a table's header is told."""
_MOST_HEADERS = 3
_LONGEST_NAME = 60
_VALUE = re.compile(
    r"[-+−(]?\s?(?:[A-Z]{0,3}[$€£¥￥₹])?\s?[-+−]?[\d.][\d,.'’ \u00a0]*(?:e[-+]?\d+)?\s?(?:[%‰‱€$£¥元)]|[kKMB]n?)?\)?"
    r"|\d{1,4}[-/.年]\d{1,2}(?:[-/.月]\d{1,4}日?)?(?:[ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?"
    r"|true|false|#[A-Z/0]+[!?]?",
    re.IGNORECASE,
)
_PERIOD = re.compile(r"(?:1[89]|20)\d\d(?:[-/.年]\d{1,2}(?:[-/.月]\d{1,2}日?)?)?年?")


def is_value(cell: str) -> bool:
    """Whether a cell holds a number, an amount, a date, a time or a truth value rather than words."""
    return _VALUE.fullmatch(cell.strip()) is not None


def header_rows(rows: Sequence[Sequence[str]], *, continued: bool = False) -> int:
    """How many of the first rows of a table name what stands below them.

    A header has words (or years and dates, where no such stand below) over values. Where a table holds words only,
    its first row is taken for its header if its cells are short and all different, but not where the table goes
    on from another one (``continued``).
    """
    headers = 0
    while headers < min(_MOST_HEADERS, len(rows) - 1) and _names(rows[headers], rows[headers + 1 :]):
        headers += 1
        if not _grouped(rows[headers - 1], rows[headers]):
            break
    if any(chain.from_iterable(_over_values(row, rows[headers:]) for row in rows[:headers])):
        return headers
    cells = [cell.strip() for cell in rows[0] if cell.strip()] if rows else []
    return int(headers > 0 and not continued and 1 < len(cells) == len(set(cells)))


def _names(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether all cells of a row may be names of columns."""
    for column, cell in enumerate(row):
        cell = cell.strip()
        if len(cell) > _LONGEST_NAME or (is_value(cell) and not _PERIOD.fullmatch(cell)):
            return False
        if is_value(cell) and any(_PERIOD.fullmatch(other.strip()) for other in _column(below, column)):
            return False
    return any(cell.strip() for cell in row)


def _over_values(row: Sequence[str], below: Sequence[Sequence[str]]) -> Iterator[bool]:
    """For each name, whether more than half of the cells below it are values."""
    for column, cell in enumerate(row):
        cells = _column(below, column)
        yield bool(cell.strip()) and sum(map(is_value, cells)) * 2 > len(cells)


def _column(rows: Sequence[Sequence[str]], column: int) -> list[str]:
    return [row[column] for row in rows if column < len(row) and row[column].strip()]


def _grouped(row: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a row of a header has cells over several columns, so that the row below goes on naming them."""
    cells = [cell.strip() for cell in row]
    return "" in cells[1:] or len(set(cells)) < len(cells) or len(below) > len(row)


class Table:
    """Writes the rows of a file's sheets and notes where each stands."""

    def __init__(self, max_characters: int) -> None:
        self._builder = TextBuilder(max_characters)
        self._spans: list[PageSpan] = []

    def add(self, text: str, kind: BlockKind, page: int, label: str, level: int = 0) -> None:
        """Append what is no row: a sheet's name, a note."""
        self._note(self._builder.add(clean_characters(text), kind, level), page, label)

    def add_sheet(self, page: int, name: str, rows: Iterable[Row]) -> None:
        """Append a sheet under its name; one without rows is left out."""
        place = f"sheet '{name}'"
        filled = (row for row in rows)
        first = list(islice((row for row in filled if any(row[1])), 1))
        if first:
            self.add(name, "heading", page, place, level=1)
            self.add_rows(page, f"{place} ", chain(first, filled))

    def add_rows(self, page: int, prefix: str, rows: Iterable[Row]) -> None:
        """Append the rows of a sheet; ``prefix`` is what a row's label begins with."""
        width = 0
        names: list[Row] = []  # a table of names only may be the header of what stands below a blank row
        for table in _tables(rows):
            first = [*names, *islice(table, _LOOKED_AT)]
            if names and header_rows([cells for _, cells in first]) < len(names):
                width = self._add_table(page, prefix, names, width)
                first = first[len(names) :]
            names = first if _are_names(first) else []
            if not names:
                width = self._add_table(page, prefix, chain(first, table), width)
        if names:
            self._add_table(page, prefix, names, width)

    def _add_table(self, page: int, prefix: str, rows: Iterable[Row], width: int) -> int:
        """Append one table below one of ``width`` columns, and return how many it has."""
        rows = iter(rows)
        first = list(islice(rows, _LOOKED_AT + _MOST_HEADERS))
        widest = max(map(_filled, first))
        while first and _filled(first[0]) == 1 and (widest > 1 or len(first) < _LOOKED_AT):
            number, cells = first.pop(0)
            self.add(next(filter(None, cells)), "paragraph", page, f"{prefix}row {number}")
        columns = sorted({column for _, cells in first for column, cell in enumerate(cells) if cell})
        headers = header_rows([_of(columns, cells) for _, cells in first], continued=width == widest)
        for index, (number, cells) in enumerate(chain(first, rows)):
            block = self._builder.add_row(map(clean_characters, _of(columns, cells)), header=index < headers)
            self._note(block, page, f"{prefix}row {number}")
        return widest

    def loaded(self, format: str, title: str | None = None, metadata: Metadata | None = None) -> Loaded:
        """The document so far."""
        blocks = tuple(self._builder.blocks)
        return Loaded(self._builder.text(), format, title, blocks, tuple(self._spans), metadata or {})

    def _note(self, block: Block | None, page: int, label: str) -> None:
        if block:
            self._spans.append(PageSpan(page, block.start, block.end, label))


def _are_names(rows: Sequence[Row]) -> bool:
    """Whether a table is no more than the names of columns."""
    return len(rows) <= _MOST_HEADERS and all(_filled(row) > 1 and _names(row[1], ()) for row in rows)


def _of(columns: Sequence[int], cells: Sequence[str]) -> Sequence[str]:
    """The cells in the columns that are used; all, where a row far below uses another one."""
    kept = [cells[column] for column in columns if column < len(cells)]
    return kept if sum(map(bool, kept)) == sum(map(bool, cells)) else cells


def _filled(row: Row) -> int:
    return sum(map(bool, row[1]))


def _tables(rows: Iterable[Row]) -> Iterator[Iterator[Row]]:
    """The tables of a sheet, set apart by blank rows; cells without the blanks at the end of their row."""
    waiting = ((number, _trimmed(cells)) for number, cells in rows)

    def table(first: Row) -> Iterator[Row]:
        yield first
        for row in waiting:
            if not row[1]:
                return
            yield row

    for row in waiting:
        if row[1]:
            yield table(row)


def _trimmed(cells: Sequence[str]) -> list[str]:
    texts = [" ".join(cell.split()) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts
