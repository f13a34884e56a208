"""Models of pairs as verifiers: what is decided without them, and a tiny random model of Hugging Face."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from indexes.errors import ModelError
from ragstack import RagStack
from ragstack.evaluation.pair_verifier import PairVerifier, differences
from ragstack.evaluation.sequence_model import SequenceModel
from ragstack.evaluation.verifiers import Premise, open_verifier

WHALE = Premise("The blue whale weighs up to 150 tonnes. It lives in all oceans.", "Blue whale")


class Steady:
    """Says the same of every pair, and remembers it."""

    threshold = 0.4

    def __init__(self, said: float) -> None:
        self.said = said
        self.asked: list[tuple[str, str]] = []

    def probability(self, claim: str, evidence: str) -> float:
        self.asked.append((claim, evidence))
        return self.said


def test_the_model_reads_all_premises_below_their_titles_and_its_threshold_decides() -> None:
    for said, supported in ((0.4, True), (0.39, False)):
        model = Steady(said)
        verdict = PairVerifier("steady", model).check("", "Whales are heavy animals.", [WHALE, Premise("熊猫吃竹子。")])
        assert (verdict.probability, verdict.supported) == (said, supported)
        [(claim, evidence)] = model.asked
        assert claim == "Whales are heavy animals."
        assert evidence.startswith("Blue whale")
        assert evidence.endswith("熊猫吃竹子。")


@pytest.mark.parametrize(
    ("claim", "probability", "numbers"),
    [
        ("It lives in all oceans.", 1.0, ()),
        ("It weighs up to 170 tonnes.", 0.0, ("170",)),
        ("它重达170吨。", 0.0, ("170",)),
        ("The blue whale weighs 150 kilograms.", 0.0, ("150",)),
    ],
)
def test_quotations_and_lost_numbers_are_decided_without_the_model(
    claim: str, probability: float, numbers: Sequence[str]
) -> None:
    model = Steady(0.5)
    verdict = PairVerifier("steady", model).check("", claim, [WHALE])
    assert (verdict.probability, verdict.missing_numbers) == (probability, tuple(numbers))
    assert verdict.nearest
    assert model.asked == []


@pytest.mark.parametrize(
    ("claim", "evidence", "told"),
    [
        ("It was seen on 12 May 2019.", "It was seen on 13 May 2019.", "numbers"),
        ("它在2019年5月游泳。", "它在2019年6月游泳。", "numbers"),
        ("It swims for 30 minutes.", "It swims for 30 hours.", "numbers"),
        ("它游了30分钟。", "它游了30小时。", "numbers"),
        ("It is eaten in Norway.", "It is eaten in winter.", "names"),
        ("它生活在挪威。", "它生活在海里。", "names"),
        ("It is not common.", "It is common. The herring does not dive.", "turned"),
        ("The herring does dive deep.", "The herring does not dive deep. It is rare.", "turned"),
        ("它不吃竹子。", "它吃竹子。鲱鱼不潜水。", "turned"),
        ("它不吃竹子。", "It eats bamboo. It swims.", "turned"),
        ("Their number rose.", "Their number fell. Prices rose.", "opposed"),
        ("它的数量增加了。", "它的数量减少了。价格增加了。", "opposed"),
        ("它不吃竹子。", "It swims. It never eats bamboo.", ""),
        ("它生活在挪威。", "It lives in Norway.", ""),
        ("In Norway it swims for 30 hours.", "It swims for 30 hours. That is in Norway.", ""),
    ],
)
def test_what_differs_strictly_is_refused_without_the_model(claim: str, evidence: str, told: str) -> None:
    found = differences("", claim, evidence)
    kinds = ("numbers", "names", "turned", "opposed")
    assert [kind for kind in kinds if getattr(found, kind)] == ([told] if told else [])
    model = Steady(0.9)
    verdict = PairVerifier("steady", model).check("", claim, [Premise(evidence)])
    assert (verdict.supported, verdict.probability) == ((False, 0.0) if told else (True, 0.9))
    assert len(model.asked) == (not told)


def test_a_number_and_a_name_of_the_question_may_be_repeated() -> None:
    model = Steady(0.9)
    assert PairVerifier("steady", model).check("What weighs 170 tonnes?", "It weighs 170 tonnes.", [WHALE]).supported
    asked = "How heavy is the whale that Vera saw?"
    assert PairVerifier("steady", model).check(asked, "What Vera saw weighs 150 tonnes.", [WHALE]).supported
    assert not PairVerifier("steady", model).check("", "What Vera saw weighs 150 tonnes.", [WHALE]).supported


def test_premises_without_words_support_nothing() -> None:
    assert not PairVerifier("steady", Steady(1.0)).check("", "It swims.", [Premise("***")]).supported


def tiny(folder: Path, labels: Sequence[str]) -> Path:
    """A random BERT of one layer over a handful of words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "whales", "swim", "not", "."]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=600, id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
    )  # fmt: skip
    import torch

    torch.manual_seed(5)
    model = BertForSequenceClassification(config)
    torch.nn.init.normal_(model.classifier.weight, std=3.0)
    model.save_pretrained(folder)
    return folder


