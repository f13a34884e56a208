"""Compacting: what is dead is taken out of the files and the catalogue, and its room is given back."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from indexes.care.files import COLLECTIONS
from indexes.care.target import Target
from indexes.catalogue import writing
from indexes.catalogue.connection import Catalogue, storing

__all__ = ["Compaction", "compact_catalogue", "compact_collection", "remove_files_of_none"]


@dataclass(frozen=True, slots=True)
class Compaction:
    """What compacting gave back: bytes on disk before and after; ``name`` is empty for the catalogue."""

    name: str
    before: int
    after: int


def compact_collection(target: Target) -> Compaction:
    """Write a collection's files without what was removed, as one segment, and forget what is kept for old readers.

    The caller holds the collection's lock. Files that hold nothing dead are left as they are.

    Raises:
        StoreError: The catalogue or the files could not be written; no chunk is lost.
    """
    before = _size_of(target.artefacts.folder)
    snapshot, _ = target.reader.current(target.catalogue)
    if not target.reader.is_compact(snapshot):
        with storing(target.catalogue.home):
            target.reader.publish(snapshot, afresh=True)
        with target.catalogue.write() as connection:  # no further than to where the files stand now
            writing.sweep(connection, target.id, snapshot.sequence)
    target.artefacts.prune()
    return Compaction(target.name, before, _size_of(target.artefacts.folder))


def compact_catalogue(catalogue: Catalogue) -> Compaction:
    """Give the free pages of the catalogue's file back to the disk.

    Raises:
        StoreBusy: Somebody is writing.
        StoreError: There is no room for the copy that SQLite makes meanwhile.
    """
    path = catalogue.path
    before = _catalogue_size(path)
    if path.exists():
        with storing(catalogue.home), closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Compaction("", before, _catalogue_size(path))


def remove_files_of_none(home: Path, collections: set[int]) -> None:
    """Remove the directories of files that belong to no collection, which a deletion cut short has left."""
    for folder in (home / COLLECTIONS).glob("*/"):
        if folder.name.isdecimal() and int(folder.name) not in collections:
            shutil.rmtree(folder, ignore_errors=True)


def _size_of(folder: Path) -> int:
    """The bytes of all files in a directory."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def _catalogue_size(path: Path) -> int:
    return sum(each.stat().st_size for each in (path, path.with_name(f"{path.name}-wal")) if each.exists())
