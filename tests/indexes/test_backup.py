"""Snapshots: exact, taken under load, restored whole or not at all, and never believed."""

import hashlib
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

import indexes.backup.container
import indexes.backup.contents
import indexes.database
from indexes.catalogue import writing
from indexes.catalogue.models import Base
from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import RagStackError, StoreDamaged, StoreError, UsageError
from indexes.filters import parse_mapping
from indexes.records import Document, LedgerEntry

ROOT = Path(indexes.database.__file__).parents[1]
OWNED = {"collection_id", "document_id", "chunk_id", "id", "checksum", "text_checksum"}
Frame = tuple[bytes, bytes]


def rows(database: Database, name: str, *, ids: bool = True) -> dict[str, list[str]]:
    """All that the catalogue holds of a collection, but for the number of the collection itself."""
    number = database.collection(name).id
    hidden = {"collection_id", "checksum", "text_checksum"} if ids else OWNED
    found = {}
    with database._catalogue.read() as connection:
        chunks = [
            row.id for row in connection.execute(select(Base.metadata.tables["chunk"])) if row.collection_id == number
        ]
        for table in Base.metadata.sorted_tables:
            if table.name in ("migration", "collection", "commits", "tombstone"):
                continue
            hide = hidden | ({"id"} if table.name.endswith("_attribute") else set())
            found[table.name] = sorted(
                repr({key: value for key, value in row.items() if key not in hide})
                for row in connection.execute(select(table)).mappings()
                if row.get("collection_id") == number or ("vector" in row and row["chunk_id"] in chunks)
            )
    return found


def searches(collection: Collection, toys: Any) -> list[Any]:
    """Answers to the last bit."""
    where = parse_mapping({"lang": "zh"})
    found: list[Any] = [
        collection.dense(toys.vector_of(text), 1000, f) for text in ("river", "猫") for f in (None, where)
    ]
    return found + [collection.lexical(text, 1000, f) for text in ("the river", "注意力机制") for f in (None, where)]


def fill(collection: Collection, toys: Any) -> list[Any]:
    """Documents in both languages with pages, metadata of every kind, changes, deletions and a ledger."""
    kept = toys.versioned("d1", "new") + list(toys.PARAGRAPHS[:3])
    made = [
        toys.make("d1", kept, {"lang": "zh", "n": 1, "x": 0.1, "yes": True, "none": None}, title="标题 “Title”"),
        toys.make("d2", toys.PARAGRAPHS, {"lang": "en", "long": "长" * 400}),
        toys.make("empty", []),
    ]
    old = toys.make("d1", toys.versioned("d1", "old"))
    gone = toys.make("gone", toys.PARAGRAPHS)
    with collection.writer() as writer:
        for one in (old, gone, made[1], made[2]):
            writer.put(one.document, one.chunks, one.vectors, LedgerEntry(one.document.key, "uri", "added"))
        writer.put(made[0].document, made[0].chunks, made[0].vectors)
        writer.delete("gone", LedgerEntry("gone", "gone", "removed", "its file has vanished"))
    return made


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Database]:
    with Database.open(tmp_path / "elsewhere", lock_timeout=0.3) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "papers.ragstack"


def test_a_restored_collection_is_the_same_row_by_row_and_bit_by_bit(
    database: Database, collection: Collection, elsewhere: Database, file: Path, toys: Any
) -> None:
    made = fill(collection, toys)
    taken = database.snapshot("papers", file)
    assert (taken.documents, taken.chunks, taken.sequence) == (3, 15, collection.info().sequence)
    assert taken.bytes == file.stat().st_size
    info = elsewhere.restore(file)
    before = collection.info()
    assert (info.name, info.encoder, info.created, info.sequence) == (
        "papers",
        toys.ENCODER,
        before.created,
        before.sequence,
    )
    assert rows(elsewhere, "papers") == rows(database, "papers")
    restored = elsewhere.collection("papers")
    assert searches(restored, toys) == searches(collection, toys)
    toys.assert_searches(restored, toys.Oracle.of(restored, made))
    assert restored.ledger() == collection.ledger()
    second = file.with_name("second")
    elsewhere.snapshot("papers", second)
    assert second.read_bytes() == file.read_bytes()


