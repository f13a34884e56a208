"""Wrong numbers and names in another's place."""

import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragstack.evaluation.testsets.twisting import Names, changed, names_in, premises
from ragstack.evaluation.testsets.values import Passage

Make = Callable[..., Passage]


@given(st.integers(0, 5_000_000), st.integers(0, 3), st.booleans(), st.integers(0, 99))
def test_a_changed_number_is_another_of_the_same_form(whole: int, decimals: int, commas: bool, seed: int) -> None:
    number = f"{whole:{',' if commas else ''}.{decimals}f}"
    put = changed(number, random.Random(seed), f"It was {number}.")
    assert put != number
    if put:
        assert ("," in put and float(put.replace(",", "")) >= 1000) or "," not in put
        assert len(put.partition(".")[2]) == decimals
        assert float(put.replace(",", "")) != float(number.replace(",", ""))


def test_years_stay_near_and_do_not_lie_ahead() -> None:
    for seed in range(40):
        assert 2010 <= int(changed("2019", random.Random(seed), "")) < 2025
    assert {int(changed("1902", random.Random(seed), "")) for seed in range(60)} == {
        1893, 1895, 1896, 1898, 1906, 1908, 1909}  # fmt: skip


def test_a_year_of_any_age_stays_near_its_own() -> None:
    assert all(1408 <= int(changed("1417", random.Random(seed), "")) <= 1424 for seed in range(40))


def test_a_latin_name_with_an_accent_takes_no_chinese_place(passage: Make, bag_encoder: Any) -> None:
    near, far = passage("长风桥在《水闸》附近的南京市。"), passage("记者说 Helvé 和 Lund 都在《水闸法》与上海市。")
    names = Names([near, far], bag_encoder)
    assert "Helvé" in names.like("Brenner", near)
    assert "Helvé" not in names.like("南京市", near)


def test_a_number_that_stands_nearby_is_not_put() -> None:
    assert {changed("4", random.Random(seed), "2, 3 and 5 of 6") for seed in range(30)} == {"7"}
    assert changed("2", random.Random(0), "3, 4, 5") == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("How many steps did the 12 towers of 1902 have?", ["12", "1902"]),
        ("How many have more than 12 steps?", []),
        ("长风桥在 1957年有 24 根桥墩？", ["1957", "24"]),
        ("Is WMT 2014 older than Baichuan 2?", []),
        ("至少 24 根桥墩、24 根以上？", []),
        ("GPT-3 and BERT2 with 3.5x the size of v1.2", []),
    ],
)
def test_premises_are_numbers_that_can_be_wrong(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in premises(text)] == expected


def test_names_are_found_and_question_words_are_not() -> None:
    assert names_in("How many steps does Skarn Lighthouse have in May?") == ["Skarn Lighthouse"]
    assert names_in("Which wheel did Olaf Brenner's son build for Veld-2?") == ["Olaf Brenner", "Veld-2"]
    assert names_in("谁写了《水闸管理办法》并训练了 BERT？") == ["《水闸管理办法》", "BERT"]
    assert names_in("Which wheel did Two Mills Inc. turn, and who were Three Smiths?") == ["Mills Inc", "Smiths"]
    assert names_in("Water turns the wheel of Harrow.", inside=True) == ["Harrow"]


def test_the_most_similar_name_that_is_not_at_hand_comes_first(passage: Make, bag_encoder: Any) -> None:
    near = passage("The tower of Skarn and the mill of Veld are old.")
    far = passage("The keepers of North Harrow, of Harrow Mill and of Lund were paid in coins.")
    names = Names([near, far], bag_encoder)
    found = names.like("South Harrow", near)
    assert found[0] in ("North Harrow", "Harrow Mill")
    assert set(found) == {"North Harrow", "Harrow Mill", "Lund"}
    assert "Skarn" not in names.like("Lund", near)
    assert Names([], bag_encoder).like("Lund", near) == []
    assert all(not re.search("Harrow", name) for name in names.like("Harrow", near))
