"""BM25 over an immutable set of rows: postings as plain arrays, which can be memory-mapped as they lie on disk.

A term is known by a 64-bit hash (of a million terms, two share one with a chance of 3 in 100 million). Its postings
are the rows that hold it and how often. Statistics are exact over the live rows of all segments at the time of the
search, so a deleted chunk leaves no trace in any score.

    score(q, d) = Σ_t  qtf(t) · idf(t) · tf / (tf + k1 · (1 - b + b · |d| / avg|d|))
    idf(t)      = ln(1 + (N - n_t + 0.5) / (n_t + 0.5))

This is BM25 of Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the idf
that never turns negative and without the constant factor k1 + 1, as in Lucene since version 8.
"""

import hashlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexes.analysis import terms

__all__ = ["K1", "B", "Postings", "Statistics", "term_hash"]

K1 = 1.2
B = 0.75

_ARRAYS = ("hashes", "offsets", "rows", "counts", "lengths")


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 knows of all live rows: their number, their mean length in terms, and rows per term."""

    rows: int
    mean_length: float
    rows_with: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """The postings of ``n`` rows, numbered from 0.

    ``hashes`` (t,) uint64, rising; the postings of term ``i`` are at ``offsets[i]:offsets[i + 1]`` in ``rows``
    (int32, rising within a term) and ``counts`` (uint16). ``lengths`` (n,) int32 counts the terms of each row.
    """

    hashes: np.ndarray
    offsets: np.ndarray
    rows: np.ndarray
    counts: np.ndarray
    lengths: np.ndarray

    @classmethod
    def build(cls, texts: Iterable[str]) -> "Postings":
        """Postings of texts, in their order."""
        known: dict[str, int] = {}
        hashes, rows, counts, lengths = array("Q"), array("i"), array("H"), array("i")
        for row, text in enumerate(texts):
            found = Counter(terms(text))
            lengths.append(found.total())
            for term, count in found.items():
                hashed = known.get(term)
                if hashed is None:
                    hashed = known[term] = term_hash(term)
                hashes.append(hashed)
                rows.append(row)
                counts.append(min(count, 0xFFFF))
        return cls._grouped(
            np.frombuffer(hashes, np.uint64) if hashes else np.empty(0, np.uint64),
            np.array(rows, np.int32),
            np.array(counts, np.uint16),
            np.array(lengths, np.int32),
        )

    @classmethod
    def merge(cls, parts: Sequence["Postings"], places: Sequence[np.ndarray], rows: int) -> "Postings":
        """Postings of parts put together.

        Args:
            parts: What is put together.
            places: For each part (n,) int64: the new number of each of its rows, -1 where it is left out.
            rows: The number of rows that come out.
        """
        lengths = np.zeros(rows, np.int32)
        collected: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for part, place in zip(parts, places, strict=True):
            kept = place >= 0
            lengths[place[kept]] = part.lengths[kept]
            moved = place[part.rows]
            keep = moved >= 0
            hashes = np.repeat(part.hashes, np.diff(part.offsets))
            collected.append((hashes[keep], moved[keep].astype(np.int32), part.counts[keep]))
        hashes, moved, counts = (np.concatenate(column) for column in zip(*collected, strict=True))
        return cls._grouped(hashes, moved, counts, lengths)

    @classmethod
    def _grouped(cls, hashes: np.ndarray, rows: np.ndarray, counts: np.ndarray, lengths: np.ndarray) -> "Postings":
        order = np.lexsort((rows, hashes))
        grouped = hashes[order]
        starts = np.flatnonzero(np.concatenate(([True], grouped[1:] != grouped[:-1]))) if len(grouped) else order
        offsets = np.append(starts, len(grouped)).astype(np.int64)
        return cls(grouped[starts], offsets, rows[order], counts[order], lengths)

    def save(self, folder: Path) -> None:
        """Write the arrays as ``.npy`` files into ``folder``."""
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> "Postings":
        """Map the arrays that `save` wrote.

        Raises:
            OSError: A file is missing.
            ValueError: A file is not an array.
        """
        return cls(*(np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS))

    def of(self, term: str) -> slice:
        """Where the postings of a term are in ``rows`` and ``counts``; empty for a term that does not occur."""
        hashed = np.uint64(term_hash(term))
        place = int(np.searchsorted(self.hashes, hashed))
        if place == len(self.hashes) or self.hashes[place] != hashed:
            return slice(0, 0)
        return slice(int(self.offsets[place]), int(self.offsets[place + 1]))

    def rows_with(self, term: str, live: np.ndarray | None) -> int:
        """How many rows hold the term, among those where ``live`` (n,) is true."""
        found = self.of(term)
        return found.stop - found.start if live is None else int(np.count_nonzero(live[self.rows[found]]))

    def scores(self, query: Mapping[str, int], statistics: Statistics) -> np.ndarray:
        """BM25 of every row (n,) float64 for the terms of a query with their counts; 0 where no term occurs."""
        scores = np.zeros(len(self.lengths))
        for term, weight in query.items():
            having = statistics.rows_with.get(term, 0)
            found = self.of(term)
            if not having or found.start == found.stop:
                continue
            idf = np.log1p((statistics.rows - having + 0.5) / (having + 0.5))
            rows, counts = self.rows[found], self.counts[found].astype(np.float64)
            norm = K1 * (1 - B + B * self.lengths[rows] / statistics.mean_length)
            scores[rows] += weight * idf * counts / (counts + norm)
        return scores


def term_hash(term: str) -> int:
    """The 64-bit number under which a term is kept."""
    return int.from_bytes(hashlib.blake2b(term.encode(errors="surrogatepass"), digest_size=8).digest(), "little")
