"""Texts of one word over and over: what a hostile document can have written must not take the square of its length."""

import sys
from collections.abc import Callable
from time import process_time

import pytest

from ragstack.answers import unmarked
from ragstack.checking.numbers.quantities import missing
from ragstack.checking.words.exchanges import swapped
from ragstack.checking.words.namespans import words


def calls(do: Callable[[], object]) -> int:
    """How many functions are called."""
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    sys.setprofile(count)
    try:
        do()
    finally:
        sys.setprofile(None)
    return counted


def seconds(do: Callable[[], object]) -> float:
    """The least of five runs, in seconds of the processor."""

    def once() -> float:
        began = process_time()
        do()
        return process_time() - began

    return min(once() for _ in range(5))


@pytest.mark.parametrize("times", [10, 40, 80])
@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("a a a a a {0} beat {0}", "a a a a {0} beat {0}"),
        ("a a a a a {0} beat {1}", "a a a a a {1} beat {0}"),
        ("{2} was {3}", "{3} was {2}"),
        ("《{4}》改编自《{5}》", "《{5}》改编自《{4}》"),
    ],
)
def test_names_over_and_over_are_not_all_put_in_each_others_place(claim: str, source: str, times: int) -> None:
    repeated = [each * times for each in ("Paris ", "Rome Paris ", "1 of ", "1 to 2 of ", "中国", "国中")]
    said, held = (text.format(*repeated) for text in (claim, source))
    assert calls(lambda: swapped(said, held)) < 1_000_000  # ten times: 3,000,000 where all are; eighty: never ends


@pytest.mark.parametrize("space", [" ", "\n", " \t"])
@pytest.mark.parametrize("do", [words, unmarked])
def test_white_space_is_read_once(do: Callable[[str], object], space: str) -> None:
    short, long = (f"The tower {space * times} is open." for times in (1_000, 16_000))
    assert seconds(lambda: do(long)) < 80 * seconds(lambda: do(short))  # 16 times as long; its square is 256


def test_ordinals_over_and_over_are_read_in_one_way() -> None:
    short, long = ("first-" * times + "x" for times in (10, 20))
    assert seconds(lambda: missing("19 rooms", [long])) < 20 * seconds(lambda: missing("19 rooms", [short]))  # was 100
