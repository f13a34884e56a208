"""Features of candidates against values worked out by hand."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from indexes.records import StoredChunk
from ragstack.retrieval.candidates import Candidate, Place
from ragstack.retrieval.rank_features import FEATURES, features, load_weights


def candidate(
    number: int,
    text: str,
    *,
    context: str = "",
    cosine: float = 0.5,
    bm25: float | None = None,
) -> Candidate:
    chunk = StoredChunk(number, number, f"{number}.md", "", None, 0, len(text), text, context, {})
    lexical = None if bm25 is None else Place(number, bm25)
    return Candidate(chunk, cosine, Place(number, cosine), lexical, Place(number, 1 / (60 + number)))


def of(question: str, candidates: list[Candidate]) -> dict[str, Any]:
    return dict(zip(FEATURES, features(question, candidates).T, strict=True))


def test_cosines_count_in_standard_deviations_below_the_best() -> None:
    found = of("whales", [candidate(n, "Stones.", cosine=cosine) for n, cosine in enumerate((0.9, 0.8, 0.7))])
    spread = math.sqrt(0.02 / 3) + 1e-4
    below = np.array([0.0, -0.1, -0.2]) / spread
    assert found["cosine"] == pytest.approx(below)
    assert found["near"] == pytest.approx(np.exp(below / 2))
    assert found["nearer"] == pytest.approx(np.exp(below / 5))


@pytest.mark.parametrize("scale", [1.0, 0.1])
def test_no_feature_depends_on_the_scale_of_cosines_or_of_bm25(scale: float) -> None:
    texts = ["Whales eat krill.", "Oaks drop acorns.", "The whale sleeps."]

    def scaled(by: float) -> list[Candidate]:
        return [candidate(n, text, cosine=by * (0.9 - 0.3 * n), bm25=by * (3 - n)) for n, text in enumerate(texts)]

    same = features("What do whales eat?", scaled(1.0)), features("What do whales eat?", scaled(scale))
    assert same[0] == pytest.approx(same[1], abs=0.02)


def test_bm25_is_a_share_of_the_best_and_0_where_it_found_nothing() -> None:
    found = of("stone", [candidate(1, "Stone.", bm25=8.0), candidate(2, "A stone.", bm25=2.0), candidate(3, "Oak.")])
    assert found["bm25"].tolist() == [1.0, 0.25, 0.0]
    assert of("stone", [candidate(1, "Oak."), candidate(2, "Elm.")])["bm25"].tolist() == [0.0, 0.0]


def test_words_weigh_by_how_few_candidates_hold_them() -> None:
    """``whale`` is in two of three candidates and weighs ln 2.5, ``krill`` in one and weighs ln 4."""
    whale, krill = math.log(2.5), math.log(4)
    found = of(
        "the whale and krill",
        [
            candidate(1, "A whale swims. It eats krill. It sleeps."),
            candidate(2, "It swims.", context="Whale"),
            candidate(3, "Nothing."),
        ],
    )
    both = whale + krill
    assert found["words"] == pytest.approx([1.0, whale / both, 0.0])
    assert found["sentence"] == pytest.approx([krill / both, 0.0, 0.0])
    assert found["context"] == pytest.approx([0.0, whale / both, 0.0])


def test_a_share_of_the_words_is_the_same_to_the_last_digit_in_whatever_order_a_set_comes() -> None:
    """Sets of words have another order in each run; the oracle adds fractions, which no order rounds."""
    asked = [f"river{chr(97 + number)}x" for number in range(26)]
    texts = [" ".join(asked[number % 7 :: 1 + number % 3]) for number in range(20)]
    found = of(" ".join(asked), [candidate(number, text) for number, text in enumerate(texts)])["words"]
    weights = {word: Fraction(math.log1p(20 / sum(word in text.split() for text in texts))) for word in asked}
    shares = [float(sum(weights[word] for word in text.split())) for text in texts]
    assert found.tolist() == [share / float(sum(weights.values())) for share in shares]


def test_numbers_are_looked_for_and_none_is_missed_where_none_is_asked() -> None:
    found = of("Was it 1912 or 1913?", [candidate(1, "In 1912."), candidate(2, "In 1914."), candidate(3, "1913, 1912")])
    assert found["numbers"].tolist() == [0.5, 0.0, 1.0]
    assert not of("When was it?", [candidate(1, "In 1912.")])["numbers"].any()


@pytest.mark.parametrize("text", ["", "。。。", "🙂", "\ud800"])
def test_texts_and_questions_without_words_give_finite_features(text: str) -> None:
    for question in ("the", "?", "什么", "whale \ud800"):
        found = features(question, [candidate(1, text), candidate(2, "whale")])
        assert found.shape == (2, len(FEATURES))
        assert np.isfinite(found).all()


def test_more_is_never_a_reason_against() -> None:
    weights = load_weights()
    assert list(weights) == list(FEATURES)
    assert all(weight >= 0 for weight in weights.values())
