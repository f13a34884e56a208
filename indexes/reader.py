"""Keeps a collection's `Snapshot` at the newest commit, and publishes it as files.

Before every search the reader asks the catalogue for the collection's commit. What is new is read and put into a
new snapshot; searches that run meanwhile go on with the one they have. Files are taken up when a newer generation
lies in the directory. Where no generation can be used, everything is read from the catalogue: slower, never wrong.
"""

import logging
import threading
from dataclasses import replace

import numpy as np
from sqlalchemy import Connection

from indexes import reading
from indexes.artefacts import Artefacts, BadArtefact
from indexes.catalogue import Catalogue
from indexes.errors import UnknownCollection
from indexes.filters import Filter
from indexes.segment import Segment, merge, settle
from indexes.selection import select_ids
from indexes.snapshot import Snapshot

__all__ = ["Reader"]

_log = logging.getLogger(__name__)


class Reader:
    """The snapshots of one collection in this process. Safe to share between threads."""

    def __init__(self, name: str, collection_id: int, artefacts: Artefacts) -> None:
        self._name = name
        self._id = collection_id
        self._artefacts = artefacts
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._bad: set[int] = set()  # generations that were found unusable, told once

    def current(self, catalogue: Catalogue, where: Filter | None = None) -> tuple[Snapshot, np.ndarray | None]:
        """The newest state of the collection, and the ids (m,) in it for which a filter holds.

        Raises:
            UnknownCollection: The collection was deleted meanwhile.
            StoreError: The catalogue cannot be read.
        """
        while True:
            with catalogue.read() as connection:
                snapshot = self.snapshot(connection)
                if snapshot is None:
                    continue
                if where is None:
                    return snapshot, None
                ids = snapshot.filtered.get(where)
                if ids is None:
                    ids = snapshot.filtered[where] = select_ids(connection, self._id, where, snapshot.ids)
                return snapshot, ids

    def snapshot(self, connection: Connection) -> Snapshot | None:
        """The state of the collection that the transaction of ``connection`` sees.

        None where another thread has moved on since the transaction began: begin another, and ask again.

        Raises:
            UnknownCollection: The collection was deleted meanwhile.
        """
        found = reading.position(connection, self._id)
        if found is None:
            raise UnknownCollection(
                f"Collection {self._name!r} was deleted meanwhile: ingest it again, or use another."
            )
        sequence, horizon = found
        stamp = self._artefacts.stamp()
        held = self._snapshot
        if held is not None and held.sequence == sequence and held.stamp == stamp:
            return held
        with self._lock:
            held = self._snapshot
            if held is not None and held.sequence > sequence:
                return None
            held = self._caught_up(connection, self._start(sequence, horizon, held, stamp), sequence)
            self._snapshot = held
            return held

    def pending(self, snapshot: Snapshot) -> int:
        """How many added and removed chunks the files lack."""
        added = sum(len(segment.ids) for segment in snapshot.segments[snapshot.fixed :])
        removed = sum(len(segment.ids) - segment.live_count for segment in snapshot.segments)
        return added + removed

    def publish(self, snapshot: Snapshot) -> Snapshot:
        """Write a snapshot as a new generation and go on from its files. The caller holds the collection's lock.

        Raises:
            OSError: The files could not be written; nothing has changed.
        """
        segment = merge(snapshot.segments) if snapshot.segments else self._empty()
        generation = self._artefacts.save(segment, snapshot.sequence)
        stamp = self._artefacts.stamp()
        mapped, _ = self._artefacts.load(generation)
        self._artefacts.prune(generation)
        published = Snapshot(snapshot.sequence, (mapped,), generation, snapshot.sequence, stamp)
        with self._lock:
            if self._snapshot is None or self._snapshot.sequence <= snapshot.sequence:
                self._snapshot = published
        return published

    def _start(self, sequence: int, horizon: int, held: Snapshot | None, stamp: int) -> Snapshot:
        """The best state to catch up from: the one that is held, or a newer generation of files, or nothing."""
        usable = held is not None and held.sequence >= horizon
        if held is not None and usable and held.stamp == stamp:
            return held
        newest = held.generation if held is not None and usable else 0
        for generation in self._artefacts.generations():
            if generation <= newest:
                break
            if generation in self._bad:
                continue
            try:
                segment, manifest = self._artefacts.load(generation)
            except BadArtefact as error:
                if generation not in self._artefacts.generations():  # a writer has just replaced it
                    return self._start(sequence, horizon, held, self._artefacts.stamp())
                self._bad.add(generation)
                _log.warning("Collection %r: %s; it is made again from the catalogue.", self._name, error)
                continue
            if horizon <= manifest.sequence <= sequence:
                return Snapshot(manifest.sequence, (segment,), generation, manifest.sequence, stamp)
        return replace(held, stamp=stamp) if held is not None and usable else Snapshot(0, (), stamp=stamp)

    def _caught_up(self, connection: Connection, start: Snapshot, sequence: int) -> Snapshot:
        """The state at commit ``sequence``, from an earlier one."""
        if start.sequence == sequence:
            return start
        segments = start.segments
        removed = reading.removed_since(connection, self._id, start.sequence)
        if len(removed):
            segments = tuple(segment.without(removed) for segment in segments)
        dimension = self._artefacts.encoder.dimension
        for ids, vectors, texts in reading.added_since(connection, self._id, start.sequence, dimension):
            segments = settle((*segments, Segment.build(ids, vectors, texts)), start.fixed)
        return replace(start, sequence=sequence, segments=segments, filtered={})

    def _empty(self) -> Segment:
        return Segment.build(np.empty(0, np.int64), np.empty((0, self._artefacts.encoder.dimension), np.float32), [])