def test_a_restored_collection_goes_on_like_any_other(
    collection: Collection, database: Database, elsewhere: Database, file: Path, toys: Any
) -> None:
    made = fill(collection, toys)
    database.snapshot("papers", file)
    elsewhere.restore(file)
    restored = elsewhere.collection("papers")
    highest = max(id_ for id_, _ in restored.dense(np.ones(16), 1000))
    more = toys.make("more", toys.PARAGRAPHS)
    with restored.writer() as writer:
        writer.put(more.document, more.chunks, more.vectors)
        writer.delete("d2")
        writer.publish()
    toys.assert_searches(restored, toys.Oracle.of(restored, [made[0], more]))
    assert min(chunk.chunk_id for chunk in restored.chunks(range(highest + 1, highest + 99))) > highest


def test_restored_beside_the_original_all_ids_move_by_one_distance(
    collection: Collection, database: Database, file: Path, toys: Any
) -> None:
    made = fill(collection, toys)
    database.snapshot("papers", file)
    untouched, answers = rows(database, "papers"), searches(collection, toys)
    with pytest.raises(UsageError, match=r"already a collection 'papers'.*--as papers-restored.*delete papers"):
        database.restore(file)
    database.restore(file, "beside")
    beside = database.collection("beside")
    assert rows(database, "papers") == untouched
    assert rows(database, "beside", ids=False) == rows(database, "papers", ids=False)
    moved = searches(beside, toys)
    (distance,) = {new[0] - old[0] for a, b in zip(moved, answers, strict=True) for new, old in zip(a, b, strict=True)}
    assert distance > 0
    assert [[(id_ - distance, score) for id_, score in found] for found in moved] == answers
    with collection.writer() as one, beside.writer() as other:
        one.delete("d2")
        other.delete("d2")
    toys.assert_searches(beside, toys.Oracle.of(beside, [made[0]]))


def test_ids_come_back_where_they_are_free_and_only_there(
    collection: Collection, database: Database, file: Path, toys: Any
) -> None:
    other = database.create("other", toys.ENCODER)
    fill(collection, toys)
    fill(other, toys)  # ids between and after those of the first
    database.snapshot("papers", file)
    answers = searches(collection, toys)
    database.delete("papers")
    database.restore(file)
    assert searches(database.collection("papers"), toys) == answers
    with database.collection("papers").writer() as writer:
        writer.delete("d2")  # leaves tombstones with the ids of its chunks
    database.restore(file, "again")
    with database.collection("again").writer() as writer:
        assert writer.delete("d2") == len(toys.PARAGRAPHS)
    tombs = database.create("tombs", toys.ENCODER)
    with tombs.writer() as writer:
        made = toys.make("only", toys.PARAGRAPHS)
        writer.put(made.document, made.chunks, made.vectors)
    database.snapshot("tombs", file.with_name("tombs"))
    with tombs.writer() as writer:
        writer.delete("only")
    database.restore(file.with_name("tombs"), "back")
    with database.collection("back").writer() as writer:
        assert writer.delete("only") == len(toys.PARAGRAPHS)


def test_under_load_a_snapshot_is_one_of_the_committed_states(
    collection: Collection, database: Database, elsewhere: Database, tmp_path: Path, toys: Any
) -> None:
    stop = threading.Event()

    def state(version: int) -> dict[str, str]:
        """Commit ``version`` writes or, each fifth time, deletes the document of its number modulo 4."""
        latest = {f"d{v % 4}": "" if v % 5 == 0 else f"v{v}" for v in range(1, version + 1)}
        return {key: value for key, value in latest.items() if value}

    def write() -> None:
        with collection.writer() as writer:
            for version in range(1, 10_000):
                key = f"d{version % 4}"
                if version % 5:
                    made = toys.make(key, toys.versioned(key, f"v{version}"))
                    writer.put(made.document, made.chunks, made.vectors)
                else:
                    writer.put(Document(key, key, "", "", "d"), [], np.empty((0, 16)))
                if stop.is_set():
                    break

    thread = threading.Thread(target=write)
    thread.start()
    files = [tmp_path / f"{number}.ragstack" for number in range(5)]
    try:
        wanted = 0
        for path in files:
            while collection.info().sequence < wanted and thread.is_alive():
                time.sleep(0.005)
            wanted = database.snapshot("papers", path).sequence + 4
    finally:
        stop.set()
        thread.join()
    sequences = set()
    for path in files:
        name = f"of-{path.stem}"
        info = elsewhere.restore(path, name)
        sequences.add(info.sequence)
        expected = [toys.make(key, toys.versioned(key, version)) for key, version in state(info.sequence).items()]
        toys.assert_searches(elsewhere.collection(name), toys.Oracle.of(elsewhere.collection(name), expected))
    assert len(sequences) == len(files)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory, toys: Any) -> bytes:
    """A snapshot of `fill`."""
    folder = tmp_path_factory.mktemp("good")
    with Database.open(folder / "home") as database:
        fill(database.create("papers", toys.ENCODER), toys)
        database.snapshot("papers", folder / "file")
    return (folder / "file").read_bytes()


