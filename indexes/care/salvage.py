"""Salvage: all rows that can still be read of a broken SQLite file, copied into a new one.

Rows are found by their number, so that one broken page costs its own rows and no others. The old file is kept beside
the new one under a name that says when. What is lost is seen by what is left: a document knows how many chunks it has,
a file's line in the ledger says that it was stored; the repair of each collection, which comes next, goes by that.
"""

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from indexes.care.files import KEPT
from indexes.catalogue import commits
from indexes.catalogue.connection import Catalogue, storing
from indexes.catalogue.models import Base, CollectionRow, DocumentRow, MigrationRow
from indexes.durable import sync
from indexes.errors import StoreDamaged

__all__ = ["salvage"]

_log = logging.getLogger(__name__)
_AT_A_TIME = 500
_MADE_AGAIN = "document_attribute", "chunk_attribute"
_HIGHEST = 1 << 40
_MOST_FAILURES = 100_000


def salvage(catalogue: Catalogue) -> list[str]:
    """Put what can be read of the catalogue's file into a new one in its place; says what was done.

    Raises:
        StoreDamaged: Nothing could be read; nothing has changed.
        StoreError: The new file cannot be written; nothing has changed.
    """
    home, path = catalogue.home, catalogue.path
    beside = home / f"{KEPT}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    made = home / f"{path.name}.salvage"
    with storing(home):
        _clear(made)
        fresh = Catalogue(made, None, 10)
        with fresh.write():
            pass  # makes the tables
        fresh.close()
        catalogue.close()
        counted: dict[str, int] = {}
        try:
            with closing(_opened(path, "rw")) as source, closing(_opened(fresh.path, "rw")) as target:
                for table in Base.metadata.sorted_tables:
                    if table.name not in (MigrationRow.__tablename__, *_MADE_AGAIN):
                        counted[table.name] = _copy(source, target, table)
                _count_on(source, target)
                target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.DatabaseError as error:
            _log.debug("Salvage ended: %s", error)
        if not counted.get(CollectionRow.__tablename__):
            _clear(made)
            raise StoreDamaged(
                f"Nothing can be read of the catalogue in {home}: type `ragstack collections restore FILE` with a "
                "snapshot, or move the directory away and ingest again."
            )
        path.rename(beside)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        fresh.path.rename(path)
        commits.forgive(path)
        sync(home)
        _clear(made)
    documents = counted.get(DocumentRow.__tablename__, 0)
    return [f"{path}: copied what can be read, {documents} documents among it, into a new file; the old is {beside}"]


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.as_uri()}?mode={mode}", uri=True, isolation_level=None)
    connection.text_factory = lambda data: data.decode("utf-8", "replace")  # a checksum tells what was replaced
    return connection


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, table: Table) -> int:
    """Copy the rows of a table; returns how many there were."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    marks = ", ".join("?" * len(table.columns))
    some = (
        f'SELECT rowid, {names} FROM "{table.name}" NOT INDEXED '  # noqa: S608 - names of the models
        f"WHERE rowid BETWEEN ? AND ? ORDER BY rowid LIMIT {_AT_A_TIME}"
    )
    put = f'INSERT OR IGNORE INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608
    count = 0
    target.execute("PRAGMA foreign_keys = OFF")
    target.execute("BEGIN")
    try:
        source.execute(f"EXPLAIN {some}", (1, 1))  # fails where no row can be read: no such table, or no database
        for row in _rows(source, some, _highest(source, table)):
            count += target.execute(put, row[1:]).rowcount
    except sqlite3.DatabaseError as error:
        _log.warning("The rest of table %s cannot be read: %s", table.name, error)
    target.execute("COMMIT")
    return count


def _rows(source: sqlite3.Connection, some: str, highest: int) -> Iterator[tuple[Any, ...]]:
    """Rows by rising number; where they cannot be read together, those of each half of the numbers.

    Raises:
        sqlite3.DatabaseError: Too much of the table cannot be read to go on.
    """
    spans, failures = [(1, highest)], 0
    while spans:
        low, high = spans.pop()
        last, found = low - 1, 0
        try:
            for row in source.execute(some, (low, high)):
                yield row
                last, found = row[0], found + 1
        except sqlite3.DatabaseError:
            failures += 1
            if failures > _MOST_FAILURES:
                raise
            if last < high and (low, high) != (last + 1, last + 1):
                middle = (last + 1 + high) // 2
                spans += [(middle + 1, high), (last + 1, middle)]
            continue
        if found == _AT_A_TIME:
            spans.append((last + 1, high))


def _highest(source: sqlite3.Connection, table: Table) -> int:
    """A number that no row of a table is beyond."""
    for asked in (f'SELECT max(rowid) FROM "{table.name}"', "SELECT max(seq) FROM sqlite_sequence"):  # noqa: S608
        try:
            return int(source.execute(asked).fetchone()[0] or 0)
        except (sqlite3.DatabaseError, TypeError, ValueError):
            continue
    return _HIGHEST


def _count_on(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Have ids counted on from where the old file stood."""
    try:
        counted = source.execute("SELECT name, max(seq) FROM sqlite_sequence GROUP BY name").fetchall()
    except sqlite3.DatabaseError:
        return  # the repair of the collections counts on from what is in use
    for name, seq in counted:
        if isinstance(seq, int):
            target.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (seq, name))


def _clear(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
