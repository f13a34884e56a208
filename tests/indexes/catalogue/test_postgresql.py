"""What only a catalogue on PostgreSQL has: its URL, locks between machines, what it says when something is wrong."""

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from indexes.catalogue.models import Base
from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import ExtraMissing, RagStackError, StoreBusy, StoreDamaged, StoreError, UsageError

SECRET = "s3cr3t-p4ss"
pytestmark = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture
def elsewhere(tmp_path: Path, url: str) -> Iterator[Database]:
    """The same catalogue from another machine: another home, with other files."""
    with Database.open(tmp_path / "elsewhere", url=url, lock_timeout=0.3) as opened:
        yield opened


def test_reading_makes_nothing(database: Database, home: Path, url: str) -> None:
    assert database.collections() == []
    assert not home.exists()
    with create_engine(url).connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").scalar() == 0


def test_the_tables_are_those_of_the_models(collection: Collection, url: str, home: Path) -> None:
    with create_engine(url).connect() as connection:
        found = connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").scalars()
        assert set(found) == set(Base.metadata.tables)
    assert not (home / "catalog.db").exists()


def test_two_machines_see_each_others_changes(collection: Collection, elsewhere: Database, toys: Any) -> None:
    other = elsewhere.collection("papers")
    state = {}
    for number, (writing, version) in enumerate([(collection, "1"), (other, "2"), (collection, "3"), (other, "4")]):
        state[f"d{number % 3}"] = toys.make(f"d{number % 3}", toys.versioned(f"d{number % 3}", version))
        made = state[f"d{number % 3}"]
        with writing.writer() as writer:
            writer.put(made.document, made.chunks, made.vectors)
            writer.publish()
        for reading in (collection, other):
            toys.assert_searches(reading, toys.Oracle.of(reading, list(state.values())))
    with other.writer() as writer:
        writer.delete("d0")
    del state["d0"]
    toys.assert_searches(collection, toys.Oracle.of(collection, list(state.values())))


def test_the_writers_lock_holds_between_machines(collection: Collection, elsewhere: Database) -> None:
    other = elsewhere.collection("papers")
    with collection.writer():
        begun = time.monotonic()
        with pytest.raises(StoreBusy, match=r"'papers' is being written from another machine and 0.3 s"):
            other.writer().__enter__()
        assert 0.3 <= time.monotonic() - begun < 30
    with other.writer():
        pass


def test_writers_of_two_collections_do_not_wait_for_each_other(
    database: Database, elsewhere: Database, toys: Any
) -> None:
    database.create("one", toys.ENCODER)
    made = toys.make("a", toys.PARAGRAPHS)
    two = elsewhere.create("two", toys.ENCODER)
    with database.collection("one").writer() as one, two.writer() as writer:
        one.put(made.document, made.chunks, made.vectors)
        writer.put(made.document, made.chunks, made.vectors)
    toys.assert_searches(two, toys.Oracle.of(two, [made]))


