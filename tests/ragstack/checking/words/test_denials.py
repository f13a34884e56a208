"""What denies, what says so by itself, and what only leaves a denial open."""

import pytest

from ragstack.checking.words.contradictions import turned_negation
from ragstack.checking.words.denials import denials, half_denies, says_not, speaks_against


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("The museum is not open and never was.", 2),
        ("It isn't open unless it rains.", 2),
        ("It is not only open, it is free.", 0),
        ("No. 5 is open no later than May.", 0),
        ("博物馆不开放，也没有灯。", 2),
        ("非洲不仅有象，是不是？", 0),
    ],
)
def test_denials_are_counted_and_what_looks_like_one_is_not(text: str, times: int) -> None:
    assert denials(text) == times


@pytest.mark.parametrize(
    ("text", "by_itself", "open_", "against"),
    [
        ("The basic plan is not supported.", True, True, True),
        ("The basic plan lacks support.", True, True, True),
        ("The board rejected the basic plan.", True, True, True),
        ("基本版禁止导出。", True, True, True),
        ("Few members came.", False, True, False),
        ("The league fought the tax.", False, False, True),
        ("He was stopped at the gate.", False, True, True),
        ("他只参加了一次集会。", False, True, False),
        ("The basic plan is supported.", False, False, False),
        ("基本版可以导出。", False, False, False),
    ],
)
def test_what_says_no_what_leaves_a_no_open_and_what_opposes_are_told_apart(
    text: str, by_itself: bool, open_: bool, against: bool
) -> None:
    assert (says_not(text), half_denies(text), speaks_against(text)) == (by_itself, open_, against)


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The lake is not deep.", "The lake is deep. Its critics agree."),
        ("The museum is not open.", "The museum is open to protesters."),
        ("The lake is not deep.", "The lake ends in the north."),
        ("The council was not elected.", "He fought the war."),
    ],
)
def test_what_merely_opposes_something_hides_no_turned_negation(claim: str, source: str) -> None:
    assert turned_negation(claim, [source])
