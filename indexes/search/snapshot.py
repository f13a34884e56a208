"""One whole state of a collection, ready to be searched; never changed once it is made.

Scores: higher is better; equal scores come in the order of ids.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from indexes.engine import Found
from indexes.search.dense import Allowed
from indexes.search.lexical import Statistics
from indexes.search.segment import Segment

__all__ = ["Selection", "Snapshot"]

Selection = tuple[Allowed | None, ...]
"""The rows that may come back, for each segment of a snapshot."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The collection as of commit ``sequence``, whose ``token`` tells it from those of other histories.

    The first ``fixed`` segments lie in the files of ``generation``, 0 where there is none. ``stamp`` is the state of
    the directory of files when this was made, for the reader to see that there is something new. ``pending`` counts
    the added and removed chunks that the files lack. ``selections`` remembers what filters let through in this state.
    """

    sequence: int
    segments: tuple[Segment, ...]
    token: str = ""
    generation: int = 0
    fixed: int = 0
    stamp: int = 0
    pending: int = 0
    selections: dict[str, Selection] = field(default_factory=dict)

    @cached_property
    def live_count(self) -> int:
        """The number of chunks."""
        return sum(segment.live_count for segment in self.segments)

    @cached_property
    def mean_length(self) -> float:
        """The mean number of terms of a chunk, 1 where there are none."""
        length = 0
        for segment in self.segments:
            lengths = segment.lexical.lengths
            length += int(np.sum(lengths if segment.live is None else lengths[segment.live], dtype=np.int64))
        return length / self.live_count if length else 1.0

    def selection(self, ids: np.ndarray) -> Selection:
        """The live chunks among ``ids`` (m,), for searches in this state."""
        return tuple(segment.allowed(ids) for segment in self.segments)

    def ids(self) -> np.ndarray:
        """The ids (n,) int64 of all chunks, rising."""
        live = [part.ids if part.live is None else part.ids[part.live] for part in self.segments]
        return np.sort(np.concatenate([np.empty(0, np.int64), *live]))

    def dense(self, query: np.ndarray, k: int, selection: Selection | None) -> Found:
        """The ``k`` chunks of highest cosine to a unit vector (d,), among a selection where given."""
        found = []
        for segment, allowed in self._parts(selection):
            rows, cosines = segment.dense.search(query, k, allowed)
            found.append((segment.ids[rows], np.clip(cosines, -1, 1).astype(np.float64)))
        if len(found) == 1:  # rows are in the order of ids, so this is sorted already
            return list(zip(found[0][0].tolist(), found[0][1].tolist(), strict=True))
        return _best(found, k)

    def lexical(self, query: Mapping[str, int], k: int, selection: Selection | None) -> Found:
        """The ``k`` chunks of highest BM25 for terms with their counts, among a selection where given.

        Only chunks that hold a term of the query are found. The statistics are those of the whole collection.
        """
        having = {term: sum(part.lexical.rows_with(term, part.live) for part in self.segments) for term in query}
        statistics = Statistics(self.live_count, self.mean_length, having)
        found = []
        for segment, allowed in self._parts(selection):
            rows, scores = segment.lexical.search(query, k, statistics, None if allowed is None else allowed.mask)
            found.append((segment.ids[rows], scores))
        return _best(found, k)

    def _parts(self, selection: Selection | None) -> Iterator[tuple[Segment, Allowed | None]]:
        everything = selection is None
        for segment, allowed in zip(self.segments, selection or (None,) * len(self.segments), strict=True):
            yield segment, segment.allowed(None) if everything else allowed


def _best(found: list[tuple[np.ndarray, np.ndarray]], k: int) -> Found:
    if not found:
        return []
    ids, scores = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((ids, -scores))[:k]
    return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))
