"""Rerankers: sums by hand, a real cross-encoder of random weights, models that are none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexes.errors import ModelError, ModelMissing
from indexes.records import StoredChunk
from ragstack.retrieval.candidates import Candidate, Place
from ragstack.retrieval.rank_features import FEATURES, features, load_weights
from ragstack.retrieval.reranking import CrossEncoderReranker, FittedReranker, Scored, open_reranker
from ragstack.retrieval.retriever import rank


def candidate(number: int, text: str, cosine: float = 0.5) -> Candidate:
    chunk = StoredChunk(number, 1, "a.md", "", None, 0, len(text), text, "Animals", {})
    return Candidate(chunk, cosine, Place(number, cosine), None, Place(number, 1 / (60 + number)))


WHALES = [candidate(1, "The oak drops acorns."), candidate(2, "The whale eats krill."), candidate(3, "蓝鲸吃磷虾。")]


def test_a_score_is_the_weighted_sum_of_the_features_and_its_parts_say_of_what() -> None:
    scored = FittedReranker().score("What does the whale eat?", WHALES)
    weights = load_weights()
    for row, each in zip(features("What does the whale eat?", WHALES), scored, strict=True):
        expected = {name: weights[name] * value for name, value in zip(FEATURES, row, strict=True)}
        assert each.parts == pytest.approx(expected)
        assert each.score == pytest.approx(sum(expected.values()))


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("What does the whale eat?", ["The oak drops acorns.", "The whale eats krill.", "The whale sleeps."]),
        ("蓝鲸吃什么？", ["橡树结橡子。", "蓝鲸吃磷虾。", "蓝鲸很大。"]),
    ],
)
def test_of_equal_cosines_the_chunk_that_holds_the_words_is_best(question: str, texts: list[str]) -> None:
    candidates = [candidate(number, text) for number, text in enumerate(texts)]
    assert int(np.argmax([each.score for each in FittedReranker().score(question, candidates)])) == 1


class Fixed:
    """Gives the scores that it was made with."""

    name = "fixed"

    def __init__(self, scores: list[float]) -> None:
        self.scores = scores
        self.read: list[int] = []

    def score(self, question: str, candidates: Any) -> list[Scored]:
        self.read = [each.chunk.chunk_id for each in candidates]
        return [Scored(score, {}) for score, _ in zip(self.scores, candidates, strict=False)]


@given(st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0]), max_size=12), st.integers(1, 15))
def test_no_chunk_is_added_or_lost_and_equal_ones_keep_the_order_of_the_fusion(scores: list[float], read: int) -> None:
    candidates = [candidate(number, f"text {number}") for number in range(1, len(scores) + 1)]
    reranker = Fixed(scores)
    found = rank("?", candidates, read, reranker)
    order = sorted(range(min(read, len(scores))), key=lambda at: (-scores[at], at))
    expected = [at + 1 for at in order] + list(range(len(order) + 1, len(scores) + 1))
    assert [each.hit.chunk_id for each in found] == expected
    assert [each.hit.rank for each in found] == list(range(1, len(scores) + 1))
    assert [each.hit.score_kind for each in found] == ["rerank"] * len(order) + ["rrf"] * (len(scores) - len(order))
    assert [each.fused and each.fused.rank for each in found] == expected
    assert reranker.read == list(range(1, len(order) + 1))


def test_without_a_reranker_the_order_and_the_scores_are_the_fusion_s() -> None:
    found = rank("?", WHALES, 50, None)
    assert [(each.hit.chunk_id, each.hit.score, each.hit.score_kind) for each in found] == [
        (1, 1 / 61, "rrf"), (2, 1 / 62, "rrf"), (3, 1 / 63, "rrf")
    ]  # fmt: skip


@pytest.fixture(scope="module")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny cross-encoder with random weights, made here."""
    return made(tmp_path_factory.mktemp("cross"), labels=1)


def made(folder: Path, labels: int) -> Path:
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "whale", "krill", "oak", "the", "eats", "Animals"]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=64,
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64, num_labels=labels, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def test_a_cross_encoder_gives_what_its_model_gives_for_question_and_chunk_with_context(cross_encoder: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    reranker = open_reranker(str(cross_encoder), cross_encoder)
    assert reranker is not None
    scores = [each.score for each in reranker.score("the whale eats", WHALES)]
    tokenizer = AutoTokenizer.from_pretrained(cross_encoder)
    model = AutoModelForSequenceClassification.from_pretrained(cross_encoder).eval()
    expected = []
    for each in WHALES:
        with torch.inference_mode():
            logit = model(**tokenizer("the whale eats", f"Animals\n{each.chunk.text}", return_tensors="pt")).logits
        expected.append(torch.sigmoid(logit).item())
    assert len(set(np.round(scores, 4))) == 3
    assert scores == pytest.approx(expected, abs=1e-5)


def test_texts_that_no_tokenizer_takes_are_read_without_what_it_does_not_take(cross_encoder: Path) -> None:
    scored = CrossEncoderReranker("tiny", cross_encoder).score("whale \ud800", [candidate(1, "krill \udfff")])
    assert np.isfinite(scored[0].score)


def test_models_that_are_no_cross_encoder_are_refused_in_one_line(cross_encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="3 outputs; expected a cross-encoder with one") as caught:
        CrossEncoderReranker("three", made(tmp_path / "three", labels=3)).score("whale", WHALES)
    assert "\n" not in str(caught.value)
    encoder = tmp_path / "encoder"
    encoder.mkdir()
    for file in cross_encoder.iterdir():
        (encoder / file.name).write_bytes(file.read_bytes())
    config = json.loads((encoder / "config.json").read_text())
    (encoder / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
    with pytest.raises(ModelError, match="BertModel, no cross-encoder"):
        CrossEncoderReranker("encoder", encoder).score("whale", WHALES)
    with pytest.raises(ModelError, match="cannot be loaded"):
        CrossEncoderReranker("empty", tmp_path).score("whale", WHALES)
    with pytest.raises(ModelMissing, match="no model"):
        open_reranker(str(tmp_path / "nowhere"), tmp_path)
    with pytest.raises(ModelError, match="no cross-encoder"):
        open_reranker("multilingual-e5-small", tmp_path)


def test_the_setting_names_the_reranker(cross_encoder: Path) -> None:
    assert open_reranker("none", cross_encoder) is None
    assert isinstance(open_reranker("fitted", cross_encoder), FittedReranker)
    named = open_reranker(str(cross_encoder), cross_encoder)
    assert named is not None
    assert named.name == str(cross_encoder)
    assert named.score("whale", []) == []
