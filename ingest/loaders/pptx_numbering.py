"""The numbers that PowerPoint puts before paragraphs by itself: ``1.``, ``b)``, ``三、`` (ECMA-376-1, 21.1.2.4.1)."""

import re
from typing import TYPE_CHECKING

from ingest.loaders.numerals import numeral

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["Numbering"]

_NUMBERED = "{http://schemas.openxmlformats.org/drawingml/2006/main}buAutoNum"
_STYLES = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "ea1Chs": "chineseCountingThousand",
    "ea1Cht": "chineseCountingThousand",
    "ea1JpnChs": "chineseCountingThousand",
    "ea1JpnKor": "chineseCountingThousand",
    "circleNum": "decimalEnclosedCircle",
}
_SCHEME = re.compile(r"(.*?)(?:Db|Wd|WdBlack|WdWhite)?(Period|Plain|ParenR|ParenBoth|Minus)")
_WRITTEN = {"Period": "{}.", "ParenR": "{})", "ParenBoth": "({})"}


class Numbering:
    """Counts the paragraphs of one shape, in their order."""

    def __init__(self) -> None:
        self._counts: dict[int, tuple[str, int, int]] = {}

    def label(self, properties: "_Element | None", level: int) -> str:
        """Count on, and return a paragraph's number as it is written; empty where it has none."""
        found = properties.find(_NUMBERED) if properties is not None else None
        self._counts = {each: count for each, count in self._counts.items() if each <= level}
        if found is None:
            self._counts.pop(level, None)
            return ""
        scheme, given = found.get("type", "arabicPeriod"), found.get("startAt", "1")
        start = int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else 1
        before = self._counts.get(level, ("", 0, 0))
        number = before[2] + 1 if before[:2] == (scheme, start) else start
        self._counts[level] = (scheme, start, number)
        parts = _SCHEME.fullmatch(scheme)
        if parts is None:
            return f"{number}."
        written = "{}、" if parts[1].startswith("ea1") and parts[2] == "Period" else _WRITTEN.get(parts[2], "{}")
        return written.format(numeral(number, _STYLES.get(parts[1], "decimal")))
