"""The connection to the catalogue: SQLite in the home directory, or a PostgreSQL server that a SQLAlchemy URL names.

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
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError

from indexes.catalogue import commits, postgresql
from indexes.catalogue.migrations import is_current, migrate, schema_version
from indexes.errors import StoreBusy, StoreDamaged, StoreError

__all__ = ["Catalogue", "storing"]

FILE_NAME = "catalog.db"
_POOL = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": -1}
_PRAGMAS = ("foreign_keys = ON", "trusted_schema = OFF", "cell_size_check = ON")
_PRAGMAS_OF_WRITERS = ("journal_mode = WAL", "synchronous = FULL")


class Catalogue:
    """The catalogue of one home. Safe to share between threads."""

    def __init__(self, home: Path, url: str | None, lock_timeout: float) -> None:
        self.home = home
        self._url = url or None
        self._server = postgresql.place_of(url) if url else None
        self._timeout = lock_timeout
        self._engine: Engine | None = None
        self._opened: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self._watch: tuple[Engine, sqlite3.Connection] | None = None
        self._watches = 0  # each begins to count commits anew
        self._watching = threading.Lock()

    @property
    def path(self) -> Path:
        """The file of the embedded catalogue."""
        return self.home / FILE_NAME

    def exists(self) -> bool:
        """Whether there is anything to read."""
        with storing(self.home, self._server):
            return self._connect(write=False) is not None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the catalogue.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with storing(self.home, self._server):
            engine = self._connect(write=False)
            if engine is None:
                place = self._server or f"the home {self.home}"
                raise StoreError(f"There is no catalogue in {place}: type `ragstack ingest PATH` to make one.")
            with engine.connect() as connection:
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end of the block and rolled back by an error.

        Raises:
            StoreError: The catalogue cannot be written; nothing has changed.
        """
        with storing(self.home, self._server):
            engine = self._connect(write=True)
            if engine is not None:
                with self._writing(engine) as connection:
                    yield connection

    def version(self) -> tuple[int, ...] | None:
        """Numbers that are others after every commit, of any process; None where there are no cheap ones.

        They cost a small part of a query: a search that meets the same as before need not ask what is new.

        Raises:
            StoreError: The catalogue cannot be read.
        """
        with storing(self.home, self._server):
            engine = self._connect(write=False)
            if engine is None or self._url is not None or not self._can_write():
                return None
            with self._watching:
                if self._watch is None or self._watch[0] is not engine:
                    self._watch = engine, self._connect_to_file()
                    self._watches += 1
                # SQLite counts the commits of all other connections, and this one makes none
                (version,) = self._watch[1].execute("PRAGMA data_version").fetchone()
                return (*(self._opened or ()), self._watches, version)

    @contextmanager
    def exclusive(self, collection_id: int, name: str) -> Iterator[None]:
        """Hold the lock of a collection's writer between machines, where the catalogue is on a server.

        Raises:
            StoreBusy: Another writer did not finish in time.
            StoreError: The catalogue cannot be written.
        """
        with storing(self.home, self._server):
            engine = self._connect(write=True)
            held: AbstractContextManager[None] = nullcontext()
            if engine is not None and self._url is not None:
                held = postgresql.exclusive(engine, collection_id, name, self._timeout)
            with held:
                yield

    def close(self) -> None:
        """Close the connections; the next use opens them again."""
        with self._watching:
            if self._watch is not None:
                self._watch[1].close()
            self._watch = None
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
            self._engine = None

    def _connect(self, *, write: bool) -> Engine | None:
        with self._lock:
            if self._engine is not None and self._file_id() != self._opened:
                self._engine.dispose()  # a repair has put another file in its place
                self._engine = None
            if self._engine is None:
                self._engine = self._open(write=write)
                self._opened = self._file_id()
            return self._engine

    def _file_id(self) -> tuple[int, int] | None:
        """What tells the embedded catalogue's file from another of the same name."""
        if self._url is not None:
            return None
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _open(self, *, write: bool) -> Engine | None:
        if self._url is not None:
            engine: Engine | None = postgresql.engine_of(self._url, _POOL, self._timeout)
        else:
            engine = self._engine_of_file(write=write)
        if engine is None:
            return None
        said = commits.witnessed(self.path)
        try:
            with engine.connect() as connection:
                _refuse_programs(connection)
                empty, current = schema_version(connection) == 0, is_current(connection)
                if self._url is None:
                    commits.check(self.path, connection, said)
            if write or not (empty or current):
                with self._writing(engine) as connection:
                    migrate(connection)
        except BaseException:
            engine.dispose()
            raise
        if empty and not write:
            engine.dispose()
            return None
        return engine

    @contextmanager
    def _writing(self, engine: Engine) -> Iterator[Connection]:
        number = 0
        with engine.connect() as connection:
            if self._url is not None:  # which has no BEGIN IMMEDIATE: see `indexes.catalogue.postgresql`
                connection.execution_options(isolation_level="READ COMMITTED")
            with connection.execution_options(ragstack_write=True).begin():
                yield connection
                if self._url is None:
                    number = commits.count(connection)
        if number:
            with suppress(OSError):  # what was committed is committed
                commits.witness(self.path, number)

    def _engine_of_file(self, *, write: bool) -> Engine | None:
        if self.home.exists() and not self.home.is_dir():
            raise StoreError(f"The home {self.home} is a file, not a directory: choose another with `--home DIR`.")
        if not self.path.is_file() or self.path.stat().st_size == 0:
            commits.check_gone(self.path)
            if not write:
                return None
        if write:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
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
            f"file:{quote(os.fsencode(self.path))}?{mode}",
            uri=True,
            timeout=self._timeout,
            check_same_thread=False,
            isolation_level=None,  # transactions begin where SQLAlchemy says so, not at the first change
        )
        for pragma in _PRAGMAS + (_PRAGMAS_OF_WRITERS if writable else ()):
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _begin(connection: Connection) -> None:
    """Take SQLite's write lock at the start: a transaction that reads before it writes could not take it later."""
    write = connection.get_execution_options().get("ragstack_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _refuse_programs(connection: Connection) -> None:
    """Views, triggers and virtual tables run what they hold when they are asked; this project has none of them."""
    if connection.dialect.name != "sqlite":
        return
    query = """SELECT name, CASE type WHEN 'table' THEN 'virtual table' ELSE type END FROM sqlite_master
        WHERE type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%'"""
    found = connection.exec_driver_sql(query).first()
    if found is not None:
        raise StoreDamaged(
            f"The catalogue holds a {found[1]}, {str(found[0])[:40]!r}, which is not one of ragstack: somebody else "
            "changed it; put a copy of the right one back."
        )


@contextmanager
def storing(home: Path, server: str | None = None) -> Iterator[None]:
    """Turn the errors of drivers and of the operating system into a `StoreError` that speaks to the person.

    Args:
        home: The directory.
        server: Where the catalogue is, in words, if it is not there.
    """
    try:
        yield
    except DBAPIError as error:
        raise (postgresql.spoken(server, error) if server else _spoken(home, str(error.orig))) from error
    except sqlite3.Error as error:
        raise _spoken(home, str(error)) from error
    except OSError as error:
        raise StoreError(f"The home {home} cannot be used: {error.strerror or error}. {_ADVICE}") from error


_ADVICE = "Check the permissions and the free space of the disk, or choose another with `--home DIR`."

_DAMAGE = "malformed", "not a database", "corrupt", "no such table", "no such column", "could not decode"


def _spoken(home: Path, reason: str) -> StoreError:
    reason = reason.partition("\n")[0]
    found = reason.lower()
    if "locked" in found or "busy" in found:
        return StoreBusy(f"The catalogue in {home} is being written by another process: wait for it and try again.")
    if any(sign in found for sign in _DAMAGE):
        return StoreDamaged(
            f"The catalogue in {home} is damaged ({reason}): type `ragstack collections repair`, "
            "or `ragstack collections restore FILE` with a snapshot."
        )
    if "full" in found:
        return StoreError(f"The disk that holds {home} is full: free some space and try again; nothing was lost.")
    if "readonly" in found or "read-only" in found:
        return StoreError(f"The home {home} is read-only: make it writable, or choose another with `--home DIR`.")
    return StoreError(f"The catalogue in {home} cannot be used: {reason}. {_ADVICE}")
