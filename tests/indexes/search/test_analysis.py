"""Terms of English, Chinese and mixed text."""

import time

import pytest

from indexes.search.analysis import _cached_stem, query_terms, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Running runners ran", ["run", "runner", "ran"]),
        ("ＧＰＴ４ Été", ["gpt4", "été"]),
        ("GPT-4", ["gpt", "4", "gpt4"]),
        ("version v2.1", ["version", "v2", "1", "v2.1"]),
        ("1,234,567 people", ["1234567", "peopl"]),
        ("C++ and C#", ["c", "c++", "and", "c", "c#"]),
        ("well-known", ["well", "known"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
        ("，。！?", []),
    ],
)
def test_english_numbers_and_codes(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


def test_chinese_gives_words_and_pairs() -> None:
    found = terms("注意力机制")
    assert {"注意力", "机制"} <= set(found)  # words of the dictionary
    assert {"注意", "意力", "力机"} <= set(found)  # pairs, over the borders of words too
    assert len(found) == len(set(found))  # a word of two characters is not counted again as a pair


def test_single_character_word_is_found() -> None:
    assert "猫" in terms("猫在公园里")


def test_mixed_text_is_cut_where_the_script_changes() -> None:
    assert {"gpt4", "模型", "qwen"} <= set(terms("GPT4模型和Qwen"))


def test_full_width_and_traditional_forms_of_digits_agree() -> None:
    assert terms("２０２４年") == terms("2024年")


def test_query_leaves_out_words_without_meaning() -> None:
    assert set(query_terms("what is the capital of France")) == {"capit", "franc"}
    assert "的" not in query_terms("中国的首都")


def test_query_of_nothing_but_such_words_keeps_them() -> None:
    assert set(query_terms("who is it")) == {"who", "is", "it"}


def test_query_counts_repeated_words() -> None:
    assert query_terms("river river boat") == {"river": 2, "boat": 1}


def test_what_is_too_long_to_be_a_word_stays_as_it_is_at_once() -> None:
    began = time.thread_time()
    assert terms("y" * 200_000) == ["y" * 200_000]
    assert time.thread_time() - began < 1
    assert terms("a" * 57 + "running") == ["a" * 57 + "run"]
    kept = _cached_stem.cache_info().currsize
    assert terms("a" * 58 + "running") == ["a" * 58 + "running"]
    assert _cached_stem.cache_info().currsize == kept
