"""Dense search by cosine over an immutable set of unit vectors: exactly, or through an inverted file of FAISS.

The kind of index follows from the number of vectors and the machine's memory by one rule, `choose_kind`. Whatever an
inverted file finds is compared again by the vectors themselves, so that scores are exact on every kind. A condition on
rows travels with the call; nothing shared is ever set. As many rows come back as are allowed, up to ``k``: where few
are allowed, or the lists that were looked into held too few, the allowed rows are compared one by one.
"""

import os
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, Literal, get_args

import numpy as np

from indexes.search.ivf import Ivf, lists_for

__all__ = ["FLAT_LIMIT", "KINDS", "Allowed", "DenseIndex", "Kind", "choose_kind", "grown"]

Kind = Literal["flat", "ivf_sq8", "ivf_pq"]
"""``flat``: every vector is compared. ``ivf_sq8``: lists of vectors in 8 bits a dimension. ``ivf_pq``: lists of
product-quantised codes, an eighth of that."""
KINDS = get_args(Kind)

FLAT_LIMIT = 20_000
_SHARE_OF_MEMORY = 0.25
_LEAST_FOR_PQ = 10_000  # vectors that 256 codewords can be learnt from

_PROBES = {"ivf_sq8": 80, "ivf_pq": 128}
_OVERSAMPLING = {"ivf_sq8": 1, "ivf_pq": 30}
_FEW = 4096  # allowed rows up to which comparing them one by one costs less than looking through lists
_READ = 512  # vectors up to which reading them one by one is as fast as touching the map
_SORTED = 256  # cosines up to which sorting all of them costs less than finding the best first
_COPYING = 16  # how many times longer it takes to copy a vector out than to compare it in its place
_LAST_BITS = 1e-5  # more than the error of a product in single precision
_BLOCK = 16_384


def choose_kind(rows: int, dimension: int, wanted: Kind | None = None) -> Kind:
    """The kind of index for a number of vectors: the one rule.

    Exact for as long as that takes a few milliseconds; then 8-bit codes for as long as they fit into a quarter of the
    machine's memory; then product-quantised ones. ``wanted`` overrides it where there is enough to learn codes from.
    """
    if wanted is None:
        fits = rows * dimension <= _SHARE_OF_MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        wanted = "flat" if rows <= FLAT_LIMIT else "ivf_sq8" if fits else "ivf_pq"
    if rows == 0:
        return "flat"
    return "ivf_sq8" if wanted == "ivf_pq" and rows < _LEAST_FOR_PQ else wanted


@dataclass(frozen=True, eq=False)
class Allowed:
    """Rows that may come back: those where ``mask`` (n,) bool is true."""

    mask: np.ndarray
    _in_lists: np.ndarray | None = None

    @cached_property
    def count(self) -> int:
        """How many rows may come back."""
        return int(np.count_nonzero(self.mask))

    @cached_property
    def rows(self) -> np.ndarray:
        """The rows (m,) int64 that may come back, rising."""
        return np.flatnonzero(self.mask)

    def in_lists(self, ivf: Ivf) -> np.ndarray:
        """How many of the rows are in each list (lists,) of the inverted file over them."""
        if self._in_lists is None:
            counts = np.bincount(ivf.list_of[self.rows], minlength=ivf.lists)
            object.__setattr__(self, "_in_lists", counts)
            return counts
        return self._in_lists

    @cached_property
    def bits(self) -> np.ndarray:
        """The mask with one bit a row, the lowest first in its byte."""
        return np.packbits(self.mask, bitorder="little")


