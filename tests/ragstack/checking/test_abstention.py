"""The gate before anything is written: what the words of question and evidence say, and what that weighs."""

from collections.abc import Sequence

import pytest

from indexes.records import Hit
from ragstack.checking.abstention import answerable, answerable_features
from ragstack.checking.calibration import load_calibration
from ragstack.evidence import Evidence
from ragstack.generators.base import Message

COUNCIL = "The council of Oslo, elected in 2019, closed two schools."
WHALE = "蓝鲸在夏天吃磷虾，2019年生活在挪威附近的海里。"


class Judge:
    """Says the same of everything."""

    def __init__(self, log_odds: float) -> None:
        self.said = log_odds

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        return self.said


def evidence(*texts: str, heading: str = "") -> list[Evidence]:
    """Sentences of which each is better than the one after it."""
    hit = Hit(1, 1, "d.md", "", None, 0, 0, "", "", {}, 1, 1.0, "rerank")
    return [Evidence(hit, 100 * at, 100 * at + len(text), text, heading, float(-at)) for at, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("question", "text", "marks"),
    [
        ("How many schools did the council of Oslo close?", COUNCIL, set()),
        ("How many schools did the council of Oslo not close?", COUNCIL, {"turned"}),
        ("How many schools did the non-elected council close?", COUNCIL, {"turned"}),
        ("How many schools did the council of Oslo open?", COUNCIL.replace("closed", "has closed"), {"turned"}),
        ("How many schools did the council elected in 2015 close?", COUNCIL, {"numbers"}),
        ("How many schools did the council elected in 2015 not close?", COUNCIL, {"turned", "numbers"}),
        ("Which schools are not open?", "Two schools do not open before May.", set()),
        ("蓝鲸2019年吃什么？", WHALE, set()),
        ("蓝鲸2019年不吃什么？", WHALE, {"turned"}),
        ("蓝鲸2015年吃什么？", WHALE, {"numbers"}),
        ("蓝鲸2015年不吃什么？", COUNCIL, set()),
        ("How do I uninstall the program?", "Installed programs are removed in the settings.", set()),
        ("Which plan does not include support?", "The basic plan lacks support.", set()),
        ("Why can't I log in?", "Login fails when the password has expired.", set()),
        ("Is smoking allowed?", "Smoking is forbidden in all rooms.", set()),
        ("Where is smoking allowed?", "Smoking is forbidden in all rooms.", {"turned"}),
        ("Isn't support included?", "The basic plan includes support.", set()),
        ("Does the council elected in 2015 meet?", COUNCIL, {"numbers"}),
        ("能不能退款？", "七天内可以退款。", set()),
        ("支持不支持中文？", "软件支持中文。", set()),
        ("室外可以抽烟吗？", "室内可以抽烟。", set()),
        ("室外哪里可以抽烟？", "室内可以抽烟。", {"turned"}),
        ("哪个套餐不含技术支持？", "基础套餐缺少技术支持。", set()),
        ("对不起，请问怎么退款？", "退款请联系客服。", set()),
    ],
)  # fmt: skip
def test_what_a_question_takes_for_granted_and_the_evidence_does_not_say_is_marked(
    question: str, text: str, marks: set[str]
) -> None:
    features = answerable_features(question, evidence(text), None)
    assert {name for name in ("turned", "numbers") if features[name]} == marks


def test_the_two_best_sentences_or_what_they_stand_under_have_to_say_it() -> None:
    question = "What did the council of 2015 close?"
    others = ("The council closed two schools.", "It met in May.")
    dated = "2015 was rainy."

    def marked(*texts: str, heading: str = "") -> float:
        return answerable_features(question, evidence(*texts, heading=heading), None)["numbers"]

    assert marked(*others, dated) == 1
    assert marked(others[0], dated, others[1]) == 0
    assert marked(*others, heading="The council of 2015") == 0
    worst_first = list(reversed(evidence(others[0], dated, others[1])))
    assert answerable_features(question, worst_first, None)["numbers"] == 0


@pytest.mark.parametrize("judge", [None, Judge(1.0)])
@pytest.mark.parametrize(
    ("asked", "twisted"),
    [
        ("How many schools did the council of Oslo close?", "How many schools did the council of Oslo not close?"),
        ("What did the council elected in 2019 close?", "What did the council elected in 2015 close?"),
        ("蓝鲸2019年吃什么？", "蓝鲸2015年吃什么？"),
    ],
)
def test_such_a_mark_makes_an_answer_less_likely(judge: Judge | None, asked: str, twisted: str) -> None:
    read, calibration = evidence(COUNCIL if asked.isascii() else WHALE), load_calibration()
    likely, model, features = answerable(asked, read, judge, calibration)
    assert model is (calibration.answerable if judge else calibration.answerable_without_judge)
    assert ("judge" in features) == (judge is not None)
    assert answerable(twisted, read, judge, calibration)[0] < likely


def test_the_judge_is_asked_once_and_weighs_the_more_the_surer_it_is() -> None:
    read, calibration = evidence(COUNCIL), load_calibration()
    sure, doubtful = (answerable("What did the council close?", read, Judge(s), calibration)[0] for s in (4.0, -4.0))
    assert doubtful < 0.5 < sure


@pytest.mark.parametrize(
    ("question", "in_chinese"), [("What did the council close?", 0.0), ("蓝鲸2019年吃什么？", 1.5)]
)
def test_the_odds_have_a_weight_of_their_own_in_chinese(question: str, in_chinese: float) -> None:
    features = answerable_features(question, evidence(COUNCIL if question.isascii() else WHALE), Judge(1.5))
    assert (features["judge"], features["judge_chinese"]) == (1.5, in_chinese)
