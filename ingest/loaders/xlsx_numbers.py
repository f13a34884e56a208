"""The values of a spreadsheet's cells as people see them.

Numbers follow their number format as far as it decides what is read: percent, decimals, thousands, currency and other
words around the number. Dates and times are written as ISO 8601 has them, whatever the format's order, since that is
the same in each language; a format without days or without a time of day leaves these out.
"""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from math import isfinite
from typing import Any

__all__ = ["shown"]

_BRACKETS = re.compile(r"\[\$([^-\]]*)[^\]]*\]|\[[^\]]*\]")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|[_*].')
_DIGITS = re.compile(r"[0#?](?:[0#?,]*[0#?])?(?:\.([0#?]*))?(,*)")
_UNREAD = re.compile(r"general|@|[eE][+-]|/", re.IGNORECASE)
_LONGEST_FORMAT = 255
"""Characters that a number format can have."""
_MARK = "\0{}\0"


def shown(value: Any, number_format: str | None) -> str:
    """A cell's value as it is displayed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return _number(value, number_format or "General")
    if isinstance(value, datetime | date | time):
        return _moment(value, (number_format or "").lower())
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    return str(value)


def _moment(value: datetime | date | time, number_format: str) -> str:
    bare = _LITERAL.sub("", _BRACKETS.sub("", number_format.partition(";")[0]))
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    day = value.isoformat()[:10]
    if "y" in bare and "d" not in bare and "h" not in bare:
        day = day[:7] if "m" in bare else day[:4]
    if not isinstance(value, datetime) or (value.time() == time() and "h" not in bare):
        return day
    clock = value.time().isoformat("seconds" if value.second else "minutes")
    if bare and "h" not in bare:
        return day
    return clock if bare and not set(bare) & set("yd") else f"{day} {clock}"


def _number(value: float, number_format: str) -> str:
    sections = number_format[:_LONGEST_FORMAT].split(";")
    at = 1 if value < 0 and len(sections) > 1 else 2 if value == 0 and len(sections) > 2 else 0
    literals: list[str] = []

    def keep(text: str) -> str:
        literals.append(text)
        return _MARK.format(len(literals) - 1)

    pattern = _BRACKETS.sub(lambda match: keep(match[1] or ""), sections[at])
    pattern = _LITERAL.sub(lambda match: keep(match[1] or match[2] or ""), pattern)
    digits = _DIGITS.search(re.sub(r"\0\d+\0", lambda match: " " * len(match[0]), pattern))
    if digits is None or _UNREAD.search(pattern) or not isfinite(value):
        return _general(value)
    power = 2 * pattern.count("%") - 3 * len(digits[2])
    scaled = _rounded(value, power, len(digits[1] or ""))
    written = f"{scaled:{',' if ',' in digits[0].rstrip(',') else ''}f}"
    if value == 0 and not set(digits[0]) & set("0#"):
        written = ""
    sign = "-" if value < 0 and at == 0 else ""
    around = (pattern[: digits.start()], pattern[digits.end() :])
    before, after = (re.sub(r"\0(\d+)\0", lambda match: literals[int(match[1])], part).strip() for part in around)
    return f"{sign}{before}{written}{after and (after if after[0] in '%)‰' else ' ' + after)}"


def _rounded(value: float, power: int, places: int) -> Decimal:
    """The size of ``value * 10**power``, rounded half up from the 15 digits that a spreadsheet keeps of a number."""
    with localcontext() as context:
        context.prec = 2_000  # the most digits that the longest format can show of a float
        kept = Decimal(f"{abs(value):.14e}").scaleb(power)
        return kept.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _general(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.15g}"
