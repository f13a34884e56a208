"""Segments: which chunks are live, and how segments grow together."""

from typing import Any

import numpy as np
import pytest

from indexes.dense import DenseIndex, normalised
from indexes.lexical import Postings
from indexes.segment import Segment, merge, settle


def segment(ids: list[int], toys: Any, kind: Any = "flat") -> Segment:
    vectors = normalised(np.array([toys.vector_of(f"text {i}") for i in ids]).reshape(-1, toys.DIMENSION))
    return Segment(np.array(ids, np.int64), DenseIndex.build(vectors, kind), Postings.build([f"text {i}" for i in ids]))


def test_removed_chunks_are_not_allowed(toys: Any) -> None:
    made = segment([3, 5, 8], toys)
    less = made.without(np.array([1, 5, 9]))
    assert (made.live_count, less.live_count) == (3, 2)
    assert made.without(np.array([4])) is made
    assert made.allowed(None) is None
    allowed = less.allowed(np.array([3, 5, 7]))
    assert allowed is not None
    assert allowed.tolist() == [True, False, False]


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
@pytest.mark.parametrize("ids", [([1, 2, 3, 4, 5, 6], [7, 8], [10]), ([2, 9], [1, 5, 7])])
@pytest.mark.parametrize("removed", [[], [2], [1, 2, 5, 9]])
def test_merged_segments_hold_the_live_chunks(
    toys: Any, kind: Any, ids: tuple[list[int], ...], removed: list[int]
) -> None:
    parts = [segment(part, toys, kind).without(np.array(removed, np.int64)) for part in ids]
    merged = merge(parts, kind)
    alive = sorted(i for part in ids for i in part if i not in removed)
    live = np.ones(len(merged.ids), bool) if merged.live is None else merged.live
    assert merged.ids[live].tolist() == alive
    assert (np.diff(merged.ids) > 0).all()
    for row, id_ in zip(np.flatnonzero(live), alive, strict=True):
        expected = toys.vector_of(f"text {id_}")
        assert merged.dense.vectors[row] == pytest.approx(expected / np.linalg.norm(expected), abs=1e-6)
    for term in ("text", *map(str, alive)):
        assert merged.lexical.rows_with(term, merged.live) == (len(alive) if term == "text" else 1)
    for gone in removed:
        assert merged.lexical.rows_with(str(gone), None) == 0


def test_number_of_segments_stays_small(toys: Any) -> None:
    fixed = segment([1, 2, 3], toys)
    segments: tuple[Segment, ...] = (fixed,)
    for id_ in range(10, 110):
        segments = settle((*segments, segment([id_], toys)), fixed=1)
    assert segments[0] is fixed
    assert len(segments) <= 8
    assert np.concatenate([s.ids for s in segments[1:]]).tolist() == list(range(10, 110))
