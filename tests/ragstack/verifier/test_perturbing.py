"""What is made false, and that it is false in the one thing that its name says."""

import random
import re
from collections import Counter

import pytest

from ragstack.verifier.perturbing import (
    exchanged,
    negated,
    perturbed,
    renamed,
    renumbered,
    shortened,
    swapped,
    turned,
)

LIGHTHOUSE = (
    "The old lighthouse (built of brick) was moved by Vera Holm in 1904, which surprised the town. "
    "It was lit again by Tomas Lind in 1911. The tower is not open to visitors before noon."
)
DENGTA = (
    "这座灯塔于1904年从北京市迁到青岛市，由当地人出资，后来重新点亮。"
    "塔楼在1911年增加了三层。它不是博物馆，也不对外开放。"
)


def chance(seed: int = 0) -> random.Random:
    return random.Random(seed)


@pytest.mark.parametrize(
    ("sentence", "language", "expected"),
    [
        ("The tower is open.", "en", "The tower is not open."),
        ("The tower is not open.", "en", "The tower is open."),
        ("They had been seen there.", "en", "They had been not seen there."),
        ("Nobody came.", "en", ""),
        ("它是博物馆。", "zh", "它不是博物馆。"),
        ("它不是博物馆。", "zh", "它是博物馆。"),
        ("它总是下雨。", "zh", ""),
    ],
)
def test_a_negation_is_put_in_or_taken_out(sentence: str, language: str, expected: str) -> None:
    assert negated(sentence, language) == expected  # type: ignore[arg-type]


def test_names_or_numbers_change_places_but_not_within_a_list() -> None:
    sentence = "In 1904 the town sold it for 311 crowns."
    assert swapped(sentence, "en", chance()) == "In 311 the town sold it for 1904 crowns."
    assert swapped("It was seen by Vera and Tomas.", "en", chance()) == ""
    assert swapped("它于1904年迁到，共311人。", "zh", chance()) == "它于311年迁到，共1904人。"
    assert swapped("从北京市到青岛市的路。", "zh", chance()) == "从青岛市到北京市的路。"


def test_what_is_exchanged_comes_from_the_rest_of_the_passage() -> None:
    made = {exchanged("It was moved by Vera Holm.", "Lit by Tomas Lind then.", "en", chance(seed)) for seed in range(5)}
    assert made == {"It was moved by Tomas Lind."}
    assert exchanged("塔楼在1904年迁走。", "它在1911年点亮。", "zh", chance()) == "塔楼在1911年迁走。"
    assert exchanged("Nothing has a name here.", "Lit by Tomas Lind then.", "en", chance()) == ""


def test_a_changed_number_is_another_of_the_same_length() -> None:
    for seed in range(20):
        made = renumbered("It rose 1,250 metres in 1904.", chance(seed))
        before, after = re.findall(r"[\d,]+", "It rose 1,250 metres in 1904."), re.findall(r"[\d,]+", made)
        assert [len(a) for a in after] == [len(b) for b in before]
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert renumbered("No number.", chance()) == ""


def test_a_name_comes_from_another_passage() -> None:
    assert (
        renamed("Moved by Vera Holm at last.", "Sung by Ines Roca then.", "en", chance())
        == "Moved by Ines Roca at last."
    )
    assert renamed("他在北京市工作。", "她来自河南省。她在云南省。", "zh", chance()) == "他在云南省工作。"
    assert renamed("Moved by nobody.", "Sung by Ines Roca then.", "en", chance()) == ""


def test_a_word_becomes_its_opposite_and_keeps_its_capital() -> None:
    assert turned("Higher towers.", chance()) == "Lower towers."
    assert turned("产量增加。", chance()) == "产量减少。"
    assert turned("A tower.", chance()) == ""


def test_a_shortened_sentence_is_left_with_words_of_its_own() -> None:
    for language, sentence in (("en", LIGHTHOUSE.split(". ")[0] + "."), ("zh", DENGTA.split("。")[0] + "。")):
        for seed in range(10):
            short = shortened(sentence, language, chance(seed))  # type: ignore[arg-type]
            assert set(re.findall(r"\w", short)) <= set(re.findall(r"\w", sentence))
            assert "brick" not in short
    assert len(shortened(DENGTA.split("。")[0] + "。", "zh", chance())) < len(DENGTA.split("。")[0])


@pytest.mark.parametrize("passage", [LIGHTHOUSE, DENGTA])
def test_every_sentence_gives_a_true_claim_and_a_false_one(passage: str) -> None:
    stranger = {LIGHTHOUSE: "A song of Ines Roca was heard.", DENGTA: "她来自河南省。她在云南省。"}[passage]
    kinds: Counter[str] = Counter()
    for seed in range(40):
        for made in perturbed(passage, stranger, chance(seed)):
            kinds[made.kind] += 1
            assert made.label == (made.kind == "kept")
            if made.kind == "elsewhere":
                assert made.evidence != passage
                assert made.claim.strip("。.") not in made.evidence
            else:
                assert made.evidence == passage
                assert made.label or made.claim not in passage
    assert {
        "kept",
        "negated",
        "exchanged",
        "renumbered",
        "elsewhere",
        "turned" if passage == DENGTA else "renamed",
    } <= set(kinds)
    assert list(perturbed(passage, stranger, chance(3))) == list(perturbed(passage, stranger, chance(3)))
