"""Numbers in two languages, with their multipliers and units, against values worked by hand."""

import pytest

from ragstack.checking.quantities import missing, quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GPT-3 has 175 billion parameters.", {"3", "175"}),
        ("1,000 and １０００ are the same", {"1000"}),
        ("a BLEU of 28.4.", {"28.4"}),
        ("version 1.2.3", {"1.2.3"}),
        ("six layers, one of the largest", {"6"}),
        ("two hundred and five of ninety-nine", {"205", "99"}),
        ("between two and three, or a hundred and four", {"2", "3", "104"}),
        ("someone, tenth, eighteen hundred", {"1800"}),
        ("共有十二层，三个编码器，一种方法", {"12", "3"}),
        ("二十三个，一百五十吨，一九九八年", {"23", "150", "1998"}),
        ("第5页，2017年", {"5", "2017"}),
        ("in May 2017, on 3 June; they may go, they march", {"5", "2017", "3", "6"}),
        ("no numbers, 没有数字，数百人", set()),
    ],
)
def test_numbers_are_found_in_one_form(text: str, expected: set[str]) -> None:
    assert {quantity.text for quantity in quantities(text)} == expected


@pytest.mark.parametrize(
    ("text", "scale", "unit"),
    [
        ("30 metres", 1, "m"),
        ("30-metre", 1, "m"),
        ("30公里", 1, "km"),
        ("1.5 million dollars", 1e6, "dollar"),
        ("3000 万元", 1e4, "yuan"),
        ("110M", 1e6, ""),
        ("15 percent", 1, "%"),
        ("15%", 1, "%"),
        ("48GB", 1, "GB"),
    ],
)
def test_a_number_is_read_with_its_multiplier_and_unit(text: str, scale: float, unit: str) -> None:
    [quantity] = quantities(text)
    assert (quantity.scale, quantity.unit) == (scale, unit)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("It is 30 metres high.", "The oak is 30 m high."),
        ("It has 110 million parameters.", "BERT-base has 110M parameters."),
        ("全市有150万人。", "The city has 1.5 million inhabitants."),
        ("The city has 1.5 million inhabitants.", "全市有150万人。"),
        ("It opened on 3 May 2017.", "博物馆于2017年5月3日开放。"),
        ("三个编码器", "It has three encoders."),
        ("Sales rose in Q3.", "Sales rose in the third quarter."),
        ("The 2017 model", "发布于2017年"),
    ],
)
def test_the_same_quantity_said_otherwise_is_not_missing(claim: str, source: str) -> None:
    assert missing(claim, [source]) == ()


@pytest.mark.parametrize(
    ("claim", "source", "number"),
    [
        ("It is 35 metres high.", "The oak is 30 metres high.", "35"),
        ("It is 30 feet high.", "The oak is 30 metres high.", "30"),
        ("It has 175 million parameters.", "GPT-3 has 175 billion parameters.", "175"),
        ("全长30公里。", "全长30米。", "30"),
        ("投资3000万元。", "投资3000亿元。", "3000"),
        ("It opened in March 2017.", "It opened in May 2017.", "3"),
        ("It grew by 15 dollars.", "It grew by 15 %.", "15"),
    ],
)
def test_another_number_unit_multiplier_or_month_is_missing(claim: str, source: str, number: str) -> None:
    assert missing(claim, [source]) == (number,)


def test_any_of_the_sources_may_hold_a_number() -> None:
    assert missing("30 metres in 2024", ["In 2024?", "30 metres"]) == ()
