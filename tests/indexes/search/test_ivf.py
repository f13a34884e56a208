"""FAISS files from anywhere: what is not an inverted file of exactly the right shape is refused, nothing crashes."""

import os
import random
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from indexes.search.dense import Allowed, DenseIndex, grown
from indexes.search.ivf import FILE, Ivf, IvfKind, lists_for
from indexes.vectors import normalised

VECTORS = normalised(np.random.default_rng(0).standard_normal((12_000, 24)))
MUTATIONS = 60
REFUSED, USED, FAILED = 1, 2, 3


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Bytes overwritten, most of them in the header, and numbers made huge; sometimes the end is missing."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 8])):
        at = chance.randrange(400) if chance.random() < 0.5 else chance.randrange(len(data) - 8)
        width = chance.choice([1, 4, 8])
        number = chance.choice([0, 1, 255, 2**31 - 1, 2**32, 2**40, 2**63 - 1, 11_999, 12_001, chance.randrange(2**32)])
        changed[at : at + width] = (number % 2 ** (8 * width)).to_bytes(width, "little")
    return bytes(changed[: chance.randrange(len(data))] if chance.random() < 0.1 else changed)


def used(folder: Path, kind: IvfKind) -> int:
    """What comes of opening and searching a file."""
    try:
        ivf = Ivf.open(folder, kind, *VECTORS.shape)
    except ValueError:
        return REFUSED
    index, mask = DenseIndex(VECTORS, ivf), np.arange(len(VECTORS)) % 3 > 0
    for query in VECTORS[:10]:
        rows, cosines = index.search(query, 10, None)
        if len(rows) != 10 or not np.allclose(VECTORS[rows] @ query, cosines, atol=1e-5):
            return FAILED
        if not mask[index.search(query, 10, Allowed(mask))[0]].all():
            return FAILED
    ivf.moved(np.arange(len(VECTORS)))
    return USED


def in_a_child(folder: Path, kind: IvfKind) -> tuple[int, int]:
    """The same in a process of its own; the number of a signal, negated, where that ends it. And its peak of memory."""
    child = os.fork()
    if child == 0:
        outcome = FAILED
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            outcome = used(folder, kind)
        finally:
            os._exit(outcome)
    _, status, taken = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), taken.ru_maxrss * 1024


@pytest.mark.parametrize("kind", ["ivf_sq8", "ivf_pq"])
def test_crafted_files_are_refused_or_harmless(kind: IvfKind, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    import faiss

    request.addfinalizer(partial(faiss.omp_set_num_threads, faiss.omp_get_max_threads()))
    faiss.omp_set_num_threads(1)  # the threads of a pool do not survive a fork
    made = grown(DenseIndex(VECTORS[:0]), np.empty(0, np.int64), VECTORS, kind).ivf
    assert made is not None
    made.save(tmp_path)
    outcome, enough = in_a_child(tmp_path, kind)
    assert outcome == USED
    good, chance = (tmp_path / FILE).read_bytes(), random.Random(1)
    outcomes, peaks = set(), set()
    for _ in range(MUTATIONS):
        (tmp_path / FILE).write_bytes(mutated(good, chance))
        outcome, peak = in_a_child(tmp_path, kind)
        outcomes.add(outcome)
        peaks.add(peak)
    assert outcomes == {REFUSED, USED}
    assert max(peaks) < enough + 200_000_000  # whatever a file says that it holds


def test_reading_leaves_the_limits_of_others_as_they_were(tmp_path: Path) -> None:
    import faiss

    def limits() -> tuple[int, int]:
        return faiss.get_deserialization_vector_byte_limit(), faiss.get_deserialization_loop_limit()

    before = limits()
    made = Ivf.train(VECTORS, "ivf_sq8")
    made.add([VECTORS])
    made.save(tmp_path)
    Ivf.open(tmp_path, "ivf_sq8", *VECTORS.shape)
    assert limits() == before
    (tmp_path / FILE).write_bytes(b"no index")
    with pytest.raises(ValueError, match="cannot be read"):
        Ivf.open(tmp_path, "ivf_sq8", *VECTORS.shape)
    assert limits() == before


def test_rows_that_are_not_there_or_there_twice_are_refused(tmp_path: Path) -> None:
    made = Ivf.train(VECTORS, "ivf_sq8")
    made.add([VECTORS])
    for wrong in (np.arange(1, 12_001), np.zeros(12_000, np.int64)):
        made.moved(wrong).save(tmp_path)
        with pytest.raises(ValueError, match="is no ivf_sq8"):
            Ivf.open(tmp_path, "ivf_sq8", *VECTORS.shape)


def test_number_of_lists_follows_the_rows() -> None:
    assert [lists_for(rows) for rows in (1, 3, 100, 20_001, 100_000, 1_000_000)] == [1, 3, 32, 512, 1024, 4096]
