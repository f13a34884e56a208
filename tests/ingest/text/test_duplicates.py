"""Sketches against exact Jaccard indices, the search against brute force, and what a text lacks by hand."""

import random
import time
from itertools import pairwise

import numpy as np
import pytest

from ingest.text.duplicates import Sketches, missing, sketch


def _words(lot: random.Random, number: int, chinese: bool) -> list[str]:
    if chinese:
        return [chr(lot.randrange(0x4E00, 0x4E00 + 3000)) for _ in range(number)]
    return [f"{lot.choice('bcdfgh')}{lot.choice('aeiou')}{lot.randrange(900)}" for _ in range(number)]


def _jaccard(first: list[str], second: list[str]) -> float:
    one, other = ({tuple(words[at : at + 4]) for at in range(len(words) - 3)} for words in (first, second))
    return len(one & other) / len(one | other)


def _edited(lot: random.Random, words: list[str], edits: int, chinese: bool) -> list[str]:
    words = list(words)
    for _ in range(edits):
        words[lot.randrange(len(words))] = _words(lot, 1, chinese)[0]
    return words


def _agreement(first: bytes, second: bytes) -> float:
    return float(np.mean(np.frombuffer(first, "<u2") == np.frombuffer(second, "<u2")))


@pytest.mark.parametrize("chinese", [False, True])
def test_sketches_agree_as_often_as_the_exact_jaccard_index_says(chinese: bool) -> None:
    lot = random.Random(5)
    by = "" if chinese else " "
    errors = []
    for edits in [0, 1, 3, 6, 10, 20, 40, 80, 160] * 6:
        first = _words(lot, 400, chinese)
        second = _edited(lot, first, edits, chinese)
        estimate = _agreement(sketch(by.join(first)), sketch(by.join(second)))
        errors.append(estimate - _jaccard(first, second))
    assert max(map(abs, errors)) < 0.18  # four standard errors of 128 places
    assert abs(sum(errors) / len(errors)) < 0.02


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Quick, brown fox; jumps! " * 2, "the quick brown  fox\njumps"),
        ("模型有１２亿个参数，效果很好。", "模型有12亿个参数\n效果很好"),
        ("Ａｂｃ ﬁne text", "abc fine TEXT"),
    ],
)
def test_case_spacing_punctuation_and_width_make_no_difference(one: str, other: str) -> None:
    lot = random.Random(1)
    rest = " ".join(_words(lot, 60, False))
    one = one[: len(one) // 2] if one.count("Quick") == 2 else one
    assert sketch(f"{one} {rest}") == sketch(f"{other} {rest}")


def test_short_texts_have_no_sketch_and_are_like_nothing() -> None:
    assert sketch("") == sketch("Too short to tell.") == sketch("太短了，说明不了什么。") == b""
    sketches: Sketches[str] = Sketches()
    sketches.add("a", b"")
    assert len(sketches) == 0 and sketches.near(b"") == []


def test_a_sketch_is_the_same_on_every_machine() -> None:
    assert len(sketch("word " * 30)) == 256
    words = " ".join(map(str, range(100)))
    assert sketch(words)[:8].hex() == _KNOWN


_KNOWN = "869bf999413cc7e1"


def test_the_search_finds_what_brute_force_finds() -> None:
    lot = random.Random(7)
    texts = {}
    for family in range(60):
        base = _words(lot, 200, family % 2 == 0)
        for edits in (0, 4, 8, 30):
            by = "" if family % 2 == 0 else " "
            texts[family, edits] = by.join(_edited(lot, base, edits, family % 2 == 0))
    made = {key: sketch(text) for key, text in texts.items()}
    sketches: Sketches[tuple[int, int]] = Sketches()
    for key, value in made.items():
        sketches.add(key, value)
    missed = 0
    for value in made.values():
        exact = {key for key, other in made.items() if _agreement(value, other) >= 0.7}
        found = sketches.near(value, 0.7)
        assert {key for key, _ in found} <= exact
        assert all(share == _agreement(value, made[key]) for key, share in found)
        assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
        missed += len(exact) - len(found)
    assert missed <= 1


def test_removed_and_replaced_sketches_are_not_found_also_after_sorting() -> None:
    lot = random.Random(9)
    made = [sketch(" ".join(_words(lot, 40, False))) for _ in range(40)]
    sketches: Sketches[int] = Sketches()
    for number in range(20_000):
        sketches.add(number, made[number % 40])
    sketches.remove(0)
    sketches.remove(0)
    sketches.add(40, made[1])
    found = {key for key, share in sketches.near(made[0], 0.99)}
    assert found == set(range(80, 20_000, 40))
    for number in range(80, 20_000, 40):
        sketches.remove(number)
    assert sketches.near(made[0], 0.99) == []
    assert {key for key, _ in sketches.near(made[1], 0.99)} == {40, *range(1, 20_000, 40)}
    assert len(sketches) == 20_000 - 1 - 498


def test_a_hundred_thousand_sketches_are_searched_quickly() -> None:
    places = np.random.default_rng(0).integers(0, 2**16, (100_000, 128), dtype=np.uint16)
    sketches: Sketches[int] = Sketches()
    began = time.thread_time()
    for number, row in enumerate(places):
        sketches.add(number, row.tobytes())
    assert sketches.near(places[17].tobytes()) == [(17, 1.0)]
    assert time.thread_time() - began < 10
    began = time.thread_time()
    for number in range(0, 100_000, 100):
        assert sketches.near(places[number].tobytes()) == [(number, 1.0)]
    assert time.thread_time() - began < 10


HELD = [
    ("The dose is 3 mg. Take it twice.", "Take it twice. The dose is 3 mg."),
    ("The dose is\n3 mg.", "The dose is 3 mg."),
    ("He said “no”, twice!", 'he said "no", twice'),
    ("a multi-\nstep plan.", "A multistep plan."),
    ("# Title\n\nText here.", "Title\n\nText here."),
    ("Introduction The text begins here.", "Introduction\n\nThe text begins here."),
    ("Introduction\n\nThe text begins here.", "Introduction The text begins here."),
    ("- first\n- second", "• first\n• second\n• third"),
    ("| name | 3 |\n| other | 4 |", "name 3\n\nother 4"),
    ("One.\n\n12\n\nTwo.\n\n13\n\nThree.", "One. Two. Three."),
    ("One.\n\nPage 3 of 9\n\nTwo.\n\nPage 4 of 9\n\nThree.", "One.\n\nTwo.\n\nThree."),
    ("One.\n\n- 7 -\n\nTwo.", "One. Two."),
    ("One.\n\n1 / 2\n\nTwo.\n\n2 / 2", "One. Two."),
    ("It costs −3.5 %.", "It costs -3.5%."),
    ("It isn’t so.", "It isn't so."),
    ("Buy milk.", "1. Buy milk.\n2. Buy bread."),
    ("模型有１２亿个参数。效果很好！", "效果很好!模型有12亿个参数。"),
    ("模型有很多\n参数。", "模型有很多参数。"),
    ("第一段。\n\n第二段。", "第二段。\n\n第一段。\n\n第三段。"),
    ("一、总则\n\n本法适用于全国。", "一、总则 本法适用于全国。"),
    ("正文。\n\n第 3 页 共 9 页\n\n正文二。\n\n第 4 页 共 9 页\n\n完。", "正文。正文二。完。"),
    ("使用 BERT 模型（很大）。", "使用BERT模型(很大)。"),
]
LOST = [
    ("The dose is 3 mg. Take it twice.", "The dose is 5 mg. Take it twice.", ["The dose is 3 mg."]),
    ("The drug is not safe. Rest.", "The drug is safe. Rest.", ["The drug is not safe."]),
    ("The drug is safe.", "It is false that the drug is safe.", ["The drug is safe."]),
    ("It grew by 3.5 %.", "It grew by 35 %.", ["It grew by 3.5 %."]),
    ("It fell to -3.", "It fell to 3.", ["It fell to -3."]),
    ("p < 0.05 held.", "p > 0.05 held.", ["p < 0.05 held."]),
    ("It cost $5.", "It cost €5.", ["It cost $5."]),
    ("| a | 1 2 |", "| a | 12 |", ["| a | 1 2 |"]),
    ("We use C++ now.", "We use C now.", ["We use C++ now."]),
    ("A new one. Old.", "Old.", ["A new one."]),
    ("Sizes:\n\n41\n\n57\n\nend.", "Sizes:\n\n41\n\n58\n\nend.", ["57"]),
    ("3. Liability is full.", "4. Liability is full.", ["3. Liability is full."]),
    ("2024\n\nReport.", "Report.", ["2024"]),
    ("Done: 3/4\n\n3/4\n\nend.", "Done: 3/4\n\nend.", ["3/4"]),
    ("Is it so?\n\n☑ yes", "Is it so?\n\n☐ yes", ["☑ yes"]),
    ("剂量为３毫克。每日两次。", "剂量为5毫克。每日两次。", ["剂量为３毫克。"]),
    ("该药不安全。", "该药安全。", ["该药不安全。"]),
    ("该药安全。", "有人说该药安全。", ["该药安全。"]),
    ("增长了3.5％。", "增长了35％。", ["增长了3.5％。"]),
    ("第一段。\n\n新的一段\n有两行。", "第一段。", ["新的一段 有两行。"]),
    ("甲方赔偿乙方。", "乙方赔偿甲方。", ["甲方赔偿乙方。"]),
]


@pytest.mark.parametrize(("text", "kept"), HELD)
def test_nothing_is_missing_where_the_words_are_the_same(text: str, kept: str) -> None:
    assert missing(text, kept) == []


@pytest.mark.parametrize(("text", "kept", "lost"), LOST)
def test_a_sentence_that_says_something_else_is_missing(text: str, kept: str, lost: list[str]) -> None:
    assert missing(text, kept) == lost


def test_nothing_is_missing_in_itself_and_everything_in_nothing() -> None:
    text = "One here. 两句。 Three: 4.5 mg!\n\n- item\n"
    assert missing(text, text) == []
    assert missing(text, "") == ["One here.", "两句。", "Three: 4.5 mg!", "- item"]
    assert missing("", text) == missing("*** \n\n ---", "") == []


def test_dropping_any_one_sentence_is_noticed() -> None:
    sentences = [f"Sentence number {number} stands here." for number in range(30)]
    whole = " ".join(sentences)
    for sentence, following in pairwise(sentences):
        assert missing(whole, whole.replace(f"{sentence} ", "")) == [sentence]
        assert missing(whole, whole.replace(f"{following}", "")) == [following]


def test_long_texts_are_compared_in_step_with_their_length() -> None:
    text = "。".join(f"第{number}句话说的是{number * 7}" for number in range(20_000))
    began = time.thread_time()
    assert missing(text, text) == []
    assert time.thread_time() - began < 10
