"""The derived files of a collection against the catalogue, and what else lies in the home.

Eight bytes for each chunk are held in memory, and some thousand vectors at a time.
"""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, select

from indexes.care.bundles import Unreadable, rows_by_id
from indexes.care.findings import Finding
from indexes.care.target import Target
from indexes.catalogue import reading
from indexes.catalogue.connection import FILE_NAME
from indexes.catalogue.models import ChunkRow, CollectionRow, VectorRow
from indexes.errors import StoreBusy
from indexes.locks import exclusive
from indexes.search.analysis import terms
from indexes.search.artefacts import LOCK, BadArtefact
from indexes.search.lexical import term_hash
from indexes.search.segment import Segment

__all__ = [
    "COLLECTIONS",
    "KEPT",
    "Loaded",
    "highest_id",
    "in_folder",
    "in_generation",
    "in_home",
    "loaded",
    "readable_by_others",
]

COLLECTIONS = "collections"
KEPT = f"{FILE_NAME}.damaged-"
"""How the names of damaged catalogues begin that a repair has kept."""
_BLOCK = 2048
_SAMPLE = 64
_TOLD = 20


Loaded = tuple[tuple[Segment, ...], int, int, str] | Finding | None
"""The newest generation's segments, its number, its commit, that one's token; or what is wrong; None for no files."""


def loaded(target: Target) -> Loaded:
    """Load the newest generation of a collection."""
    while True:
        numbers = target.artefacts.generations()
        if not numbers:
            return None
        try:
            segments, manifest = target.artefacts.load(numbers[0])
        except BadArtefact as error:
            if numbers[0] in target.artefacts.generations():  # no writer has just replaced it
                return target.finding("files", str(error), str(target.artefacts.folder))
        else:
            return segments, manifest.generation, manifest.sequence, manifest.token


def highest_id(found: Loaded) -> int:
    """The highest id of a chunk in the files, live or not."""
    if not isinstance(found, tuple):
        return 0
    return max((int(segment.ids[-1]) for segment in found[0] if len(segment.ids)), default=0)


def in_generation(
    target: Target, connection: Connection, segments: tuple[Segment, ...], generation: int, at: int, token: str
) -> Iterator[Finding]:
    """What the files of a generation hold that the catalogue does not, and the other way round.

    Args:
        target: The collection.
        connection: A transaction that began after the files were written.
        segments: What the generation holds.
        generation: Its number.
        at: The commit that it stands at.
        token: That commit's token.
    """
    place = f"generation {generation}"
    row = connection.execute(select(CollectionRow.sequence, CollectionRow.horizon).where(CollectionRow.id == target.id))
    sequence, horizon = row.one()
    if not horizon <= at <= sequence:
        yield target.finding("stale", f"stands at commit {at}, outside {horizon} to {sequence}", place)
        return
    if reading.token_of(connection, target.id, at) != token:
        yield target.finding("stale", f"stands at a commit {at} of another history of the catalogue", place)
        return
    files = _live_ids(segments)
    if len(np.unique(files)) != len(files):
        yield target.finding("files", "holds a chunk twice", place)
    files = np.setdiff1d(files, reading.removed_since(connection, target.id, at))
    statement = select(ChunkRow.id).where(ChunkRow.collection_id == target.id, ChunkRow.sequence <= at)
    stored = np.unique(np.fromiter(connection.scalars(statement), np.int64))
    for what, ids in (
        ("is not in the files", np.setdiff1d(stored, files, assume_unique=True)),
        ("is in the files, and neither in the catalogue nor said to be removed", np.setdiff1d(files, stored)),
    ):
        for id_ in ids[:_TOLD].tolist():
            yield target.finding("files", what, f"{place}, chunk {id_}", chunk=id_)
        if len(ids) > _TOLD:
            yield target.finding("files", f"so it is with {len(ids) - _TOLD} more chunks", place)
    for segment in segments:
        yield from _vectors(target, connection, segment, place)
        yield from _postings(target, connection, segment, place)


def in_folder(target: Target) -> Iterator[Finding]:
    """What lies in a collection's directory beside its files; what a writer at work has there is passed over."""
    for path in target.artefacts.strangers():
        yield target.finding("foreign", "does not belong here", str(path), mend=f"mv {path} ELSEWHERE")
    if not target.artefacts.folder.is_dir():
        return
    try:
        with exclusive(target.artefacts.folder / LOCK, f"Collection {target.name!r}", 0):
            for path in target.artefacts.leftovers():
                mend = f"ragstack collections compact {target.name}"
                yield target.finding("leftover", "is no longer used", str(path), mend=mend)
    except (StoreBusy, OSError):
        return


