"""What denies, what says so by itself, and what only leaves a denial open."""

import pytest

from ragstack.checking.denials import denials, half_denies, says_not


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
    ("text", "by_itself", "half"),
    [
        ("The basic plan is not supported.", True, True),
        ("The basic plan lacks support.", True, True),
        ("The board rejected the basic plan.", True, True),
        ("基本版禁止导出。", True, True),
        ("Few members came.", False, True),
        ("The league fought the tax.", False, True),
        ("他只参加了一次反战集会。", False, True),
        ("The basic plan is supported.", False, False),
        ("Its counterpart in another town is open.", False, True),  # 'counter' is heard in more than it says
        ("Another town is open.", False, False),
        ("基本版可以导出。", False, False),
    ],
)
def test_saying_that_something_is_not_so_is_more_than_leaving_it_open(text: str, by_itself: bool, half: bool) -> None:
    assert (says_not(text), half_denies(text)) == (by_itself, half)
