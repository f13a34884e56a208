"""What is particular to a catalogue on a PostgreSQL server.

Reading goes on in REPEATABLE READ, so that all statements of a transaction see one state. Transactions that write take
one lock of the database first, each after the other as on SQLite, and then see all that was committed before them. The
lock of a collection's writer is a second one, held by a connection of its own: it holds between machines, and the
server lets go of it when the process or its machine dies.

Names of servers are spoken in messages, passwords never.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from indexes.errors import ExtraMissing, StoreBusy, StoreDamaged, StoreError, UsageError

__all__ = ["engine_of", "exclusive", "place_of", "spoken"]

_DRIVER = "postgresql+psycopg"
_FORM = "postgresql+psycopg://USER:PASSWORD@HOST/NAME"
_ENCODINGS = "UTF8", "SQL_ASCII"
_LOCKS = 0x7261_6773
"""The first half of the keys of advisory locks; the second tells the collection, or is 0 for writing at all."""
_PAUSE = 0.05
_SECONDS_TO_CONNECT = "10"
# A machine that has vanished without a word is given up after half a minute, and its lock is free.
_KEEP_ALIVE = "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
_CONNECTION_LOST = ("08", "57P")
_SPOKEN: tuple[tuple[str, type[StoreError], str], ...] = (
    ("55P03", StoreBusy, "is being written by another process: wait for it and try again"),
    ("40", StoreBusy, "was written by another process at the same moment: try again"),
    ("25006", StoreError, "is read-only: name a server that takes changes in the URL"),
    ("53100", StoreError, "has no space left on its disk: free some and try again; nothing was lost"),
    ("42501", StoreError, "does not let this user do that: grant it the right to make and change tables there"),
    ("42P01", StoreDamaged, "lacks a table of its schema: restore a backup of the database"),
    ("42703", StoreDamaged, "lacks a column of its schema: restore a backup of the database"),
    ("XX", StoreDamaged, "is damaged: restore a backup of the database"),
)


def engine_of(url: str, pool: dict[str, Any], timeout: float) -> Engine:
    """The engine for a URL; connects to nothing yet.

    Args:
        url: The URL.
        pool: What SQLAlchemy shall keep of connections.
        timeout: How long a transaction waits for its turn to write, in seconds.

    Raises:
        UsageError: The URL names no PostgreSQL server.
        ExtraMissing: Its driver is not installed.
    """
    parsed = _parsed(url)
    given = {} if "connect_timeout" in parsed.query else {"connect_timeout": _SECONDS_TO_CONNECT}
    try:
        engine = create_engine(
            parsed,
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
            connect_args={"application_name": "ragstack", **given},
            **pool,
        )
    except ImportError as error:
        raise ExtraMissing(
            "The catalogue is on PostgreSQL and its driver is not installed: type `pip install 'ragstack[postgresql]'`."
        ) from error

    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("ragstack_write", False):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(1, int(timeout * 1000))}")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCKS}, 0)")

    event.listen(engine, "begin", begin)
    event.listen(engine, "connect", _check_encoding)
    return engine


@contextmanager
def exclusive(engine: Engine, collection_id: int, name: str, timeout: float) -> Iterator[None]:
    """Hold the server's lock on a collection for as long as the block runs.

    Args:
        engine: The engine of the catalogue.
        collection_id: The collection.
        name: Its name, for the error.
        timeout: How long to wait, in seconds.

    Raises:
        StoreBusy: Another writer held the lock all that time.
        DBAPIError: The server cannot be asked.
    """
    key = f"{_LOCKS}, {1 + collection_id % (2**31 - 1)}"
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection.detach()  # the lock goes with it, however this ends
        connection.exec_driver_sql(_KEEP_ALIVE)
        deadline = time.monotonic() + timeout
        while not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({key})").scalar():
            if time.monotonic() >= deadline:
                raise StoreBusy(
                    f"Collection {name!r} is being written from another machine and {timeout:g} s of waiting were not "
                    "enough: let it finish, then type the command again."
                )
            time.sleep(_PAUSE)
        try:
            yield
        finally:
            with suppress(DBAPIError):  # the server has gone, and the lock with it
                # said aloud: the server notices some time later that a connection was closed
                connection.exec_driver_sql(f"SELECT pg_advisory_unlock({key})")
    finally:
        with suppress(DBAPIError):
            connection.close()


def place_of(url: str) -> str:
    """The catalogue of a URL in words, without user and password."""
    parsed = _parsed(url)
    host = parsed.host or parsed.query.get("host") or "this machine"
    port = f":{parsed.port}" if parsed.port else ""
    return f"the database {parsed.database or parsed.username or ''!s} on {host}{port}"


def spoken(place: str, error: DBAPIError) -> StoreError:
    """What a driver's error means to the person."""
    state = getattr(error.orig, "sqlstate", None) or ""
    reason = str(error.orig).strip().partition("\n")[0]
    for beginning, kind, text in _SPOKEN:
        if state.startswith(beginning):
            return kind(f"The catalogue in {place} {text} ({reason}).")
    if error.connection_invalidated or not state or state.startswith(_CONNECTION_LOST):
        return StoreError(
            f"The catalogue in {place} cannot be reached ({reason}): check that the server runs, and the host, name, "
            f"user and password in the URL ({_FORM}); what was acknowledged is safe."
        )
    return StoreError(f"The catalogue in {place} refused what was asked of it ({reason}): see the server's log.")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername=_DRIVER)
        if parsed.drivername == _DRIVER:
            return parsed
        found = f"it names {parsed.drivername!r}"
    except (ArgumentError, ValueError):  # whose texts can hold a piece of the password
        found = "it has another form"
    raise UsageError(
        f"The URL of the catalogue cannot be used ({found}): expected {_FORM}, with %40 and the like for signs in the "
        "password; leave it empty for SQLite in the home."
    )


def _check_encoding(connection: Any, _: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in _ENCODINGS:
        raise StoreError(
            f"The database of the catalogue keeps text as {encoding}, which has no room for every script: make one "
            "with CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0 and name it in the URL."
        )
