"""Numbers as claims hold them: digits, words and Han numerals, with what they are multiplied by and measured in.

``1,000`` and ``１０００`` are 1000, ``three`` and ``三个`` are 3, ``1.5 million`` and ``150 万`` the same number, and
``May 2017`` holds a 5. One is left out where it is a word (``one of the``, 一种): it mostly counts nothing. Two
quantities agree when they share a value and neither their multipliers nor their units, where both name one, differ.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["MONTH_OF_DATE", "Quantity", "missing", "quantities"]

_SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_WORDS = {word: value for value, word in enumerate(_SMALL.split())} | {
    word: 10 * value for value, word in enumerate(_TENS.split(), start=1)
}
_HAN = {numeral: value for value, numeral in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_STEPS = {"十": 10, "百": 100, "千": 1000}
_SCALES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9,
    "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12,
}  # fmt: skip
_UNITS = {
    "%": "%|percent|per cent|个百分点|percentage points?",
    "km": "km|kilomet(?:re|er)s?|公里|千米",
    "m": "met(?:re|er)s?|米",
    "cm": "cm|centimet(?:re|er)s?|厘米",
    "mm": "mm|millimet(?:re|er)s?|毫米",
    "mile": "miles?|英里",
    "foot": "feet|foot|ft|英尺",
    "inch": "inch(?:es)?|英寸",
    "kg": "kg|kilograms?|kilos?|公斤|千克",
    "g": "grams?|克",
    "tonne": "tonnes?|tons?|吨",
    "pound": "pounds?|lbs?|磅",
    "second": "seconds?|秒",
    "minute": "minutes?|mins?|分钟",
    "hour": "hours?|hrs?|小时",
    "day": "days?|天",
    "week": "weeks?|周|星期",
    "month": "months?|个月",
    "year": "years?|年",
    "dollar": "dollars?|usd|美元",
    "euro": "euros?|欧元",
    "yuan": "yuan|rmb|元",
    "KB": "kb|kib", "MB": "mb|mib", "GB": "gb|gib", "TB": "tb|tib",
    "degree": "degrees?|°c?|度|摄氏度",
}  # fmt: skip
_UNIT = re.compile("|".join(f"(?:{words})" for words in _UNITS.values()))
_UNIT_NAMES = [(re.compile(words), name) for name, words in _UNITS.items()]
_MONTHS = """
    january february march april may june july august september october november december
"""

_DIGIT = "|".join(_SMALL.split()[1:10])
_BELOW_HUNDRED = rf"(?:{'|'.join(_TENS.split()[1:])})(?:[ -](?:{_DIGIT}))?|{'|'.join(reversed(_SMALL.split()))}|ten"
_IN_WORDS = rf"(?:(?:{_BELOW_HUNDRED})[ -])?hundred(?:(?: and)? (?:{_BELOW_HUNDRED}))?|{_BELOW_HUNDRED}"
_MEASURES = "个個種种项层年月日次倍章节部步位名人天周岁米吨元克里度只头座家所届块台辆本篇句词道条张枚"
_NUMBER = re.compile(
    rf"(?P<digits>\d+(?:[.,]\d+)*)|\b(?P<words>{_IN_WORDS})\b"
    rf"|(?<![数几上零〇一二两三四五六七八九十百千])(?P<han>[零〇一二两三四五六七八九十百千]+)(?=(?:万亿|[万亿])?[{_MEASURES}万亿])"
)
_SCALE = re.compile(
    r"[\s-]?(?:(hundred|thousand|million|billion|trillion|k|mn?|bn?)(?![a-z])|(万亿|百万|千万|[百千万亿]))"
)
_AFTER = re.compile(rf"[\s-]?({_UNIT.pattern})(?![a-z])")
_ANY_MONTH = "|".join(_MONTHS.split())
MONTH_OF_DATE = re.compile(rf"\b({_ANY_MONTH})\b(?=\s*,?\s*\d)|(?<=\d )({_ANY_MONTH})\b", re.IGNORECASE)
"""A month beside a number, which is read as one itself."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of a text: ``text`` in digits as it stands, what it is multiplied by, and its unit or ``""``."""

    text: str
    number: float
    scale: float = 1.0
    unit: str = ""

    def agrees(self, other: "Quantity") -> bool:
        """Whether the other may be the same: no less is asked, for a source often leaves a unit to its context."""
        if self.scale != 1.0 and other.scale != 1.0:
            same = _close(self.number * self.scale, other.number * other.scale)
        else:
            same = self.number == other.number or _close(self.number * self.scale, other.number * other.scale)
        return same and (self.unit == other.unit or not self.unit or not other.unit)


def quantities(text: str) -> list[Quantity]:
    """The quantities of ``text``, in their order."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    found = []
    for match in _NUMBER.finditer(plain):
        written = _value(match)
        if written is None:
            continue
        scale = _SCALE.match(plain, match.end())
        end = scale.end() if scale else match.end()
        unit = _AFTER.match(plain, end)
        factor = _SCALES[scale[1] or scale[2]] if scale else 1.0
        number = float(written if written.count(".") <= 1 else written.replace(".", ""))
        found.append(Quantity(written, number, factor, _unit(unit[1]) if unit else ""))
    for match in MONTH_OF_DATE.finditer(plain):
        month = _MONTHS.split().index(match[1] or match[2]) + 1
        found.append(Quantity(str(month), float(month)))
    return found


def missing(claim: str, sources: Sequence[str]) -> tuple[str, ...]:
    """The numbers of ``claim`` that agree with none in ``sources``, as they stand; ``third quarter`` holds a 3."""
    known = [quantity for source in sources for quantity in quantities(source)]
    words = set(re.findall("[a-z]+", " ".join(sources).casefold()))
    known += [Quantity(str(n), float(n)) for n, word in enumerate(_ORDINALS.split()) if word in words]
    return tuple(sorted({q.text for q in quantities(claim) if not any(q.agrees(other) for other in known)}))


def _value(match: re.Match[str]) -> str | None:
    """The number in digits; None for a lone one in words and for what is no number."""
    if digits := match["digits"]:
        return digits.replace(",", "")
    value = _spoken(match["words"]) if match["words"] else _han(match["han"])
    return None if value < 2 else str(value)


def _spoken(words: str) -> int:
    value = 0
    for word in re.findall(r"[a-z]+", words):
        if word == "hundred":
            value = max(value, 1) * 100
        elif word != "and":
            value += _WORDS[word]
    return value


def _han(numerals: str) -> int:
    if not any(numeral in _HAN_STEPS for numeral in numerals):
        return int("".join(str(_HAN[numeral]) for numeral in numerals))
    value, digit = 0, 0
    for numeral in numerals:
        if numeral in _HAN_STEPS:
            value += max(digit, 1) * _HAN_STEPS[numeral]
            digit = 0
        else:
            digit = _HAN[numeral]
    return value + digit


def _unit(word: str) -> str:
    return next(name for pattern, name in _UNIT_NAMES if pattern.fullmatch(word))


def _close(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other))
