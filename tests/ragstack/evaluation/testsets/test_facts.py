"""What is asked for in a sentence, and where exactly it stands."""

from collections.abc import Callable

import pytest

from ragstack.evaluation.testsets.facts import defined, facts
from ragstack.evaluation.testsets.values import Passage

Make = Callable[..., Passage]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Skarn lighthouse has 214 steps and was built in 1902.", [("number", "214"), ("date", "1902")]),
        ("Fire broke out on 3 March 1871 at a cost of 1,250 pounds.", [("date", "3 March 1871"), ("number", "1,250")]),
        ("It fell by 12.5% and is now 3.4 million tonnes.", [("number", "12.5%"), ("number", "3.4 million tonnes")]),
        ("The lamp was a gift of Anna Lund of Harrow.", [("name", "Anna Lund of Harrow")]),
        ("A sluice is a gate that lets water out of a pond.", [("definition", "a gate that lets water out of a pond")]),
        ("Wheels turn twice (Brenner et al., 1999) and then 4 times.", [("number", "4")]),
        ("Understanding tables is a branch of the study of text.", []),
        ("The Orvel project is an example where cost prevents a task.", []),
        ("Skarn lighthouse is an important aspect of the northern coast.", []),
        ("A basic sluice is a into the same group of gates.", []),  # two columns of a page, read across
        ("A basic sluice is a gate that lets wa-\nter out of a pond.", []),
        ("Elsewhere on the pond is a strip for boats alone.", []),
        ("Of 12 wheels, 12 turn.", []),
        ("See version 2.1.3, chapter 4-2 and page:7 in the 3rd volume.", []),
        ("2) Lamps need 3 wicks.", [("number", "3")]),
        ("长风桥于1957年建成，全长 812 米。", [("date", "1957年"), ("number", "812 米")]),
        ("2016年5月3日，协会发布了《水闸管理办法》。", [("date", "2016年5月3日"), ("name", "《水闸管理办法》")]),
        ("引桥是一种连接正桥和道路的桥段，坡度平缓。", [("definition", "一种连接正桥和道路的桥段")]),
        ("产量增长 12.5%，达到 3.4 万吨。", [("number", "12.5%"), ("number", "3.4 万吨")]),
        ("In 2013 and 2014 fires broke out in 12 to 14 mills.", []),
        ("2013年和2014年，水闸关闭了两到三次。", []),
        ("水闸分为三种，第二种最常见。", [("number", "三种")]),
        ("乾隆二十五年，长风桥历时三年建成。", [("number", "三年")]),
        ("长风桥（1957年）于1487年建成，即千年桥。", [("date", "1487年")]),
        ("Skarn (214 steps) is a lighthouse that Anna Lund built.",
         [("definition", "a lighthouse that Anna Lund built"), ("name", "Anna Lund")]),
        ("The film is a long one about a lighthouse.", []),
        ("Skarn is a lighthouse by Olaf T. Brenner of Veld.", []),
        ("《2016年工作计划》有五个部分。", [("name", "《2016年工作计划》"), ("number", "五个")]),
    ],
)  # fmt: skip
def test_facts_are_found_with_their_exact_words(passage: Make, text: str, expected: list[tuple[str, str]]) -> None:
    made = passage(text)
    found = facts(made)
    assert [(fact.asks, fact.text) for fact in found] == expected
    assert all(made.text[fact.start : fact.end] == fact.text for fact in found)


def test_the_term_that_is_defined_keeps_its_article() -> None:
    assert defined("A sluice is a gate that lets water out of a pond.", "en") == "A sluice"
    assert defined("引桥是一种连接正桥和道路的桥段。", "zh") == "引桥"
    assert defined("习近平指出，长风桥是重要的通道。", "zh") == ""
