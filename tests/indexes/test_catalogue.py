"""The catalogue's file: who may read it, what it says when something is wrong with it."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import inspect

import indexes.catalogue
from indexes.catalogue import Catalogue
from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import StoreBusy, StoreDamaged, StoreError, UsageError
from indexes.migrations import STEPS
from indexes.models import Base

Reopen = Callable[[], Collection]


@pytest.fixture
def filled(collection: Collection, toys: Any) -> Collection:
    with collection.writer() as writer:
        made = toys.make("a", toys.PARAGRAPHS)
        writer.put(made.document, made.chunks, made.vectors)
    return collection


def test_opening_and_reading_make_nothing(database: Database, home: Path) -> None:
    assert database.collections() == []
    assert not home.exists()


def test_new_database_has_the_tables_of_the_models(collection: Collection, home: Path) -> None:
    with Catalogue(home, None, 1).read() as connection:
        assert set(inspect(connection).get_table_names()) - {"sqlite_sequence"} == set(Base.metadata.tables)
        version = connection.exec_driver_sql("SELECT max(version) FROM migration").scalar_one()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    assert version == len(STEPS)


def test_newer_schema_is_refused(filled: Collection, home: Path) -> None:
    with sqlite3.connect(home / "catalog.db") as raw:
        raw.execute("INSERT INTO migration VALUES (?, 'from the future')", (len(STEPS) + 1,))
    with pytest.raises(StoreError, match=f"schema version {len(STEPS) + 1}.*up to {len(STEPS)}"):
        Database.open(home).collections()


def test_foreign_database_is_refused(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "catalog.db") as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreDamaged, match="not those of ragstack"):
        Database.open(home).collections()


@pytest.mark.parametrize("content", [b"not a database, but long enough to have a header of 100 bytes" * 9, b"short"])
def test_file_that_is_no_database_is_refused(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "catalog.db").write_bytes(content)
    with pytest.raises(StoreDamaged, match="damaged") as raised:
        Database.open(home).collections()
    assert "\n" not in str(raised.value)


def test_damaged_pages_are_said(filled: Collection, database: Database, home: Path, toys: Any) -> None:
    database.close()
    path = home / "catalog.db"
    data = bytearray(path.read_bytes())
    data[4096 : len(data)] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreDamaged):
        Database.open(home).collection("papers").dense(np.ones(toys.DIMENSION), 1)


@pytest.mark.parametrize("content", [b"", None])
def test_first_write_cut_short_reads_as_nothing(home: Path, content: bytes | None, toys: Any) -> None:
    home.mkdir()
    if content is None:
        with sqlite3.connect(home / "catalog.db") as raw:
            raw.execute("PRAGMA journal_mode = WAL")
    else:
        (home / "catalog.db").write_bytes(content)
    assert Database.open(home).collections() == []
    assert Database.open(home).create("c", toys.ENCODER).info().chunks == 0


def test_home_that_is_a_file_is_said(home: Path, toys: Any) -> None:
    home.write_text("I am a file")
    for call in (lambda: Database.open(home).collections(), lambda: Database.open(home).create("c", toys.ENCODER)):
        with pytest.raises(StoreError, match="is a file"):
            call()


def test_disk_that_fills_is_said_and_loses_nothing(
    filled: Collection, home: Path, toys: Any, monkeypatch: pytest.MonkeyPatch, reopened: Reopen
) -> None:
    monkeypatch.setattr(indexes.catalogue, "_PRAGMAS", (*indexes.catalogue._PRAGMAS, "max_page_count = 100"))
    other = reopened()
    big = toys.make("big", [f"{n} " * 900 for n in range(300)])
    with other.writer() as writer, pytest.raises(StoreError, match="is full"):
        writer.put(big.document, big.chunks, big.vectors)
    small = toys.make("a", toys.PARAGRAPHS)
    toys.assert_searches(other, toys.Oracle.of(other, [small]))


def test_catalogue_locked_by_another_program_is_said(
    filled: Collection, home: Path, toys: Any, reopened: Reopen
) -> None:
    other = reopened()
    raw = sqlite3.connect(home / "catalog.db", isolation_level=None)
    raw.execute("BEGIN IMMEDIATE")
    made = toys.make("b", ["beta"])
    with other.writer() as writer, pytest.raises(StoreBusy, match="another process"):
        writer.put(made.document, made.chunks, made.vectors)
    assert len(other.dense(np.ones(toys.DIMENSION), 99)) == len(toys.PARAGRAPHS)  # a reader does not wait
    raw.close()


READ_AND_WRITE = """
import os, sys
import faiss, rjieba, snowballstemmer
import numpy as np
from pathlib import Path
from indexes.database import Database
from indexes.errors import StoreError
from indexes.records import EncoderFingerprint
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
database = Database.open(Path(sys.argv[1]), lock_timeout=0.2)
print(len(database.collection("papers").dense(np.ones(16), 99)))
create = lambda: database.create("other", EncoderFingerprint("e", "1", 4))
for write in (create, lambda: database.collection("papers").writer().__enter__()):
    try:
        write()
    except StoreError as error:
        print(type(error).__name__, error)
"""


def test_read_only_home_can_be_read_and_says_so_to_writers(
    filled: Collection, database: Database, home: Path, tmp_path: Path, toys: Any
) -> None:
    database.close()
    for path in [tmp_path, *tmp_path.parents][:3]:
        path.chmod(path.stat().st_mode | 0o055)
    for path in [home, *home.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    root = Path(indexes.catalogue.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", READ_AND_WRITE, str(home)], capture_output=True, text=True, env=environment, cwd=root
    )
    home.chmod(0o755)
    lines = done.stdout.splitlines()
    assert lines[0] == str(len(toys.PARAGRAPHS)), done.stderr
    assert len(lines) == 3, done.stdout
    assert all(line.startswith("StoreError The home") for line in lines[1:])


@pytest.mark.parametrize("url", ["nonsense", "bogus://host/name", "sqlite:////tmp/x.db"])
def test_url_that_names_no_database_is_a_wrong_call(home: Path, url: str) -> None:
    with pytest.raises(UsageError, match="URL of the catalogue cannot be used"):
        Database.open(home, url=url).collections()
