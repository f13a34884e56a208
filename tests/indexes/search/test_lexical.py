"""BM25 against the formula written out by hand, and postings put together from parts."""

import math
from pathlib import Path

import numpy as np
import pytest

from indexes.search import lexical
from indexes.search.arrays import in_folder
from indexes.search.lexical import Postings, Statistics

TEXTS = ["the cat sat", "cat cat dog 猫", "猫在公园里", "", "dog and cat and bird"]


def everything(postings: Postings, query: str) -> np.ndarray:
    total = int(postings.lengths.sum())
    having = {term: postings.rows_with(term, None) for term in query.split()}
    statistics = Statistics(len(postings.lengths), total / len(postings.lengths), having)
    rows, found = postings.search(dict.fromkeys(query.split(), 1), len(postings.lengths), statistics, None)
    scores = np.zeros(len(postings.lengths))
    scores[rows] = found
    return scores


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


def test_merged_parts_are_what_one_build_gives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Rows 1 of the first and 0 of the second part are left out; the postings move in blocks of any size."""
    parts = [Postings.build(TEXTS[:3]), Postings.build(TEXTS[3:])]
    whole = Postings.build([TEXTS[0], TEXTS[2], TEXTS[4]])
    for block in (1, 3, 1 << 20):
        monkeypatch.setattr(lexical, "_BLOCK", block)
        (tmp_path / str(block)).mkdir()
        for allocate in (lexical.in_memory, in_folder(tmp_path / str(block))):
            merged = Postings.merge(parts, [np.array([0, -1, 1]), np.array([-1, 2])], 3, allocate)
            for name in ("hashes", "offsets", "rows", "counts", "lengths"):
                assert np.array_equal(getattr(merged, name), getattr(whole, name)), name


def test_common_terms_are_only_looked_up_where_that_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The best rows are those of adding up every posting, ties included, whatever is cut short."""
    chance = np.random.default_rng(4)
    words = [f"w{number}" for number in range(40)]
    odds = 1 / np.arange(1, 41) / np.sum(1 / np.arange(1, 41))
    texts = [" ".join(chance.choice(words, chance.integers(1, 12), p=odds)) for _ in range(800)]
    postings = Postings.build(texts)
    having = {word: postings.rows_with(word, None) for word in words}
    statistics = Statistics(800, float(postings.lengths.mean()), having)
    looked_up = []
    look_up = Postings._look_up
    monkeypatch.setattr(Postings, "_look_up", lambda self, *rest: looked_up.append(rest[0]) or look_up(self, *rest))
    for _ in range(200):
        query = {str(word): int(chance.integers(1, 3)) for word in chance.choice(words, chance.integers(1, 6))}
        k = int(chance.integers(1, 30))
        allowed = None if chance.random() < 0.5 else chance.random(800) < 0.3
        monkeypatch.setattr(lexical, "_LONG", 10**9)
        rows, scores = postings.search(query, k, statistics, allowed)
        monkeypatch.setattr(lexical, "_LONG", 0)
        again, cut_short = postings.search(query, k, statistics, allowed)
        assert rows.tolist() == again.tolist()
        assert scores.tolist() == cut_short.tolist()
    assert len(looked_up) > 50


def test_nothing_has_no_postings() -> None:
    empty = Postings.build([])
    assert empty.rows_with("cat", None) == 0
    assert len(empty.search({"cat": 1}, 5, Statistics(0, 1, {}), None)[0]) == 0
    merged = Postings.merge([empty, Postings.build([""])], [np.empty(0, np.int64), np.array([0])], 1)
    assert merged.lengths.tolist() == [0]
    assert len(Postings.merge([empty], [np.empty(0, np.int64)], 0).rows) == 0


def test_mapped_arrays_are_the_same(tmp_path: Path) -> None:
    postings = Postings.build(TEXTS)
    Postings.merge([postings], [np.arange(len(TEXTS))], len(TEXTS), in_folder(tmp_path))
    mapped = Postings.open(tmp_path)
    assert isinstance(mapped.rows, np.memmap)
    assert everything(mapped, "cat bird 猫") == pytest.approx(everything(postings, "cat bird 猫"))
    np.save(tmp_path / "counts.npy", np.zeros(3, np.uint16))
    with pytest.raises(ValueError, match="fit together"):
        Postings.open(tmp_path)
