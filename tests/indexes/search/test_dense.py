"""Dense search against brute force, on every kind of index, with and without a selection of rows."""

import os
from pathlib import Path

import numpy as np
import pytest

from indexes.search.dense import FLAT_LIMIT, KINDS, Allowed, DenseIndex, Kind, choose_kind, grown
from indexes.search.ivf import Ivf, IvfKind, lists_for
from indexes.vectors import normalised

NOTHING = np.empty(0, np.int64)


def clustered(rows: int, seed: int = 7, dimension: int = 24) -> np.ndarray:
    """Unit vectors in clusters, as those of real texts are."""
    centres = np.random.default_rng(7).standard_normal((60, dimension))
    generator = np.random.default_rng(seed)
    return normalised(centres[generator.integers(0, 60, rows)] + 0.4 * generator.standard_normal((rows, dimension)))


VECTORS = clustered(12_000)


def built(vectors: np.ndarray, kind: Kind) -> DenseIndex:
    return grown(DenseIndex(vectors[:0]), NOTHING, vectors, kind)


def brute_force(vectors: np.ndarray, query: np.ndarray, k: int, allowed: np.ndarray | None) -> np.ndarray:
    cosines = vectors @ query
    if allowed is not None:
        cosines = np.where(allowed, cosines, -np.inf)
    best = np.argsort(-cosines, kind="stable")[:k]
    return best[np.isfinite(cosines[best])]


def recall(index: DenseIndex, allowed: np.ndarray | None, k: int = 10) -> float:
    """The mean share of the true neighbours that are found; fails where one that comes back is wrong."""
    shares = []
    for query in clustered(40, seed=8):
        expected = brute_force(index.vectors, query, k, allowed)
        rows, cosines = index.search(query, k, None if allowed is None else Allowed(allowed))
        assert len(rows) == len(set(rows.tolist())) == len(expected)
        assert allowed is None or allowed[rows].all()
        assert cosines == pytest.approx(index.vectors[rows] @ query, abs=1e-5)
        assert (np.diff(cosines) <= 0).all()
        shares.append(len(np.intersect1d(rows, expected)) / max(len(expected), 1))
    return float(np.mean(shares))


@pytest.fixture(scope="module", params=KINDS)
def index(request: pytest.FixtureRequest) -> DenseIndex:
    return built(VECTORS, request.param)


@pytest.mark.parametrize("share", [None, 0.9, 0.5, 0.35, 0.1, 0.002, 0])
def test_neighbours_are_those_of_brute_force(index: DenseIndex, share: float | None) -> None:
    allowed = None if share is None else np.random.default_rng(1).random(len(VECTORS)) < share
    assert recall(index, allowed) >= (0.9999 if index.kind == "flat" or share in (0.1, 0.002) else 0.97) or share == 0


def test_as_many_come_back_as_are_allowed(index: DenseIndex) -> None:
    allowed = np.zeros(len(VECTORS), bool)
    allowed[[5, 2999]] = True
    assert set(index.search(VECTORS[0], 10, Allowed(allowed))[0]) == {5, 2999}
    for k in (1, 5000, 11_999, 12_000, 30_000):
        assert len(index.search(VECTORS[0], k, None)[0]) == min(k, 12_000)
    allowed[:6000] = True
    assert sorted(index.search(VECTORS[0], 30_000, Allowed(allowed))[0]) == list(range(6000))


def test_mapped_vectors_are_searched_like_those_in_memory(index: DenseIndex, tmp_path: Path) -> None:
    np.save(tmp_path / "vectors.npy", VECTORS)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    with (tmp_path / "vectors.npy").open("rb", buffering=0) as file:
        on_disk = DenseIndex(mapped, index.ivf, file)
        for share in (None, 0, 0.001, 0.02, 0.5):
            allowed = None if share is None else Allowed(np.random.default_rng(3).random(len(VECTORS)) < share)
            for query in clustered(5, seed=9):
                rows, cosines = on_disk.search(query, 10, allowed)
                expected_rows, expected = index.search(query, 10, allowed)
                assert rows.tolist() == expected_rows.tolist()
                assert cosines == pytest.approx(expected, abs=1e-6)


def test_lists_that_hold_too_few_are_made_up_for(monkeypatch: pytest.MonkeyPatch) -> None:
    index, query = built(VECTORS, "ivf_sq8"), clustered(1, seed=13)[0]
    search = Ivf.search
    monkeypatch.setattr(Ivf, "search", lambda self, *rest: search(self, *rest)[:3])
    allowed = np.arange(len(VECTORS)) % 2 == 0
    assert index.search(query, 10, None)[0].tolist() == brute_force(VECTORS, query, 10, None).tolist()
    assert index.search(query, 10, Allowed(allowed))[0].tolist() == brute_force(VECTORS, query, 10, allowed).tolist()


def test_equal_vectors_come_in_the_order_of_rows() -> None:
    """Wherever they stand, whatever a product of matrices makes of their last bits."""
    generator = np.random.default_rng(5)
    for copies in (2, 3, 5, 7, 11):
        one, other = normalised(generator.standard_normal((2, 384)))
        index = built(np.stack([one, other] * copies), "flat")
        for query in normalised(generator.standard_normal((20, 384))):
            rows = index.search(query, 2 * copies, None)[0].tolist()
            halves = [*range(0, 2 * copies, 2)], [*range(1, 2 * copies, 2)]
            assert rows in (halves[0] + halves[1], halves[1] + halves[0])
            assert index.search(query, copies - 1, None)[0].tolist() == rows[: copies - 1]


