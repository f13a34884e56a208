"""Writers that are killed, and what must be true afterwards; for the tests and for ``benchmarks/crashes.py``.

A child process writes to a collection and notes in a file what it is about to do and what was acknowledged. It is
killed with SIGKILL, at a random moment or, by fault injection, just before or after the n-th time that it asks the
operating system to sync, rename or delete, or the database to execute or to commit. `look` then opens the collection as
it was left: it is in the state that was acknowledged last, or in the one after the action that was under way, as a
whole; searches equal brute force, the ledger and the documents agree, and verification finds no damage.
"""

import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import toys
from sqlalchemy.engine.default import DefaultDialect

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import UnknownCollection
from indexes.records import LedgerEntry

CALLS: dict[str, tuple[Any, str, int]] = {
    "fsync": (os, "fsync", 20),
    "rename": (os, "rename", 10),
    "unlink": (os, "unlink", 20),
    "rmdir": (os, "rmdir", 10),
    "execute": (DefaultDialect, "do_execute", 300),
    "commit": (DefaultDialect, "do_commit", 20),
}
"""Around what a child can be killed: where it is, its name, and the number up to which the calls are counted."""
NAME = "papers"
_MOST_ACTIONS = 400
_LONGEST = 300.0


@dataclass(frozen=True)
class State:
    """What a collection holds: by key, how the text of each document begins, and the digest that the ledger has."""

    documents: dict[str, str] = field(default_factory=dict)
    ledger: dict[str, str] = field(default_factory=dict)

    def after(self, action: str, key: str, version: str) -> "State":
        """The state after an action."""
        documents, ledger = dict(self.documents), dict(self.ledger)
        if action == "put":
            documents[key], ledger[key] = f"{key} {version}", version
        elif action == "delete":
            documents.pop(key, None)
            ledger[key] = ""
        elif action == "rename" and key in documents and key != version:
            ledger.pop(key, None)
            ledger.pop(version, None)  # also where it only says that there was such a document once
            documents[version] = documents.pop(key)
        return State(documents, ledger)


@dataclass(frozen=True)
class Fault:
    """Where a child is killed: around the ``number``-th ``call``, or after some seconds where there is no call."""

    call: str | None = None
    before: bool = True
    number: int = 1
    seconds: float = 0.0

    @classmethod
    def drawn(cls, chance: random.Random) -> "Fault":
        if chance.random() < 0.3:
            return cls(seconds=chance.uniform(0.0, 0.8))
        call = chance.choice(list(CALLS))
        return cls(call, chance.random() < 0.5, chance.randint(1, CALLS[call][2]))

    def __str__(self) -> str:
        if self.call is None:
            return "at a random moment"
        return f"{'before' if self.before else 'after'} {self.call}"


@dataclass
class Outcome:
    """What a kill left behind."""

    state: State
    acknowledged: int
    under_way: str
    kept: bool
    """Whether the action that was under way is there."""
    seconds_to_open: float


def killed(home: Path, url: str | None, state: State, seed: int, fault: Fault) -> Outcome:
    """Have a child write to a home from a state on, kill it, and look at what it left.

    Raises:
        AssertionError: Something acknowledged is lost, something unacknowledged is half there, or a search is wrong.
    """
    notes = home.with_name(f"{home.name}-{seed}.notes")
    notes.write_bytes(b"")
    child = multiprocessing.get_context("forkserver").Process(target=write, args=(home, url, notes, state, seed, fault))
    child.start()
    _wait(lambda: notes.stat().st_size > 0 or child.exitcode is not None)
    if fault.call is None:
        time.sleep(fault.seconds)
        child.kill()
    child.join(_LONGEST)
    if child.exitcode is None:  # the call did not come that often
        child.kill()
        child.join()
    assert child.exitcode == -signal.SIGKILL, f"the writer ended by itself with {child.exitcode}"
    return look(home, url, state, notes)


