"""A full disk, lost permissions, clocks and homes that move, names and files made by somebody hostile."""

import contextlib
import errno
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toys import sqlite_only

import indexes.search.artefacts
from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import RagStackError, StoreDamaged, StoreError, UsageError

Reopen = Callable[[], Collection]
Opened = Callable[[], Database]
SLOW = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def fill(collection: Collection, toys: Any, *keys: str, version: str = "1") -> list[Any]:
    made = [toys.make(key, toys.versioned(key, version)) for key in keys]
    with collection.writer() as writer:
        for one in made:
            writer.put(one.document, one.chunks, one.vectors)
        writer.publish()
    return made


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_files_are_for_their_owner_alone_whatever_the_umask(
    home: Path, url: str | None, toys: Any, mask: int, tmp_path: Path
) -> None:
    before = os.umask(mask)
    try:
        with Database.open(home, url=url) as database:
            collection = database.create("papers", toys.ENCODER)
            fill(collection, toys, "a", "b")
            with collection.writer() as writer:
                writer.delete("a")
            collection.compact()
            database.snapshot("papers", tmp_path / "copy.ragstack")
            found = {path: path.stat().st_mode & 0o777 for path in [home, *home.rglob("*"), tmp_path / "copy.ragstack"]}
    finally:
        os.umask(before)
    assert len(found) > 5
    assert {path: mode for path, mode in found.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of six megabytes; only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}; a limit on files stands in for it")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def write_until_full(home: Path, limit: int | None, answers: Any) -> None:
    """Put documents until one is refused, then try to publish; tell what was acknowledged and how it was refused."""
    import toys

    if limit:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    said, acknowledged, published = "", [], 0
    try:
        with Database.open(home).create("papers", toys.ENCODER).writer() as writer:
            for number in range(2000):
                made = toys.make(f"d{number}", [f"{number} {part} river {'x' * 500}" for part in range(30)])
                writer.put(made.document, made.chunks, made.vectors)
                acknowledged.append(number)
                if number % 5 == 4:
                    writer.publish()
                    published += 1
    except StoreError as error:
        said = str(error)
    answers.put((acknowledged, published, said))


def publish_until_there_is_room(home: Path, disk: Path, answers: Any) -> None:
    """Publish with ever more room on the disk; tell how it was refused, and that it was done in the end."""
    import toys

    database = Database.open(home)
    collection, said = database.create("papers", toys.ENCODER), []
    with collection.writer() as writer:
        for number in range(20):
            made = toys.make(f"d{number}", [f"{number} {part} river {part * 7919}" for part in range(100)])
            writer.put(made.document, made.chunks, made.vectors)
        for room in range(0, 1_000_000, 30_000):
            left = os.statvfs(disk)
            (disk / "ballast").write_bytes(bytes(max(0, left.f_bavail * left.f_frsize - room)))
            try:
                writer.publish()
                said.append("")
                break
            except StoreError as error:
                said.append(str(error))
            finally:
                (disk / "ballast").unlink()
    answers.put((said, len(collection.dense(toys.vector_of("river"), 10**6)), len(collection.verify().damage)))


def test_a_disk_that_fills_while_files_are_written_is_said(small_disk: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    answers = context.SimpleQueue()
    child = context.Process(target=publish_until_there_is_room, args=(small_disk / "home", small_disk, answers))
    child.start()
    child.join(600)
    assert child.exitcode == 0, f"the writer ended with {child.exitcode}"
    said, found, damage = answers.get()
    assert len(said) > 5
    assert said[-1] == ""
    assert all("No space left" in line or "full" in line for line in said[:-1]), said
    assert (found, damage) == (2000, 0)


def check_full(home: Path, limit: int | None) -> None:
    import toys

    context = multiprocessing.get_context("forkserver")
    answers = context.SimpleQueue()
    child = context.Process(target=write_until_full, args=(home, limit, answers))
    child.start()
    child.join(600)
    assert child.exitcode == 0, f"the writer ended with {child.exitcode}"
    acknowledged, _, said = answers.get()
    assert any(word in said for word in ("full", "space", "too large", "disk I/O")), said
    assert "\n" not in said
    with Database.open(home) as database:
        if "papers" not in {info.name for info in database.collections()}:
            assert acknowledged == []
            return
        collection = database.collection("papers")
        assert {info.key for info in collection.documents()} == {f"d{number}" for number in acknowledged}
        assert len(collection.dense(toys.vector_of("river"), 10**6)) == 30 * len(acknowledged)
        assert collection.verify().damage == ()


def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path) -> None:
    """The room shrinks from round to round, so that another file meets the end each time."""
    for number in range(3):
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(number * 1_700_001))
        check_full(small_disk / "home", None)
        shutil.rmtree(small_disk / "home")
        ballast.unlink()


