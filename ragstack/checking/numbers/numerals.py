"""Numbers as digits, English words and Han numerals, found in a text and written in digits.

Of ordinals in words only those are read that begin with a number (``twenty-first``), since they would else be that
number; ``thirty-second`` only before ``century``, since it mostly lasts 30 seconds.
"""

import re
import unicodedata

__all__ = ["HAN_VALUES", "KILO", "MEASURES", "NUMBER", "ORDINALS", "han_value", "in_digits", "plain_numbers"]

_SMALL = """
    zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen
"""
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
_PLACES = """
    zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
"""
ORDINALS = {word: value for value, word in enumerate(_PLACES.split())}
_WORDS = ORDINALS | {word: value for value, word in enumerate(_SMALL.split())}
_WORDS |= {word: 10 * value for value, word in enumerate(_TENS.split(), start=1)}
HAN_VALUES = {numeral: value for value, numeral in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_HAN_STEPS = {"十": 10, "百": 100, "千": 1000}
MEASURES = (
    "个個種种项层年月日次倍章节部步位名人天周岁米吨元克里度只头座家所届块台辆本篇句词道条张枚"
    "片粒颗滴袋支瓶杯盒箱包根双副套组艘架幅场遍版楼"
)
"""What a Han numeral counts; one that counts nothing is mostly a part of a word."""

_DIGIT = "|".join(_SMALL.split()[1:10])
_LAST = rf"[ -](?:{_DIGIT})|-(?!second\b(?![ -]centur))(?:{'|'.join(_PLACES.split()[1:10])})"
_BELOW_HUNDRED = rf"(?:{'|'.join(_TENS.split()[1:])})(?:{_LAST})?|{'|'.join(reversed(_SMALL.split()))}|ten"
_IN_WORDS = rf"(?:(?:{_BELOW_HUNDRED})[ -])?hundred(?:(?: and)? (?:{_BELOW_HUNDRED}))?|{_BELOW_HUNDRED}"
_HAN = "零〇一二两三四五六七八九十百千"
KILO = "千[米克瓦伏赫帕]"
"""What begins with a thousand and is a unit."""
_MEASURED = f"小时|分钟|秒|毫|厘|公|{KILO}|英|[美欧][元分]|磅|星期|摄|兆|瓦|季[度报]|世[纪紀]"
NUMBER = re.compile(
    rf"百分之(?P<percent>\d+(?:\.\d+)?|[{_HAN}]+(?:点[{_HAN}]+)?)"
    rf"|(?P<digits>\d+(?:[.,]\d+)*)|\b(?P<words>{_IN_WORDS})\b"
    rf"|(?<=第)(?P<place>[{_HAN}]*[十百千][{_HAN}]*|[五六七八九])"
    rf"|(?<![数几上{_HAN}])(?!{KILO})(?P<han>[{_HAN}]+?(?={KILO})|[{_HAN}]+)(?=[多余]?(?:万亿|[万亿])?[多余]?(?:[{MEASURES}万亿]|{_MEASURED}))",
    re.IGNORECASE,
)
_LISTS = re.compile(r"，(?!\d{3}(?!\d))")


def plain_numbers(text: str) -> str:
    """The text as NFKC has it, but that a Chinese comma joins no numbers unless it sets off thousands: 12，15."""
    return unicodedata.normalize("NFKC", _LISTS.sub("、", text))


def in_digits(match: re.Match[str]) -> str:
    """What :data:`NUMBER` found, in digits and without separators of thousands."""
    if written := match["digits"] or match["percent"]:
        if not written.startswith(tuple(_HAN)):
            return written.replace(",", "")
        whole, _, decimals = written.partition("点")
        return f"{han_value(whole)}.{''.join(str(HAN_VALUES.get(each, '')) for each in decimals)}".rstrip(".")
    return str(_spoken(match["words"].casefold()) if match["words"] else han_value(match["place"] or match["han"]))


def han_value(numerals: str) -> int:
    """The value of Han numerals, with steps (一百五十) or without (一九九八)."""
    if not any(numeral in _HAN_STEPS for numeral in numerals):
        return int("".join(str(HAN_VALUES[numeral]) for numeral in numerals))
    value, digit = 0, 0
    for numeral in numerals:
        if numeral in _HAN_STEPS:
            value += max(digit, 1) * _HAN_STEPS[numeral]
            digit = 0
        else:
            digit = HAN_VALUES[numeral]
    return value + digit


def _spoken(words: str) -> int:
    value = 0
    for word in re.findall(r"[a-z]+", words):
        if word == "hundred":
            value = max(value, 1) * 100
        elif word != "and":
            value += _WORDS[word]
    return value
