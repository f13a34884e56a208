"""A catalogue that was put back to an older state goes on with another history: nothing of the lost one is found."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toys import sqlite_only

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import StoreDamaged


def put(collection: Collection, toys: Any, key: str, *paragraphs: str, publish: bool = False) -> Any:
    made = toys.make(key, list(paragraphs))
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
        if publish:
            writer.publish()
    return made


def copy_over(source: Path, target: Path) -> None:
    """Copy a catalogue's contents into another's file, as SQLite's own backup does."""
    with sqlite3.connect(source) as old, sqlite3.connect(target) as new:
        old.backup(new)


@pytest.fixture
def saved(home: Path, toys: Any) -> Iterator[tuple[Callable[[], None], Any]]:
    """A home that has moved on since its catalogue was saved: puts the catalogue back, and what it held then."""
    with Database.open(home) as database:
        base = put(database.create("papers", toys.ENCODER), toys, "base", "the base text", publish=True)
    backup = home.parent / "backup"
    shutil.copytree(home, backup)
    with Database.open(home) as database:
        put(database.collection("papers"), toys, "lost", "a lost river", publish=True)

    def put_back() -> None:
        for path in home.glob("catalog.db*"):
            path.unlink()
        for path in backup.glob("catalog.db*"):
            shutil.copy(path, home)

    yield put_back, base


@pytest.mark.parametrize("before", [False, True])
def test_files_of_a_lost_history_are_not_believed(saved: Any, home: Path, toys: Any, before: bool) -> None:
    put_back, base = saved
    put_back()
    with Database.open(home) as database:
        if before:
            database.collection("papers").dense(np.ones(toys.DIMENSION), 1)
        new = put(database.collection("papers"), toys, "new", "a new river")
    reader = Database.open(home).collection("papers")
    toys.assert_searches(reader, toys.Oracle.of(reader, [base, new]))


@pytest.mark.parametrize("published", [False, True])
def test_memory_of_a_lost_history_is_not_believed(home: Path, toys: Any, published: bool) -> None:
    """Another process held the state that was lost, and the new history has just as many commits."""
    with Database.open(home) as database:
        base = put(database.create("papers", toys.ENCODER), toys, "base", "the base text", publish=published)
    copy_over(home / "catalog.db", home.parent / "saved.db")
    with Database.open(home) as database:
        put(database.collection("papers"), toys, "lost", "a lost river", publish=published)
    holder = Database.open(home).collection("papers")
    assert len(holder.dense(np.ones(toys.DIMENSION), 9)) == 2
    (home / "catalog.db-commits").unlink()
    copy_over(home.parent / "saved.db", home / "catalog.db")
    with Database.open(home) as database:
        new = put(database.collection("papers"), toys, "new", "a new river")
    toys.assert_searches(holder, toys.Oracle.of(holder, [base, new]))


def test_a_collection_can_be_used_after_its_database_was_closed(home: Path, toys: Any) -> None:
    database = Database.open(home)
    collection = database.create("papers", toys.ENCODER)
    put(collection, toys, "a", "one")
    collection.dense(np.ones(toys.DIMENSION), 1)
    database.close()
    with Database.open(home) as other, other.collection("papers").writer() as writer:
        writer.delete("a")
    assert collection.dense(np.ones(toys.DIMENSION), 9) == []


@sqlite_only
def test_a_chunk_that_no_index_leads_to_is_missed(collection: Collection, home: Path, toys: Any) -> None:
    put(collection, toys, "a", "one", "two", "three")
    with sqlite3.connect(home / "catalog.db") as connection:
        connection.execute("UPDATE chunk SET sequence = 0 WHERE id = (SELECT min(id) FROM chunk)")
    reader = Database.open(home).collection("papers")
    with pytest.raises(StoreDamaged, match="collections verify papers"):
        reader.dense(np.ones(toys.DIMENSION), 9)
    with pytest.raises(StoreDamaged, match="collections verify papers"):
        reader.lexical("one", 9)
    assert [report.name for report in Database.open(home).verify() if report.damage] == ["papers"]


@sqlite_only
def test_a_lost_commit_is_said_and_counted_again(collection: Collection, home: Path, toys: Any) -> None:
    made = put(collection, toys, "a", "one", "two", publish=True)
    for damage in ("DELETE FROM commits", "UPDATE commits SET chunks = 7", "UPDATE commits SET token = 'another'"):
        with sqlite3.connect(home / "catalog.db") as connection:
            connection.execute(damage)
        database = Database.open(home)
        assert any(report.damage for report in database.verify()), damage
        database.repair()
        assert not any(report.damage for report in database.verify()), damage
        fresh = Database.open(home).collection("papers")
        toys.assert_searches(fresh, toys.Oracle.of(fresh, [made]))