@pytest.mark.parametrize("limit", [20_000, 150_000, 700_000])
def test_a_limit_on_the_size_of_files_is_said_and_loses_nothing(home: Path, limit: int) -> None:
    check_full(home, limit)


@sqlite_only
@pytest.mark.parametrize("call", ["fsync", "rename", "mkdir", "open"])
def test_no_space_at_any_call_of_publishing_costs_nothing(
    collection: Collection, reopened: Reopen, toys: Any, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(collection, toys, "a", "b")
    real, left = getattr(os, call), 0

    def failing(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*arguments, **named)

    refused = 0
    for number in range(1, 9):
        one = toys.make("a", toys.versioned("a", f"n{number}"))
        with collection.writer() as writer:
            writer.put(one.document, one.chunks, one.vectors)
            made[0] = one
            left = number
            monkeypatch.setattr(os, call, failing)
            try:
                writer.publish()
            except StoreError as error:
                refused += 1
                assert "No space left" in str(error)
            finally:
                monkeypatch.setattr(os, call, real)
        toys.assert_searches(collection, toys.Oracle.of(collection, made))
        other = reopened()
        toys.assert_searches(other, toys.Oracle.of(other, made))
    assert refused
    fill(collection, toys, "b")
    assert collection.verify().damage == ()


def lose_permissions(home: Path, answers: Any) -> None:
    """Write as an ordinary user, whose permissions go in the middle and come back."""
    import toys

    with Database.open(home.with_name("warm")) as warm:  # modules that the user may not be able to read
        fill(warm.create("papers", toys.ENCODER), toys, "a")
        warm.verify()
        warm.collection("papers").compact()
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
    said: list[str] = []
    database = Database.open(home, lock_timeout=0.2)
    collection = database.create("papers", toys.ENCODER)
    fill(collection, toys, "a")
    places = [home, *home.rglob("*")]
    for place in places:
        place.chmod(0o500 if place.is_dir() else 0o400)
    for call in (
        lambda: fill(collection, toys, "b"),
        lambda: fill(Database.open(home, lock_timeout=0.2).collection("papers"), toys, "c"),
        lambda: Database.open(home, lock_timeout=0.2).create("other", toys.ENCODER),
        collection.compact,
    ):
        try:
            call()
        except StoreError as error:
            said.append(str(error))
    with Database.open(home) as other:
        said.append(str(len(other.collection("papers").dense(toys.vector_of("river"), 99))))
    for place in places:
        place.chmod(0o700 if place.is_dir() else 0o600)
    fill(collection, toys, "d")
    assert collection.verify().damage == ()
    answers.put((said, sorted(info.key for info in collection.documents())))


def test_permissions_lost_in_the_middle_are_said_and_lose_nothing(public: Path) -> None:
    if os.getuid() == 0:
        os.chown(public, 65534, 65534)
    context = multiprocessing.get_context("forkserver")
    answers = context.SimpleQueue()
    child = context.Process(target=lose_permissions, args=(public / "home", answers))
    child.start()
    child.join(600)
    assert child.exitcode == 0
    said, keys = answers.get()
    assert len(said) >= 3
    assert all("cannot be used" in line or "read-only" in line for line in said[:-1]), said
    assert set(keys) >= {"a", "d"}
    assert int(said[-1]) == 4 * len(set(keys) - {"d"})


def test_a_clock_that_goes_backwards_changes_nothing(
    collection: Collection, opened: Opened, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = time.time()

    def back() -> float:
        nonlocal moment
        moment -= 86_400.0
        return moment

    monkeypatch.setattr(time, "time", back)
    live = {}
    for number in range(6):
        (live[f"d{number % 4}"],) = fill(collection, toys, f"d{number % 4}", version=str(number))
        other = opened().collection("papers")
        for one in (collection, other):
            toys.assert_searches(one, toys.Oracle.of(one, list(live.values())))
    assert collection.verify().damage == ()


@sqlite_only
def test_a_home_can_be_moved_and_reached_by_a_link(
    database: Database, collection: Collection, home: Path, tmp_path: Path, toys: Any
) -> None:
    made = fill(collection, toys, "a", "b")
    database.close()
    moved, link = tmp_path / "另一个 home", tmp_path / "link"
    home.rename(moved)
    link.symlink_to(moved)
    for place, key in ((moved, "c"), (link, "d")):
        with Database.open(place) as other:
            made += fill(other.collection("papers"), toys, key)
            toys.assert_searches(other.collection("papers"), toys.Oracle.of(other.collection("papers"), made))
            assert other.collection("papers").verify().damage == ()
    assert not home.exists()


@SLOW
@given(
    name=st.one_of(st.text(max_size=12), st.text("./\\~%:\0\n -_a猫", max_size=8), st.sampled_from(["CON", "..", "~"]))
)
@sqlite_only
def test_no_name_leaves_the_home(database: Database, home: Path, toys: Any, name: str) -> None:
    around = {path.name for path in home.parent.iterdir()} | {"home"}
    try:
        collection = database.create(name, toys.ENCODER)
        with collection.writer():
            pass
    except UsageError as error:
        assert "\n" not in str(error)
    else:
        assert all(path.name.isdecimal() for path in (home / "collections").iterdir())
        database.delete(name)
    assert {path.name for path in home.parent.iterdir()} <= around


def use(home: Path, toys: Any) -> None:
    """Do all that can be done with a home; each call may fail with an error for people and with nothing else."""
    made = toys.make("new", toys.PARAGRAPHS)
    database = Database.open(home, lock_timeout=0.2)

    def write() -> None:
        with database.collection("papers").writer() as writer:
            writer.put(made.document, made.chunks, made.vectors)
            writer.delete("d1")
            writer.publish()

    calls: list[Callable[[], object]] = [
        database.collections,
        lambda: database.collection("papers").dense(toys.vector_of("river"), 5),
        lambda: database.collection("papers").chunks(
            [id_ for id_, _ in database.collection("papers").lexical("river", 9)]
        ),
        lambda: [database.collection("papers").document(d.key) for d in database.collection("papers").documents()],
        database.verify,
        write,
        lambda: database.create("papers", toys.ENCODER),
    ]
    with database:
        for call in calls:
            try:
                call()
            except RagStackError as error:
                assert "\n" not in str(error)


@sqlite_only
def test_a_catalogue_changed_at_random_gives_errors_for_people(
    database: Database, collection: Collection, home: Path, tmp_path: Path, toys: Any
) -> None:
    fill(collection, toys, "d0", "d1", "d2")
    database.close()
    good, chance = (home / "catalog.db").read_bytes(), random.Random(3)
    for number in range(40):
        bad = bytearray(good)
        for _ in range(chance.choice((1, 4, 64))):
            at = chance.randrange(len(bad) // 4 if number % 2 else len(bad))
            bad[at : at + chance.choice((1, 1, 8))] = chance.randbytes(1) * chance.choice((1, 8))
        if number % 5 == 0:
            del bad[chance.randrange(len(bad)) :]
        other = tmp_path / f"other{number}"
        shutil.copytree(home, other)
        (other / "catalog.db").write_bytes(bad)
        use(other, toys)


DEEP = "[" * 5000 + "]" * 5000
HOSTILE = {
    "view": "ALTER TABLE tombstone RENAME TO t; CREATE VIEW tombstone AS SELECT * FROM t;",
    "endless view": """DROP TABLE ledger; CREATE VIEW ledger AS WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n
        FROM x) SELECT n AS collection_id, n AS key, n AS uri, n AS outcome, n AS reason, n AS digest FROM x;""",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON chunk BEGIN DELETE FROM vector; END;",
    "virtual table": "CREATE VIRTUAL TABLE extra USING fts5(a);",
}


@sqlite_only
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_catalogue_with_programs_in_it_is_refused(
    database: Database, collection: Collection, home: Path, toys: Any, kind: str
) -> None:
    fill(collection, toys, "a")
    database.close()
    with contextlib.closing(sqlite3.connect(home / "catalog.db")) as raw:
        raw.executescript(HOSTILE[kind])
    for call in (lambda d: d.collections(), lambda d: d.create("other", toys.ENCODER)):
        with (
            Database.open(home) as other,
            pytest.raises(StoreDamaged, match=f"{kind.split()[-1]}.*not one of ragstack"),
        ):
            call(other)


@sqlite_only
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE collection SET encoder = '[1]'",
        "UPDATE collection SET encoder = '{\"name\": 3}'",
        "UPDATE collection SET encoder = replace(encoder, '16', '\"16\"')",
        "UPDATE collection SET encoder = replace(encoder, '16', '-5')",
        "UPDATE collection SET encoder = 'nonsense'",
        f"UPDATE collection SET encoder = '{DEEP}'",  # noqa: S608
        "UPDATE collection SET created = 1e300",
        "UPDATE collection SET created = 'yesterday'",
        "UPDATE collection SET sequence = 'many'",
        "UPDATE collection SET name = x'ff00'",
        "UPDATE document SET metadata = '[]'",
        f"UPDATE document SET metadata = '{DEEP}'",  # noqa: S608
        "UPDATE document SET pages = '[[1]]'",
        "UPDATE document SET text = 7",
        "UPDATE chunk SET start_at = 'x'",
        "UPDATE chunk SET text = x'fffe'",
        "UPDATE vector SET vector = 'short'",
        "UPDATE vector SET vector = x'00'",
        "UPDATE ledger SET time = 'never'",
        "UPDATE ledger SET time = 1e300",
        "DELETE FROM migration",
    ],
)
def test_wrong_values_in_the_catalogue_give_errors_for_people(
    database: Database, collection: Collection, home: Path, toys: Any, change: str
) -> None:
    fill(collection, toys, "a", "d1")
    from indexes.records import LedgerEntry

    with collection.writer() as writer:
        writer.record(LedgerEntry("a", "a", "added"))
    database.close()
    with contextlib.closing(sqlite3.connect(home / "catalog.db")) as raw, raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute(change)
    use(home, toys)
    with Database.open(home) as other, contextlib.suppress(RagStackError):
        other.collection("papers").ledger()


def crafted(good: Any, chance: random.Random) -> Any:
    """A value of the kind of another, changed somewhere."""
    odd = [
        None,
        -1,
        2**63,
        10**4000,
        1e308,
        "../../../etc/passwd",
        "/etc/passwd",
        "a\0b",
        "",
        [],
        {},
        True,
        [[1]],
        nested(),
    ]
    if isinstance(good, dict) and good and chance.random() < 0.85:
        key = chance.choice(list(good))
        changed = {**good, key: crafted(good[key], chance)}
        if chance.random() < 0.1:
            changed[str(chance.choice(odd[5:8]))] = changed.pop(key)
        return changed
    if isinstance(good, list) and good and chance.random() < 0.85:
        at = chance.randrange(len(good))
        return [*good[:at], crafted(good[at], chance), *good[at + 1 :]]
    return chance.choice(odd)


def nested() -> Any:
    value: Any = []
    for _ in range(200):
        value = [value]
    return value


@sqlite_only
def test_a_crafted_manifest_is_not_believed(home: Path, collection: Collection, reopened: Reopen, toys: Any) -> None:
    made = fill(collection, toys, "a", "b")
    (path,) = home.glob("collections/*/generation-*/manifest.json")
    good, chance = json.loads(path.read_text()), random.Random(7)
    for number in range(60):
        body = crafted(good["manifest"], chance)
        text = json.dumps({"manifest": body, "checksum": indexes.search.artefacts._sealed(body)})
        if number % 10 == 9:
            text = chance.choice(
                ["[" * 100_000, '{"manifest": ' * 50_000, "", "null", '{"checksum": 1e999}', "\ufeff{}"]
            )
        path.write_text(text)
        other = reopened()
        toys.assert_searches(other, toys.Oracle.of(other, made))
        if number % 10 == 0:
            other.verify()
