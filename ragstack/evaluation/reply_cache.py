"""What a judge said before, kept by the content of what it was asked, so that no judgement is paid for twice.

One SQLite file of the home. A reply is there whole or not at all, whatever happens to the process that wrote it, and
several processes may use the file at once. Only replies that could be read are kept: what failed is asked again.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

from indexes.errors import StoreError
from ragstack.generators.base import Message

__all__ = ["Pace", "Reply", "ReplyCache", "key_of"]

_TABLE = """CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, model TEXT NOT NULL, text TEXT NOT NULL,
completion_tokens INTEGER NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID"""
_LATEST = 200
"""Replies that a pace is taken from."""
_WAIT = 30.0
"""Seconds to wait while another process writes."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote, and the seconds and tokens (0: not told) that it took."""

    text: str
    completion_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Median seconds of a reply, and the mean of the tokens written."""

    seconds: float
    completion_tokens: float


def key_of(model: str, messages: Sequence[Message]) -> str:
    """A digest of who was asked, and of every word of it."""
    asked = [model, [[message.role, message.content] for message in messages]]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


class ReplyCache:
    """Replies by key, in a file that is made when the first one is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, key: str) -> Reply | None:
        """The reply, where there is one.

        Raises:
            StoreError: the file is damaged, or cannot be read.
        """
        with self._open() as database:
            query = "SELECT text, completion_tokens, seconds FROM replies WHERE key = ?"
            row = database.execute(query, (key,)).fetchone() if database else None
        return Reply(*row) if row else None

    def put(self, key: str, model: str, reply: Reply) -> None:
        """Keep a reply.

        Raises:
            StoreError: the file is damaged, or cannot be written.
        """
        with self._open(make=True) as database:
            if database:
                row = (key, model, reply.text, reply.completion_tokens, reply.seconds)
                database.execute("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?)", row)

    def pace(self, model: str) -> Pace | None:
        """How fast a model has replied so far; None where it never did."""
        with self._open() as database:
            query = "SELECT seconds, completion_tokens FROM replies WHERE model = ? LIMIT ?"
            rows = database.execute(query, (model, _LATEST)).fetchall() if database else []
        return Pace(median(row[0] for row in rows), fmean(row[1] for row in rows)) if rows else None

    @contextmanager
    def _open(self, *, make: bool = False) -> Iterator[sqlite3.Connection | None]:
        """The database; None where there is none to read."""
        if not make and not self.path.is_file():
            yield None
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)) as database:
                database.execute(_TABLE)
                yield database
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"the judge's replies in {self.path} cannot be used ({error}); remove the file, and it is asked again"
            ) from None
