"""A database: the collections in one home directory.

Opening touches nothing. The home is made by the first write; until then it reads as one without collections.
"""

import re
import shutil
import threading
import time
import unicodedata
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Row, delete, insert, select

from indexes import reading
from indexes.catalogue import Catalogue
from indexes.collection import Collection
from indexes.errors import EncoderMismatch, UnknownCollection, UsageError
from indexes.models import CollectionRow
from indexes.records import CollectionInfo, EncoderFingerprint

__all__ = ["Database"]

_NAME = re.compile(r"\w[\w.\-]{0,63}")


class Database:
    """The collections of one home. Safe to share between threads."""

    def __init__(self, home: Path, url: str | None, lock_timeout: float) -> None:
        self.home = home
        self._catalogue = Catalogue(home, url, lock_timeout)
        self._lock_timeout = lock_timeout
        self._held: dict[int, Collection] = {}
        self._lock = threading.Lock()

    @classmethod
    def open(cls, home: Path, *, url: str | None = None, lock_timeout: float = 10.0) -> "Database":
        """Open the database of a home directory.

        Args:
            home: Where the data lives; need not be there yet.
            url: A SQLAlchemy URL of the catalogue; by default the SQLite file ``catalog.db`` in the home.
            lock_timeout: How long a writer waits for another, in seconds.
        """
        return cls(home.expanduser().absolute(), url, lock_timeout)

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
                f"set that encoder, or type `ragstack ingest PATH --collection {name}-2` to fill another collection."
            )
        return collection

    def delete(self, name: str) -> None:
        """Delete a collection with all that it holds.

        Raises:
            UnknownCollection: There is none of that name.
            StoreBusy: It is being written.
            StoreError: The catalogue cannot be written.
        """
        collection = self.collection(name)
        with collection.locked() as folder:
            with self._catalogue.write() as connection:
                connection.execute(delete(CollectionRow).where(CollectionRow.id == collection.id))
            with self._lock:
                self._held.pop(collection.id, None)
            shutil.rmtree(folder, ignore_errors=True)

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

    def _rows(self) -> list[Row[Any]]:
        if not self._catalogue.exists():
            return []
        with self._catalogue.read() as connection:
            statement = select(CollectionRow.__table__).order_by(CollectionRow.name)
            return list(connection.execute(statement))

    def _collection(self, row: Row[Any] | None) -> Collection:
        """One object for each collection, so that all callers share what it has read."""
        if row is None:
            raise UnknownCollection("The collection was deleted meanwhile: type the command again.")
        with self._lock:
            if row.id not in self._held:
                self._held[row.id] = Collection(
                    catalogue=self._catalogue,
                    folder=self.home / "collections" / str(row.id),
                    collection_id=row.id,
                    name=row.name,
                    encoder=EncoderFingerprint(**row.encoder),
                    created=row.created,
                    lock_timeout=self._lock_timeout,
                )
            return self._held[row.id]


def _checked(name: str) -> str:
    name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a collection: expected up to 64 letters, digits and . _ - with no dot or dash first."
        )
    return name


def _described(encoder: EncoderFingerprint) -> str:
    return f"{encoder.name} (revision {encoder.revision}, {encoder.dimension} dimensions)"