def logits(folder: Path, evidence: str, claim: str) -> Any:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        return (
            AutoModelForSequenceClassification.from_pretrained(folder)
            .eval()(**tokenizer(evidence, claim, return_tensors="pt"))
            .logits[0]
        )


@pytest.mark.parametrize("labels", [("contradiction", "neutral", "ENTAILMENT"), ("entailment", "not_entailment")])
def test_the_label_that_names_an_entailment_is_read(tmp_path: Path, labels: Sequence[str]) -> None:
    folder = tiny(tmp_path / "nli", labels)
    place = [label.lower() for label in labels].index("entailment")
    expected = logits(folder, "whales swim .", "whales not swim").softmax(0)[place].item()
    assert SequenceModel(folder).probability("whales not swim", "whales swim .") == pytest.approx(expected, abs=1e-6)


def test_one_number_is_a_probability_by_the_logistic_curve(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "hhem", ["score"])
    expected = logits(folder, "whales swim .", "whales not swim").sigmoid().item()
    assert SequenceModel(folder).probability("whales not swim", "whales swim .") == pytest.approx(expected, abs=1e-6)


def test_labels_that_say_nothing_of_entailment_are_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has the labels negative, positive; expected one"):
        SequenceModel(tiny(tmp_path / "sentiment", ["negative", "positive"]))


def test_a_folder_without_a_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded"):
        SequenceModel(tmp_path)


def test_long_evidence_gives_the_sentences_that_hold_the_claim(tmp_path: Path) -> None:
    model = SequenceModel(tiny(tmp_path / "nli", ["entailment", "other"]))
    long = "".join(f"Stone {number} is grey and round and lies in the north. " for number in range(80))
    read = model._fitting("whales swim", long + "So whales swim.")
    assert read.endswith("So whales swim.")
    assert model._count(read) < 512


def test_a_folder_opens_the_verifier_that_it_holds(tmp_path: Path) -> None:
    stack = RagStack.open(home=tmp_path / "home")
    verifier = open_verifier(stack, str(tiny(tmp_path / "nli", ["entailment", "other"])))
    assert verifier.name == "nli"
    assert 0.0 < verifier.check("", "whales swim", [Premise("Whales eat.")]).probability < 1.0


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_verifier(RagStack.open(home=tmp_path_factory.mktemp("home")), "small")


@pytest.mark.parametrize(
    ("context", "faithful", "hallucinated"),
    [
        (
            "The giant panda lives in the mountains of central China and eats bamboo.",
            "The panda of central China eats bamboo.",
            "The polar bear of Norway hunts seals on the ice.",
        ),
        (
            "大熊猫生活在中国中部的山区，主要以竹子为食。",
            "大熊猫主要以竹子为食，生活在中国。",
            "北极熊在挪威的冰上捕猎海豹。",
        ),
    ],
)
def test_the_small_verifier_finds_a_true_claim_likelier_than_a_false_one(
    small: Any, context: str, faithful: str, hallucinated: str
) -> None:
    good, bad = (small.check("", claim, [Premise(context)]) for claim in (faithful, hallucinated))
    assert small.name == "small"
    assert good.supported
    assert not bad.supported
    assert good.probability > bad.probability
