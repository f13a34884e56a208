"""Numbers as lists write them, in both languages."""

import pytest

from ingest.loaders.numerals import numeral


@pytest.mark.parametrize(
    ("style", "numbers"),
    [
        ("decimal", {0: "0", 12: "12"}),
        ("decimalZero", {3: "03", 12: "12"}),
        ("lowerRoman", {4: "iv", 1999: "mcmxcix", 4000: "4000"}),
        ("upperLetter", {1: "A", 26: "Z", 27: "AA", 28: "BB", 10**6: "1000000"}),
        ("lowerAlphabetic", {1: "a", 26: "z", 27: "aa", 28: "ab", 702: "zz", 703: "aaa"}),
        ("chineseCounting", {1: "一", 10: "十", 12: "十二", 20: "二十", 21: "二十一"}),
        ("chineseCountingThousand", {105: "一百零五", 110: "一百一十", 1001: "一千零一", 3020: "三千零二十"}),
        ("chineseLegalSimplified", {10: "壹拾", 23: "贰拾叁"}),
        ("ideographTraditional", {3: "丙", 11: "11"}),
        ("decimalEnclosedCircle", {1: "①", 20: "⑳", 21: "21"}),
        ("nonesuch", {7: "7"}),
    ],
)
def test_numbers_are_written_as_their_style_has_them(style: str, numbers: dict[int, str]) -> None:
    assert {number: numeral(number, style) for number in numbers} == numbers