def in_home(home: Path, collections: set[int]) -> Iterator[Finding]:
    """What lies in a home and belongs to no collection, and files of ours that others can read."""
    ours = {
        FILE_NAME,
        f"{FILE_NAME}-wal",
        f"{FILE_NAME}-shm",
        f"{FILE_NAME}-journal",
        f"{FILE_NAME}-commits",
        COLLECTIONS,
    }
    for path in _listed(home):
        if path.name.startswith((KEPT, f"{FILE_NAME}.salvage")):
            yield Finding("leftover", str(path), "was left by a repair of the catalogue", f"rm -r {path}")
        elif path.name not in ours:
            yield Finding("foreign", str(path), "does not belong here", f"mv {path} ELSEWHERE")
    for path in _listed(home / COLLECTIONS):
        if not path.is_dir() or not path.name.isdecimal():
            yield Finding("foreign", str(path), "does not belong here", f"mv {path} ELSEWHERE")
        elif int(path.name) not in collections:
            yield Finding("leftover", str(path), "are files of no collection", "ragstack collections compact")
    for path in readable_by_others(home):
        yield Finding("permissions", str(path), "can be read by others than its owner", "ragstack collections repair")


def readable_by_others(home: Path) -> Iterator[Path]:
    """Files and directories of ours in a home that anybody but their owner can read or write."""
    ours = [path for path in _listed(home) if path.name.startswith(FILE_NAME) or path.name == COLLECTIONS]
    folders = [path for path in _listed(home / COLLECTIONS) if path.name.isdecimal()]
    for folder in folders:
        within = [path for path in _listed(folder) if path.is_dir() or path.name == LOCK]
        ours += [folder, *within, *(each for path in within for each in _listed(path))]
    for path in ours:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode) and mode & 0o077:
            yield path


def _listed(folder: Path) -> list[Path]:
    """What lies in a directory; nothing where it cannot be looked into."""
    return sorted(folder.iterdir()) if os.access(folder, os.R_OK | os.X_OK) and folder.is_dir() else []


def _live_ids(segments: tuple[Segment, ...]) -> np.ndarray:
    parts = [segment.ids if segment.live is None else segment.ids[segment.live] for segment in segments]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _vectors(target: Target, connection: Connection, segment: Segment, place: str) -> Iterator[Finding]:
    """Vectors in the files that differ from the catalogue's."""
    columns = VectorRow.chunk_id, VectorRow.vector
    size = 4 * target.encoder.dimension
    for start in range(0, len(segment.ids), _BLOCK):
        ids = np.asarray(segment.ids[start : start + _BLOCK])
        between = VectorRow.chunk_id.between(int(ids[0]), int(ids[-1]))
        rows = connection.execute(select(*columns).where(between).execution_options(yield_per=_BLOCK))
        for some in rows.partitions():
            known = [(id_, vector) for id_, vector in some if isinstance(vector, bytes) and len(vector) == size]
            found = np.array([id_ for id_, _ in known], np.int64)
            at = np.searchsorted(ids, found)
            at[at == len(ids)] = 0
            here = ids[at] == found
            stored = np.frombuffer(b"".join(vector for _, vector in known), "<i4").reshape(len(known), -1)[here]
            filed = np.asarray(segment.vectors[start : start + _BLOCK]).view("<i4")[at[here]]
            for id_ in found[here][(stored != filed).any(axis=1)].tolist():
                yield target.finding(
                    "files", "its vector differs from the catalogue's", f"{place}, chunk {id_}", chunk=id_
                )


def _postings(target: Target, connection: Connection, segment: Segment, place: str) -> Iterator[Finding]:
    """Rows, of a sample spread over the segment, whose postings are not those of their text."""
    live = np.arange(len(segment.ids)) if segment.live is None else np.flatnonzero(segment.live)
    rows = (
        live[np.unique(np.linspace(0, len(live) - 1, min(_SAMPLE, len(live)), dtype=np.int64))] if len(live) else live
    )
    chosen = {int(segment.ids[row]): int(row) for row in rows}
    postings = segment.lexical
    holding = np.bincount(_only(postings.rows, rows), minlength=len(segment.ids))
    for chunk in rows_by_id(connection, ChunkRow.__table__, "id", list(chosen)):
        if isinstance(chunk, Unreadable) or not isinstance(chunk.text, str) or not isinstance(chunk.context, str):
            continue  # said elsewhere
        row = chosen[chunk.id]
        counted = Counter(terms(f"{chunk.context}\n{chunk.text}" if chunk.context else chunk.text))
        same = postings.lengths[row] == counted.total() and holding[row] == len({term_hash(term) for term in counted})
        for term, count in counted.items():
            found = postings.of(term)
            at = int(np.searchsorted(postings.rows[found], row))
            there = at < found.stop - found.start and postings.rows[found][at] == row
            same = same and there and postings.counts[found][at] == min(count, 0xFFFF)
        if not same:
            yield target.finding(
                "files", "its words are not those of its text", f"{place}, chunk {chunk.id}", chunk=chunk.id
            )


def _only(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The values that are among the chosen ones, some at a time."""
    step = 1 << 20
    parts = (np.asarray(values[start : start + step]) for start in range(0, len(values), step))
    return np.concatenate([np.empty(0, np.int64), *(part[np.isin(part, chosen)] for part in parts)]).astype(np.int64)
