"""The connection to the catalogue: SQLite in the home directory, or any database that a SQLAlchemy URL names.

``read()`` and ``write()`` give a connection inside one transaction. A reader sees one state of the database from its
first statement on and never waits for a writer. A write is durable once the block has been left without an error.
The file is made by the first write, for its owner only; a home that is not there reads as an empty one, and one on
read-only media can be read.

Whatever the driver raises comes out as a `StoreError` with one line.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from indexes.errors import StoreBusy, StoreDamaged, StoreError, UsageError
from indexes.migrations import is_current, migrate, schema_version

__all__ = ["Catalogue", "storing"]

FILE_NAME = "catalog.db"
_POOL = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1}
_PRAGMAS = ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON")
_PRAGMAS_OF_WRITERS = ("journal_mode = WAL", "synchronous = FULL")


class Catalogue:
    """The catalogue of one home. Safe to share between threads."""

    def __init__(self, home: Path, url: str | None, lock_timeout: float) -> None:
        self.home = home
        self._url = url
        self._timeout = lock_timeout
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """The file of the embedded catalogue."""
        return self.home / FILE_NAME

    def exists(self) -> bool:
        """Whether there is anything to read."""
        with storing(self.home):
            return self._connect(write=False) is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the catalogue.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with storing(self.home):
            engine = self._connect(write=False)
            if engine is None:
                raise StoreError(f"The home {self.home} holds no catalogue: type `ragstack ingest PATH` to make one.")
            with engine.connect() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block and rolled back by an error.

        Raises:
            StoreError: The catalogue cannot be written; nothing has changed.
        """
        with storing(self.home):
            engine = self._connect(write=True)
            if engine is not None:
                with _writing(engine) as connection:
                    yield connection

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _connect(self, *, write: bool) -> Engine | None:
        with self._lock:
            if self._engine is None:
                self._engine = self._open(write=write)
            return self._engine

    def _open(self, *, write: bool) -> Engine | None:
        engine = self._engine_of_file(write=write) if self._url is None else self._engine_of_url(self._url)
        if engine is None:
            return None
        try:
            with engine.connect() as connection:
                empty, current = schema_version(connection) == 0, is_current(connection)
            if write or not (empty or current):
                with _writing(engine) as connection:
                    migrate(connection)
        except BaseException:
            engine.dispose()
            raise
        if empty and not write:
            engine.dispose()
            return None
        return engine

    def _engine_of_url(self, url: str) -> Engine:
        try:
            if make_url(url).get_backend_name() == "sqlite":
                raise ArgumentError("SQLite takes no URL here")
            return create_engine(url, isolation_level="REPEATABLE READ", pool_pre_ping=True, **_POOL)
        except (ArgumentError, ImportError) as error:
            raise UsageError(
                f"The URL of the catalogue cannot be used ({error}): expected one that SQLAlchemy knows, such as "
                "postgresql+psycopg://USER@HOST/NAME with its driver installed; leave it empty for SQLite in the home."
            ) from error

    def _engine_of_file(self, *, write: bool) -> Engine | None:
        if self.home.exists() and not self.home.is_dir():
            raise StoreError(f"The home {self.home} is a file, not a directory: choose another with `--home DIR`.")
        if write:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        elif not self.path.is_file() or self.path.stat().st_size == 0:
            return None
        pool = _POOL if self._can_write() else {"poolclass": NullPool}
        engine = create_engine("sqlite://", creator=self._connect_to_file, **pool)
        event.listen(engine, "begin", _begin)
        return engine

    def _can_write(self) -> bool:
        return os.access(self.home, os.W_OK) and os.access(self.path, os.W_OK)

    def _connect_to_file(self) -> sqlite3.Connection:
        writable = self._can_write()
        if writable:
            mode = "mode=rw"
        else:
            # SQLite cannot make its shared memory beside the file here, and needs none unless somebody is writing.
            log = self.path.with_name(FILE_NAME + "-wal")
            mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
        connection = sqlite3.connect(
            f"file:{quote(str(self.path))}?{mode}",
            uri=True,
            timeout=self._timeout,
            check_same_thread=False,
            isolation_level=None,  # transactions begin where SQLAlchemy says so, not at the first change
        )
        for pragma in _PRAGMAS + (_PRAGMAS_OF_WRITERS if writable else ()):
            connection.execute(f"PRAGMA {pragma}")
        return connection


@contextmanager
def _writing(engine: Engine) -> Iterator[Connection]:
    with engine.connect().execution_options(ragstack_write=True) as connection, connection.begin():
        yield connection


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock at the start: a transaction that reads before it writes could not take it later."""
    write = connection.get_execution_options().get("ragstack_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def storing(home: Path) -> Iterator[None]:
    """Turn the errors of drivers and of the operating system into a `StoreError` that speaks to the person."""
    try:
        yield
    except DBAPIError as error:
        raise _spoken(home, str(error.orig)) from error
    except sqlite3.Error as error:
        raise _spoken(home, str(error)) from error
    except OSError as error:
        raise StoreError(f"The home {home} cannot be used: {error.strerror or error}. {_ADVICE}") from error


_ADVICE = "Check the permissions and the free space of the disk, or choose another with `--home DIR`."


def _spoken(home: Path, reason: str) -> StoreError:
    reason = reason.partition("\n")[0]
    found = reason.lower()
    if "locked" in found or "busy" in found:
        return StoreBusy(f"The catalogue in {home} is being written by another process: wait for it and try again.")
    if any(sign in found for sign in ("malformed", "not a database", "corrupt", "no such table", "no such column")):
        return StoreDamaged(
            f"The catalogue in {home} is damaged ({reason}): put a copy of the directory back, "
            "or move it away and ingest again."
        )
    if "full" in found:
        return StoreError(f"The disk that holds {home} is full: free some space and try again; nothing was lost.")
    if "readonly" in found or "read-only" in found:
        return StoreError(f"The home {home} is read-only: make it writable, or choose another with `--home DIR`.")
    return StoreError(f"The catalogue in {home} cannot be used: {reason}. {_ADVICE}")
