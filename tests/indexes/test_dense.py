"""Dense search against brute force, on every kind of index, with and without a selection of rows."""

from pathlib import Path

import numpy as np
import pytest

from indexes.dense import FLAT_LIMIT, DenseIndex, Kind, choose_kind, normalised

KINDS: tuple[Kind, ...] = ("flat", "hnsw")


def clustered(rows: int, dimension: int = 24) -> np.ndarray:
    """Unit vectors in clusters, as those of real texts are."""
    generator = np.random.default_rng(7)
    centres = generator.standard_normal((20, dimension))
    return normalised(centres[generator.integers(0, 20, rows)] + 0.4 * generator.standard_normal((rows, dimension)))


VECTORS = clustered(3000)


def brute_force(query: np.ndarray, k: int, allowed: np.ndarray | None) -> np.ndarray:
    cosines = VECTORS @ query
    if allowed is not None:
        cosines = np.where(allowed, cosines, -np.inf)
    best = np.argsort(-cosines, kind="stable")[:k]
    return best[np.isfinite(cosines[best])]


@pytest.fixture(scope="module", params=KINDS)
def index(request: pytest.FixtureRequest) -> DenseIndex:
    return DenseIndex.build(VECTORS, request.param)


@pytest.mark.parametrize("share", [None, 0.9, 0.3, 0.11, 0.05, 0.002])
def test_neighbours_are_those_of_brute_force(index: DenseIndex, share: float | None) -> None:
    generator = np.random.default_rng(1)
    allowed = None if share is None else generator.random(len(VECTORS)) < share
    found_of_expected = []
    for query in clustered(40):
        expected = brute_force(query, 10, allowed)
        rows, cosines = index.search(query, 10, allowed)
        assert len(rows) == len(expected)
        assert allowed is None or allowed[rows].all()
        assert cosines == pytest.approx(VECTORS[rows] @ query, abs=1e-5)
        assert (np.diff(cosines) <= 0).all()
        found_of_expected.append(len(np.intersect1d(rows, expected)) / len(expected))
    assert np.mean(found_of_expected) >= (0.999 if index.kind == "flat" else 0.97)


def test_as_many_come_back_as_are_allowed(index: DenseIndex) -> None:
    allowed = np.zeros(len(VECTORS), bool)
    assert len(index.search(VECTORS[0], 10, allowed)[0]) == 0
    allowed[[5, 2999]] = True
    assert set(index.search(VECTORS[0], 10, allowed)[0]) == {5, 2999}
    allowed[:] = True
    assert len(index.search(VECTORS[0], 2 * len(VECTORS), allowed)[0]) == len(VECTORS)
    assert len(index.search(VECTORS[0], 2 * len(VECTORS), None)[0]) == len(VECTORS)


def test_mapped_index_is_the_same(index: DenseIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    mapped = DenseIndex.open(tmp_path, index.kind, *VECTORS.shape)
    assert np.array_equal(mapped.vectors, VECTORS)
    for query in clustered(5):
        assert np.array_equal(mapped.search(query, 10, None)[0], index.search(query, 10, None)[0])


@pytest.mark.parametrize("mapped", [False, True])
def test_extended_index_finds_the_new_and_leaves_the_old_alone(index: DenseIndex, mapped: bool, tmp_path: Path) -> None:
    if mapped:
        index.save(tmp_path)
        index = DenseIndex.open(tmp_path, index.kind, *VECTORS.shape)
    new = normalised(np.random.default_rng(3).standard_normal((50, 24)))
    grown = index.extended(new)
    assert [grown.search(vector, 1, None)[0][0] for vector in new] == list(range(3000, 3050))
    assert len(index.vectors) == 3000
    assert np.array_equal(grown.vectors, np.concatenate([VECTORS, new]))


def test_other_kinds_and_sizes_are_refused(index: DenseIndex, tmp_path: Path) -> None:
    index.save(tmp_path)
    other: Kind = "hnsw" if index.kind == "flat" else "flat"
    for kind, rows, dimension in ((other, 3000, 24), (index.kind, 2999, 24), (index.kind, 3000, 23)):
        with pytest.raises(ValueError, match="is not a"):
            DenseIndex.open(tmp_path, kind, rows, dimension)
    (tmp_path / "dense.faiss").write_bytes(b"not an index")
    with pytest.raises(ValueError, match="cannot be read"):
        DenseIndex.open(tmp_path, index.kind, 3000, 24)


def test_kind_follows_size() -> None:
    assert [choose_kind(rows) for rows in (0, FLAT_LIMIT, FLAT_LIMIT + 1)] == ["flat", "flat", "hnsw"]


def test_normalised_keeps_directions() -> None:
    given = np.array([[3, 4], [1e-20, 0], [0, 0], [1e30, 1e30]], np.float32)
    assert normalised(given) == pytest.approx(np.array([[0.6, 0.8], [1, 0], [0, 0], [0.5**0.5, 0.5**0.5]]), abs=1e-6)