def test_a_file_changed_anywhere_is_refused_and_nothing_changes(
    good: bytes, elsewhere: Database, file: Path, toys: Any
) -> None:
    chance = random.Random(5)
    elsewhere.create("there", toys.ENCODER)
    before = rows(elsewhere, "there")

    def damages() -> Iterator[bytes]:
        for place in chance.sample(range(len(good)), 200):
            yield good[:place] + bytes([good[place] ^ chance.randrange(1, 256)]) + good[place + 1 :]
        for place in [0, 1, len(good) - 1, len(good) - 32, *chance.sample(range(len(good)), 60)]:
            yield good[:place]
        for place in chance.sample(range(len(good)), 40):
            yield good[:place] + bytes(chance.randrange(256) for _ in range(chance.randrange(1, 9))) + good[place:]
            yield good[:place] + good[place + chance.randrange(1, 99) :]
        yield good + b"\0"
        yield good + good

    for data in damages():
        file.write_bytes(data)
        with pytest.raises(RagStackError) as caught:
            elsewhere.restore(file)
        assert isinstance(caught.value, StoreDamaged | UsageError)
        assert "\n" not in str(caught.value)
    assert [info.name for info in elsewhere.collections()] == ["there"]
    assert rows(elsewhere, "there") == before
    file.write_bytes(good)
    assert elsewhere.restore(file).chunks == 15


def frames_of(data: bytes) -> list[Frame]:
    """The frames of a file, read by the description of the format alone."""
    place, found = data.index(b"\n") + 1, []
    while place < len(data) - 32:
        kind, length = struct.unpack_from("<cI", data, place)
        found.append((kind, data[place + 5 : place + 5 + length]))
        place += 5 + length
    return found


def sealed(frames: list[Frame], first: bytes = b"ragstack snapshot 2\n") -> bytes:
    """A file of frames whose checksum agrees: what somebody would make who wants to be believed."""
    body = first + b"".join(struct.pack("<cI", kind, len(payload)) + payload for kind, payload in frames)
    return body + hashlib.sha256(body).digest()


def edited(kind: bytes, edit: Callable[[Any], Any]) -> Callable[[list[Frame]], list[Frame]]:
    """Changes the JSON of the first frame of a kind."""

    def change(frames: list[Frame]) -> list[Frame]:
        at = next(number for number, frame in enumerate(frames) if frame[0] == kind)
        value = json.loads(frames[at][1])
        changed = edit(value)
        payload = changed if isinstance(changed, bytes) else json.dumps(value if changed is None else changed).encode()
        return [*frames[:at], (kind, payload), *frames[at + 1 :]]

    return change


def vectors(edit: Callable[[np.ndarray], Any]) -> Callable[[list[Frame]], list[Frame]]:
    def change(frames: list[Frame]) -> list[Frame]:
        at = next(number for number, frame in enumerate(frames) if frame[0] == b"V")
        array = np.frombuffer(frames[at][1], "<f4").copy().reshape(-1, 16)
        result = edit(array)
        return [*frames[:at], (b"V", (array if result is None else result).tobytes()), *frames[at + 1 :]]

    return change


def put(position: int, value: Any) -> Callable[[list[Frame]], list[Frame]]:
    return edited(b"C", lambda chunks: chunks[0].__setitem__(position, value))


def first_twice(frames: list[Frame]) -> list[Frame]:
    """The second document and its chunks with the ids of the first."""
    at = [number for number, frame in enumerate(frames) if frame[0] == b"C"]
    one, other = json.loads(frames[at[0]][1]), json.loads(frames[at[1]][1])
    for row, twin in zip(other, one, strict=False):
        row[0] = twin[0]
    other.sort()
    return [*frames[: at[1]], (b"C", json.dumps(other).encode()), *frames[at[1] + 1 :]]


