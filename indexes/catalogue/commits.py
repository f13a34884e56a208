"""How many transactions the catalogue has committed, said in two places, so that a lost one is noticed.

SQLite's log is read up to the first damaged frame and no further: what comes after, acknowledged or not, is silently
gone. Therefore each transaction counts itself in the header of the database (``user_version``), and once it is
committed the number is written to a file beside it. The file is not synced and may lag behind; where it is ahead,
commits were lost.
"""

import os
import shlex
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from indexes.errors import StoreDamaged

__all__ = ["check", "check_gone", "count", "forgive", "witness", "witnessed"]

_MOST = 2**31 - 1  # what the header can hold
_LONGEST = 32  # bytes of the number beside it


def count(connection: Connection) -> int:
    """Count the transaction of a connection, as its last statement; returns its number."""
    number = min(int(connection.exec_driver_sql("PRAGMA user_version").scalar_one()) + 1, _MOST)
    connection.exec_driver_sql(f"PRAGMA user_version = {number}")
    return number


def witness(database: Path, number: int) -> None:
    """Write down beside a database that a transaction was committed.

    Raises:
        OSError: The file cannot be written.
    """
    handle = os.open(_beside(database), os.O_CREAT | os.O_WRONLY | os.O_NONBLOCK, 0o600)  # a pipe is not waited for
    try:
        os.pwrite(handle, b"%010d\n" % number, 0)
    finally:
        os.close(handle)


def witnessed(database: Path) -> int:
    """The number that stands beside a database; 0 where none can be read. To be read before the database is."""
    try:
        handle = os.open(_beside(database), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        return int(os.read(handle, _LONGEST)) if stat.S_ISREG(os.fstat(handle).st_mode) else 0
    except (OSError, ValueError):
        return 0
    finally:
        os.close(handle)


def check_gone(database: Path) -> None:
    """Where a database is missing or empty: make sure that it never was anything else.

    Raises:
        StoreDamaged: Transactions were committed to it.
    """
    said = witnessed(database)
    if said > 0:
        raise StoreDamaged(
            f"The catalogue {database} is gone, and {said} commits were made to it: put a copy of it back; or type "
            f"`rm {shlex.quote(str(_beside(database)))}` and then `ragstack collections restore FILE` with a snapshot, "
            "or ingest again."
        )


def check(database: Path, connection: Connection, said: int) -> None:
    """Compare the count in a database with what stood beside it before.

    Raises:
        StoreDamaged: Commits were lost.
    """
    lost = said - int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
    if lost > 0:
        raise StoreDamaged(
            f"The last {lost} commits to {database} are lost, for its log is damaged: type `ragstack collections "
            "repair` to go on without them, and ingest again what was changed last."
        )


def forgive(database: Path) -> int:
    """Go on from the count in a database; returns how many commits were lost.

    Raises:
        OSError: The file beside it cannot be written.
    """
    said = witnessed(database)
    try:
        if database.stat().st_size == 0:  # nothing is left to go on from
            return 0
        with closing(sqlite3.connect(database)) as connection:
            stands = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError:
        return 0
    if said > stands:
        witness(database, stands)
    return max(0, said - stands)


def _beside(database: Path) -> Path:
    return database.with_name(f"{database.name}-commits")
