"""When answers count as the same: the values of the official SQuAD script, and what Chinese needs beyond it."""

import pytest

from ragstack.evaluation.normalising import contains, exact_match, token_f1, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [  # what normalize_answer of the official SQuAD 1.1 / 2.0 script gives, split at blanks
        ("The  Eiffel Tower!", ["eiffel", "tower"]),
        ("an apple, a pear", ["apple", "pear"]),
        ("U.S.A.", ["usa"]),
        ("10th-century", ["10thcentury"]),
        ("$1,000.50", ["100050"]),
        ("Theatre and Anthem", ["theatre", "and", "anthem"]),
        ("The", []),
    ],
)
def test_english_is_normalised_as_the_squad_script_does(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


@pytest.mark.parametrize(
    ("answer", "gold", "f1"),
    [  # worked by hand: 2PR / (P + R) of tokens as multisets
        ("Denver Broncos", "the Denver Broncos", 1.0),
        ("in the city of Denver", "Denver", 2 * (1 / 4) * 1 / (1 / 4 + 1)),
        ("to be or not to be", "to be", 2 * (2 / 6) * 1 / (2 / 6 + 1)),
        ("red red", "red blue", 0.5),
        ("Paris", "London", 0.0),
        ("the", "a", 1.0),
        ("the", "London", 0.0),
        ("大熊猫吃竹子", "竹子", 2 * (2 / 6) * 1 / (2 / 6 + 1)),
        ("ＢＥＲＴ模型", "bert模型", 1.0),
        ("用BERT 编码", "BERT编码器", 2 * (3 / 4) * (3 / 4) / (3 / 4 + 3 / 4)),
    ],
)
def test_f1_of_hand_worked_answers(answer: str, gold: str, f1: float) -> None:
    assert token_f1(answer, [gold]) == pytest.approx(f1, abs=1e-12)


def test_the_best_of_several_gold_answers_counts() -> None:
    assert token_f1("2000 m", ["2,000 metres", "2000 m"]) == 1.0
    assert exact_match("２０００ m。", ["2,000 metres", "2000 m"])
    assert not exact_match("2000", ["2,000 metres", "2000 m"])
    assert token_f1("anything", []) == 0.0
    assert not exact_match("anything", [])


@pytest.mark.parametrize(
    ("answer", "gold", "held"),
    [
        ("A blue whale weighs up to 150 tonnes.", "150 tonnes", True),
        ("It weighs 1,500 tonnes.", "150", False),  # no part of a number is a number
        ("共有170个议席。", "70", False),
        ("共有70个议席。", "70个", True),
        ("它在 France's north.", "France", True),
        ("大熊猫主要吃竹子。", "“竹子”", True),
        ("大熊猫生活在四 川", "四川", True),
        ("tonnes: 150", "150 tonnes", False),  # order counts
        ("«The»", "the", False),
        ("see § 3", "§", True),
        ("", "x", False),
    ],
)
def test_an_answer_contains_whole_tokens_in_order(answer: str, gold: str, held: bool) -> None:
    assert contains(answer, [gold]) is held
    assert contains(answer, ["nothing of the kind", gold]) is held
