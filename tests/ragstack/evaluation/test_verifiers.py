"""The decoder as a judge: what it is given to read, and (with the model packs) what it says."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from indexes.errors import UsageError
from ragstack import RagStack
from ragstack.checking.calibration import load_calibration
from ragstack.config import EvidenceSettings
from ragstack.evaluation.adapters import Response
from ragstack.evaluation.judging import judge
from ragstack.evaluation.trust import agreement
from ragstack.evaluation.verifiers import DecoderVerifier, Premise, open_verifier
from ragstack.generators.base import Message


class Reader:
    """Remembers what it was given, and says yes."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def log_odds(self, messages: Sequence[Message], yes: Sequence[str], no: Sequence[str]) -> float:
        self.read.append(messages[-1].content)
        return 9.0


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def verifier(reader: Reader, bag_encoder: Any) -> DecoderVerifier:
    return DecoderVerifier("reader", reader, bag_encoder, EvidenceSettings(max_sentences=4), load_calibration())


def test_passages_that_fit_are_read_whole_and_the_same_for_every_claim(
    verifier: DecoderVerifier, reader: Reader
) -> None:
    premises = [Premise("Whales swim. They eat krill.", "Whales"), Premise("Pandas live in China.")]
    for claim in ("Whales eat small krill.", "Pandas are in China."):
        assert verifier.check("What eats what?", claim, premises).supported
    first, second = (text.split("Statement")[0] for text in reader.read)
    assert first == second
    for sentence in ("Whales swim.", "They eat krill.", "Pandas live in China."):
        assert sentence in first


def test_of_many_or_long_passages_the_best_sentences_are_read_wherever_they_stand(
    verifier: DecoderVerifier, reader: Reader
) -> None:
    filler = [Premise(f"Stone number {n} is grey and lies in the north.") for n in range(30)]
    verdict = verifier.check("", "熊猫喜欢吃很多竹子。", [*filler, Premise("大熊猫主要吃竹子。")])
    assert verdict.nearest[0] == "大熊猫主要吃竹子。"
    assert "大熊猫主要吃竹子。" in reader.read[0]
    assert reader.read[0].count("Stone number") < 4


def test_beside_a_claim_more_is_read_than_beside_a_question(
    verifier: DecoderVerifier, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragstack.evidence.READ_ANYWAY", 0)  # as where sentences are long
    text = "Bread bakes. The whale weighs less. Paris is a city. The blue whale weighs 150 tonnes. Cats sleep."
    verifier.check("How many tonnes does the blue whale weigh?", "A blue whale weighs many tonnes.", [Premise(text)])
    assert "The whale weighs less." in reader.read[0]


def test_the_documents_own_words_and_lost_numbers_need_no_reading(verifier: DecoderVerifier, reader: Reader) -> None:
    premises = [Premise("The whale weighs 150 tonnes. It swims.")]
    assert verifier.check("", "The whale weighs 150 tonnes.", premises).probability == 1.0
    verdict = verifier.check("", "The whale weighs 170 tonnes.", premises)
    assert (verdict.supported, verdict.probability, verdict.missing_numbers) == (False, 0.0, ("170",))
    assert reader.read == []


def test_a_number_may_stand_in_a_sentence_that_was_not_picked_to_be_read(
    verifier: DecoderVerifier, reader: Reader
) -> None:
    rest = "The census of 1871 was the first. " + " ".join(f"Stone number {n} lies in the north." for n in range(30))
    premises = [Premise(rest), Premise("The town grew fast, and the town had many mills.", "History of 1902")]
    assert verifier.check("", "The town grew fast after 1871 and had many mills by 1902.", premises).supported
    assert "1871" not in reader.read[0].split("Statement")[0]
    lost = verifier.check("", "The town grew fast after 1872 and had many mills.", premises)
    assert (lost.probability, lost.missing_numbers) == (0.0, ("1872",))


def test_passages_without_words_support_nothing(verifier: DecoderVerifier) -> None:
    assert not verifier.check("", "It swims.", [Premise("***")]).supported


def test_agreement_is_told_in_the_language_at_hand_and_for_the_calibrated_decoder_alone() -> None:
    calibrated = "llamacpp:Qwen2.5-Coder-1.5B-Instruct.Q4_K_M"
    both = agreement(calibrated, ["en", "zh"])
    assert {each.language for each in both} == {"en", "zh"}
    assert {each.language for each in agreement(calibrated, ["zh"])} == {"zh"}
    for each in both:
        assert each.n >= 16
        assert None not in (each.auroc.value, each.auroc.low, each.auroc.high, each.balanced_accuracy.value)
    assert agreement("openai:another", ["en", "zh"]) == ()


def test_agreement_of_the_small_verifier_is_that_on_sets_unlike_those_it_was_trained_on() -> None:
    for language, known in (("en", "wice_dev_en"), ("zh", "uhgeval_zh")):
        found = {each.data: each for each in agreement("small", [language])}  # type: ignore[list-item]
        assert known in found
        assert {each.language for each in found.values()} == {language}
        assert all(each.kappa and each.n >= 100 for each in found.values())


def test_a_judge_that_there_is_not_is_told(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="no verifier 'oracle'; expected decoder"):
        open_verifier(RagStack.open(home=tmp_path), "oracle")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecoderVerifier]:
    with RagStack.open(home=tmp_path_factory.mktemp("home")) as stack:
        yield open_verifier(stack)


@pytest.mark.models
@pytest.mark.parametrize(
    ("context", "faithful", "hallucinated"),
    [
        (
            "The giant panda lives in the mountains of central China and eats bamboo.",
            "Giant pandas feed on bamboo.",
            "Giant pandas live in the deserts of Africa.",
        ),
        ("大熊猫生活在中国中部的山区，主要以竹子为食。", "竹子是大熊猫的主要食物。", "大熊猫生活在非洲的沙漠里。"),
    ],
)
def test_the_real_judge_finds_a_true_claim_likelier_than_a_false_one(
    real: DecoderVerifier, context: str, faithful: str, hallucinated: str
) -> None:
    [good] = judge(Response(faithful, (context,)), real).claims
    [bad] = judge(Response(hallucinated, (context,)), real).claims
    assert good.supported
    assert good.probability > bad.probability
