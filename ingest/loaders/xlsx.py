"""XLSX: the sheets that people see, each under its name, with the values that people see.

A sheet is a page; its rows are table rows with their places, ``sheet 'Q3' row 17``. What a formula gave when the file
was saved is its value. A cell merged over several rows stands in each of them. Hidden sheets are left out, as they are
when the file is opened; the document's metadata count them.
"""

import io
import re
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from indexes.errors import LoadError
from indexes.records import Scalar
from ingest.documents import Limits, Loaded, Refused
from ingest.loaders.tabular import Row, Table
from ingest.loaders.xlsx_numbers import shown

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

__all__ = ["load"]

_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")
_DAMAGED = "its Excel workbook is damaged; open it in an office program and save it again"
"""Bytes in which a part's document type would stand."""
_LONGEST_REPEATED = 200
"""Characters of a merged cell that is repeated in the rows below."""


def load(source: bytes, limits: Limits) -> Loaded:
    """Load an Excel workbook.

    Raises:
        LoadError: the package is damaged.
        Refused: there are more sheets, or more characters, than the limits allow.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of styles and extensions, which are not read
        try:
            return _read(source, limits)
        except (LoadError, MemoryError, RecursionError):
            raise
        except Exception as error:  # openpyxl raises whatever the damage leads it to
            raise LoadError(_DAMAGED) from error


def _read(source: bytes, limits: Limits) -> Loaded:
    import openpyxl

    workbook = openpyxl.load_workbook(io.BytesIO(source), read_only=True, data_only=True, keep_links=False)
    sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    if len(sheets) > limits.max_pages:
        raise Refused(f"it has more than {limits.max_pages:,} sheets; split it, or raise the limit")
    table = Table(limits.max_characters)
    for number, sheet in enumerate(workbook.worksheets, start=1):
        if sheet in sheets:
            table.add_sheet(number, sheet.title, _rows(sheet))
    properties = workbook.properties
    metadata: dict[str, Scalar] = {}
    if properties.creator and properties.creator != "openpyxl":
        metadata["author"] = properties.creator
    if len(sheets) < len(workbook.worksheets):
        metadata["hidden_sheets"] = len(workbook.worksheets) - len(sheets)
    return table.loaded("xlsx", (properties.title or "").strip() or None, metadata)


def _rows(sheet: "ReadOnlyWorksheet") -> Iterator[Row]:
    """The rows of a sheet; what is said of its size is not believed, since many programs write it wrong."""
    merged = _merged_downwards(sheet)
    standing: dict[int, tuple[int, str]] = {}
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_cell(cell) for cell in row]
        if any(cells):
            for column, (last, text) in standing.items():
                if number <= last and column <= len(cells) and not cells[column - 1]:
                    cells[column - 1] = text
            for column, text in enumerate(cells, start=1):
                last = merged.get((number, column), 0)
                if last and text and len(text) <= _LONGEST_REPEATED:
                    standing[column] = (last, text)
        yield number, cells


def _cell(cell: Any) -> str:
    value = cell.value
    return shown(value, None if value is None or isinstance(value, str) else cell.number_format)


def _merged_downwards(sheet: "ReadOnlyWorksheet") -> dict[tuple[int, int], int]:
    """For the first row and column of each cell that is merged over several rows, its last row."""
    from openpyxl.utils import column_index_from_string

    with sheet._get_source() as stream:
        found = _MERGED.findall(stream.read())
    return {
        (int(top), column_index_from_string(left.decode())): int(bottom)
        for left, top, _, bottom in found
        if int(bottom) > int(top)
    }
