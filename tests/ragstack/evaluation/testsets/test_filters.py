"""What is wrong with a question, by its words."""

from collections.abc import Callable

import pytest

from ragstack.evaluation.testsets.facts import facts
from ragstack.evaluation.testsets.filters import fault, longest_run, repeats
from ragstack.evaluation.testsets.values import Passage

Make = Callable[..., Passage]
ENGLISH = "Skarn lighthouse was rebuilt of grey stone by the people of Harrow and of Veld with 214 steps in all."
CHINESE = "长风桥全长 812 米，桥面宽 24 米。"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("How many steps does Skarn lighthouse have?", ""),
        ("Skarn lighthouse has many steps.", "no single question"),
        ("How many steps are there in Skarn? And lamps?", "no single question"),
        ("Skarn lighthouse steps?", "no single question"),
        ("How many?", "too short or too long"),
        ("How many steps does it have at Skarn?", "leans on its text"),
        ("How many steps are mentioned for Skarn lighthouse?", "leans on its text"),
        ("How many steps does the given lighthouse in the text have?", "leans on its text"),
        ("Does Skarn lighthouse have 214 steps or fewer?", "holds its answer"),
        ("Does Skarn lighthouse have 2140 steps or fewer?", ""),
        ("What, Skarn lighthouse was rebuilt of grey stone by the people of Harrow and of?", "copies its sentence"),
        ("How many 台阶 does Skarn lighthouse have?", "in another language"),
    ],
)  # fmt: skip
def test_faults_of_english_questions(passage: Make, text: str, reason: str) -> None:
    made = passage(ENGLISH)
    assert fault(text, "answerable", made, facts(made)[-1]) == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("长风桥全长多少米？", ""),
        ("长风桥全长 812 米。", "no single question"),
        ("长风桥和引桥？", "no single question"),
        ("多长？", "too short or too long"),
        ("该桥全长多少米？", "leans on its text"),
        ("文中提到的长风桥全长多少米？", "leans on its text"),
        ("长风桥全长是不是812米还是多少？", "holds its answer"),
        ("How long is the bridge?", "in another language"),
    ],
)
def test_faults_of_chinese_questions(passage: Make, text: str, reason: str) -> None:
    made = passage(CHINESE)
    assert fault(text, "answerable", made, facts(made)[0]) == reason


def test_a_definition_that_is_half_told_is_told(passage: Make) -> None:
    made = passage("A sluice is a gate that lets water out of a pond.")
    [fact] = facts(made)
    assert fault("What is a sluice of a pond?", "answerable", made, fact) == ""
    assert fault("What gate lets water out of some pond?", "answerable", made, fact) == "holds its answer"


def test_a_false_premise_may_hold_what_it_denies(passage: Make) -> None:
    made = passage(ENGLISH)
    assert fault("Why does Skarn lighthouse have 214 steps?", "false_premise", made, facts(made)[-1]) == ""


def test_the_longest_run_is_that_of_a_search_by_hand() -> None:
    assert longest_run(["a", "b", "c", "d", "e"], ["x", "b", "c", "d", "y", "a", "b"]) == 3
    assert longest_run(["a", "b"], ["c", "d"]) == 0
    assert longest_run([], ["a"]) == 0


def test_questions_repeat_one_another_by_their_words() -> None:
    assert repeats("How many steps does Skarn have?", ["How many steps does Skarn have now?"])  # 6 of 7 tokens
    assert not repeats("How many steps does Skarn have?", ["How many lamps does Veld have?"])
    assert repeats("长风桥全长多少米？", ["长风桥全长多少米"])
