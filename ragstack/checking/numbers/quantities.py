"""Numbers as claims hold them: digits, words and Han numerals, with what they are multiplied by and measured in.

``1,000`` and ``１０００`` are 1000, ``three`` and ``三个`` are 3, ``1.5 million`` and ``150 万`` the same number, 三成
and 百分之三十 are 30 %, ``May 2017`` holds a 5, ``fourth quarter`` a 4, ``a dozen`` is 12, and ``Python 3.10`` is not
``Python 3.1``. One and half are left out where they are words (``one of the``, 一种): they mostly count nothing; a
source may hold them (``half an hour``, 一半). Two quantities agree when they share a value and neither their
multipliers nor their units, where both name one, differ; units of one kind are converted
(:mod:`~ragstack.checking.numbers.units`), times of the day compared as such
(:mod:`~ragstack.checking.numbers.clock`), and a claim that says that it rounds is taken at its word
(:mod:`~ragstack.checking.numbers.rounding`).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ragstack.checking.numbers.clock import HALVED, Time, times
from ragstack.checking.numbers.numerals import (
    HAN_VALUES,
    KILO,
    MEASURES,
    NUMBER,
    ORDINALS,
    han_value,
    in_digits,
    plain_numbers,
)
from ragstack.checking.numbers.quantity import DOZEN, Quantity
from ragstack.checking.numbers.rounding import rounding
from ragstack.checking.numbers.units import CURRENCY, UNIT, ratios, unit_of

__all__ = ["MONTH_OF_DATE", "Quantity", "missing", "quantities"]

_SCALES = {
    "dozen": DOZEN, "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "k": 1e3, "m": 1e6, "mn": 1e6, "bn": 1e9, "b": 1e9,
    "百": 1e2, "千": 1e3, "万": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "万亿": 1e12,
}  # fmt: skip
_MONTHS = """
    january february march april may june july august september october november december
"""
_AND_A_HALF = r" and a half\b|(?<=[年天])(?<!\d{3}年)半(?![载数价天夜成决导程工径片粒颗滴袋支瓶杯包个斤])"
_ONE_OF = (
    r"(?<!quarter of )(?<!third of )(?<!tenth of )(?<!s of )(?<!one in )(?<!half )\b(?P<one>(?:half )?an?)"
    rf"(?= (?:dozen|thousand|million|billion|trillion|(?:{UNIT.pattern}) and a half)\b)"
)
_QUANTITY = re.compile(
    rf"(?:{NUMBER.pattern}|{_ONE_OF})"
    r"(?P<half> and a half\b|个半(?=小时|星期)|(?P<months>个半月(?![板刊形])))?(?P<more>[多余])?(?:[\s-]?"
    r"(?:(?P<scale>dozen|hundred|thousand|million|billion|trillion|k|mn?|bn?)(?![a-z])"
    rf"|(?P<steps>万亿|百万|千万|(?!{KILO})[百千万亿])))?"
    rf"(?P<over>[多余])?(?:[\s-]?(?P<unit>{UNIT.pattern})(?![a-z]))?(?P<later>{_AND_A_HALF})?",
    re.IGNORECASE,
)
_COUNTED = re.compile(f"[{MEASURES}]{{0,2}}")
_COUNTS = frozenset(MEASURES) - {"年"}
_JOINED = re.compile("|".join([" ", " and ", "零", "又", ""]))
_HAN = "零〇一二两三四五六七八九十百千"
_TENTHS = re.compile(
    rf"(?<![第{_HAN}万\d.])(?P<tenths>[一二两三四五六七八九]|\d(?:\.\d)?)成(?P<more>[一二三四五六七八九半])?"
    "(?!不变|[员分为立功本果就绩效熟品型都交组对体])"
)
_ONE = re.compile(
    rf"(?:\b(?P<half>half)(?: an?)?[ -]|\b(?:one|an?)[ -]|(?<![第数几上{_HAN}])(?:一个?|(?P<ban>半)个?))"
    rf"(?P<unit>{UNIT.pattern})(?![a-z])(?!{_AND_A_HALF})",
    re.IGNORECASE,
)
_NUMERAL = rf"(?:\d{{1,2}}|[{_HAN}]+)"
_ORDINAL = rf"(?:\d{{1,2}}(?:st|nd|rd|th)|(?:[a-z]+-)?(?:{'|'.join(ORDINALS)}))"
_CENTURIES = re.compile(
    rf"(?<!\d){_NUMERAL}(?:[、和与及或至到—–~-]{_NUMERAL})*世[纪紀]"
    rf"|\b{_ORDINAL}(?:(?:, | and | or | to |[–-])(?:the )?{_ORDINAL})*+[ -]centur(?:y|ies)\b",
    re.IGNORECASE,
)
_HIGH = "|".join(word for word, place in ORDINALS.items() if place >= 5)
_OF_CENTURIES = re.compile(rf"\d(?:st|nd|rd|th)\b|\b(?:{_HIGH})\b|centur|世[纪紀]", re.IGNORECASE)
"""A text of which a number may be a century; one that is none is not held by a century."""
_HALF = re.compile(r"(?<!first )(?<!second )(?<!other )(?<!latter )\bhalf\b(?!-)|一半|半数", re.IGNORECASE)
_NUMBERED = re.compile(
    rf"(?<![\w-])(?P<place>{'|'.join(ORDINALS)})[ -](?:quarter(?!-?final)|edition|floor|stor(?:e?y|ies)|chapter|volume"
    r"|centur(?:y|ies)|anniversar(?:y|ies)|amendment|grade)s?\b"
    rf"|(?<![\w-])(?<!\ba )(?<!\ban )(?<!\bone )(?<!\bevery )(?P<high>{_HIGH})\b"
    rf"|(?<![数几上{_HAN}])第?(?:一季[度报]|(?<=第)一(?:个?世[纪紀]|[章卷集版]))",
    re.IGNORECASE,
)
"""What is numbered through, with its ordinal: in Chinese the first alone, since others are read wherever they count.

