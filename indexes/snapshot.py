"""One whole state of a collection, ready to be searched; never changed once it is made.

Scores: higher is better; equal scores come in the order of ids.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from indexes.filters import Filter
from indexes.lexical import Statistics
from indexes.segment import Segment

__all__ = ["Found", "Snapshot"]

Found = list[tuple[int, float]]
"""Ids of chunks with their scores, best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The collection as of commit ``sequence``.

    ``generation`` is that of the files that the first segment lies in, 0 where there is none; they stand at
    commit ``published``. ``stamp`` is the state of the directory of files when this was made, for the reader to see
    that there is something new. ``filtered`` remembers the ids that filters let through in this state.
    """

    sequence: int
    segments: tuple[Segment, ...]
    generation: int = 0
    published: int = 0
    stamp: int = 0
    filtered: dict[Filter, np.ndarray] = field(default_factory=dict)

    @property
    def fixed(self) -> int:
        """How many segments lie on disk."""
        return 1 if self.generation else 0

    @property
    def live_count(self) -> int:
        """The number of chunks."""
        return sum(segment.live_count for segment in self.segments)

    def ids(self) -> np.ndarray:
        """The ids (n,) int64 of all chunks, rising."""
        live = [part.ids if part.live is None else part.ids[part.live] for part in self.segments]
        return np.sort(np.concatenate([np.empty(0, np.int64), *live]))

    def dense(self, query: np.ndarray, k: int, ids: np.ndarray | None) -> Found:
        """The ``k`` chunks of highest cosine to a unit vector (d,), among ``ids`` (m,) where given."""
        found = []
        for segment in self.segments:
            rows, cosines = segment.dense.search(query, k, segment.allowed(ids))
            found.append((segment.ids[rows], np.clip(cosines.astype(np.float64), -1, 1)))
        return _best(found, k)

    def lexical(self, query: Mapping[str, int], k: int, ids: np.ndarray | None) -> Found:
        """The ``k`` chunks of highest BM25 for terms with their counts, among ``ids`` (m,) where given.

        Only chunks that hold a term of the query are found. The statistics are those of the whole collection.
        """
        statistics = self._statistics(query)
        found = []
        for segment in self.segments:
            scores = segment.lexical.scores(query, statistics)
            allowed = segment.allowed(ids)
            rows = np.flatnonzero(scores if allowed is None else np.where(allowed, scores, 0))
            if len(rows) > k:
                # all that reach the k-th best score, so that equal scores are told apart by id and not by chance
                least = np.partition(scores[rows], len(rows) - k)[len(rows) - k]
                rows = rows[scores[rows] >= least]
            found.append((segment.ids[rows], scores[rows]))
        return _best(found, k)

    def _statistics(self, query: Mapping[str, int]) -> Statistics:
        rows = self.live_count
        length = 0
        for segment in self.segments:
            lengths = segment.lexical.lengths
            length += int(np.sum(lengths if segment.live is None else lengths[segment.live], dtype=np.int64))
        having = {
            term: sum(segment.lexical.rows_with(term, segment.live) for segment in self.segments) for term in query
        }
        return Statistics(rows, length / rows if length else 1.0, having)


def _best(found: list[tuple[np.ndarray, np.ndarray]], k: int) -> Found:
    if not found:
        return []
    ids, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((ids, -scores))[:k]
    return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))
