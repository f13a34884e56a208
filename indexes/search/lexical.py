"""BM25 over an immutable set of rows: postings as plain arrays, which can be memory-mapped as they lie on disk.

A term is known by a 64-bit hash (of a million terms, two share one with a chance of 3 in 100 million). Its postings
are the rows that hold it and how often. Statistics are exact over the live rows of all segments at the time of the
search, so a deleted chunk leaves no trace in any score.

A search takes the rare terms first. As soon as the common terms that are left could not lift a row from nothing into
the best ``k``, they are only looked up for the rows that hold a rarer term: the result is the same, to the last bit.

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

from indexes.search.analysis import terms
from indexes.search.arrays import Allocate, in_memory, open_array

__all__ = ["K1", "B", "Postings", "Statistics", "term_hash"]

K1 = 1.2
B = 0.75

_ARRAYS = ("hashes", "offsets", "rows", "counts", "lengths")
_BLOCK = 1 << 22  # postings that are moved at a time
_LONG = 2048  # postings of a term from which it is worth asking whether they can matter


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 knows of all live rows: their number, their mean length in terms, and rows per term."""

    rows: int
    mean_length: float
    rows_with: Mapping[str, int]

    def idf(self, term: str) -> float:
        """The weight of a term that occurs."""
        having = self.rows_with[term]
        return float(np.log1p((self.rows - having + 0.5) / (having + 0.5)))


