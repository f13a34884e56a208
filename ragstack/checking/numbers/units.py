"""Units by their names in English and Chinese, and how large those of one kind are beside each other.

Only what converts without a remainder is of one kind: metres are not converted to feet, nor days to months. Memory
counts in thousands or in 1,024s, as the writer likes; bare degrees are of either scale.
"""

import re

__all__ = ["UNIT", "ratios", "unit_of"]

_NAMES = {
    "%": "%|percent|per cent|个百分点|percentage points?",
    "km": "km|kilomet(?:re|er)s?|公里|千米",
    "m": "met(?:re|er)s?|米",
    "cm": "cm|centimet(?:re|er)s?|厘米",
    "mm": "mm|millimet(?:re|er)s?|毫米",
    "mile": "miles?|英里",
    "foot": "feet|foot|ft|英尺",
    "inch": "inch(?:es)?|英寸",
    "kg": "kg|kilograms?|kilos?|公斤|千克",
    "g": "grams?|(?-i:g)|克",
    "µg": "[µμ]g|mcg|micrograms?|微克",
    "mg": "mg|milligrams?|毫克",
    "tonne": "tonnes?|tons?|吨",
    "pound": "pounds?|lbs?|磅",
    "litre": "lit(?:re|er)s?|公升",
    "ml": "ml|millilit(?:re|er)s?|毫升",
    "ms": "ms|milliseconds?|毫秒",
    "second": "seconds?|secs?|秒",
    "minute": "minutes?|mins?|分钟",
    "hour": "hours?|hrs?|(?-i:h)|个?小时",
    "day": "days?|天",
    "week": "weeks?|周|个?星期",
    "month": "months?|个月",
    "year": "years?|年",
    "dollar": "dollars?|usd|美元",
    "euro": "euros?|欧元",
    "yuan": "yuan|rmb|元",
    "KB": "kb|kib", "MB": "mb|mib", "GB": "gb|gib", "TB": "tb|tib",
    "celsius": "°c|degrees? celsius|摄氏度",
    "fahrenheit": "°f|degrees? fahrenheit|华氏度",
    "degree": "degrees?|°|度",
}  # fmt: skip
UNIT = re.compile("|".join(f"(?:{words})" for words in _NAMES.values()), re.IGNORECASE)
_PATTERNS = [(re.compile(words, re.IGNORECASE), name) for name, words in _NAMES.items()]
_SIZES: tuple[dict[str, float], ...] = (
    {"mm": 1, "cm": 10, "m": 1e3, "km": 1e6},
    {"inch": 1, "foot": 12, "mile": 63_360},
    {"µg": 1, "mg": 1e3, "g": 1e6, "kg": 1e9, "tonne": 1e12},
    {"ml": 1, "litre": 1e3},
    {"ms": 1, "second": 1e3, "minute": 6e4, "hour": 3.6e6, "day": 8.64e7, "week": 6.048e8},
    {"month": 1, "year": 12},
    {"KB": 1, "MB": 1e3, "GB": 1e6, "TB": 1e9},
    {"degree": 1, "celsius": 1},
    {"degree": 1, "fahrenheit": 1},
    {"KB": 1, "MB": 2**10, "GB": 2**20, "TB": 2**30},
)


def unit_of(word: str) -> str:
    """The one name of a unit that :data:`UNIT` found."""
    return next(name for pattern, name in _PATTERNS if pattern.fullmatch(word))


def ratios(one: str, other: str) -> list[float]:
    """How many of the other unit one of this may be; none where they are of different kinds."""
    if one == other:
        return [1.0]
    return [sizes[one] / sizes[other] for sizes in _SIZES if one in sizes and other in sizes]