def write(home: Path, url: str | None, notes: Path, state: State, seed: int, fault: Fault) -> None:
    """The child: writes until it is killed."""
    handle = os.open(notes, os.O_WRONLY | os.O_APPEND)
    chance = random.Random(seed)

    def note(*words: str) -> None:
        os.write(handle, json.dumps(words).encode() + b"\n")

    if fault.call is not None:
        _arm(fault)
    note("begin", "", "")
    collection = Database.open(home, url=url, lock_timeout=60).create(NAME, toys.ENCODER)
    note("done", "", "")
    for number in range(_MOST_ACTIONS):
        with collection.writer() as writer:
            for step in range(chance.randrange(1, 4)):
                action, key, version = _draw(chance, f"{seed}.{number}.{step}")
                note(action, key, version)
                if action == "put":
                    made = toys.make(key, toys.versioned(key, version))
                    entry = LedgerEntry(key, key, "added", digest=version)
                    writer.put(made.document, made.chunks, made.vectors, entry)
                elif action == "delete":
                    writer.delete(key, LedgerEntry(key, key, "removed"))
                elif action == "rename":
                    writer.rename(key, version, version)
                elif action == "publish":
                    writer.publish()
                state = state.after(action, key, version)
                note("done", "", "")
        if chance.random() < 0.15 and hasattr(collection, "compact"):
            note("compact", "", "")
            collection.compact()
            note("done", "", "")
    os.kill(os.getpid(), signal.SIGKILL)


def look(home: Path, url: str | None, state: State, notes: Path) -> Outcome:
    """Compare a home with what a killed child noted."""
    said = [json.loads(line) for line in notes.read_text().splitlines()]
    acknowledged, under_way = 0, ("nothing", "", "")
    for action, key, version in said:
        if action == "done":
            state = state.after(*under_way)
            acknowledged, under_way = acknowledged + 1, ("nothing", "", "")
        else:
            under_way = (action, key, version)
    begun = time.perf_counter()
    with Database.open(home, url=url, lock_timeout=60) as database:
        try:
            collection = database.collection(NAME)
        except UnknownCollection:
            assert state == State() and acknowledged == 0, "an acknowledged collection is lost"
            return Outcome(state, acknowledged, under_way[0], False, time.perf_counter() - begun)
        collection.dense(toys.vector_of("river"), 5)
        seconds = time.perf_counter() - begun
        possible = [state, state.after(*under_way)]
        found = _found(collection)
        assert found in possible, f"{under_way} left {found}, which is neither {possible[0]} nor {possible[1]}"
        _check(collection, found)
    return Outcome(found, acknowledged, under_way[0], found == possible[1], seconds)


def _found(collection: Collection) -> State:
    documents = {}
    for info in collection.documents():
        document = collection.document(info.key)
        assert document is not None
        born, version, _ = document.text.split(" ", 2)
        assert document.text == "".join(f"{line}\n" for line in toys.versioned(born, version)), "a mix of two versions"
        documents[info.key] = f"{born} {version}"
    return State(documents, {entry.key: entry.digest for entry in collection.ledger()})


def _check(collection: Collection, found: State) -> None:
    made = [toys.make(key, toys.versioned(*text.split(" "))) for key, text in found.documents.items()]
    toys.assert_searches(collection, toys.Oracle.of(collection, made))
    damage = [str(finding) for finding in collection.verify().damage]
    assert not damage, damage


def _draw(chance: random.Random, version: str) -> tuple[str, str, str]:
    key = f"d{chance.randrange(6)}"
    action = chance.choices(("put", "delete", "rename", "publish"), (6, 2, 1, 2))[0]
    if action == "rename":
        return action, key, f"d{chance.randrange(6)}"
    return action, key if action != "publish" else "", version if action == "put" else ""


def _arm(fault: Fault) -> None:
    """From now on the child kills itself around the call that the fault names."""
    assert fault.call is not None
    owner, name, _ = CALLS[fault.call]
    real: Callable[..., Any] = getattr(owner, name)
    left = fault.number

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and fault.before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **named)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, deadly)


def _wait(ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _LONGEST
    while not ready() and time.monotonic() < deadline:
        time.sleep(0.005)