@dataclass(frozen=True, slots=True, eq=False)
class DenseIndex:
    """Unit vectors (n, d), in memory or mapped, numbered from 0, and the inverted file over them, if any.

    ``file`` is the open file of mapped vectors. A few of them are read from it: touched through the map they would
    bring their neighbours along, until all vectors were resident.
    """

    vectors: np.ndarray
    ivf: Ivf | None = None
    file: BinaryIO | None = None

    @property
    def kind(self) -> Kind:
        """The kind of index."""
        return "flat" if self.ivf is None else self.ivf.kind

    def search(self, query: np.ndarray, k: int, allowed: Allowed | None) -> tuple[np.ndarray, np.ndarray]:
        """The rows of highest cosine.

        Args:
            query: A unit vector (d,) float32.
            k: How many rows, at least 1.
            allowed: The rows that may come back; None for all.

        Returns:
            Rows (m,) int64 and cosines (m,) float32, highest first, where m is ``k`` or the number of allowed rows.
        """
        total = len(self.vectors)
        count = total if allowed is None else allowed.count
        wanted = min(k, count)
        if self.ivf is not None and count > _FEW and wanted:
            rows = self._candidates(self.ivf, query, wanted, allowed)
            if len(rows) >= wanted:
                return self._best(query, wanted, rows)
        return self._best(query, wanted, None if allowed is None else allowed.rows)

    def _candidates(self, ivf: Ivf, query: np.ndarray, k: int, allowed: Allowed | None) -> np.ndarray:
        """Rows near to the query; with a filter twice as many allowed ones are met as rows without one."""
        count = _OVERSAMPLING[ivf.kind] * k + 16
        met = max(_PROBES[ivf.kind] * len(self.vectors) // ivf.lists, 2 * count)
        if allowed is None:
            return ivf.search(query, count, -(-met * ivf.lists // len(self.vectors)), None)
        return ivf.search(query, count, ivf.probes_for(query, allowed.in_lists(ivf), 2 * met), allowed.bits)

    def _best(self, query: np.ndarray, k: int, rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The ``k`` rows of highest cosine among ``rows`` (m,), or among all; equal ones in the order of rows."""
        if rows is None or len(rows) > _SORTED:
            cosines = self._cosines(query, rows)
            rows = np.arange(len(cosines)) if rows is None else rows
            if 0 < k < len(cosines):
                least = np.partition(cosines, len(cosines) - k)[len(cosines) - k]
                rows = rows[cosines >= least - _LAST_BITS]
        # the last bits of a product of matrices depend on where a row stands in it: equal vectors must come out equal
        exact = np.einsum("ij,j->i", self._some(rows), query.astype(np.float64)).astype(np.float32)
        best = np.lexsort((rows, -exact))[:k]
        return rows[best], exact[best]

    def _cosines(self, query: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
        """The cosines (m,) of some rows, or of all, exact but for the last bits; copies a block of them at a time."""
        if rows is None or len(rows) * _COPYING > len(self.vectors):
            every: np.ndarray = self.vectors @ query
            return every if rows is None else every[rows]
        starts = range(0, len(rows), _BLOCK)
        return np.concatenate([self._some(rows[start : start + _BLOCK]) @ query for start in starts])

    def _some(self, rows: np.ndarray) -> np.ndarray:
        """The vectors (m, d) of some rows."""
        if self.file is None or not isinstance(self.vectors, np.memmap) or len(rows) > _READ:
            some: np.ndarray = self.vectors[rows]
            return some
        handle, start, width = self.file.fileno(), self.vectors.offset, self.vectors.strides[0]
        read = b"".join([os.pread(handle, width, start + row * width) for row in rows.tolist()])
        return np.frombuffer(read, np.float32).reshape(len(rows), self.vectors.shape[1])


def grown(first: DenseIndex, places: np.ndarray, vectors: np.ndarray, kind: Kind) -> DenseIndex:
    """The index of a kind over ``vectors`` (n, d), whose first rows came from another index.

    Args:
        first: The index that may be grown: its centroids serve until there should be twice as many, or half.
        places: The new row of each of its rows, rising, or -1 for a row that is left out.
        vectors: The vectors, in memory or mapped.
        kind: The kind.
    """
    if kind == "flat":
        return DenseIndex(vectors)
    kept = int(np.count_nonzero(places >= 0))
    if first.ivf is not None and first.ivf.kind == kind and _suits(first.ivf, len(vectors)):
        ivf = first.ivf.moved(places)
    else:
        ivf, kept = Ivf.train(vectors, kind), 0
    ivf.add(vectors[start : start + _BLOCK] for start in range(kept, len(vectors), _BLOCK))
    return DenseIndex(vectors, ivf)


def _suits(ivf: Ivf, rows: int) -> bool:
    return lists_for(rows) // 2 <= ivf.lists <= min(lists_for(rows) * 2, rows)
