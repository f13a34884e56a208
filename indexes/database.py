"""A database: the collections in one home directory.

Opening touches nothing. The home is made by the first write; until then it reads as one without collections.
"""

import logging
import re
import shutil
import threading
import time
import unicodedata
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Row, delete, insert, select

from indexes.backup.restoring import already_there, restore
from indexes.backup.taking import Inspection, inspect, take
from indexes.care.compact import Compaction, compact_catalogue, remove_files_of_none
from indexes.care.files import COLLECTIONS
from indexes.care.findings import Repair, Report
from indexes.care.repair import repair_catalogue
from indexes.care.verify import verify_home
from indexes.catalogue import reading, shadows
from indexes.catalogue.connection import FILE_NAME, Catalogue, storing
from indexes.catalogue.models import CollectionRow
from indexes.collection import Collection
from indexes.errors import EncoderMismatch, StoreError, UnknownCollection, UsageError
from indexes.locks import exclusive
from indexes.records import CollectionInfo, EncoderFingerprint, SnapshotInfo
from indexes.search.artefacts import LOCK
from indexes.search.dense import Kind

__all__ = ["OWN_FILES", "Database"]

_log = logging.getLogger(__name__)

_NAME = re.compile(r"\w[\w.\-]{0,63}")
OWN_FILES = rf"{re.escape(FILE_NAME)}.*|{COLLECTIONS}/\d+"
"""What matches the paths in a home of the files and folders that a database keeps there."""


