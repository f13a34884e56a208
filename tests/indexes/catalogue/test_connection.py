"""The catalogue's file: who may read it, what it says when something is wrong with it."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import inspect
from toys import sqlite_only

import indexes.catalogue.connection
from indexes.catalogue import commits
from indexes.catalogue.connection import Catalogue
from indexes.catalogue.migrations import STEPS
from indexes.catalogue.models import Base
from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import StoreBusy, StoreDamaged, StoreError

Reopen = Callable[[], Collection]


@pytest.fixture
def filled(collection: Collection, toys: Any) -> Collection:
    with collection.writer() as writer:
        made = toys.make("a", toys.PARAGRAPHS)
        writer.put(made.document, made.chunks, made.vectors)
    return collection


@sqlite_only
def test_opening_and_reading_make_nothing(database: Database, home: Path) -> None:
    assert database.collections() == []
    assert not home.exists()


@sqlite_only
def test_new_database_has_the_tables_of_the_models(collection: Collection, home: Path) -> None:
    with Catalogue(home, None, 1).read() as connection:
        assert set(inspect(connection).get_table_names()) - {"sqlite_sequence"} == set(Base.metadata.tables)
        version = connection.exec_driver_sql("SELECT max(version) FROM migration").scalar_one()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    assert version == len(STEPS)


@sqlite_only
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


@sqlite_only
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


@sqlite_only
def test_disk_that_fills_is_said_and_loses_nothing(
    filled: Collection, home: Path, toys: Any, monkeypatch: pytest.MonkeyPatch, reopened: Reopen
) -> None:
    monkeypatch.setattr(
        indexes.catalogue.connection, "_PRAGMAS", (*indexes.catalogue.connection._PRAGMAS, "max_page_count = 100")
    )
    other = reopened()
    big = toys.make("big", [f"{n} " * 900 for n in range(300)])
    with other.writer() as writer, pytest.raises(StoreError, match="is full"):
        writer.put(big.document, big.chunks, big.vectors)
    small = toys.make("a", toys.PARAGRAPHS)
    toys.assert_searches(other, toys.Oracle.of(other, [small]))


@sqlite_only
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


@sqlite_only
def test_read_only_home_can_be_read_and_says_so_to_writers(
    filled: Collection, database: Database, home: Path, public: Path, toys: Any
) -> None:
    database.close()
    home = shutil.copytree(home, public / "home")
    for path in [home, *home.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    root = Path(indexes.catalogue.connection.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", READ_AND_WRITE, str(home)], capture_output=True, text=True, env=environment, cwd=root
    )
    home.chmod(0o755)
    lines = done.stdout.splitlines()
    assert lines[0] == str(len(toys.PARAGRAPHS)), done.stderr
    assert len(lines) == 3, done.stdout
    assert all(line.startswith("StoreError The home") for line in lines[1:])


@sqlite_only
def test_version_changes_with_every_commit_and_with_nothing_else(collection: Collection, home: Path, toys: Any) -> None:
    other = Database.open(home)
    catalogue = collection._catalogue
    collection.info()
    seen = [catalogue.version()]
    collection.dense(np.ones(toys.DIMENSION), 3)
    collection.info()
    assert catalogue.version() == seen[0]
    for writes in (collection, other.collection("papers")):
        made = toys.make(f"d{len(seen)}", ["a cat"])
        with writes.writer() as writer:
            writer.put(made.document, made.chunks, made.vectors)
            seen.append(catalogue.version())
            with pytest.raises(ValueError, match="no"), writes._catalogue.write():
                raise ValueError("no")
            assert catalogue.version() == seen[-1]
    assert None not in seen
    assert len(set(seen)) == 3


def test_readers_follow_a_catalogue_that_is_put_in_the_place_of_another(home: Path, tmp_path: Path, toys: Any) -> None:
    made = [toys.make("a", ["a cat"]), toys.make("b", ["a river", "a dog"])]
    for folder, one in zip((home, tmp_path / "other"), made, strict=True):
        with Database.open(folder) as database, database.create("papers", toys.ENCODER).writer() as writer:
            writer.put(one.document, one.chunks, one.vectors)
    reader = Database.open(home).collection("papers")
    assert len(reader.dense(np.ones(toys.DIMENSION), 9)) == 1
    shutil.rmtree(home / "collections")
    for name in ("catalog.db", "catalog.db-commits"):
        (tmp_path / "other" / name).rename(home / name)
    assert len(reader.dense(np.ones(toys.DIMENSION), 9)) == 2


@sqlite_only
@pytest.mark.parametrize("content", [b"", None])
def test_a_catalogue_that_is_gone_is_not_an_empty_one(
    filled: Collection, database: Database, home: Path, content: bytes | None, toys: Any, tmp_path: Path
) -> None:
    database.snapshot("papers", tmp_path / "papers.ragstack")
    database.close()
    for path in home.glob("catalog.db*"):
        if not path.name.endswith("-commits"):
            path.unlink()
    if content is not None:
        (home / "catalog.db").write_bytes(content)
    for call in (
        Database.open(home).collections,
        lambda: Database.open(home).create("papers", toys.ENCODER),
        lambda: Database.open(home).restore(tmp_path / "papers.ragstack"),
    ):
        with pytest.raises(StoreDamaged, match=r"is gone, and \d+ commits .*`rm .*-commits`.*collections restore FILE"):
            call()
    with pytest.raises(StoreDamaged):
        Database.open(home).repair()
    with pytest.raises(StoreDamaged, match="is gone"):
        Database.open(home).collections()
    assert any(report.damage for report in Database.open(home).verify())
    (home / "catalog.db-commits").unlink()
    assert Database.open(home).restore(tmp_path / "papers.ragstack").chunks == len(toys.PARAGRAPHS)


@sqlite_only
def test_what_stands_beside_the_catalogue_is_read_only_so_far(filled: Collection, home: Path, toys: Any) -> None:
    beside = home / "catalog.db-commits"
    beside.unlink()
    beside.symlink_to("/dev/zero")
    assert commits.witnessed(home / "catalog.db") == 0
    beside.unlink()
    os.mkfifo(beside)
    assert commits.witnessed(home / "catalog.db") == 0
    assert Database.open(home).create("other", toys.ENCODER).info().chunks == 0
    beside.unlink()
    beside.write_bytes(b"1" * 10_000_000)
    began = time.thread_time()
    commits.witnessed(home / "catalog.db")
    assert time.thread_time() - began < 0.5


def test_home_whose_path_is_not_utf_8_is_used_as_any_other(tmp_path: Path, toys: Any) -> None:
    home = Path(os.fsdecode(os.fsencode(tmp_path) + b"/h\xff me?%#"))
    made = toys.make("a", toys.PARAGRAPHS)
    with Database.open(home) as database:
        collection = database.create("papers", toys.ENCODER)
        with collection.writer() as writer:
            writer.put(made.document, made.chunks, made.vectors)
            writer.publish()
    with Database.open(home) as database:
        toys.assert_searches(database.collection("papers"), toys.Oracle.of(database.collection("papers"), [made]))
        assert not any(report.damage for report in database.verify())
        database.compact()
        database.repair()
    assert [path.name for path in tmp_path.iterdir()] == [home.name]


LIST_AND_VERIFY = """
import os, sys
import faiss, rjieba, snowballstemmer
import numpy as np
from pathlib import Path
from indexes.database import Database
if os.getuid() == 0:
    os.setgid(65534); os.setuid(65534)
database = Database.open(Path(sys.argv[1]), lock_timeout=0.2)
print([info.chunks for info in database.collections()])
print(len(database.collection("papers").dense(np.ones(16), 99)))
print(database.verify()[0].name == "")
"""


@sqlite_only
@pytest.mark.parametrize("mode", [0, 0o444, 0o111])
def test_files_that_cannot_be_read_stop_no_reader(
    filled: Collection, database: Database, home: Path, public: Path, toys: Any, mode: int
) -> None:
    with filled.writer() as writer:
        writer.publish()
    database.close()
    home = shutil.copytree(home, public / "home")
    for path in [home, *home.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)
    (home / "collections" / "1").chmod(mode)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    root = Path(indexes.catalogue.connection.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", LIST_AND_VERIFY, str(home)], capture_output=True, text=True, env=environment, cwd=root
    )
    (home / "collections" / "1").chmod(0o700)
    count = len(toys.PARAGRAPHS)
    assert done.stdout.splitlines() == [f"[{count}]", str(count), "True"], done.stderr