def test_the_lock_goes_with_its_connection(collection: Collection, elsewhere: Database, url: str, cluster: Any) -> None:
    name = url.partition("?")[0].rpartition("/")[2]
    with collection.writer():
        cluster.run(f"SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
        with elsewhere.collection("papers").writer():
            pass


def test_the_lock_is_free_as_soon_as_its_writer_has_ended(collection: Collection, url: str) -> None:
    held = "SELECT count(*) FROM pg_locks JOIN pg_database ON database = pg_database.oid "
    held += "WHERE locktype = 'advisory' AND datname = current_database()"
    with create_engine(url, isolation_level="AUTOCOMMIT").connect() as other:
        with collection.writer():
            assert other.exec_driver_sql(held).scalar() == 1
        for _ in range(100):
            with collection.writer():
                pass
            assert other.exec_driver_sql(held).scalar() == 0


def test_a_transaction_that_holds_everybody_up_is_said(collection: Collection, url: str, toys: Any) -> None:
    made = toys.make("a", toys.PARAGRAPHS)
    with create_engine(url).connect() as other, collection.writer() as writer:
        other.exec_driver_sql("LOCK TABLE collection")
        with pytest.raises(StoreBusy, match="another process"):
            writer.put(made.document, made.chunks, made.vectors)
        other.rollback()
        writer.put(made.document, made.chunks, made.vectors)
    toys.assert_searches(collection, toys.Oracle.of(collection, [made]))


def test_many_beginnings_at_once_make_one_collection(opened: Callable[[], Database], toys: Any) -> None:
    databases = [opened() for _ in range(6)]
    for database in databases:
        database._catalogue._timeout = 120
    made: list[int] = []
    wrong: list[BaseException] = []

    def create(database: Database) -> None:
        try:
            made.append(database.create("papers", toys.ENCODER).id)
        except RagStackError as error:
            wrong.append(error)

    threads = [threading.Thread(target=create, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(made) == 6
    assert len(set(made)) == 1


def test_a_server_that_went_away_is_said_and_comes_back(collection: Collection, toys: Any, url: str) -> None:
    import clusters

    with clusters.cluster("fsync=off") as server, server.database() as own:
        database = Database.open(Path(server.folder / "home"), url=own, lock_timeout=0.3)
        other = database.create("papers", toys.ENCODER)
        server.stop()
        with pytest.raises(StoreError, match=r"cannot be reached.*check that the server runs") as raised:
            other.dense(toys.vector_of("river"), 1)
        assert "\n" not in str(raised.value)
        server.start()
        assert other.dense(toys.vector_of("river"), 1) == []
        database.close()


@pytest.mark.parametrize(
    "wrong",
    [
        f"nonsense {SECRET}",
        f"bogus://u:{SECRET}@host/name",
        f"mysql://u:{SECRET}@host/name",
        "sqlite:////tmp/x.db",
        f"postgresql+asyncpg://u:{SECRET}@host/name",
        f"postgresql+psycopg://u:x:{SECRET}@host:{SECRET}/name",
        f"postgresql+psycopg://u:x@{SECRET}:y/name",
    ],
)
def test_a_url_of_another_kind_is_a_wrong_call(home: Path, wrong: str, url: str) -> None:
    with pytest.raises(UsageError, match=r"URL of the catalogue cannot be used.*postgresql\+psycopg://") as raised:
        Database.open(home, url=wrong).collections()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/name", r"the database name on 127\.0\.0\.1:1 cannot be reached"),
        (f"postgresql://u:{SECRET}@nohost.invalid/name?connect_timeout=2", "the database name on nohost.invalid"),
        (f"postgresql://u:{SECRET}@127.0.0.1/name?colour=blue", "invalid connection option"),
        (f"postgresql://u@127.0.0.1:1/name?password={SECRET}", "cannot be reached"),
    ],
)
def test_a_server_that_cannot_be_reached_is_said_in_one_line(home: Path, wrong: str, said: str, url: str) -> None:
    for call in (
        lambda: Database.open(home, url=wrong).collections(),
        lambda: write_to(Database.open(home, url=wrong)),
    ):
        with pytest.raises(StoreError, match=said) as raised:
            call()
        assert SECRET not in str(raised.value)
        assert "\n" not in str(raised.value)


def write_to(database: Database) -> None:
    import toys

    database.create("papers", toys.ENCODER)


def test_a_wrong_user_or_database_is_said(home: Path, url: str) -> None:
    with pytest.raises(StoreError, match=r'role "nobody-here" does not exist.*user and password'):
        Database.open(home, url=url.replace("postgres@", f"nobody-here:{SECRET}@")).collections()
    with pytest.raises(StoreError, match='database "no_such" does not exist'):
        Database.open(home, url=re.sub(r"/test\d+", "/no_such", url)).collections()


def test_a_missing_driver_is_said(home: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'ragstack\[postgresql\]'"):
        Database.open(home, url=url).collections()


def test_a_database_that_cannot_keep_every_script_is_refused(home: Path, cluster: Any, url: str) -> None:
    options = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    with cluster.database(options) as other, pytest.raises(StoreError, match=r"LATIN1.*ENCODING 'UTF8'"):
        Database.open(home, url=other).collections()


def test_somebody_elses_database_is_refused(home: Path, url: str, toys: Any) -> None:
    with create_engine(url).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE recipes (name text)")
    for call in (lambda: Database.open(home, url=url).collections(), lambda: write_to(Database.open(home, url=url))):
        with pytest.raises(StoreDamaged, match="not those of ragstack"):
            call()


def test_a_server_that_takes_no_changes_can_be_read(
    collection: Collection, url: str, cluster: Any, toys: Any, reopened: Callable[[], Collection]
) -> None:
    made = toys.make("a", toys.PARAGRAPHS)
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    cluster.run(f"ALTER DATABASE {url.partition('?')[0].rpartition('/')[2]} SET default_transaction_read_only = on")
    other = reopened()
    toys.assert_searches(other, toys.Oracle.of(other, [made]))
    with pytest.raises(StoreError, match="is read-only"), other.writer() as writer:
        writer.delete("a")


def test_a_database_that_was_put_back_to_an_older_state_is_read_as_it_is(
    collection: Collection, url: str, toys: Any
) -> None:
    made = [toys.make(key, toys.versioned(key, "1")) for key in "abc"]
    with collection.writer() as writer:
        for one in made:
            writer.put(one.document, one.chunks, one.vectors)
    toys.assert_searches(collection, toys.Oracle.of(collection, made))
    with create_engine(url).begin() as connection:
        connection.exec_driver_sql("DELETE FROM document WHERE key <> 'a'")
        connection.exec_driver_sql("UPDATE collection SET sequence = 1")
    toys.assert_searches(collection, toys.Oracle.of(collection, made[:1]))


def test_a_lost_table_is_damage(collection: Collection, url: str, toys: Any) -> None:
    with create_engine(url).begin() as connection:
        connection.exec_driver_sql("DROP TABLE tombstone")
    made = toys.make("a", toys.PARAGRAPHS)
    with pytest.raises(StoreDamaged, match="lacks a table"), collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
        writer.delete("a")
