"""A segment: an immutable set of chunks that can be searched, densely and lexically.

A collection is searched as a few segments: some that lie on disk, and small ones in memory for what was committed
since. Within a segment rows are numbered from 0 in the order of ``ids``, which rise, within a segment and from one to
the next; outside only ids are known. A chunk that was removed stays in its segment, no longer live, until segments are
merged, by the rule of a log-structured merge tree: so writing a million chunks one document at a time costs each of
them a few copies, and a search visits a number of segments that grows with the logarithm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from indexes.errors import StoreDamaged
from indexes.search.arrays import Allocate, in_folder, in_memory
from indexes.search.dense import Allowed, DenseIndex, Kind, choose_kind, grown
from indexes.search.lexical import Postings

__all__ = ["Segment", "merge", "needs_writing", "plan", "settle"]

_BLOCK = 16_384
_GROWTH = 3
"""A segment is merged into the one before it unless that has more than so many times its live rows."""
_DEAD = 0.2
"""The share of removed rows from which a segment is written again without them."""


@dataclass(frozen=True, eq=False)
class Segment:
    """Chunks ``ids`` (n,) int64, rising, of which those where ``live`` (n,) is true are there; None for all.

    ``name`` is that of the directory which the segment lies in, and ``seal`` stands for what was written there; both
    are empty for a segment in memory.
    """

    ids: np.ndarray
    dense: DenseIndex
    lexical: Postings
    live: np.ndarray | None = None
    name: str = ""
    seal: str = ""

    @classmethod
    def build(cls, ids: np.ndarray, vectors: np.ndarray, texts: Sequence[str]) -> "Segment":
        """A segment in memory of chunks with rising ids (n,), unit vectors (n, d) and texts."""
        return cls(ids, DenseIndex(vectors), Postings.build(texts))

    @property
    def vectors(self) -> np.ndarray:
        """The unit vectors (n, d) of all rows."""
        return self.dense.vectors

    @property
    def live_count(self) -> int:
        """The number of live chunks."""
        everything = self.allowed(None)
        return len(self.ids) if everything is None else everything.count

    @cached_property
    def _everything(self) -> Allowed | None:
        return None if self.live is None else Allowed(self.live)

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

    def allowed(self, ids: np.ndarray | None) -> Allowed | None:
        """The live rows among ``ids`` (m,), or all live rows; None where that is every row."""
        if ids is None:
            return self._everything
        mask = np.zeros(len(self.ids), bool)
        mask[self.places(ids)] = True
        return Allowed(mask if self.live is None else mask & self.live)


def plan(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Which neighbours are to be merged, so that few segments with few dead rows are left; the oldest first."""
    groups: list[list[Segment]] = []
    for segment in segments:
        if segment.live_count:
            groups.append([segment])
        while len(groups) > 1 and _live(groups[-2]) <= _GROWTH * _live(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def settle(segments: tuple[Segment, ...], fixed: int) -> tuple[Segment, ...]:
    """Merge segments in memory as `plan` says.

    Args:
        segments: The segments, the oldest first.
        fixed: How many at the beginning stay as they are.
    """
    groups = plan(segments[fixed:])
    return segments[:fixed] + tuple(group[0] if len(group) == 1 else merge(group, "flat") for group in groups)


def needs_writing(group: Sequence[Segment]) -> bool:
    """Whether what `plan` put together is not on disk as it should be."""
    first = group[0]
    return len(group) > 1 or not first.seal or first.live_count < (1 - _DEAD) * len(first.ids)


def merge(segments: Sequence[Segment], kind: Kind | None = None, folder: Path | None = None) -> Segment:
    """One segment with the live chunks of several, at least one, in memory or in the files of a directory.

    Args:
        segments: What is merged, in the order of ids.
        kind: The kind of the dense index; by default the one that the size asks for.
        folder: A directory without files for it; by default it is made in memory.

    Raises:
        StoreDamaged: The ids do not rise.
    """
    allocate: Allocate = in_memory if folder is None else in_folder(folder)
    total = sum(segment.live_count for segment in segments)
    dimension = segments[0].vectors.shape[1]
    ids, vectors = allocate("ids", (total,), np.int64), allocate("vectors", (total, dimension), np.float32)
    places, first = [], 0
    for segment in segments:
        place = np.full(len(segment.ids), -1, np.int64)
        rows = np.arange(len(segment.ids)) if segment.live is None else np.flatnonzero(segment.live)
        place[rows] = np.arange(first, first + len(rows))
        ids[first : first + len(rows)] = segment.ids[rows]
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            vectors[first + start : first + start + len(block)] = segment.vectors[block]
        first += len(rows)
        places.append(place)
    if (np.diff(ids) <= 0).any():
        raise StoreDamaged("The ids of chunks do not rise from commit to commit: type `ragstack collections verify`.")
    lexical = Postings.merge([segment.lexical for segment in segments], places, total, allocate)
    dense = grown(segments[0].dense, places[0], vectors, choose_kind(total, dimension, kind))
    if folder is not None and dense.ivf is not None:
        dense.ivf.save(folder)
    return Segment(ids, dense, lexical)


def _live(group: Sequence[Segment]) -> int:
    return sum(segment.live_count for segment in group)
