"""Times of the day: 17:30, 5:30 pm, 5 p.m., 17时30分, 下午五点半.

A time that names its half of the day, or an hour past noon in 24, is known to the minute. One that does neither may be
either half for one that names it, and is itself for the rest: ``5:30`` is ``5:30 pm`` and ``5:30 am``, not ``17:30``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ragstack.checking.numbers.numerals import han_value

__all__ = ["HALVED", "Time", "same_time", "times"]

BARE, HALVED, OF_24 = "bare", "halved", "of 24"
"""How a time was written: with neither, with its half of the day, with an hour past noon in 24."""

_HALF_DAY = 720
_PARTS = "凌晨|清晨|早晨|早上|上午|中午|正午|午后|下午|傍晚|晚上|晚间|夜间|夜里|深夜|[当今昨明]晚|(?<![最早至])晚"
_HOUR = r"\d{1,2}|[一二两三四五六七八九十]{1,3}"
_MINUTES = rf"半|一刻|三刻|(?:{_HOUR}) ?分"
_TIME = re.compile(
    r"(?<!\d)(?<!\d[:.,])(?P<h>\d{1,2})(?:[:.](?P<m>[0-5]\d))? ?(?P<half>[ap])(?:\.m\.?|m\b)"
    rf"|(?P<part>{_PARTS}) ?(?!一点[都也儿不没东])(?P<hour>{_HOUR})"
    rf"(?::(?P<past>[0-5]\d)| ?[点时](?: ?(?P<after>{_MINUTES}))?)"
    rf"|(?<!\d)(?<!\d[:.,])(?P<alone>{_HOUR}) ?[点时] ?(?P<minutes>{_MINUTES})"
    r"|(?<!\d)(?<!\d[:.,/])(?P<digital>\d{1,2}):(?P<sixty>[0-5]\d)(?![\d:])"
    r"|(?<!\d)(?<!\d[:.,])(?P<full>\d{1,2}) ?[点时](?![候期代间段刻装尚差])",
    re.IGNORECASE,
)
_PAST = {"半": 30, "一刻": 15, "三刻": 45}


@dataclass(frozen=True, slots=True)
class Time:
    """A time: where it stands, its minutes since midnight, how it was written, and its numbers as they stand."""

    span: tuple[int, int]
    minutes: int
    written: str
    numbers: tuple[int, ...]


def times(text: str) -> Iterator[Time]:
    """The times of a text, in their order."""
    for match in _TIME.finditer(text):
        hour = _number(next(match[name] for name in ("h", "hour", "alone", "digital", "full") if match[name]))
        past = next((match[name] for name in ("m", "past", "after", "minutes", "sixty") if match[name]), "")
        minutes = _PAST.get(past) or (_number(past.removesuffix("分").strip()) if past else 0)
        numbers = (hour, minutes) if past else (hour,)
        if hour <= 24 and minutes < 60:
            of_day, written = _of_day(hour, match["half"] or match["part"] or "")
            yield Time(match.span(), (60 * of_day + minutes) % (2 * _HALF_DAY), written, numbers)


def same_time(apart: float, written: set[str]) -> bool:
    """Whether two times may be the same, from the minutes between them and how they were written."""
    return apart == 0 or (written == {BARE, HALVED} and apart % _HALF_DAY == 0)


def _of_day(hour: int, part: str) -> tuple[int, str]:
    """The hour of 24, and how it was written."""
    if hour > 12 or hour == 0:
        return hour, OF_24
    if not part:
        return hour, BARE
    if part in "aA" or part in "凌晨清晨早晨早上上午":
        return hour % 12, HALVED
    if "晚" in part or "夜" in part:
        return hour if hour < 5 else 0 if hour == 12 else hour + 12, HALVED
    if part in "中午正午":
        return hour if hour > 9 else hour + 12, HALVED
    return hour % 12 + 12, HALVED


def _number(written: str) -> int:
    return int(written) if written.isdigit() else han_value(written)
