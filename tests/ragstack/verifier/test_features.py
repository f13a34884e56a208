"""The numbers that a claim and its evidence give, worked by hand."""

import math
from functools import partial
from itertools import combinations

import pytest

from indexes.search.analysis import terms
from ragstack.verifier.features import FEATURES, features

near = partial(pytest.approx, abs=2e-6)


def words(claim: str, *sentences: str) -> dict[str, float]:
    return dict(zip(FEATURES, features(claim, " ".join(sentences)).tolist(), strict=True))


def test_words_worked_by_hand() -> None:
    found = words("Otters eat crabs daily.", "Otters eat fish.", "Crabs hide.")
    known, unknown = math.log1p(2 / 1), math.log1p(2)  # each word stands in one of two sentences; "daily" in none
    assert found["covered"] == near(3 * known / (3 * known + unknown))
    assert found["one_covers"] == near(2 * known / (3 * known + unknown))
    assert found["pairs"] == near(1 / 3)  # otters eat; not: eat crabs, crabs daily
    assert found["run"] == near(2 / 4)
    assert (found["length"], found["read"]) == (near(math.log(5)), near(math.log(6)))
    assert [found[name] for name in ("numbers", "turned", "opposed", "names", "foreign", "spoken")] == [0.0] * 6


@pytest.mark.parametrize(
    ("claim", "source", "flag"),
    [
        ("The tower has 12 floors.", "The tower has 13 floors.", "numbers"),
        ("The tower is not open.", "The tower is open to all.", "turned"),
        ("Prices rose.", "Prices fell.", "opposed"),
        ("It was built by Vera.", "It was built by Tomas.", "names"),
        ("塔楼有十二层。", "The tower has twelve floors.", "foreign"),
        ("塔楼有12层。", "塔楼有13层。", "numbers"),
        ("塔楼没有开放。", "塔楼开放。", "turned"),
        ("产量增加。", "产量减少。", "opposed"),
    ],
)
def test_each_flag_is_raised_by_what_it_is_about_and_by_that_alone(claim: str, source: str, flag: str) -> None:
    flags = ("numbers", "turned", "opposed", "names", "foreign")
    assert [name for name in flags if words(claim, source)[name]] == [flag]
    assert not any(words(source, source)[name] for name in flags)


def test_the_words_of_speaker_and_listener_are_counted() -> None:
    assert words("I think you like it.", "It rains.")["spoken"] == near(2 / 5)
    assert words("我喜欢它。", "下雨。")["spoken"] > 0


def test_the_longest_run_is_that_which_trying_all_of_them_finds() -> None:
    claim = "grey otters eat small crabs near grey stones at night"
    for source in ("Small grey otters eat crabs near grey stones.", "Night falls; stones at night, crabs.", "Kites."):
        said, read = terms(claim), terms(source)
        joined = " ".join(read) + " "
        runs = [b - a for a, b in combinations(range(len(said) + 1), 2) if " ".join(said[a:b]) + " " in joined]
        assert words(claim, source)["run"] == near(max(runs, default=0) / len(said))


def test_only_the_sentences_that_are_read_count_and_all_of_the_evidence_says_how_rare_a_word_is() -> None:
    filler = [f"Rain of the kind {n} fell on {'grey stones ' * 12}there." for n in range(20)]
    found = words("Otters eat crabs.", *filler, "Otters eat fish.", "Crabs hide.")
    assert found["covered"] == 1.0
    assert 100 < math.expm1(found["read"]) <= 200 + 1
    once, twice = math.log1p(22 / 1), math.log1p(22 / 2)
    found = words("Otters eat fish.", *filler, "Otters eat crabs.", "Otters hide.")
    assert found["covered"] == near((twice + once) / (twice + once + math.log1p(22)))
