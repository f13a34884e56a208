"""Dense search by cosine over an immutable set of unit vectors, by FAISS.

The kind of index follows from the number of vectors by one rule, `choose_kind`. A condition on rows travels as a
selector in the search parameters of the call; nothing on the shared index is ever set. As many rows come back as
are allowed, up to ``k``: where few are allowed, or a graph was left before enough were met, the allowed rows are
compared one by one.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

__all__ = ["FLAT_LIMIT", "DenseIndex", "Kind", "choose_kind", "normalised"]

Kind = Literal["flat", "hnsw"]

FLAT_LIMIT = 30_000
_NEIGHBOURS = 32
_EF_CONSTRUCTION = 80
_EF_SEARCH = 96
_EF_LONGEST = 1024
_FEW = 0.1  # the share of allowed rows below which comparing them one by one costs less than walking the graph
_FILE = "dense.faiss"


@cache
def _faiss() -> Any:
    import faiss

    return faiss


def choose_kind(rows: int) -> Kind:
    """The kind of index for a number of vectors: exact for as long as that takes a few milliseconds, then a graph."""
    return "flat" if rows <= FLAT_LIMIT else "hnsw"


def normalised(vectors: np.ndarray) -> np.ndarray:
    """Vectors (n, d) as float32 of unit length; a vector of zeros stays as it is."""
    vectors = np.asarray(vectors, np.float32)
    norms = np.linalg.norm(vectors.astype(np.float64), axis=-1, keepdims=True)
    return (vectors / np.where(norms == 0, 1, norms)).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class DenseIndex:
    """Unit vectors (n, d), numbered from 0, and the FAISS index over them, mapped from ``path`` or held in memory.

    Never changed once it is made.
    """

    kind: Kind
    index: Any
    path: Path | None = None

    @classmethod
    def build(cls, vectors: np.ndarray, kind: Kind) -> "DenseIndex":
        """An index of a kind over unit vectors (n, d) float32."""
        if kind == "flat":
            index = _faiss().IndexFlatIP(vectors.shape[1])
        else:
            index = _faiss().IndexHNSWFlat(vectors.shape[1], _NEIGHBOURS, _faiss().METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = _EF_CONSTRUCTION
        index.add(np.ascontiguousarray(vectors, np.float32))
        return cls(kind, index)

    def extended(self, vectors: np.ndarray) -> "DenseIndex":
        """A copy of this index with unit vectors (m, d) after its own."""
        # what is mapped from a file cannot grow, not even as a clone: FAISS would end the process
        index = _faiss().read_index(str(self.path)) if self.path else _faiss().clone_index(self.index)
        index.add(np.ascontiguousarray(vectors, np.float32))
        return DenseIndex(self.kind, index)

    def save(self, folder: Path) -> None:
        """Write the index into ``folder``."""
        _faiss().write_index(self.index, str(folder / _FILE))

    @classmethod
    def open(cls, folder: Path, kind: Kind, rows: int, dimension: int) -> "DenseIndex":
        """Map the index that `save` wrote.

        Raises:
            ValueError: The file is missing, unreadable or not the index it should be.
        """
        path = folder / _FILE
        classes = {"flat": _faiss().IndexFlatIP, "hnsw": _faiss().IndexHNSWFlat}
        try:
            index = _faiss().read_index(str(path), _faiss().IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise ValueError(f"{_FILE} cannot be read") from error
        if not isinstance(index, classes[kind]) or (index.ntotal, index.d) != (rows, dimension):
            raise ValueError(f"{_FILE} is not a {kind} index of {rows} vectors of {dimension} dimensions")
        return cls(kind, index, path)

    @property
    def vectors(self) -> np.ndarray:
        """The unit vectors (n, d), in place: not to be written to, nor used after this object has gone."""
        storage = self.index if self.kind == "flat" else _faiss().downcast_index(self.index.storage)
        shape = int(self.index.ntotal), int(self.index.d)
        if not shape[0]:
            return np.empty(shape, np.float32)
        vectors: np.ndarray = _faiss().rev_swig_ptr(storage.get_xb(), shape[0] * shape[1]).reshape(shape)
        return vectors

    def search(self, query: np.ndarray, k: int, allowed: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The rows of highest cosine.

        Args:
            query: A unit vector (d,) float32.
            k: How many rows, at least 1.
            allowed: (n,) bool, the rows that may come back; None for all.

        Returns:
            Rows (m,) int64 and cosines (m,) float32, highest first, where m is ``k`` or the number of allowed rows.
        """
        total = int(self.index.ntotal)
        count = total if allowed is None else int(np.count_nonzero(allowed))
        wanted = min(k, count)
        if wanted == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if allowed is None or count > _FEW * total:
            rows, cosines = self._search_index(query, wanted, allowed, count / total)
            if len(rows) == wanted:
                return rows, cosines
        return self._search_exactly(query, wanted, np.arange(total) if allowed is None else np.flatnonzero(allowed))

    def _search_index(
        self, query: np.ndarray, k: int, allowed: np.ndarray | None, share: float
    ) -> tuple[np.ndarray, np.ndarray]:
        selector = None
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            selector = _faiss().IDSelectorBitmap(len(allowed), _faiss().swig_ptr(bits))
        if self.kind == "flat":
            parameters = _faiss().SearchParameters(sel=selector)
        else:
            effort = min(_EF_LONGEST, int(max(_EF_SEARCH, 2 * k) / share))
            parameters = _faiss().SearchParametersHNSW(efSearch=max(effort, k), sel=selector)
        cosines, rows = self.index.search(query[None], k, params=parameters)
        found = rows[0] >= 0
        return rows[0][found], cosines[0][found]

    def _search_exactly(self, query: np.ndarray, k: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        cosines = self.vectors[rows] @ query
        best = np.argsort(-cosines, kind="stable")[:k]
        return rows[best], cosines[best]
