"""The check of one sentence: what counts as quoted, what fails outright, and what is weighed."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from indexes.records import Hit
from ragstack import RagStack
from ragstack.checking.calibration import load_calibration
from ragstack.checking.citations import align
from ragstack.checking.verification import quoted, support, support_features
from ragstack.evaluation.verifiers import DecoderVerifier, Premise, open_verifier
from ragstack.evidence import Evidence
from ragstack.generators.base import Message

WHALE = "The blue whale, which eats krill, weighs up to 150 tonnes; it lives in all oceans."


class Judge:
    """Says the same of everything."""

    def __init__(self, log_odds: float) -> None:
        self.said = log_odds

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        return self.said


def evidence(*texts: str) -> list[Evidence]:
    hit = Hit(1, 1, "d.md", "", None, 0, 0, "", "", {}, 1, 1.0, "rrf")
    return [Evidence(hit, 100 * at, 100 * at + len(text), text, "", 1.0) for at, text in enumerate(texts)]


def check(encoder: Any, claim: str, *texts: str, judge: float | None = 5.0) -> tuple[float, bool]:
    read = evidence(*texts)
    [alignment] = align("Where?", [claim], read, encoder)
    judged = None if judge is None else Judge(judge)
    found = support("Where?", claim, alignment, read, judged, load_calibration())
    return found.probability, found.supported


@pytest.mark.parametrize(
    "sentence",
    [WHALE, WHALE.rstrip("."), f"“{WHALE}”", "It lives in all oceans.", WHALE.replace(" ", "\n")],
)
def test_a_whole_sentence_or_what_a_semicolon_parts_is_quoted(sentence: str) -> None:
    assert quoted(sentence, evidence("Whales.", WHALE))


@pytest.mark.parametrize("sentence", ["The blue whale", "which eats krill", "weighs up to 150 tonnes", "150 tonnes"])
def test_a_piece_of_a_sentence_is_not_quoted(sentence: str) -> None:
    assert not quoted(sentence, evidence(WHALE))


def test_what_a_sentence_denies_is_not_quoted_from_it() -> None:
    assert not quoted("The earth is a flat disc.", evidence("It is not true that the earth is a flat disc."))
    assert not quoted("地球是一个平的圆盘。", evidence("他从不认为地球是一个平的圆盘。"))


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("Mix bleach with ammonia in a closed room.", "You must never\nmix bleach with ammonia in a closed room."),
        ("漂白剂与氨水混合使用。", "在任何情况下都不得将\n漂白剂与氨水混合使用。"),
        ("Damage caused by water;", "The warranty does not cover: broken glass; damage caused by water; lost parts."),
        ("进水造成的损坏", "保修不包括：屏幕破裂；进水造成的损坏；配件遗失。"),
    ],
)
def test_what_follows_a_line_break_or_what_a_colon_leads_into_is_not_quoted(sentence: str, source: str) -> None:
    assert not quoted(sentence, evidence(source))


def test_a_colon_within_a_number_leads_into_nothing() -> None:
    assert quoted("It closes late in summer.", evidence("The shop opens at 9:30; it closes late in summer."))


@pytest.mark.parametrize("sentence", ["No.", "He did not.", "没有。", "不吃竹子"])
def test_short_sentences_are_judged_even_where_they_stand_whole(sentence: str) -> None:
    assert not quoted(sentence, evidence(sentence))


def test_chinese_sentences_are_quoted_alike() -> None:
    read = evidence("大熊猫生活在中国中部的山区；它主要以竹子为食。")
    assert quoted("它主要以竹子为食。", read)
    assert not quoted("生活在中国中部的山区", read)


def test_a_quotation_is_shown_whatever_the_decoder_says(bag_encoder: Any) -> None:
    assert check(bag_encoder, WHALE, WHALE, judge=-9.0) == (1.0, True)


@pytest.mark.parametrize("claim", ["It weighs up to 170 tonnes.", "It weighs up to 150 kilograms."])
def test_another_number_or_unit_fails_whatever_the_decoder_says(bag_encoder: Any, claim: str) -> None:
    assert check(bag_encoder, claim, WHALE, judge=9.0) == (0.0, False)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        (
            "The Ember ferry does not run on Sundays in winter.",
            "The Ember ferry does run on Sundays in winter, they say.",
        ),
        ("The price of the Ember ferry fell by 14 euros.", "The price of the Ember ferry rose by 14 euros last year."),
        ("The Ember ferry runs from Bergen each morning.", "The Ember ferry runs from Oslo each morning in May."),
        ("The ferry opened in 1931 and closed in 1950.", "The ferry opened in 1950 and closed in 1931 or so."),
        ("余烬渡轮冬天星期日不开。", "余烬渡轮冬天星期日开，他们说。"),
        ("Ada Perrin was elected vice president in 1932.", "Ada Perrin was elected president of the club in 1932."),
        ("The Ember line bought the Orca line.", "In 1931 the Orca line bought the Ember line."),
        ("佩林当选为俱乐部副主席。", "佩林于1932年当选为俱乐部主席。"),
    ],
)
def test_what_is_altered_fails_however_sure_the_decoder_is(bag_encoder: Any, claim: str, source: str) -> None:
    assert check(bag_encoder, claim, source, judge=9.0) == (0.0, False)


def test_a_qualifier_of_the_question_may_not_be_put_in_as_a_name_may(bag_encoder: Any) -> None:
    question, read = "Which year was Ada elected vice president?", evidence("She was elected president in 1932.")
    claims = ["Ada was elected president in 1932.", "She was elected vice president in 1932."]
    found = [
        support(question, claim, alignment, read, Judge(9.0), load_calibration())
        for claim, alignment in zip(claims, align(question, claims, read, bag_encoder), strict=True)
    ]
    assert [each.altered for each in found] == [None, "qualifier"]


def test_words_alone_do_not_carry_what_the_decoder_denies(bag_encoder: Any) -> None:
    claim, source = "Krill eats the blue whale in all oceans.", "The blue whale eats krill in all oceans."
    believed, shown = check(bag_encoder, claim, source, judge=6.0)
    doubted, hidden = check(bag_encoder, claim, source, judge=-6.0)
    assert shown
    assert not hidden
    assert doubted < 0.5 < believed


def test_signs_of_contradiction_lower_the_probability(bag_encoder: Any) -> None:
    source = "Blue whales eat krill in the oceans of China."
    plain, _ = check(bag_encoder, "The blue whales eat krill in China.", source)
    turned, _ = check(bag_encoder, "The blue whales never eat krill in China.", source)
    renamed, _ = check(bag_encoder, "The blue whales eat krill in Africa.", source)
    assert turned < plain
    assert renamed < plain


def test_in_another_language_no_words_are_asked_for(bag_encoder: Any) -> None:
    read = evidence("The giant panda lives in the mountains of central China, says the WWF.")
    claim = "WWF 说，大熊猫生活在中国中部的山区。"
    [alignment] = align("大熊猫在哪里？", [claim], read, bag_encoder)
    features = support_features("大熊猫在哪里？", claim, alignment, read, Judge(5.0))
    assert (features["foreign"], features["coverage"], features["names"]) == (1.0, 0.0, 0.0)
    assert support("大熊猫在哪里？", claim, alignment, read, Judge(6.0), load_calibration()).supported
    assert not support("大熊猫在哪里？", claim, alignment, read, Judge(-6.0), load_calibration()).supported


def test_without_a_decoder_the_words_decide(bag_encoder: Any) -> None:
    source = "Blue whales eat krill in all the cold oceans."
    assert check(bag_encoder, "Blue whales eat krill in cold oceans.", source, judge=None)[1]
    assert not check(bag_encoder, "Trees grow on distant mountains.", source, judge=None)[1]
    assert not check(bag_encoder, "Blue whales never eat krill in cold oceans.", source, judge=None)[1]


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecoderVerifier]:
    with RagStack.open(home=tmp_path_factory.mktemp("home")) as stack:
        yield open_verifier(stack)


PANDA = "The giant panda lives in the mountains of central China and eats bamboo."
PANDA_ZH = "大熊猫生活在中国中部的山区，主要以竹子为食。"


@pytest.mark.models
@pytest.mark.parametrize(
    ("source", "true", "false"),
    [
        (PANDA, "Giant pandas live in the mountains of China.", "Giant pandas live in the deserts of Africa."),
        (PANDA, "The giant panda eats bamboo.", "Giant pandas never eat bamboo."),
        (PANDA_ZH, "大熊猫生活在中国的山区。", "大熊猫生活在非洲的沙漠里。"),
        (PANDA_ZH, "大熊猫主要吃竹子。", "大熊猫从不吃竹子。"),
        (PANDA, "大熊猫生活在中国中部的山区。", "大熊猫生活在非洲的沙漠里。"),
        (PANDA_ZH, "The giant panda lives in the mountains of central China.", "Giant pandas live in African deserts."),
    ],
)
def test_the_real_decoder_lets_the_true_claim_pass_and_its_contradiction_not(
    real: DecoderVerifier, source: str, true: str, false: str
) -> None:
    assert real.check("", true, [Premise(source)]).supported
    assert not real.check("", false, [Premise(source)]).supported