From the fifth on, whatever it is, but for fractions (a fifth); below, too many are in set phrases (third party).
"""
_IN_ROMAN = re.compile(
    r"\b(?:(?i:chapter|volume|vol\.|amendment|part|edition|grade|floor) |[A-Z][a-z]+ (?!I\b))"
    r"(?=[XVI]+\b(?!-))(X{0,3})(IX|IV|V?I{0,3})\b"
)
_ROMAN = ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"]
"""``Chapter IV``, ``Henry V``: the numeral of a source, up to 39, which a claim may say in words."""
_YEAR = re.compile(r"1\d{3}|2[01]\d\d")
_CURRENCY = re.compile(rf"({CURRENCY}) ?$", re.IGNORECASE)
_REACH = 5
"""Characters before a number in which its currency stands, or the hours before its minutes."""
_NAMED = re.compile(
    r"(?:(?<![a-z])(?:v|(?:version|release|section|article|clause|table|figure)s?)|版本号?|[第表图]"
    r"|(?-i:(?<![a-zA-Z])(?=[a-zA-Z]{3})(?=[A-Z]*[a-z])[a-z]*[A-Z][a-zA-Z]*))"
    r"[.:]? ?(?:\d[\d.]*(?:, (?:and |or )?| and | or | to |[、和或至到~–-]))*$",
    re.IGNORECASE,
)
"""What stands before the number of a version or a section, or before a list of such: ``Python 3.9 and 3.10``."""
_NAME_REACH = 32
"""Characters before a number in which it does."""
_NO_ZEROS = re.compile(r"(?:\.0+)+$")
_AFTER_HOURS = re.compile(r"\dh ?$")
"""``1h30``, ``1h 30m``: before minutes."""
_ANY_MONTH = "|".join([*_MONTHS.split(), "sept", *(month[:3] for month in _MONTHS.split())])
MONTH_OF_DATE = re.compile(rf"\b({_ANY_MONTH})\b(?=\.?\s*,?\s*\d)|(?<=\d )({_ANY_MONTH})\b", re.IGNORECASE)
"""A month beside a number, which is read as one itself."""


def quantities(text: str) -> list[Quantity]:
    """The quantities of ``text``, in their order, but for months, which come last."""
    return _read(plain_numbers(text))


def missing(claim: str, sources: Sequence[str], *, rounded: bool = True) -> tuple[str, ...]:
    """The numbers of ``claim`` that agree with none in ``sources``, as they stand; ``third quarter`` holds a 3.

    The nineteenth century holds the 19th, and no 19 of a claim that speaks of no century (19 rooms).

    ``rounded``: whether the claim is taken at its word where it says that it rounds.
    """
    read = [plain_numbers(source) for source in sources]
    if not _OF_CENTURIES.search(plain_numbers(claim)):
        read = [_CENTURIES.sub(" ", source) for source in read]
    known = [quantity for source in read for quantity in _known(source)]
    words = set(re.findall("[a-z]+", " ".join(read).casefold()))
    known += [Quantity(str(n), float(n)) for word, n in ORDINALS.items() if word in words]
    said = [quantity if rounded else replace(quantity, rounding="") for quantity in quantities(claim)]
    return tuple(sorted({quantity.text for quantity in said if not _held(quantity, known)}))


def _held(quantity: Quantity, known: Sequence[Quantity]) -> bool:
    if any(quantity.agrees(each) for other in known for each in (other, *other.parts)):
        return True
    if quantity.written == HALVED:  # 5 pm is not held by the 5 of 5:30 pm
        known = [other for other in known if not other.written]
    return bool(quantity.parts) and all(_held(part, known) for part in quantity.parts)


def _known(plain: str) -> Iterator[Quantity]:
    """What a source holds: its quantities, and one and half where a unit or a share is meant."""
    yield from _read(plain)
    for match in _ONE.finditer(plain):
        yield Quantity("", 0.5 if match["half"] or match["ban"] else 1.0, 1.0, unit_of(match["unit"]))
    for match in _CENTURIES.finditer(plain):
        for numeral in re.findall(f"[{_HAN}]+", match[0]):
            yield Quantity(numeral, float(han_value(numeral)))
    for match in _IN_ROMAN.finditer(plain):
        value = 10.0 * len(match[1]) + _ROMAN.index(match[2])
        yield Quantity(f"{value:g}", value)
    if _HALF.search(plain):
        yield Quantity("", 50.0, 1.0, "%")


def _read(plain: str) -> list[Quantity]:
    found = [_time(time) for time in times(plain)]
    rest = _without(plain, found)
    found += [_tenths(rest, match) for match in _TENTHS.finditer(rest)]
    rest = _without(rest, found)
    numbers = (_quantity(rest, match) for match in _QUANTITY.finditer(rest))
    found = _together(plain, sorted([*found, *filter(None, numbers)], key=lambda each: each.span))
    for match in _NUMBERED.finditer(plain):
        place = ORDINALS[(match["place"] or match["high"] or "first").casefold()]
        unit = "year" if "anniversar" in match[0].casefold() else ""
        found.append(Quantity(str(place), float(place), unit=unit, span=match.span()))
    for match in MONTH_OF_DATE.finditer(plain):
        month = [name[:3] for name in _MONTHS.split()].index((match[1] or match[2])[:3].casefold()) + 1
        found.append(Quantity(str(month), float(month), span=match.span()))
    return found


def _without(plain: str, found: Sequence[Quantity]) -> str:
    """The text with spaces where those stand that were found."""
    for start, end in (quantity.span for quantity in found):
        plain = plain[:start] + " " * (end - start) + plain[end:]
    return plain


def _time(time: Time) -> Quantity:
    alone = len(time.numbers) == 1 and time.written != HALVED
    text = str(time.numbers[0]) if alone else f"{time.minutes // 60}:{time.minutes % 60:02}"
    parts = tuple(Quantity(str(number), float(number)) for number in time.numbers)
    return Quantity(text, time.minutes, 1.0, "time", written=time.written, parts=parts, span=time.span)


def _tenths(plain: str, match: re.Match[str]) -> Quantity:
    tenths, more = match["tenths"], match["more"]
    value = 10 * (float(tenths) if tenths[0].isdigit() else HAN_VALUES[tenths])
    value += 5 if more == "半" else HAN_VALUES[more] if more else 0
    kind, start, end = rounding(plain, *match.span())
    return Quantity(f"{value:g}", value, 1.0, "%", kind, span=(start, end))


def _quantity(plain: str, match: re.Match[str]) -> Quantity | None:
    """The number that was found with all that belongs to it; None for a lone one or zero in words."""
    one = match["one"] and ("0.5" if match["one"].casefold().startswith("half") else "1")
    written, word = one or in_digits(match), (match["scale"] or match["steps"] or "")
    version = written.count(".") > 1
    half = not version and (match["half"] or match["later"])
    if half:
        written = str(float(written) + 0.5)
    number = float(written.replace(".", "") if version else written)
    in_words = bool(match["words"] or match["han"])
    if in_words and number < 2 and not half and word.casefold() in ("", "k", "m", "mn", "b", "bn"):
        return None
    currency = _CURRENCY.search(plain, max(0, match.start() - _REACH), match.start())
    named = currency[1] if currency else "个月" if match["months"] else match["unit"]
    unit = "%" if match["percent"] else unit_of(named) if named else ""
    if _AFTER_HOURS.search(plain, max(0, match.start() - _REACH), match.start()) and (word or unit) in ("", "m"):
        unit, word = "minute", ""
    kind, start, end = _rounded(plain, *match.span())
    if match["more"] or match["over"]:
        kind = "over"
    quantity = Quantity(written, number, _SCALES.get(word.casefold(), 1.0), unit, kind, span=(start, end))
    counts = bool(currency) or plain[match.end() : match.end() + 1] in _COUNTS
    if word == "m" and not unit and not counts:
        million = replace(quantity, number=number * 1e6, scale=1.0)
        return replace(quantity, scale=1.0, unit="m", parts=(million,))
    bare = not word and not counts and unit in ("", "year")
    year = bare and bool(_YEAR.fullmatch(match["digits"] or ""))
    decimal = "." in written and "," not in (match["digits"] or "")
    version = version or (decimal and not word and not unit and _named(plain, *match.span()))
    return replace(quantity, year=year, version=_NO_ZEROS.sub("", written) if version else "")


def _named(plain: str, start: int, end: int) -> bool:
    """Whether what stands around a number says that it numbers a version or a section."""
    return plain.startswith("版", end) or bool(_NAMED.search(plain, max(0, start - _NAME_REACH), start))


def _rounded(plain: str, start: int, end: int) -> tuple[str, int, int]:
    """How a number is rounded, and where it stands with what says so: 60以上 and 60人以上 alike."""
    counted = _COUNTED.match(plain, end)
    for last in (end, counted.end() if counted else end):
        kind, first, after = rounding(plain, start, last)
        if kind:
            return kind, first, after
    return "", start, end


def _together(plain: str, found: list[Quantity]) -> list[Quantity]:
    """Quantities that are said in two units as one: 1 hour and 30 minutes."""
    joined: list[Quantity] = []
    for quantity in found:
        before = joined[-1] if joined else None
        if before and before.unit != quantity.unit and _JOINED.fullmatch(plain, before.span[1], quantity.span[0]):
            size = next(iter(ratios(quantity.unit, before.unit)), 1.0)
            if size < 1 and not before.parts:
                start, end = before.span[0], quantity.span[1]
                number = before.number + quantity.number * size
                parts = (before, quantity)
                joined[-1] = replace(
                    before, text=plain[start:end], number=number, rounding="", parts=parts, span=(start, end)
                )
                continue
        joined.append(quantity)
    return joined