class _Vocabulary(dict[str, int]):
    """The hash of every term that was met."""

    def __missing__(self, term: str) -> int:
        hashed = self[term] = term_hash(term)
        return hashed


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
        vocabulary = _Vocabulary()
        hashes, counts, lengths, distinct = array("Q"), array("i"), array("i"), array("i")
        for text in texts:
            found = Counter(terms(text))
            hashes.extend(map(vocabulary.__getitem__, found))
            counts.extend(found.values())
            lengths.append(found.total())
            distinct.append(len(found))
        rows = np.repeat(np.arange(len(distinct), dtype=np.int32), np.array(distinct, np.int32))
        return cls._grouped(
            np.array(hashes, np.uint64),
            rows,
            np.minimum(np.array(counts, np.int32), 0xFFFF).astype(np.uint16),
            np.array(lengths, np.int32),
        )

    @classmethod
    def merge(
        cls, parts: Sequence["Postings"], places: Sequence[np.ndarray], rows: int, allocate: Allocate = in_memory
    ) -> "Postings":
        """Postings of parts put one after the other.

        Args:
            parts: What is put together, at least one.
            places: For each part (n,) int64: the new number of each of its rows, -1 where it is left out; rising
                within a part and from part to part.
            rows: The number of rows that come out.
            allocate: Where the arrays are put.
        """
        lengths = allocate("lengths", (rows,), np.int32)
        vocabulary = np.unique(np.concatenate([part.hashes for part in parts]))
        total = np.zeros(len(vocabulary), np.int64)
        kept = []
        for part, place in zip(parts, places, strict=True):
            lengths[place[place >= 0]] = part.lengths[place >= 0]
            kept.append(part._kept(place))
            total[np.searchsorted(vocabulary, part.hashes)] += kept[-1]
        used = total > 0
        ends = np.cumsum(total)
        size, postings = int(np.count_nonzero(used)), int(ends[-1]) if len(ends) else 0
        merged = cls(
            allocate("hashes", (size,), np.uint64),
            allocate("offsets", (size + 1,), np.int64),
            allocate("rows", (postings,), np.int32),
            allocate("counts", (postings,), np.uint16),
            lengths,
        )
        merged.hashes[:] = vocabulary[used]
        merged.offsets[:-1], merged.offsets[-1] = (ends - total)[used], postings
        next_free = ends - total
        for part, place, counts in zip(parts, places, kept, strict=True):
            term = np.searchsorted(vocabulary, part.hashes)
            part._move(merged, place, next_free[term])
            next_free[term] += counts
        return merged

    def _kept(self, place: np.ndarray) -> np.ndarray:
        """How many postings of each term (t,) stay."""
        if (place >= 0).all():
            return np.diff(self.offsets)
        stay = np.zeros(len(self.rows) + 1, np.int64)
        for start in range(0, len(self.rows), _BLOCK):
            stay[start + 1 : start + 1 + _BLOCK] = place[self.rows[start : start + _BLOCK]] >= 0
        np.cumsum(stay, out=stay)
        return np.diff(stay[self.offsets])

    def _move(self, target: "Postings", place: np.ndarray, starts: np.ndarray) -> None:
        """Copy the postings into another's arrays, those of term ``i`` from ``starts[i]`` on, block by block."""
        written = starts.copy()
        first = 0
        while first < len(self.hashes):
            last = max(first + 1, int(np.searchsorted(self.offsets, self.offsets[first] + _BLOCK)) - 1)
            block = slice(int(self.offsets[first]), int(self.offsets[last]))
            moved = place[self.rows[block]]
            stay = moved >= 0
            term = np.repeat(np.arange(last - first), np.diff(self.offsets[first : last + 1]))[stay]
            sizes = np.bincount(term, minlength=last - first)
            within = np.arange(len(term)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
            to = written[first:last][term] + within
            target.rows[to] = moved[stay]
            target.counts[to] = self.counts[block][stay]
            first = last

    @classmethod
    def _grouped(cls, hashes: np.ndarray, rows: np.ndarray, counts: np.ndarray, lengths: np.ndarray) -> "Postings":
        order = np.argsort(hashes, kind="stable")
        grouped = hashes[order]
        starts = np.flatnonzero(np.concatenate(([True], grouped[1:] != grouped[:-1]))) if len(grouped) else order
        offsets = np.append(starts, len(grouped)).astype(np.int64)
        return cls(grouped[starts], offsets, rows[order], counts[order], lengths)

    @classmethod
    def open(cls, folder: Path) -> "Postings":
        """Map the arrays that lie in a directory.

        Raises:
            OSError: A file is missing.
            ValueError: A file is not an array, or not one of postings.
        """
        opened = cls(*(open_array(folder, name) for name in _ARRAYS))
        kinds = [getattr(opened, name).dtype.str for name in _ARRAYS]
        sizes = len(opened.offsets), len(opened.rows)
        if kinds != ["<u8", "<i8", "<i4", "<u2", "<i4"] or sizes != (len(opened.hashes) + 1, len(opened.counts)):
            raise ValueError("the postings do not fit together")
        within = not len(opened.rows) or (opened.rows.min() >= 0 and opened.rows.max() < len(opened.lengths))
        ends = opened.offsets[0], opened.offsets[-1]
        if not within or ends != (0, len(opened.rows)) or (np.diff(opened.offsets) < 0).any():
            raise ValueError("the postings point elsewhere")
        return opened

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

    def search(
        self, query: Mapping[str, int], k: int, statistics: Statistics, allowed: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows of highest BM25 for the terms of a query.

        Args:
            query: Terms with their counts.
            k: How many rows, at least 1.
            statistics: What is known of all live rows.
            allowed: (n,) bool, the rows that may come back; None for all.

        Returns:
            Rows (m,) int64, rising, and their scores (m,) float64: the best ``k`` among the allowed rows that hold
            any of the terms, with all that equal the last of them.
        """
        weights = {term: query[term] * statistics.idf(term) for term in query if statistics.rows_with.get(term)}
        order = sorted(weights, key=lambda term: (statistics.rows_with[term], term))
        scores = np.zeros(len(self.lengths))
        rest = sum(weights.values())  # no term gives more than its weight
        for number, term in enumerate(order):
            found = self.of(term)
            if found.stop - found.start > _LONG:
                rows = _positive(scores, allowed)
                least = _kth(scores[rows], k) - rest * (1 + 1e-9) if len(rows) >= k else 0
                if least > 0:
                    rows = rows[scores[rows] >= least]
                    reached = scores[rows]
                    for later in order[number:]:
                        self._look_up(later, weights[later], statistics, rows, reached)
                    return _top(rows, reached, k)
            rows = self.rows[found]
            scores[rows] += self._gains(rows, self.counts[found], weights[term], statistics)
            rest -= weights[term]
        rows = _positive(scores, allowed)
        return _top(rows, scores[rows], k)

    def _look_up(self, term: str, weight: float, statistics: Statistics, rows: np.ndarray, scores: np.ndarray) -> None:
        """Add what a term gives to the scores of some rows (m,), rising."""
        found = self.of(term)
        holding = self.rows[found]
        if not len(holding):
            return
        place = np.searchsorted(holding, rows)
        place[place == len(holding)] = 0
        hit = holding[place] == rows
        counts = self.counts[found][place[hit]]
        scores[hit] += self._gains(rows[hit], counts, weight, statistics)

    def _gains(self, rows: np.ndarray, counts: np.ndarray, weight: float, statistics: Statistics) -> np.ndarray:
        tf = counts.astype(np.float64)
        gains: np.ndarray = weight * tf / (tf + K1 * (1 - B + B * self.lengths[rows] / statistics.mean_length))
        return gains


def term_hash(term: str) -> int:
    """The 64-bit number under which a term is kept."""
    return int.from_bytes(hashlib.blake2b(term.encode(errors="surrogatepass"), digest_size=8).digest(), "little")


def _positive(scores: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    rows = np.flatnonzero(scores)
    return rows if allowed is None else rows[allowed[rows]]


def _kth(scores: np.ndarray, k: int) -> float:
    return float(np.partition(scores, len(scores) - k)[len(scores) - k])


def _top(rows: np.ndarray, scores: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    if len(rows) <= k:
        return rows, scores
    keep = scores >= _kth(scores, k)
    return rows[keep], scores[keep]
