"""A segment: an immutable set of chunks that can be searched, densely and lexically.

A collection is searched as a few segments, one that lies on disk and small ones in memory for what was committed
since. Within a segment rows are numbered from 0 in the order of ``ids``, which rise; outside only ids are known.
A chunk that was removed stays in its segment, no longer live, until segments are merged.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from indexes.dense import DenseIndex, Kind, choose_kind
from indexes.lexical import Postings

__all__ = ["Segment", "merge", "settle"]

_DEAD_IN_GRAPH = 0.2
"""The share of removed rows up to which a graph grows by what is new instead of being built again."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Chunks ``ids`` (n,) int64, rising, of which those where ``live`` (n,) is true are there; None for all."""

    ids: np.ndarray
    dense: DenseIndex
    lexical: Postings
    live: np.ndarray | None = None

    @classmethod
    def build(cls, ids: np.ndarray, vectors: np.ndarray, texts: Sequence[str]) -> "Segment":
        """A segment of chunks with rising ids (n,), unit vectors (n, d) and texts."""
        return cls(ids, DenseIndex.build(vectors, "flat"), Postings.build(texts))

    @property
    def live_count(self) -> int:
        """The number of live chunks."""
        return len(self.ids) if self.live is None else int(np.count_nonzero(self.live))

    def without(self, removed: np.ndarray) -> "Segment":
        """This segment with the chunks of some ids (m,) dead; ids that are not here are passed over."""
        places = self.places(removed)
        if not len(places):
            return self
        live = np.ones(len(self.ids), bool) if self.live is None else self.live.copy()
        live[places] = False
        return replace(self, live=live)

    def places(self, ids: np.ndarray) -> np.ndarray:
        """The rows of those among ``ids`` (m,) that are in this segment."""
        if not len(self.ids) or not len(ids):
            return np.empty(0, np.int64)
        places = np.searchsorted(self.ids, ids)
        places[places == len(self.ids)] = 0
        found: np.ndarray = places[self.ids[places] == ids]
        return found

    def allowed(self, ids: np.ndarray | None) -> np.ndarray | None:
        """The mask (n,) of the live rows among ``ids`` (m,), or of all live rows; None where that is every row."""
        if ids is None:
            return self.live
        mask = np.zeros(len(self.ids), bool)
        mask[self.places(ids)] = True
        return mask if self.live is None else mask & self.live


def settle(segments: tuple[Segment, ...], fixed: int) -> tuple[Segment, ...]:
    """Merge small segments at the end so that their number grows with the logarithm of their rows.

    Args:
        segments: The segments, the oldest first.
        fixed: How many at the beginning stay as they are.
    """
    while len(segments) >= fixed + 2 and len(segments[-2].ids) <= 2 * len(segments[-1].ids):
        segments = (*segments[:-2], merge(segments[-2:], "flat"))
    return segments


def merge(segments: Sequence[Segment], kind: Kind | None = None) -> Segment:
    """One segment with the live chunks of several, at least one.

    Args:
        segments: What is merged.
        kind: The kind of the dense index; by default the one that the size asks for.
    """
    total = sum(segment.live_count for segment in segments)
    kind = kind or choose_kind(total)
    if kind == "hnsw" and _can_grow(segments):
        return _grown(segments)
    ids = np.concatenate([_live(segment, segment.ids) for segment in segments])
    vectors = np.concatenate([_live(segment, segment.dense.vectors) for segment in segments])
    order = np.argsort(ids, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    places, first = [], 0
    for segment in segments:
        place = np.full(len(segment.ids), -1, np.int64)
        rows = slice(None) if segment.live is None else segment.live
        place[rows] = rank[first : first + segment.live_count]
        first += segment.live_count
        places.append(place)
    lexical = Postings.merge([segment.lexical for segment in segments], places, total)
    return Segment(ids[order], DenseIndex.build(vectors[order], kind), lexical)


def _live(segment: Segment, rows: np.ndarray) -> np.ndarray:
    return rows if segment.live is None else rows[segment.live]


def _can_grow(segments: Sequence[Segment]) -> bool:
    """Whether the first is a graph worth keeping, and all that follows comes after it."""
    first = segments[0]
    if first.dense.kind != "hnsw" or first.live_count < (1 - _DEAD_IN_GRAPH) * len(first.ids):
        return False
    ends = [(segment.ids[0], segment.ids[-1]) for segment in segments if len(segment.ids)]
    return all(before[1] < after[0] for before, after in pairwise(ends))


def _grown(segments: Sequence[Segment]) -> Segment:
    first, rest = segments[0], [segment for segment in segments[1:] if segment.live_count]
    if not rest:
        return first
    tail = merge(rest, "flat")
    ids = np.concatenate([first.ids, tail.ids])
    places = [
        np.arange(len(first.ids)) if first.live is None else np.where(first.live, np.arange(len(first.ids)), -1),
        np.arange(len(first.ids), len(ids)),
    ]
    live = None if first.live is None else np.concatenate([first.live, np.ones(len(tail.ids), bool)])
    lexical = Postings.merge([first.lexical, tail.lexical], places, len(ids))
    return Segment(ids, first.dense.extended(tail.dense.vectors), lexical, live)
