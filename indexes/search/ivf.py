"""Approximate search by FAISS: vectors in lists around centroids, as 8-bit numbers or as product-quantised codes.

An inverted file finds candidates; who holds it compares them by the vectors themselves. It is an L2 index over unit
vectors, whose order is that of the cosine. The centroids are learnt from a sample with a fixed seed. FAISS files are
mapped, checked to be what they should be, and never changed; `Ivf.moved` makes a new one out of an old one.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np

__all__ = ["FILE", "Ivf", "IvfKind", "lists_for"]

IvfKind = Literal["ivf_sq8", "ivf_pq"]

FILE = "dense.faiss"
_SAMPLE = 40  # vectors for each centroid to learn from; FAISS wants 39 at least
_ITERATIONS = 6
_PIECES = 8  # dimensions that one byte of a product-quantised code stands for
_reading = Lock()  # FAISS has one limit for all files


@cache
def _faiss() -> Any:
    import faiss

    return faiss


@cache
def _parameters(probes: int) -> Any:
    """The parameters of a search without a selection, never changed: making them costs a part of a short search."""
    return _faiss().SearchParametersIVF(nprobe=probes)


def lists_for(rows: int) -> int:
    """How many lists suit a number of vectors: the power of two nearest to 4 √rows, as the FAISS guidelines advise."""
    return min(rows, 1 << round(math.log2(4 * math.sqrt(rows))))


@dataclass(frozen=True, eq=False)
class Ivf:
    """An inverted file over rows numbered from 0."""

    kind: IvfKind
    index: Any

    @classmethod
    def train(cls, vectors: np.ndarray, kind: IvfKind) -> "Ivf":
        """An empty inverted file with centroids and codes learnt from unit vectors (n, d)."""
        rows, dimension = vectors.shape
        lists = lists_for(rows)
        index = _empty(kind, _faiss().IndexFlatL2(dimension), lists)
        index.cp.niter, index.cp.max_points_per_centroid = _ITERATIONS, _SAMPLE
        size = min(rows, lists * _SAMPLE)
        chosen = np.sort(np.random.default_rng(rows).choice(rows, size, replace=False))
        index.train(np.ascontiguousarray(vectors[chosen], np.float32))
        return cls(kind, index)

    @property
    def lists(self) -> int:
        """The number of lists."""
        return int(self.index.nlist)

    @cached_property
    def list_of(self) -> np.ndarray:
        """The list (n,) int32 that each row is in."""
        lists = np.empty(self.index.ntotal, np.int32)
        for number in range(self.lists):
            lists[self._list(number)[0]] = number
        return lists

    @cached_property
    def _centroids(self) -> tuple[np.ndarray, np.ndarray]:
        """The centroids (lists, d), and the squares of their lengths (lists,)."""
        centroids: np.ndarray = self.index.quantizer.reconstruct_n(0, self.lists)
        return centroids, np.einsum("ij,ij->i", centroids, centroids)

    def probes_for(self, query: np.ndarray, sizes: np.ndarray, wanted: int) -> int:
        """In how many lists to look, the nearest first, until they hold ``wanted`` rows.

        Args:
            query: A unit vector (d,) float32.
            sizes: How many rows (lists,) of each list count.
            wanted: How many are wanted.
        """
        centroids, squares = self._centroids
        order = np.argsort(squares - 2 * (centroids @ query))
        return int(np.searchsorted(np.cumsum(sizes[order]), wanted)) + 1

    def add(self, blocks: Iterable[np.ndarray]) -> None:
        """Put unit vectors (m, d), block by block, after those that are there. Only while it is being made."""
        for block in blocks:
            self.index.add(np.ascontiguousarray(block, np.float32))

    def moved(self, places: np.ndarray) -> "Ivf":
        """A copy in memory, with the same centroids, in which row ``i`` is row ``places[i]``, or left out for -1."""
        old = self.index
        centroids = _faiss().IndexFlatL2(old.d)
        centroids.add(old.quantizer.reconstruct_n(0, self.lists))
        index = _empty(self.kind, centroids, self.lists)
        if self.kind == "ivf_sq8":
            index.sq = old.sq
        else:
            index.pq = old.pq
        index.is_trained = True
        for number in range(self.lists):
            ids, codes = self._list(number)
            new = places[ids]
            keep = new >= 0
            ids, codes = np.ascontiguousarray(new[keep]), np.ascontiguousarray(codes[keep])
            if len(ids):
                pointers = _faiss().swig_ptr(ids), _faiss().swig_ptr(codes)
                index.invlists.add_entries(number, len(ids), *pointers)
                index.ntotal += len(ids)
        return Ivf(self.kind, index)

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``."""
        _faiss().write_index(self.index, str(folder / FILE))

    @classmethod
    def open(cls, folder: Path, kind: IvfKind, rows: int, dimension: int) -> "Ivf":
        """Map the index that `save` wrote.

        Raises:
            ValueError: The file is missing, unreadable or not the index it should be.
        """
        try:
            index = _read(folder / FILE)
        except (RuntimeError, MemoryError, OSError) as error:
            raise ValueError(f"{FILE} cannot be read") from error
        opened = cls(kind, index)
        if not opened._is_sound(rows, dimension):
            raise ValueError(f"{FILE} is no {kind} index of {rows} vectors of {dimension} dimensions")
        if kind == "ivf_pq":
            index.use_precomputed_table = -1  # tables for every list would cost more memory than the codes
        return opened

    def search(self, query: np.ndarray, count: int, probes: int, bits: np.ndarray | None) -> np.ndarray:
        """The rows (m,) int64 of about the ``count`` nearest vectors, m at most ``count``, in no order to rely on.

        Args:
            query: A unit vector (d,) float32.
            count: How many rows to find.
            probes: In how many lists to look.
            bits: One bit for each row, the lowest first in its byte: whether it may come back; None for all.
        """
        probes = min(probes, self.lists)
        if bits is None:
            parameters = _parameters(probes)
        else:
            selector = _faiss().IDSelectorBitmap(len(bits), _faiss().swig_ptr(bits))
            parameters = _faiss().SearchParametersIVF(nprobe=probes, sel=selector)
        _, rows = self.index.search(query[None], count, params=parameters)
        found: np.ndarray = rows[0][rows[0] >= 0]
        return found

    def _list(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows (m,) and codes (m, bytes) of a list, in place."""
        lists = self.index.invlists
        size, width = lists.list_size(number), int(lists.code_size)
        if not size:
            return np.empty(0, np.int64), np.empty((0, width), np.uint8)
        ids = _faiss().rev_swig_ptr(lists.get_ids(number), size)
        return ids, _faiss().rev_swig_ptr(lists.get_codes(number), size * width).reshape(size, width)

    def _is_sound(self, rows: int, dimension: int) -> bool:
        """Whether what was read has the shape that searching it relies on."""
        faiss, index = _faiss(), self.index
        classes = {"ivf_sq8": faiss.IndexIVFScalarQuantizer, "ivf_pq": faiss.IndexIVFPQ}
        if type(index) is not classes[self.kind] or (index.ntotal, index.d) != (rows, dimension):
            return False
        if not 1 <= index.nlist <= rows:
            return False
        model, quantizer, lists = _empty(self.kind, faiss.IndexFlatL2(dimension), 1), index.quantizer, index.invlists
        if lists is None or quantizer is None or not index.is_trained or index.by_residual is not True:
            return False
        quantizer = faiss.downcast_index(quantizer)
        if type(quantizer) not in (faiss.IndexFlatL2, faiss.IndexFlat):
            return False
        return (
            (quantizer.ntotal, quantizer.d, quantizer.metric_type) == (index.nlist, dimension, faiss.METRIC_L2)
            and index.metric_type == faiss.METRIC_L2
            and (lists.nlist, lists.code_size) == (index.nlist, model.code_size)
            and index.code_size == model.code_size
            and sum(lists.list_size(number) for number in range(index.nlist)) == rows
            and self._holds_each_row_once(rows)
        )

    def _holds_each_row_once(self, rows: int) -> bool:
        seen = np.zeros(rows, bool)
        for number in range(self.lists):
            ids, _ = self._list(number)
            if len(ids) and not (ids.min() >= 0 and ids.max() < rows):
                return False
            seen[ids] = True
        return bool(seen.all())


def _read(path: Path) -> Any:
    """Map a file. Of nothing can it hold more than it has bytes: numbers that say so would fill the memory."""
    faiss, size = _faiss(), path.stat().st_size
    with _reading:
        bytes_, loops = faiss.get_deserialization_vector_byte_limit(), faiss.get_deserialization_loop_limit()
        try:
            faiss.set_deserialization_vector_byte_limit(size)
            faiss.set_deserialization_loop_limit(size)
            return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC | faiss.IO_FLAG_SKIP_PRECOMPUTE_TABLE)
        finally:  # whoever else reads with FAISS in this process has limits of their own
            faiss.set_deserialization_vector_byte_limit(bytes_)
            faiss.set_deserialization_loop_limit(loops)


def _empty(kind: IvfKind, quantizer: Any, lists: int) -> Any:
    faiss = _faiss()
    if kind == "ivf_sq8":
        code = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, quantizer.d, lists, code, faiss.METRIC_L2)
    else:
        pieces = next(n for n in range(max(1, quantizer.d // _PIECES), 0, -1) if quantizer.d % n == 0)
        index = faiss.IndexIVFPQ(quantizer, quantizer.d, lists, pieces, 8, faiss.METRIC_L2)
        index.use_precomputed_table = -1
    quantizer.this.disown()
    index.own_fields = True
    return index
