"""Sentences turned around by rules: every expected question is written by hand."""

from collections.abc import Callable

import pytest

from ragstack.evaluation.testsets.facts import facts
from ragstack.evaluation.testsets.templates import from_template, why
from ragstack.evaluation.testsets.values import Passage

Make = Callable[..., Passage]


@pytest.mark.parametrize(
    ("text", "asked_for", "question"),
    [
        ("Skarn lighthouse has 214 steps and two lamps.", "214", "How many steps does Skarn lighthouse have?"),
        ("The mills of Veld used about 38 large wheels.", "38", "How many large wheels did the mills of Veld use?"),
        ("All lamps of Skarn need at most 3 wicks.", "3", "How many wicks do all lamps of Skarn need at most?"),
        ("Veld-2.5 (old) has 12 floors, 38 oak wheels and 40 belts.", "38", "How many oak wheels does Veld-2.5 have?"),
        ("Veld-2.5 (old) has 12 floors, 38 oak wheels and 40 belts.", "40", "How many belts does Veld-2.5 have?"),
        ("Veld mill has 12 floors, a wheel span of 31 feet and a roof.", "31 feet",
         "What wheel span does Veld mill have?"),
        ("The crossing to Hald takes about 45 minutes.", "45 minutes", "How long does the crossing to Hald take?"),
        ("A full tank of oil holds 3 tonnes.", "3 tonnes", "How much does a full tank of oil hold?"),
        ("Veld mill has wheels that turn, and 40 belts.", "40", ""),
        ("The mill was opened by the town of Harrow in 1866.", "1866",
         "In which year was the mill opened by the town of Harrow?"),
        ("Skarn lighthouse was built on 3 March 1902.", "3 March 1902", "When was Skarn lighthouse built?"),
        ("A sluice is a gate that lets water out.", "a gate that lets water out", "What is a sluice?"),
        ("Fog horns are a kind of machine for fog.", "a kind of machine for fog", "What are Fog horns?"),
        ("长风桥全长 812 米，桥面宽 24 米。", "812 米", "长风桥全长多少米？"),
        ("长风桥全长 812 米（李 等，2001）。", "812 米", "长风桥全长多少米？"),
        ("这里有长 812 米的长风桥。", "812 米", ""),
        ("长风桥（新桥）于1957年建成。", "1957年", "长风桥于哪一年建成？"),
        ("协会在2016年5月成立了，影响很大。", "2016年5月", "协会在什么时候成立了？"),
        ("2007年，协会起诉了长风公司。", "2007年", "哪一年，协会起诉了长风公司？"),
        ("产量增长12.5%。", "12.5%", "产量增长百分之多少？"),
        ("长风桥全长约 812 米。", "812 米", "长风桥全长多少米？"),
        ("2007年，任长风公司的教务长。", "2007年", ""),  # who was?
        ("2007年长风运动会上，李同舟得了奖。", "2007年", ""),
        ("李同舟为长风公司1957年产品《水闸》作序。", "1957年", ""),
        ("明月湖由甲厂、乙厂和丙厂12家工厂管理。", "12家", ""),
        ("李同舟是一位来自长风市的演员。", "一位来自长风市的演员", "谁是李同舟？"),
        ("引桥是一种连接正桥和道路的桥段。", "一种连接正桥和道路的桥段", "什么是引桥？"),
        ("展览由Harrow Labs主办，很大。", "Harrow Labs", "展览由谁主办？"),
        ("会议由《水闸》杂志社主办。", "《水闸》", ""),
        ("建交26年来，双方合作取得许多成果。", "26年", "建交多少年来，双方合作取得许多成果？"),
        ("The Orvel line opened the mill of Veld in 1866.", "1866",
         "In which year did the Orvel line open the mill of Veld?"),
        ("Harrow Labs bought Veld mill on 3 March 1902.", "3 March 1902", "When did Harrow Labs buy Veld mill?"),
        ("Skarn lighthouse employed 14 people as of May.", "14", "How many people did Skarn lighthouse employ?"),
        ("During the summer the mill of Veld lost 12 tonnes.", "12 tonnes", ""),
        ("The Orvel line that opened the mill in 1866 is gone.", "1866", ""),
        ("In 1902, Skarn lighthouse was sold to the Orvel line.", "1902",
         "In which year was Skarn lighthouse sold to the Orvel line?"),
        ("In 1902 the Orvel line opened Veld mill.", "1902", "In which year did the Orvel line open Veld mill?"),
        ("In May 1902 Harrow Labs left Veld, and all fell silent.", "May 1902", "When did Harrow Labs leave Veld?"),
        ("Harrow Labs closed in 1931.", "1931", "In which year did Harrow Labs close?"),
        ("Veld is a mill founded in 1866 by Anna Lund.", "1866", "In which year was Veld founded?"),
        ("Veld is a mill founded in 1866 by Anna Lund.", "Anna Lund", "By whom was Veld founded?"),
        ("Skarn was painted in oil by Anna Lund.", "Anna Lund", "By whom was Skarn painted in oil?"),
        ("Skarn was painted in oil by Anna Lund and Olaf Brenner.", "Anna Lund", ""),
        ("Skarn is a lighthouse located in North Harrow.", "North Harrow", "Where is Skarn located?"),
        ("The mill was sold to a town founded in 1866.", "1866", ""),  # the town, or the sale?
        ("A second mill was opened in 1866.", "1866", ""),
        ("The height of Skarn lighthouse is about 31 feet.", "31 feet", "What is the height of Skarn lighthouse?"),
        ("Anna Lund (born 1866) was a Harrow painter and writer.", "a Harrow painter and writer", "Who was Anna Lund?"),
        ("Love Song is a record by the painter Anna Lund.", "a record by the painter Anna Lund", "What is Love Song?"),
        # No rule: these are left alone rather than asked badly.
        ("Of the steps that are left, 214 are of stone.", "214", ""),
        ("Traffic on the bridge fell by 12.5% in May.", "12.5%", ""),
        ("The mill, which was opened in 1866, is gone.", "1866", ""),
        ("甲厂和乙厂分别各生产 12 台。", "12 台", ""),
    ],
)  # fmt: skip
def test_a_sentence_becomes_the_question_for_its_fact(passage: Make, text: str, asked_for: str, question: str) -> None:
    made = passage(text)
    [fact] = [fact for fact in facts(made) if fact.text == asked_for]
    assert from_template(made, fact) == question


@pytest.mark.parametrize(
    ("text", "said", "put", "question"),
    [
        ("Skarn lighthouse has 214 steps.", "214", "300", "Why does Skarn lighthouse have 300 steps?"),
        ("The mill was opened in 1866.", "1866", "1860", "Why was the mill opened in 1860?"),
        ("The Orvel line opened the mill in 1866.", "1866", "1860", "Why did the Orvel line open the mill in 1860?"),
        (
            "On 3 March 1902, Anna Lund left Veld.",
            "3 March 1902",
            "4 March 1902",
            "Why did Anna Lund leave Veld on 4 March 1902?",
        ),
        ("Traffic on the bridge fell by 12.5% in May.", "12.5%", "5.0%", ""),
        ("长风桥全长 812 米，桥面宽 24 米。", "812 米", "500 米", "为什么长风桥全长 500 米？"),
    ],
)
def test_a_wrong_number_is_asked_why(passage: Make, text: str, said: str, put: str, question: str) -> None:
    made = passage(text)
    [fact] = [fact for fact in facts(made) if fact.text == said]
    assert why(made, fact, put) == question