class Database:
    """The collections of one home. Safe to share between threads."""

    def __init__(self, home: Path, url: str | None, lock_timeout: float, kind: Kind | None) -> None:
        self.home = home
        self._catalogue = Catalogue(home, url, lock_timeout)
        self._url = url
        self._lock_timeout = lock_timeout
        self._kind = kind
        self._held: dict[int, Collection] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls, home: Path, *, url: str | None = None, lock_timeout: float = 10.0, kind: Kind | None = None
    ) -> "Database":
        """Open the database of a home directory.

        Args:
            home: Where the data lives; need not be there yet.
            url: Of the catalogue on a PostgreSQL server; by default it is the SQLite file ``catalog.db`` in the home.
            lock_timeout: How long a writer waits for another, in seconds.
            kind: The kind of the dense indexes that are written; by default the one that the size asks for.

        Raises:
            UsageError: The URL names something else.
        """
        return cls(home.expanduser().absolute(), url, lock_timeout, kind)

    def collections(self) -> list[CollectionInfo]:
        """All collections, by name.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        return [self._collection(row).info() for row in self._rows()]

    def collection(self, name: str) -> Collection:
        """The collection of a name.

        Raises:
            UnknownCollection: There is none.
            StoreError: The catalogue cannot be read.
        """
        rows = {row.name: row for row in self._rows()}
        row = rows.get(_checked(name))
        if row is None:
            there = ", ".join(rows) if rows else "none"
            raise UnknownCollection(
                f"There is no collection {name!r} in {self.home} (there: {there}): "
                f"type `ragstack ingest PATH --collection {name}` to make it."
            )
        return self._collection(row)

    def create(self, name: str, encoder: EncoderFingerprint) -> Collection:
        """The collection of a name, made where there is none.

        Raises:
            EncoderMismatch: It is there and was filled by another encoder.
            UsageError: The name cannot be one.
            StoreError: The catalogue cannot be written.
        """
        name = _checked(name)
        row = next((row for row in self._rows() if row.name == name), None)
        if row is None:
            with self._catalogue.write() as connection:
                row = reading.collection_row(connection, name)
                if row is None:
                    values = {"name": name, "encoder": asdict(encoder), "created": time.time()}
                    connection.execute(insert(CollectionRow).values(sequence=0, horizon=0, **values))
                    row = reading.collection_row(connection, name)
        collection = self._collection(row)
        if collection.encoder != encoder:
            raise EncoderMismatch(
                f"Collection {name!r} was filled by {_described(collection.encoder)}, not by {_described(encoder)}: "
                f"set that one, or type `ragstack collections migrate {name} --encoder {encoder.name}` to change it."
            )
        return collection

    def delete(self, name: str) -> None:
        """Delete a collection with all that it holds.

        Raises:
            UnknownCollection: There is none of that name.
            StoreBusy: It is being written.
            StoreError: The catalogue cannot be written.
        """
        self.drop_shadow(name)
        self._drop(self.collection(name))

    def rename(self, name: str, new_name: str) -> None:
        """Give a collection another name; nothing else of it changes.

        Raises:
            UnknownCollection: There is none of that name.
            UsageError: The new name cannot be one, or is in use.
            StoreBusy: The collection is being written.
            StoreError: The catalogue cannot be written.
        """
        collection, new_name = self.collection(name), _checked(new_name)
        with collection.locked(), self._catalogue.write() as connection:
            if reading.collection_row(connection, new_name) is not None:
                raise UsageError(f"There is already a collection {new_name!r} in {self.home}: choose another name.")
            shadows.rename(connection, collection.id, new_name)

    def snapshot(self, name: str, path: Path) -> SnapshotInfo:
        """Write one state of a collection, exactly, to a new file; searches and writers go on meanwhile.

        Raises:
            UnknownCollection: There is no collection of that name.
            UsageError: Something lies at ``path`` already, or its directory is missing.
            StoreDamaged: The catalogue holds a row that is not as it was written.
            StoreError: The catalogue cannot be read or the file cannot be written; nothing was left behind.
        """
        return _snapshot_info(path, take(self._catalogue, self.collection(name).id, path))

    def restore(self, path: Path, name: str | None = None) -> CollectionInfo:
        """Make the collection of a snapshot anew, with the ids that it had where they are free.

        Args:
            path: A file that `snapshot` wrote, here or elsewhere; nothing in it is trusted.
            name: The name to give it; by default the one that it had.

        Raises:
            UsageError: The file is no snapshot, or there is a collection of that name.
            StoreDamaged: The file is damaged.
            StoreError: The file cannot be read or the catalogue cannot be written; nothing has changed.
        """
        inspection = inspect(path)
        name = _checked(inspection.header.name if name is None else name)
        if any(row.name == name for row in self._rows()):
            raise already_there(path, name, self.home)
        restore(self._catalogue, path, name, inspection)
        collection = self.collection(name)
        try:
            with collection.locked(), storing(self.home):
                collection.target().reader.rebuild(self._catalogue)
        except StoreError as error:  # every chunk is safe in the catalogue, and searched from there
            _log.warning("The files of collection %r were not written: %s", name, error)
        return collection.info()

    def shadow(self, name: str, encoder: EncoderFingerprint) -> Collection:
        """The collection beside another in which it is built anew for another encoder; made, or as it was left.

        No list shows it and no name leads to it. It goes with the collection that it belongs to.

        Raises:
            UnknownCollection: There is no collection of that name.
            StoreBusy: One for another encoder is being built by another process.
            StoreError: The catalogue cannot be written.
        """
        collection = self.collection(name)
        shadow = self._shadow_of(collection)
        if shadow is not None and shadow.encoder != encoder:
            self._drop(shadow)
            shadow = None
        if shadow is None:
            with self._catalogue.write() as connection:
                shadow = self._collection(shadows.make(connection, collection.id, encoder))
        return shadow

    def drop_shadow(self, name: str) -> bool:
        """Delete what was built beside a collection; False where there is nothing.

        Raises:
            UnknownCollection: There is no collection of that name.
            StoreBusy: It is being built by another process.
            StoreError: The catalogue cannot be written.
        """
        shadow = self._shadow_of(self.collection(name))
        if shadow is not None:
            self._drop(shadow)
        return shadow is not None

    def switch(self, name: str, kept: str) -> None:
        """Let the shadow of a collection take its name, and the collection the name ``kept``, in one transaction.

        The caller holds the locks of both.

        Raises:
            UnknownCollection: There is no collection of that name.
            UsageError: The name ``kept`` cannot be one, or is in use.
            StoreError: The catalogue cannot be written; nothing has changed.
        """
        collection, kept = self.collection(name), _checked(kept)
        with self._catalogue.write() as connection:
            if reading.collection_row(connection, kept) is not None:
                raise UsageError(
                    f"There is already a collection {kept!r} in {self.home}: type "
                    f"`ragstack collections delete {kept}` first."
                )
            shadows.switch(connection, collection.id, kept)

    def verify(self, name: str | None = None, *, recall: bool = False) -> list[Report]:
        """Look for damage in the home and the catalogue as a whole, and then in its collections.

        Args:
            name: The one collection to look at; by default all.
            recall: Whether to measure as well how much of the truth dense searches find.

        Raises:
            UnknownCollection: There is none of that name.
        """
        reports = [verify_home(self._catalogue, embedded=self._url is None)]
        try:
            names = [name] if name else [row.name for row in self._rows()]
            return reports + [self.collection(each).verify(recall=recall) for each in names]
        except StoreError:
            if reports[0].damage:  # it says why
                return reports
            raise

    def repair(self, name: str | None = None) -> list[Repair]:
        """Repair the catalogue as a whole, and then its collections; says what was done and what remains.

        Args:
            name: The one collection to repair; by default all.

        Raises:
            UnknownCollection: There is none of that name.
            StoreBusy: A writer did not finish in time.
            StoreDamaged: Nothing of the catalogue can be read.
        """
        embedded = self._url is None
        with ExitStack() as stack:
            for folder in sorted(self.home.glob("collections/[0-9]*/")):
                with storing(self.home):
                    stack.enter_context(exclusive(folder / LOCK, folder.name, self._lock_timeout))
            done = repair_catalogue(self._catalogue, embedded=embedded)
        names = [name] if name else [row.name for row in self._rows()]
        repairs = [self.collection(each).repair() for each in names]
        return [Repair("", tuple(done), verify_home(self._catalogue, embedded=embedded)), *repairs]

    def compact(self, name: str | None = None) -> list[Compaction]:
        """Compact collections, and then the catalogue's file.

        Args:
            name: The one collection to compact; by default all, and then files of no collection are removed too.

        Raises:
            UnknownCollection: There is none of that name.
            StoreBusy: Somebody did not finish writing in time.
            StoreError: Something cannot be written; no chunk is lost.
        """
        names = [name] if name else [row.name for row in self._rows()]
        compacted = [self.collection(each).compact() for each in names]
        if name is None and names:
            with self._catalogue.read() as connection:
                remove_files_of_none(self.home, set(connection.scalars(select(CollectionRow.id))))
        return [*compacted, compact_catalogue(self._catalogue)] if self._url is None else compacted

    def close(self) -> None:
        """Let go of connections and files."""
        self._catalogue.close()
        with self._lock:
            self._held.clear()

    def __enter__(self) -> "Database":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _shadow_of(self, collection: Collection) -> Collection | None:
        with self._catalogue.read() as connection:
            row = reading.collection_row(connection, shadows.name_of(collection.id))
        return None if row is None else self._collection(row)

    def _drop(self, collection: Collection) -> None:
        with collection.locked() as folder:
            with self._catalogue.write() as connection:
                connection.execute(delete(CollectionRow).where(CollectionRow.id == collection.id))
            with self._lock:
                self._held.pop(collection.id, None)
            shutil.rmtree(folder, ignore_errors=True)

    def _rows(self) -> list[Row[Any]]:
        if not self._catalogue.exists():
            return []
        with self._catalogue.read() as connection:
            return [row for row in reading.collections(connection) if not row.name.startswith(shadows.HIDDEN)]

    def _collection(self, row: Row[Any] | None) -> Collection:
        """One object for each collection, so that all callers share what it has read."""
        if row is None:
            raise UnknownCollection("The collection was deleted meanwhile: type the command again.")
        with self._lock:
            held = self._held.get(row.id)
            if held is None or held.name != row.name:
                self._held[row.id] = Collection(
                    catalogue=self._catalogue,
                    folder=self.home / "collections" / str(row.id),
                    collection_id=row.id,
                    name=row.name,
                    encoder=EncoderFingerprint(**row.encoder),
                    created=row.created,
                    lock_timeout=self._lock_timeout,
                    kind=self._kind,
                )
            return self._held[row.id]


def _checked(name: str) -> str:
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a collection: expected up to 64 letters, digits and . _ - with no dot or dash first."
        )
    return name


def _snapshot_info(path: Path, inspection: Inspection) -> SnapshotInfo:
    return SnapshotInfo(
        path=str(path),
        name=inspection.header.name,
        encoder=inspection.header.encoder,
        documents=inspection.end.documents,
        chunks=inspection.end.chunks,
        sequence=inspection.header.sequence,
        bytes=path.stat().st_size,
    )


def _described(encoder: EncoderFingerprint) -> str:
    return f"{encoder.name} (revision {encoder.revision}, {encoder.dimension} dimensions)"
