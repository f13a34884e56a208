"""BM25 against the formula written out by hand, and postings put together from parts."""

import math
from pathlib import Path

import numpy as np
import pytest

from indexes.lexical import Postings, Statistics

TEXTS = ["the cat sat", "cat cat dog 猫", "猫在公园里", "", "dog and cat and bird"]


def everything(postings: Postings, query: str) -> np.ndarray:
    total = int(postings.lengths.sum())
    having = {term: postings.rows_with(term, None) for term in query.split()}
    statistics = Statistics(len(postings.lengths), total / len(postings.lengths), having)
    return postings.scores(dict.fromkeys(query.split(), 1), statistics)


def test_score_is_the_formula_worked_by_hand() -> None:
    scores = everything(Postings.build(["cat dog", "cat cat bird fish", "bird"]), "cat")
    idf = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))  # 3 rows, 2 with the word; lengths 2, 4 and 1, mean 7/3
    first = idf * 1 / (1 + 1.2 * (0.25 + 0.75 * 2 / (7 / 3)))
    second = idf * 2 / (2 + 1.2 * (0.25 + 0.75 * 4 / (7 / 3)))
    assert scores == pytest.approx([first, second, 0])


def test_rows_with_counts_live_rows() -> None:
    postings = Postings.build(TEXTS)
    assert postings.rows_with("cat", None) == 3
    assert postings.rows_with("cat", np.array([False, True, True, True, True])) == 2
    assert postings.rows_with("猫", None) == 2
    assert postings.rows_with("absent", None) == 0


def test_merged_parts_are_what_one_build_gives() -> None:
    """Rows 1 of the first and 0 of the second part are left out, the rest is interleaved."""
    first, second = Postings.build(TEXTS[:3]), Postings.build(TEXTS[3:])
    merged = Postings.merge([first, second], [np.array([2, -1, 0]), np.array([-1, 1])], 3)
    whole = Postings.build([TEXTS[2], TEXTS[4], TEXTS[0]])
    for name in ("hashes", "offsets", "rows", "counts", "lengths"):
        assert np.array_equal(getattr(merged, name), getattr(whole, name)), name


def test_nothing_has_no_postings() -> None:
    empty = Postings.build([])
    assert empty.rows_with("cat", None) == 0
    assert len(empty.scores({"cat": 1}, Statistics(0, 1, {}))) == 0
    merged = Postings.merge([empty, Postings.build([""])], [np.empty(0, np.int64), np.array([0])], 1)
    assert merged.lengths.tolist() == [0]


def test_mapped_arrays_are_the_same(tmp_path: Path) -> None:
    postings = Postings.build(TEXTS)
    postings.save(tmp_path)
    mapped = Postings.open(tmp_path)
    assert isinstance(mapped.rows, np.memmap)
    assert everything(mapped, "cat bird 猫") == pytest.approx(everything(postings, "cat bird 猫"))