CRAFTED: dict[str, Callable[[list[Frame]], list[Frame]]] = {
    "no header": lambda f: f[1:],
    "two headers": lambda f: [f[0], *f],
    "no end": lambda f: f[:-1],
    "something after the end": lambda f: [*f, f[-1]],
    "a missing document": lambda f: [f[0], *f[5:]],
    "chunks without vectors": lambda f: [frame for frame in f if frame[0] != b"V"],
    "vectors alone": lambda f: [frame for frame in f if frame[0] != b"C"],
    "chunks before documents": lambda f: [f[0], *f[3:5], *f[1:3], *f[5:]],
    "missing chunks": lambda f: [*f[:3], *f[5:]],
    "a document without its text": lambda f: [*f[:2], *f[3:]],
    "a text alone": lambda f: [f[0], *f[2:]],
    "an unknown part": lambda f: [*f[:1], (b"X", b"{}"), *f[1:]],
    "documents after the ledger": lambda f: [f[0], *f[-2:-1], *f[1:-2], f[-1]],
    "no JSON": edited(b"H", lambda _: b"{"),
    "bytes that are no text": edited(b"H", lambda _: b'{"name": "\xff"}'),
    "a list for an object": edited(b"H", lambda _: b"[]"),
    "deep JSON": edited(b"D", lambda _: b"[" * 100_000),
    "a number too long to read": edited(b"D", lambda _: b'{"id":' + b"9" * 5_000 + b"}"),
    "a name that leads outside": edited(b"H", lambda h: h.update(name="../../etc")),
    "a hidden name": edited(b"H", lambda h: h.update(name=".shadow-1")),
    "a time beyond the calendar": edited(b"H", lambda h: h.update(created=1e300)),
    "a time that is none": edited(b"H", lambda h: h.update(created=None)),
    "an infinite time": edited(b"L", lambda _: b'[["a","a","added","","d",1e999]]'),
    "a sequence at the end": edited(b"H", lambda h: h.update(sequence=(1 << 63) - 1)),
    "a boolean for a number": edited(b"H", lambda h: h.update(sequence=True)),
    "another encoder's fields": edited(b"H", lambda h: h["encoder"].update(code="x")),
    "no dimensions": edited(b"H", lambda h: h["encoder"].update(dimension=0)),
    "other dimensions": edited(b"H", lambda h: h["encoder"].update(dimension=8)),
    "more dimensions than memory": edited(b"H", lambda h: h["encoder"].update(dimension=1 << 40)),
    "a document's id 0": edited(b"D", lambda d: d.update(id=0)),
    "a document's id far off": edited(b"D", lambda d: d.update(id=1 << 62)),
    "a NUL in a text": lambda f: [*f[:2], (b"T", f[2][1] + b"\0"), *f[3:]],
    "a text that is not UTF-8": lambda f: [*f[:2], (b"T", f[2][1] + b"\xff"), *f[3:]],
    "a short text": lambda f: [*f[:2], (b"T", b"x"), *f[3:]],
    "JSON that is long": edited(b"D", lambda _: b" " * (1 << 24) + b"{}"),
    "a NUL in a title": edited(b"D", lambda d: d.update(title="\0")),
    "half a character": edited(b"D", lambda d: d.update(title="\ud800")),
    "metadata in metadata": edited(b"D", lambda d: d.update(metadata={"a": {"b": 1}})),
    "metadata that is not finite": edited(b"D", lambda d: d.update(metadata={"a": float("inf")})),
    "pages that are none": edited(b"D", lambda d: d.update(pages=[[1, "0", 2]])),
    "a chunk's id below 1": put(0, -3),
    "a chunk's id far off": put(0, 1 << 60),
    "a commit that never was": put(1, 99),
    "an offset before the text": put(2, -1),
    "an offset behind the text": put(3, 10**6),
    "an end before the start": put(3, -1),
    "a page that is none": put(4, "one"),
    "a digest that is none": put(5, None),
    "too few fields": edited(b"C", lambda chunks: chunks[0].pop()),
    "ids in disorder": edited(b"C", lambda chunks: chunks.reverse()),
    "an id twice": first_twice,
    "a key twice": edited(b"D", lambda d: d.update(key="d2")),
    "an outcome that is none": edited(b"L", lambda lines: lines[0].__setitem__(2, "lost")),
    "a line of the ledger twice": edited(b"L", lambda lines: lines.__setitem__(1, lines[0])),
    "wrong counts": edited(b"E", lambda end: end.update(chunks=3)),
    "NaN in a vector": vectors(lambda v: v.__setitem__((0, 0), np.nan)),
    "a long vector": vectors(lambda v: v.__imul__(2)),
    "a vector too few": vectors(lambda v: v[1:]),
}


