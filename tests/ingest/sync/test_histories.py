"""Random histories of a folder, some of them cut off: what the files say is what the collection holds.

The oracle is the folder itself: every text of every file, also in archives, is in the collection word for word,
as a document of its own or in one that stands for it, and nothing else is.
"""

import io
import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from indexes.collection import Collection
from indexes.database import Database
from indexes.writer import Writer
from ingest.chunking import ChunkSettings
from ingest.documents import LoadOptions
from ingest.files.discovery import SEPARATOR, identity
from ingest.files.loading import load_parts
from ingest.pipeline import PipelineSettings, ingest
from ingest.processes.workers import Workers
from ingest.text.duplicates import missing

SETTINGS = PipelineSettings(ChunkSettings(60, 0, 10), workers=1)
NAMES = ("a.txt", "b.txt", "s/a.txt", "s/b.txt", "t/x/a.txt", "z.zip", "s/z.zip", "y.zip")
WORDS = ("river", "stone", "lamp", "horse", "cloud", "paper", "window", "garden", "silver", "market", "engine")
STEPS = 6


def facts(seed: int) -> list[str]:
    rng = random.Random(seed)
    return [f"Fact {seed}-{n} is that the {rng.choice(WORDS)} met the {rng.choice(WORDS)}." for n in range(12)]


def texts() -> Iterator[str]:
    for seed in range(3):
        lines = facts(seed)
        yield " ".join(lines)
        yield "\n\n".join(lines[6:] + lines[:6])  # the same sentences
        yield "\n".join(lines[:11])  # all in the first
        yield " ".join([*lines[:11], "One more thing is here."])
    yield from (f"A short text about the {word}." for word in WORDS[:3])


TEXTS = tuple(texts())


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files here, since it is not the reading that is tried."""
    monkeypatch.setattr(Workers, "load", lambda self, data, name: load_parts(data, name, LoadOptions()))


@pytest.fixture
def collection(tmp_path: Path, bag_encoder: Any) -> Collection:
    return Database.open(tmp_path / "home").create("test", bag_encoder.fingerprint)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


def files(docs: Path) -> list[Path]:
    return [path for path in sorted(docs.rglob("*")) if path.is_file()]


def zipped(contents: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def content(rng: random.Random, name: str) -> bytes:
    if name.endswith(".zip"):
        members = rng.sample(["m.txt", "n.txt", "d/m.txt"], rng.randint(1, 3))
        return zipped({member: rng.choice(TEXTS) for member in members})
    return b"" if rng.random() < 0.06 else rng.choice(TEXTS).encode()


def change(rng: random.Random, docs: Path) -> None:
    """Write, remove, move, copy or swap files."""
    there = files(docs)
    deed = rng.choice(["write", "write", "remove", "move", "move", "copy", "swap"]) if there else "write"
    one = rng.choice(there) if there else docs
    alike = [docs / name for name in NAMES if there and name.endswith(".zip") == one.name.endswith(".zip")]
    other = docs / rng.choice(NAMES) if deed == "write" else rng.choice(alike)
    other.parent.mkdir(parents=True, exist_ok=True)
    if deed == "write":
        other.write_bytes(content(rng, other.name))
    elif deed == "remove":
        one.unlink()
    elif deed == "swap" and other.exists():
        mine, theirs = one.read_bytes(), other.read_bytes()
        one.write_bytes(theirs)
        other.write_bytes(mine)
    elif deed == "move":
        one.replace(other)
    elif one != other:
        shutil.copy(one, other)


def check(collection: Collection, docs: Path) -> None:
    """Hold the collection against the folder, after all of it was brought in and pruned."""
    assert collection.verify().findings == ()
    held = {info.key: document.text for info in collection.documents() if (document := collection.document(info.key))}
    lines = {entry.key: entry for entry in collection.ledger()}
    wanted = set()
    for path in files(docs):
        data, key = path.read_bytes(), identity(path)
        if lines[key].outcome == "duplicate" and path.suffix == ".zip":
            assert Path(lines[key].original).read_bytes() == data
            continue
        for part in load_parts(data, path.name, LoadOptions()):
            own = f"{key}{SEPARATOR}{part.path}" if part.path else key
            line = lines[own]
            if part.loaded is None:
                assert line.outcome in ("refused", "failed")
                wanted.add(own)  # a version of before may stay
            elif own in held:
                assert held[own] == part.loaded.text
                wanted.add(own)
            else:
                assert line.outcome == "duplicate" and line.uri in collection.sources(line.original)
                assert missing(part.loaded.text, held[line.original]) == []
    assert set(held) <= wanted


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_to_the_files_the_collection_follows(
    seed: int, collection: Collection, bag_encoder: Any, docs: Path
) -> None:
    rng = random.Random(seed)
    for _ in range(STEPS):
        for _ in range(rng.randint(1, 4)):
            change(rng, docs)
        scope = rng.choice([[docs], [docs], [docs / "s"], files(docs)[:2]])
        if scope and scope[0].exists():
            ingest(scope, collection, bag_encoder, settings=SETTINGS, prune=rng.random() < 0.5)
            assert collection.verify().findings == ()
        ingest([docs], collection, bag_encoder, settings=SETTINGS, prune=True)
        check(collection, docs)
        bag_encoder.encoded.clear()
        again = ingest([docs], collection, bag_encoder, settings=SETTINGS, prune=True).files
        assert bag_encoder.encoded == []
        assert again.added == again.changed == again.moved == again.removed == 0


class Cut(BaseException):
    """The end of a run, at a write."""


@pytest.mark.parametrize("seed", range(6))
def test_a_run_cut_off_before_any_of_its_writes_is_made_good_by_the_next(
    seed: int, tmp_path: Path, bag_encoder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write in turn is the one that does not happen, and none after it."""
    methods = {name: getattr(Writer, name) for name in ("put", "delete", "rename", "record", "forget")}
    left = [10**9]

    def counted(name: str) -> Any:
        def write(self: Writer, *arguments: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Cut
            return methods[name](self, *arguments)

        return write

    for name in methods:
        monkeypatch.setattr(Writer, name, counted(name))
    for cut in range(40):
        rng = random.Random(seed)
        home, docs = tmp_path / f"home{cut}", tmp_path / f"docs{cut}"
        docs.mkdir()
        collection = Database.open(home).create("test", bag_encoder.fingerprint)
        for _ in range(5):
            change(rng, docs)
        ingest([docs], collection, bag_encoder, settings=SETTINGS, prune=True)
        for _ in range(4):
            change(rng, docs)
        left[0] = cut
        try:
            ingest([docs], collection, bag_encoder, settings=SETTINGS, prune=True)
            whole = True
        except Cut:
            whole = False
        left[0] = 10**9
        ingest([docs], collection, bag_encoder, settings=SETTINGS, prune=True)
        check(collection, docs)
        if whole:
            return
    pytest.fail("a few changes took more than forty writes")
