"""CSV and its kin (tabs, semicolons, bars): each record a table row under the header that the table names.

The delimiter is the one by which most records have the same number of cells. Records are counted as a spreadsheet
counts its rows, from 1, blank lines and the header included: ``row 17``.
"""

import csv
import io
from collections import Counter, deque
from collections.abc import Iterator

from ingest.documents import Limits, Loaded, Refused
from ingest.loaders.tabular import Table, is_value

__all__ = ["load", "looks_like"]

_DELIMITERS = "\t,;|"
_SAMPLE_LINES = 200
_SAMPLE = 100_000
_NEVER = "\x1f"
"""A delimiter that texts do not have, for those with one column."""
_RULE = frozenset("-:| ")
"""What the line below the header of a table in Markdown is made of."""
_ALIKE = 0.9
"""The share of records with the same number of cells from which on a text is taken for a table."""


def load(source: str, limits: Limits) -> Loaded:
    """Load a table in a text file.

    Raises:
        Refused: the text is longer than the limit.
    """
    if len(source) > limits.max_characters:
        raise Refused(f"its text is longer than {limits.max_characters:,} characters; split it, or raise the limit")
    table = Table(limits.max_characters)
    table.add_rows(1, "", enumerate(_records(source, _delimiter(_sample(source))[0]), start=1))
    return table.loaded("csv")


def looks_like(text: str) -> bool:
    """Whether a text is a table with delimiters, as its first lines tell; one column alone cannot be told from prose.

    Prose has commas too: they are followed by a space, and their number changes from line to line.
    """
    sample = _sample(text)
    delimiter, alike = _delimiter(sample)
    if not delimiter or alike < _ALIKE or sample.lstrip()[:1] in "|{[<#":
        return False
    if any("-" in line and "|" in line and _RULE.issuperset(line) for line in sample.splitlines()):
        return False
    rows = [row for row in _records(sample, delimiter) if row]
    if len(rows) < 2 or sum(sum(map(bool, map(str.strip, row))) > 1 for row in rows) * 2 < len(rows):
        return False
    if delimiter == "\t" or any(is_value(cell) for row in rows for cell in row):
        return True
    return sample.count(f"{delimiter} ") * 2 < sample.count(delimiter) or f'{delimiter} "' in sample


def _sample(text: str) -> str:
    """The first lines; the last of them is whole, so that the number of its cells is right."""
    lines = text[:_SAMPLE].splitlines(keepends=True)
    return "".join(lines[: min(_SAMPLE_LINES, len(lines) - (len(text) > _SAMPLE))] or lines)


def _delimiter(sample: str) -> tuple[str, float]:
    """The delimiter by which the most records are alike, and their share; empty where there is only one column."""
    best, found = (0.0, 0), ""
    for delimiter in _DELIMITERS:
        widths = Counter(len(row) for row in _records(sample, delimiter) if row)
        if not widths:
            continue
        width, rows = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        share = rows / widths.total()
        if width > 1 and (share, width) > best:
            best, found = (share, width), delimiter
    return found, best[0]


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records of a text. Where quotes do not come in pairs, they are read as characters like any other."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    quoted = strict = True
    try:
        deque(_reader(text, delimiter, quoted, strict), maxlen=0)
    except csv.Error as error:
        quoted, strict = "end of data" not in str(error), False
    return _reader(text, delimiter, quoted, strict)


def _reader(text: str, delimiter: str, quoted: bool, strict: bool) -> Iterator[list[str]]:
    lines = io.StringIO(text, newline="")
    if quoted:
        return csv.reader(lines, delimiter=delimiter or _NEVER, skipinitialspace=True, strict=strict)
    return csv.reader(lines, delimiter=delimiter or _NEVER, skipinitialspace=True, quoting=csv.QUOTE_NONE)