@pytest.mark.parametrize("craft", CRAFTED.values(), ids=CRAFTED.keys())
def test_a_crafted_file_is_refused_though_its_checksum_agrees(
    craft: Callable[[list[Frame]], list[Frame]], good: bytes, elsewhere: Database, file: Path
) -> None:
    frames = frames_of(good)
    assert sealed(frames) == good
    file.write_bytes(sealed(craft(frames)))
    with pytest.raises((StoreDamaged, UsageError)) as caught:
        elsewhere.restore(file)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert elsewhere.collections() == []


def test_what_is_no_snapshot_is_refused_with_what_was_expected(elsewhere: Database, tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(UsageError, match="no file"):
        elsewhere.restore(path)
    with pytest.raises(UsageError, match="not a file"):
        elsewhere.restore(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(UsageError, match="no snapshot"):
        elsewhere.restore(path)
    path.write_bytes(sealed([], b"ragstack snapshot 3\n"))
    with pytest.raises(UsageError, match=r"format 3.*up to 2.*pip install --upgrade"):
        elsewhere.restore(path)
    path.write_bytes(b"ragstack snapshot " + b"9" * 10_000_000)
    with pytest.raises(UsageError, match="no snapshot"):
        elsewhere.restore(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a file"):
        elsewhere.restore(tmp_path / "pipe")
    assert not elsewhere.home.exists()


def test_a_snapshot_is_for_its_owner_and_never_takes_the_place_of_another_file(
    collection: Collection, database: Database, file: Path, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(collection, toys)
    os.umask(os.umask(0))
    database.snapshot("papers", file)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="already a file"):
        database.snapshot("papers", file)
    with pytest.raises(UsageError, match="no directory"):
        database.snapshot("papers", file.parent / "nowhere" / "x")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(indexes.backup.container.os, "fsync", full)
    with pytest.raises(StoreError, match=r"second: No space left.*free space"):
        database.snapshot("papers", file.with_name("second"))
    assert [path.name for path in file.parent.iterdir() if path.is_file()] == [file.name]


def test_a_damaged_row_makes_no_snapshot(collection: Collection, database: Database, file: Path, toys: Any) -> None:
    fill(collection, toys)
    with database._catalogue.write() as connection:
        vector = Base.metadata.tables["vector"]
        connection.execute(vector.update().where(vector.c.chunk_id == 13).values(vector=b"\0" * 64))
    with pytest.raises(StoreDamaged, match=r"vector of chunk 13 .*repair"):
        database.snapshot("papers", file)
    assert not file.exists()


def test_chunks_with_much_metadata_take_several_frames(
    collection: Collection,
    database: Database,
    elsewhere: Database,
    file: Path,
    toys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(collection, toys)
    many = toys.make("many", toys.PARAGRAPHS * 6)
    with collection.writer() as writer:
        writer.put(many.document, many.chunks, many.vectors)
    monkeypatch.setattr(indexes.backup.contents, "LONGEST_JSON", 2_000)
    database.snapshot("papers", file)
    assert sum(kind == b"C" for kind, _ in frames_of(file.read_bytes())) > 2
    elsewhere.restore(file)
    assert rows(elsewhere, "papers") == rows(database, "papers")
    monkeypatch.setattr(indexes.backup.contents, "LONGEST_JSON", 1_000)
    with pytest.raises(StoreError, match="too long for a snapshot"):
        database.snapshot("papers", file.with_name("second"))


CHILD = """
import os, signal, sys
from pathlib import Path
from indexes.catalogue import writing
from indexes.database import Database
insert, calls = writing.insert_chunks, []
def insert_chunks(*arguments):
    insert(*arguments)
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
writing.insert_chunks = insert_chunks
Database.open(Path(sys.argv[1])).restore(Path(sys.argv[2]))
"""


def test_killed_in_the_middle_nothing_half_is_there(
    collection: Collection, database: Database, elsewhere: Database, file: Path, toys: Any
) -> None:
    fill(collection, toys)
    database.snapshot("papers", file)
    elsewhere.create("there", toys.ENCODER)
    child = subprocess.run([sys.executable, "-c", CHILD, str(elsewhere.home), str(file)], cwd=ROOT, check=False)
    assert child.returncode == -signal.SIGKILL
    assert [info.name for info in elsewhere.collections()] == ["there"]
    elsewhere.restore(file)
    assert rows(elsewhere, "papers") == rows(database, "papers")


def overlapping(frames: list[Frame], copies: int) -> list[Frame]:
    """One document whose chunks are each its whole text."""
    at = next(number for number, frame in enumerate(frames) if frame[0] == b"C")
    document, row = json.loads(frames[1][1]), json.loads(frames[at][1])[0]
    text = b"word " * 20_000
    document.update(chunks=copies, pages=[])
    frames = [frames[0], (b"D", json.dumps(document).encode()), (b"T", text)]
    for number in range(copies):
        chunk = [number + 1, row[1], 0, len(text), None, str(number), "", {}]
        frames += [(b"C", json.dumps([chunk]).encode()), (b"V", np.eye(16, dtype="<f4")[0].tobytes())]
    return [*frames, (b"E", json.dumps({"documents": 1, "chunks": copies, "entries": 0}).encode())]


def test_a_file_does_not_grow_without_bound_as_it_is_restored(good: bytes, elsewhere: Database, file: Path) -> None:
    file.write_bytes(sealed(overlapping(frames_of(good), 18)))
    with pytest.raises(StoreDamaged, match="overlap"):
        elsewhere.restore(file)
    assert elsewhere.collections() == []
    file.write_bytes(sealed(overlapping(frames_of(good), 16)))
    assert elsewhere.restore(file).chunks == 16


def test_chunks_are_written_some_characters_at_a_time(
    collection: Collection, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[list[int]] = []
    insert = writing._insert_chunks

    def noted(connection: Any, owner: Any, document: Document, new: Any, unit: Any) -> None:
        written.append([chunk.end - chunk.start for _, _, chunk in new])
        insert(connection, owner, document, new, unit)

    monkeypatch.setattr(writing, "_insert_chunks", noted)
    monkeypatch.setattr(writing, "_CHARACTERS", 100)
    made = toys.make("a", toys.PARAGRAPHS)
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    assert [length for batch in written for length in batch] == [len(text) for text in toys.PARAGRAPHS]
    assert len(written) > 1
    assert all(sum(batch[:-1]) < 100 for batch in written)
    toys.assert_searches(collection, toys.Oracle.of(collection, [made]))


def with_ids(frames: list[Frame], lift: Callable[[int, int], int]) -> list[Frame]:
    """The documents with other ids, by number of the document and id."""
    lifted, number = [], -1
    for kind, payload in frames:
        if kind == b"D":
            document, number = json.loads(payload), number + 1
            lifted.append((kind, json.dumps(document | {"id": lift(number, document["id"])}).encode()))
        elif kind == b"C":
            rows = [[lift(number, row[0]), *row[1:]] for row in json.loads(payload)]
            lifted.append((kind, json.dumps(rows).encode()))
        else:
            lifted.append((kind, payload))
    return lifted


def test_a_file_cannot_use_up_the_ids_of_a_database(good: bytes, elsewhere: Database, file: Path, toys: Any) -> None:
    mine = elsewhere.create("mine", toys.ENCODER)
    made = toys.make("mine", toys.PARAGRAPHS)
    with mine.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    file.write_bytes(sealed(with_ids(frames_of(good), lambda _, id_: id_ + (1 << 52))))
    assert elsewhere.restore(file).chunks == 15
    highest = max(id_ for id_, _ in elsewhere.collection("papers").dense(np.ones(16), 99))
    assert highest < 200
    file.write_bytes(sealed(with_ids(frames_of(good), lambda number, id_: id_ + (number and 1 << 49))))
    with pytest.raises(StoreDamaged, match="ids lie too far apart"):
        elsewhere.restore(file, "again")
    with mine.writer() as writer:
        writer.put(replace(made.document, key="more"), made.chunks, made.vectors)
    assert elsewhere.snapshot("mine", file.with_name("mine")).chunks == 2 * len(toys.PARAGRAPHS)
