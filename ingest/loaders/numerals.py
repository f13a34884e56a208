"""The numbers of lists and headings as they are written: ``3``, ``iii``, ``c``, ``三``, ``叁``, ``③``, ``丙``.

The names of the styles are those of WordprocessingML (``ST_NumberFormat``), and ``lowerAlphabetic`` and
``upperAlphabetic`` for letters counted as pages of the web count them (z, aa, ab) and not as Word does (z, aa, bb).
"""

__all__ = ["labelled", "numeral"]

_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL")),
    *((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")),
)
_CHINESE = ("零一二三四五六七八九", "十百千")
_LEGAL = ("零壹贰叁肆伍陆柒捌玖", "拾佰仟")
_LEGAL_TRADITIONAL = ("零壹貳參肆伍陸柒捌玖", "拾佰仟")
_CHINESE_STYLES = {
    **dict.fromkeys(("chineseCounting", "chineseCountingThousand", "japaneseCounting"), _CHINESE),
    **dict.fromkeys(("taiwaneseCounting", "taiwaneseCountingThousand", "japaneseDigitalTenThousand"), _CHINESE),
    "chineseLegalSimplified": _LEGAL,
    "ideographLegalTraditional": _LEGAL_TRADITIONAL,
}
_ROWS = {
    "ideographTraditional": "甲乙丙丁戊己庚辛壬癸",
    "ideographZodiac": "子丑寅卯辰巳午未申酉戌亥",
    "decimalEnclosedCircle": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
    "decimalEnclosedCircleChinese": "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳",
}
_MOST_LETTERS = 26 * 9


def numeral(number: int, style: str) -> str:
    """A number in a style; in digits where the style has no such number, or is not known."""
    if style == "decimalZero":
        return f"{number:02}"
    if style in _CHINESE_STYLES and 0 < number < 10_000:
        return _chinese(number, *_CHINESE_STYLES[style])
    if style in _ROWS and 0 < number <= len(_ROWS[style]):
        return _ROWS[style][number - 1]
    if style in ("lowerRoman", "upperRoman") and 0 < number < 4000:
        return _roman(number) if style == "upperRoman" else _roman(number).lower()
    if style in ("lowerLetter", "upperLetter") and 0 < number <= _MOST_LETTERS:
        turns, letter = divmod(number - 1, 26)
        return chr(ord("A" if style == "upperLetter" else "a") + letter) * (turns + 1)
    if style in ("lowerAlphabetic", "upperAlphabetic") and number > 0:
        return _alphabetic(number) if style == "lowerAlphabetic" else _alphabetic(number).upper()
    return str(number)


def labelled(label: str, text: str) -> str:
    """A text behind its number."""
    return f"{label}{'' if label[-1:] in '、，：）】。' else ' '}{text}".strip() if label else text


def _roman(number: int) -> str:
    written = ""
    for value, sign in _ROMAN:
        written += sign * (number // value)
        number %= value
    return written


def _alphabetic(number: int) -> str:
    written = ""
    while number:
        number, letter = divmod(number - 1, 26)
        written = chr(ord("a") + letter) + written
    return written


def _chinese(number: int, digits: str, powers: str) -> str:
    """A number below ten thousand: 十二, 一百零五, 三千零二十."""
    written = ""
    places = f"{number}"
    for at, digit in enumerate(places):
        power = len(places) - at - 1
        if digit != "0":
            written += digits[int(digit)] + (powers[power - 1] if power else "")
        elif written[-1:] != digits[0] and places[at:].strip("0"):
            written += digits[0]
    return written.removeprefix(digits[1]) if 10 <= number < 20 and digits == _CHINESE[0] else written
