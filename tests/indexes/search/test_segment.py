"""Segments: which chunks are live, and how segments grow together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexes.errors import StoreDamaged
from indexes.search.dense import DenseIndex, grown
from indexes.search.lexical import Postings
from indexes.search.segment import Segment, merge, needs_writing, plan, settle
from indexes.vectors import normalised


def segment(ids: list[int], toys: Any, kind: Any = "flat") -> Segment:
    vectors = normalised(np.array([toys.vector_of(f"text {i}") for i in ids]).reshape(-1, toys.DIMENSION))
    dense = grown(DenseIndex(vectors[:0]), np.empty(0, np.int64), vectors, kind)
    return Segment(np.array(ids, np.int64), dense, Postings.build([f"text {i}" for i in ids]))


def test_removed_chunks_are_not_allowed(toys: Any) -> None:
    made = segment([3, 5, 8], toys)
    less = made.without(np.array([1, 5, 9]))
    assert (made.live_count, less.live_count) == (3, 2)
    assert made.without(np.array([4])) is made
    assert made.allowed(None) is None
    allowed = less.allowed(np.array([3, 5, 7]))
    assert allowed is not None
    assert allowed.mask.tolist() == [True, False, False]


@pytest.mark.parametrize("kind", ["flat", "ivf_sq8"])
@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("removed", [[], [2], [1, 2, 5, 8], [7, 8, 10]])
def test_merged_segments_hold_the_live_chunks(
    toys: Any, kind: Any, on_disk: bool, removed: list[int], tmp_path: Path
) -> None:
    ids = ([1, 2, 3, 4, 5, 6], [7, 8], [10])
    parts = [segment(part, toys, kind).without(np.array(removed, np.int64)) for part in ids]
    merged = merge(parts, kind, tmp_path if on_disk else None)
    alive = [i for part in ids for i in part if i not in removed]
    assert merged.live is None
    assert merged.dense.kind == kind
    assert merged.ids.tolist() == alive
    for row, id_ in enumerate(alive):
        expected = normalised(toys.vector_of(f"text {id_}"))
        assert merged.vectors[row] == pytest.approx(expected, abs=1e-6)
        assert merged.dense.search(expected, 1, None)[0].tolist() == [row]
    for term in ("text", *map(str, alive)):
        assert merged.lexical.rows_with(term, None) == (len(alive) if term == "text" else 1)
    for gone in removed:
        assert merged.lexical.rows_with(str(gone), None) == 0
    if on_disk:
        again = Postings.open(tmp_path)
        assert np.array_equal(again.rows, merged.lexical.rows)
        assert np.array_equal(np.load(tmp_path / "ids.npy"), alive)
        assert (tmp_path / "dense.faiss").exists() == (kind != "flat")


def test_chunks_out_of_order_are_not_merged(toys: Any) -> None:
    with pytest.raises(StoreDamaged, match="rise"):
        merge([segment([2, 9], toys), segment([1, 5], toys)])


def test_number_of_segments_grows_with_the_logarithm(toys: Any) -> None:
    fixed = segment([1, 2, 3], toys)
    segments: tuple[Segment, ...] = (fixed,)
    merged = 0
    for id_ in range(10, 266):
        before = segments
        segments = settle((*segments, segment([id_], toys)), fixed=1)
        merged += sum(len(part.ids) for part in segments if part not in before)
    assert segments[0] is fixed
    assert len(segments) <= 7
    assert merged <= 256 * 8
    assert np.concatenate([s.ids for s in segments[1:]]).tolist() == list(range(10, 266))


def test_what_has_gone_is_planned_away(toys: Any) -> None:
    large, emptied, small = segment(list(range(1, 41)), toys), segment([50, 51], toys), segment([60], toys)
    emptied = emptied.without(np.array([50, 51]))
    assert plan([large, emptied, small]) == [[large], [small]]
    fewer = large.without(np.arange(4, 41))
    assert plan([fewer, emptied, small]) == [[fewer, small]]
    on_disk = replace(large, name="segment-1", seal="x")
    assert not needs_writing([on_disk])
    assert needs_writing([large])
    assert needs_writing([on_disk, small])
    assert needs_writing([on_disk.without(np.arange(1, 11))])
    assert not needs_writing([on_disk.without(np.arange(1, 8))])