def test_rows_that_go_and_come_are_followed_without_learning_again(index: DenseIndex, tmp_path: Path) -> None:
    keep = np.random.default_rng(2).random(len(VECTORS)) < 0.8
    places = np.where(keep, np.cumsum(keep) - 1, -1)
    vectors = np.concatenate([VECTORS[keep], clustered(3000, seed=9)])
    first = index
    if index.ivf is not None:  # from a mapped file, as a collection does
        index.ivf.save(tmp_path)
        first = DenseIndex(VECTORS, Ivf.open(tmp_path, index.ivf.kind, *VECTORS.shape))
    after = grown(first, places, vectors, index.kind)
    assert after.kind == index.kind
    assert recall(after, None) >= 0.97
    for row in (0, 17, len(vectors) - 1):
        assert after.search(vectors[row], 1, None)[0].tolist() == [row]
    if index.ivf is not None and after.ivf is not None:
        assert after.ivf.index.ntotal == len(vectors)
        assert np.array_equal(
            after.ivf.index.quantizer.reconstruct_n(0, 4), index.ivf.index.quantizer.reconstruct_n(0, 4)
        )
        assert index.ivf.index.ntotal == 12_000


def test_centroids_are_learnt_anew_when_the_rows_have_outgrown_them() -> None:
    small = built(VECTORS[:300], "ivf_sq8")
    large = grown(small, np.arange(300), VECTORS, "ivf_sq8")
    assert small.ivf is not None
    assert large.ivf is not None
    assert (small.ivf.lists, large.ivf.lists) == (lists_for(300), lists_for(12_000)) == (64, 512)
    assert recall(large, None) >= 0.97


@pytest.mark.parametrize("kind", ["ivf_sq8", "ivf_pq"])
def test_mapped_index_is_the_same_and_another_is_refused(kind: IvfKind, tmp_path: Path) -> None:
    index = built(VECTORS, kind)
    assert index.ivf is not None
    index.ivf.save(tmp_path)
    mapped = DenseIndex(VECTORS, Ivf.open(tmp_path, kind, *VECTORS.shape))
    for query in clustered(5):
        assert np.array_equal(mapped.search(query, 10, None)[0], index.search(query, 10, None)[0])
    other: IvfKind = "ivf_pq" if kind == "ivf_sq8" else "ivf_sq8"
    for wrong in ((other, 12_000, 24), (kind, 11_999, 24), (kind, 12_000, 23)):
        with pytest.raises(ValueError, match="is no ivf"):
            Ivf.open(tmp_path, *wrong)
    (tmp_path / "dense.faiss").write_bytes(b"not an index")
    with pytest.raises(ValueError, match="cannot be read"):
        Ivf.open(tmp_path, kind, 12_000, 24)


def test_kind_follows_size_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1 << 20}.__getitem__)  # 4 GiB
    fits = (1 << 30) // 384
    sizes = (0, 1, FLAT_LIMIT, FLAT_LIMIT + 1, fits, fits + 1)
    assert [choose_kind(rows, 384) for rows in sizes] == ["flat", "flat", "flat", "ivf_sq8", "ivf_sq8", "ivf_pq"]
    assert choose_kind(10, 384, "ivf_sq8") == "ivf_sq8"
    assert choose_kind(10, 384, "ivf_pq") == "ivf_sq8"  # too few to learn codewords from
    assert choose_kind(10_000_000, 384, "flat") == "flat"
    assert choose_kind(0, 384, "ivf_pq") == "flat"


def test_normalised_keeps_directions() -> None:
    given = np.array([[3, 4], [1e-20, 0], [0, 0], [1e30, 1e30]], np.float32)
    assert normalised(given) == pytest.approx(np.array([[0.6, 0.8], [1, 0], [0, 0], [0.5**0.5, 0.5**0.5]]), abs=1e-6)


@pytest.mark.parametrize("kind", ["ivf_sq8", "ivf_pq"])
@pytest.mark.parametrize("near", [0, 1, 7, 60])
def test_filters_that_let_only_the_far_through_are_answered_in_full(kind: Kind, near: int) -> None:
    """The lists nearest to the query hold fewer allowed rows than are asked for: more lists, then all of them."""
    vectors = clustered(30_000, seed=11)
    index, query = built(vectors, kind), clustered(1, seed=12)[0]
    order = np.argsort(-(vectors @ query), kind="stable").tolist()
    allowed = np.zeros(len(vectors), bool)
    allowed[order[-6000:]] = True
    allowed[order[:near]] = True
    rows, _ = index.search(query, 10, Allowed(allowed))
    assert len(rows) == 10
    assert allowed[rows].all()
    assert set(order[: min(near, 10)]) <= set(rows.tolist())


def test_a_kind_that_was_asked_for_stays_when_the_rows_have_become_few() -> None:
    large = built(VECTORS[:300], "ivf_sq8")
    few = grown(large, np.where(np.arange(300) < 40, np.arange(300), -1), VECTORS[:40], "ivf_sq8")
    assert few.ivf is not None
    assert few.ivf.lists <= 40
