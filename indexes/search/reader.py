"""Keeps a collection's `Snapshot` at the newest commit, and publishes it as files.

Before every search the reader asks the catalogue for the collection's commit. What is new is read and put into a
new snapshot; searches that run meanwhile go on with the one they have. Files are taken up when a newer generation
lies in the directory. Where no generation can be used, everything is read from the catalogue: slower, never wrong.
"""

import logging
import threading
from dataclasses import replace

from sqlalchemy import Connection

from indexes.catalogue import reading
from indexes.catalogue.connection import Catalogue
from indexes.catalogue.reading import Position
from indexes.catalogue.selection import select_ids
from indexes.errors import UnknownCollection
from indexes.filters import Filter
from indexes.search.artefacts import Artefacts, BadArtefact
from indexes.search.dense import Kind, choose_kind
from indexes.search.segment import Segment, merge, plan, settle
from indexes.search.snapshot import Selection, Snapshot

__all__ = ["Reader"]

_log = logging.getLogger(__name__)

Version = tuple[int, ...]
_PATIENCE = 50  # transactions that may have begun before another thread moved on
_SELECTIONS = 64  # filters whose selections are remembered in one state


class Reader:
    """The snapshots of one collection in this process. Safe to share between threads."""

    def __init__(self, name: str, collection_id: int, artefacts: Artefacts, kind: Kind | None) -> None:
        self._name = name
        self._id = collection_id
        self._artefacts = artefacts
        self._kind = kind
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._behind = 0  # how many transactions in turn were older than what is held
        self._known: tuple[Version | None, Snapshot | None] = None, None  # of the catalogue, and what it was then
        self._bad: set[int] = set()  # generations that were found unusable, told once

    def current(self, catalogue: Catalogue, where: Filter | None = None) -> tuple[Snapshot, Selection | None]:
        """The newest state of the collection, and what in it a filter lets through.

        Raises:
            UnknownCollection: The collection was deleted meanwhile.
            StoreError: The catalogue cannot be read.
        """
        version = catalogue.version()
        found = self._unchanged(version, where)
        seen, _ = self._known
        if version and seen and version[:2] != seen[:2]:  # another file is in the place of the catalogue's
            with self._lock:
                self._snapshot = None
        while found is None:
            with catalogue.read() as connection:
                snapshot = self.snapshot(connection)
                if snapshot is None:
                    continue
                found = snapshot, None if where is None else self._selection(connection, snapshot, where)
                self._known = version, snapshot  # nothing was committed before the version was asked that it lacks
        return found

    def _unchanged(self, version: Version | None, where: Filter | None) -> tuple[Snapshot, Selection | None] | None:
        """The answer of `current` where nothing was committed since it was last given; None where that is not known."""
        seen, snapshot = self._known
        if version is None or version != seen or snapshot is None:
            return None
        selection = None if where is None else snapshot.selections.get(repr(where))
        return None if where is not None and selection is None else (snapshot, selection)

    def _selection(self, connection: Connection, snapshot: Snapshot, where: Filter) -> Selection:
        key = repr(where)  # filters that ask for 1, 1.0 and True are equal and do not mean the same
        selection = snapshot.selections.get(key)
        if selection is None:
            selection = snapshot.selection(select_ids(connection, self._id, where, snapshot.ids))
            if len(snapshot.selections) >= _SELECTIONS:
                snapshot.selections.clear()
            snapshot.selections[key] = selection
        return selection

    def snapshot(self, connection: Connection) -> Snapshot | None:
        """The state of the collection that the transaction of ``connection`` sees.

        None where another thread has moved on since the transaction began: begin another, and ask again.

        Raises:
            UnknownCollection: The collection was deleted meanwhile.
        """
        at = reading.position(connection, self._id)
        if at is None:
            raise self._gone()
        stamp = self._artefacts.stamp()
        held = self._snapshot
        if held is not None and (held.sequence, held.token, held.stamp) == (at.sequence, at.token, stamp):
            return held
        with self._lock:
            held = self._snapshot
            if held is not None and held.sequence > at.sequence:
                self._behind += 1
                if self._behind < _PATIENCE:
                    return None
                held = None  # it is not the transaction that is old: the catalogue was put back to an older state
            self._behind = 0
            caught_up = self._caught_up(connection, self._start(connection, at, held, stamp), at)
            if caught_up.live_count != at.chunks:
                _log.warning("Collection %r: its files do not fit; it is made again from the catalogue.", self._name)
                caught_up = self._caught_up(connection, Snapshot(0, (), stamp=stamp), at)
            if caught_up.live_count != at.chunks:
                reading.damaged(connection, self._id, f"an index ({at.chunks} chunks, {caught_up.live_count} found)")
            self._snapshot = caught_up
            return caught_up

    def is_compact(self, snapshot: Snapshot) -> bool:
        """Whether a state lies in files as one segment of the right kind, without removed rows."""
        if snapshot.pending or len(snapshot.segments) > 1:
            return False
        return all(
            part.live is None
            and part.dense.kind == choose_kind(len(part.ids), self._artefacts.encoder.dimension, self._kind)
            for part in snapshot.segments
        )

    def publish(self, snapshot: Snapshot, *, afresh: bool = False) -> Snapshot:
        """Write a snapshot as a new generation and go on from its files. The caller holds the collection's lock.

        Args:
            snapshot: What is written.
            afresh: Whether to write all of it again, as one segment without removed rows.

        Raises:
            OSError: The files could not be written; nothing has changed.
        """
        parts = [segment for segment in snapshot.segments if segment.live_count]
        groups = [parts] if afresh and parts else plan(parts)
        generation = self._artefacts.save(groups, (snapshot.sequence, snapshot.token), self._kind, afresh=afresh)
        return self._taken_up(self._of_files(generation, snapshot.segments, stamp=0))

    def rebuild(self, catalogue: Catalogue) -> Snapshot:
        """Write a new generation from the catalogue alone and go on from it. The caller holds the collection's lock.

        Memory does not grow with the collection: parts of it are put on disk and merged there.

        Raises:
            StoreError: The catalogue cannot be read.
            OSError: The files could not be written; what was there before is still there.
        """
        dimension = self._artefacts.encoder.dimension
        with self._artefacts.workshop() as folder, catalogue.read() as connection:
            found = reading.position(connection, self._id)
            if found is None:
                raise self._gone()
            parts: list[Segment] = []
            for ids, vectors, texts in reading.added_since(connection, self._id, 0, dimension):
                part = folder / str(len(parts))
                part.mkdir()
                parts.append(merge([Segment.build(ids, vectors, texts)], "flat", part))
            commit = found.sequence, found.token
            generation = self._artefacts.save([parts] if parts else [], commit, self._kind, afresh=True)
        return self._taken_up(self._of_files(generation, (), stamp=0))

    def _of_files(self, generation: int, held: tuple[Segment, ...], stamp: int) -> Snapshot:
        segments, manifest = self._artefacts.load(generation, held)
        return Snapshot(manifest.sequence, segments, manifest.token, generation, len(segments), stamp)

    def _taken_up(self, published: Snapshot) -> Snapshot:
        """Go on from files that were just written."""
        self._artefacts.prune()
        published = replace(published, stamp=self._artefacts.stamp())
        with self._lock:
            self._snapshot, self._known = published, (None, None)
        return published

    def _gone(self) -> UnknownCollection:
        return UnknownCollection(f"Collection {self._name!r} was deleted meanwhile: ingest it again, or use another.")

    def _start(self, connection: Connection, at: Position, held: Snapshot | None, stamp: int) -> Snapshot:
        """The best state to catch up from: the one that is held, or a newer generation of files, or nothing."""
        usable = held is not None and self._is_past(connection, at, held)
        if held is not None and usable and held.stamp == stamp:
            return held
        newest = held.generation if held is not None and usable else 0
        for generation in self._artefacts.generations():
            if generation <= newest:
                break
            if generation in self._bad:
                continue
            try:
                found = self._of_files(generation, held.segments if held else (), stamp)
            except BadArtefact as error:
                if generation not in self._artefacts.generations():  # a writer has just replaced it
                    return self._start(connection, at, held, self._artefacts.stamp())
                self._bad.add(generation)
                _log.warning("Collection %r: %s; it is made again from the catalogue.", self._name, error)
                continue
            if self._is_past(connection, at, found):
                return found
        return replace(held, stamp=stamp) if held is not None and usable else Snapshot(0, (), stamp=stamp)

    def _is_past(self, connection: Connection, at: Position, state: Snapshot) -> bool:
        """Whether a state is one that the catalogue has gone through, and can be caught up from."""
        known = at.horizon <= state.sequence <= at.sequence
        return known and reading.token_of(connection, self._id, state.sequence) == state.token

    def _caught_up(self, connection: Connection, start: Snapshot, at: Position) -> Snapshot:
        """The state at a position, from an earlier one."""
        if start.sequence == at.sequence:
            return start
        segments = start.segments
        removed = reading.removed_since(connection, self._id, start.sequence)
        if len(removed):
            segments = tuple(segment.without(removed) for segment in segments)
        pending = start.pending + start.live_count - sum(segment.live_count for segment in segments)
        dimension = self._artefacts.encoder.dimension
        for ids, vectors, texts in reading.added_since(connection, self._id, start.sequence, dimension):
            segments = settle((*segments, Segment.build(ids, vectors, texts)), start.fixed)
            pending += len(ids)
        return replace(start, sequence=at.sequence, token=at.token, segments=segments, pending=pending, selections={})
