"""Sentences laid beside the evidence they rest on."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from indexes.records import Hit
from ragstack.checking.citations import align
from ragstack.evidence import Evidence


def evidence(*texts: str) -> list[Evidence]:
    hit = Hit(1, 1, "d.md", "", None, 0, 0, "", "", {}, 1, 1.0, "rrf")
    return [Evidence(hit, 100 * at, 100 * at + len(text), text, "", 1.0) for at, text in enumerate(texts)]


def test_a_sentence_rests_on_the_evidence_that_holds_its_words(bag_encoder: Any) -> None:
    read = evidence(
        "BERT has an encoder only.", "T5 has an encoder and a decoder.", "GPT-3 has 175 billion parameters."
    )
    aligned = align(
        "How large is GPT-3, and what is T5?",
        ["GPT-3 has 175 billion parameters.", "T5 has a decoder."],
        read,
        bag_encoder,
    )
    assert [item.positions[0] for item in aligned] == [2, 1]
    assert aligned[0].coverage == pytest.approx(1.0)
    assert aligned[0].missing_numbers == ()


def test_a_sentence_that_joins_two_sources_cites_both(bag_encoder: Any) -> None:
    read = evidence("编码器读取整个句子。", "解码器逐词生成文本。", "词表有三万个词。")
    (aligned,) = align("编码器和解码器有什么区别？", ["编码器读取整个句子，解码器逐词生成文本。"], read, bag_encoder)
    assert sorted(aligned.positions) == [0, 1]


@pytest.mark.parametrize(
    ("first", "cited"),
    [
        ("A bridge was built by Vera Holm of Oslo in spring.", [0]),
        ("It was built by Vera Holm of Oslo in spring.", [0, 1]),
    ],
)
def test_words_of_the_question_are_worth_a_citation_only_where_the_first_one_leans(
    bag_encoder: Any, first: str, cited: list[int]
) -> None:
    read = evidence(first, "Skagen has long bridges.", "Nobody died.")
    claim = "The Skagen bridge was built by Vera Holm of Oslo in spring."
    (aligned,) = align("Who built the Skagen bridge?", [claim], read, bag_encoder)
    assert sorted(aligned.positions) == cited
    assert aligned.positions[0] == 0


@pytest.mark.parametrize(("first", "cited"), [("桥由王芳于春天建造。", [0]), ("它由王芳于春天建造。", [0, 1])])
def test_the_same_in_chinese(bag_encoder: Any, first: str, cited: list[int]) -> None:
    read = evidence(first, "斯卡恩大桥很长。")
    (aligned,) = align("斯卡恩大桥由谁建造？", ["斯卡恩大桥由王芳于春天建造。"], read, bag_encoder)
    assert sorted(aligned.positions) == cited


def test_a_number_that_no_source_holds_is_missing(bag_encoder: Any) -> None:
    read = evidence("The oak is 30 metres high.", "The ash is 20 metres high.")
    aligned = align(
        "How high is the oak in 2024?",
        ["The oak was 35 metres high in 2024.", "It is 30 metres high."],
        read,
        bag_encoder,
    )
    assert [item.missing_numbers for item in aligned] == [("35",), ()]


def test_the_documents_own_words_are_cited_where_they_stand_whatever_else_is_like_them(bag_encoder: Any) -> None:
    read = evidence("Is the oak high? The oak tree, the high oak.", "High is the oak.")
    (aligned,) = align("Is the oak tree high? The oak tree, the high oak.", ["High is the oak."], read, bag_encoder)
    assert aligned.positions == (1,)


def test_of_two_sources_of_one_word_the_one_about_the_question_is_cited(
    bag_encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bag_encoder, "encode_passages", lambda texts: np.ones((len(texts), 1), np.float32))
    read = evidence("Paris hosted the games.", "Paris is the capital.")
    (aligned,) = align("Which city is the capital?", ["Paris."], read, bag_encoder)
    assert aligned.positions == (1,)


@pytest.mark.parametrize("apart", [0.0, 6e-8, -6e-8])
def test_of_two_sources_alike_the_first_is_cited_whatever_the_last_bits_of_cosines_are(
    bag_encoder: Any, monkeypatch: pytest.MonkeyPatch, apart: float
) -> None:
    cosines = np.array([[0.5], [0.5 + apart]], np.float32)
    monkeypatch.setattr(
        bag_encoder, "encode_passages", lambda texts: cosines if len(texts) == 2 else np.ones((1, 1), np.float32)
    )
    read = evidence("The oak is high.", "The oak is old.")
    (aligned,) = align("What is the oak?", ["An oak."], read, bag_encoder)
    assert aligned.positions == (0,)


def test_what_a_sentence_stands_under_says_whom_it_is_about(bag_encoder: Any) -> None:
    (plain,) = evidence("It hunts squid.")
    headed = replace(plain, heading="Sperm whale")
    claims = ["The sperm whale hunts squid."]
    (bare,), (full,) = (align("What hunts squid?", claims, [item], bag_encoder) for item in (plain, headed))
    assert bare.coverage < full.coverage == pytest.approx(1.0)
