"""The files of a collection: whatever happens to them, the answers stay right."""

import json
import logging
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexes.collection import Collection
from indexes.durable import checksum
from indexes.errors import StoreDamaged
from indexes.search.artefacts import Artefacts, _sealed

Reopen = Callable[[], Collection]


@pytest.fixture
def generation(collection: Collection, toys: Any, home: Path) -> Path:
    """A published generation, with a commit and a delete after it."""
    with collection.writer() as writer:
        for key, paragraphs in (("a", toys.PARAGRAPHS[:4]), ("gone", ["gone river cat"])):
            made = toys.make(key, paragraphs)
            writer.put(made.document, made.chunks, made.vectors)
        writer.publish()
        made = toys.make("b", toys.PARAGRAPHS[4:])
        writer.put(made.document, made.chunks, made.vectors)
        writer.delete("gone")
    return home / "collections" / str(collection.id) / "generation-1"


def files_of(generation: Path) -> list[str]:
    """The files of a generation and its segments, from the collection's directory."""
    folder = generation.parent
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.parent != folder
    )


def assert_right(collection: Collection, toys: Any) -> None:
    live = [toys.make("a", toys.PARAGRAPHS[:4]), toys.make("b", toys.PARAGRAPHS[4:])]
    toys.assert_searches(collection, toys.Oracle.of(collection, live))


def test_good_files_are_used_and_what_came_after_is_replayed(
    generation: Path, reopened: Reopen, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load = Artefacts.load
    monkeypatch.setattr(Artefacts, "load", lambda self, *rest: loaded.append(rest[0]) or load(self, *rest))
    other = reopened()
    assert_right(other, toys)
    assert loaded == [1]


def test_every_damaged_or_missing_file_is_found_and_made_up_for(
    generation: Path, reopened: Reopen, toys: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    intact, folder = tmp_path / "intact", generation.parent
    shutil.copytree(folder, intact)
    names = files_of(generation)
    assert {"generation-1/manifest.json", "segment-1/vectors.npy", "segment-1/ids.npy", "segment-1/rows.npy"} <= set(
        names
    )
    chance = random.Random(5)
    for name in names:
        for damage in ("flip", "flip", "cut", "empty", "missing", "foreign"):
            shutil.rmtree(folder)
            shutil.copytree(intact, folder)
            data = bytearray((intact / name).read_bytes())
            if damage == "missing":
                (folder / name).unlink()
            elif damage == "foreign":
                (folder / name).with_name("other.npy").write_bytes(data)
            else:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
                (folder / name).write_bytes({"flip": data, "cut": data[:-1], "empty": b""}[damage])
            with caplog.at_level(logging.WARNING):
                caplog.clear()
                assert_right(reopened(), toys)
            assert "made again from the catalogue" in caplog.text, (name, damage)


def test_a_manifest_with_other_contents_is_not_believed(generation: Path, reopened: Reopen, toys: Any) -> None:
    """A stale or foreign generation: the manifest is well formed and says something else."""
    original = (generation / "manifest.json").read_text()
    for change in (
        {"encoder": {"name": "x"}},
        {"analysis": "old"},
        {"layout": 99},
        {"token": "another"},
        {"sequence": 99},
        {"generation": 3},
        {"parts": 7},
        {"parts": [{}]},
    ):
        body = json.loads(original)["manifest"] | change
        (generation / "manifest.json").write_text(json.dumps({"manifest": body, "checksum": _sealed(body)}))
        assert_right(reopened(), toys)
    (generation / "manifest.json").write_text("[]")
    assert_right(reopened(), toys)


def test_no_files_at_all(generation: Path, reopened: Reopen, toys: Any) -> None:
    shutil.rmtree(generation.parent)
    assert_right(reopened(), toys)


def test_what_unfinished_writing_left_is_swept_away(generation: Path, collection: Collection, toys: Any) -> None:
    folder = generation.parent
    for name in ("writing-segment-3", "segment-3", "writing-generation-9"):
        (folder / name).mkdir()
        (folder / name / "vectors.npy").write_bytes(b"half")
    (folder / "notes.txt").write_text("mine")
    artefacts = collection._artefacts
    assert [path.name for path in artefacts.leftovers()] == ["segment-3", "writing-generation-9", "writing-segment-3"]
    assert [path.name for path in artefacts.strangers()] == ["notes.txt"]
    with collection.writer() as writer:
        writer.publish()
    assert sorted(path.name for path in folder.iterdir()) == ["generation-2", "notes.txt", "segment-4", "writer.lock"]
    assert_right(collection, toys)


def test_readers_take_up_a_new_generation_and_forgotten_tombstones_do_no_harm(
    generation: Path, collection: Collection, reopened: Reopen, toys: Any
) -> None:
    behind, level = reopened(), reopened()
    assert_right(level, toys)
    behind.dense(np.ones(toys.DIMENSION), 1)
    with collection.writer() as writer:
        made = toys.make("late", ["late river"])
        writer.put(made.document, made.chunks, made.vectors)
        writer.publish()
        writer.delete("late")
        writer.publish()
    assert not generation.exists()
    for reader in (behind, level, reopened()):
        assert_right(reader, toys)


def test_files_are_for_their_owner_only(generation: Path, home: Path) -> None:
    for path in [home, *home.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_disk_that_fills_while_publishing_costs_nothing(
    generation: Path, collection: Collection, reopened: Reopen, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from indexes.errors import StoreError

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(np.lib.format, "open_memmap", full)
        with collection.writer() as writer, pytest.raises(StoreError, match="No space left"):
            writer.publish()
    assert sorted(path.name for path in generation.parent.iterdir()) == ["generation-1", "segment-1", "writer.lock"]
    assert_right(collection, toys)
    assert_right(reopened(), toys)


def test_only_what_is_new_is_written(collection: Collection, reopened: Reopen, toys: Any, home: Path) -> None:
    """A small commit beside a large segment writes a small segment; the large one stays, with its removed rows."""
    folder = home / "collections" / str(collection.id)
    large, small = toys.make("large", [f"river {n}" for n in range(40)]), toys.make("small", ["a cat", "a dog"])
    gone = toys.make("gone", ["two", "three"])
    with collection.writer() as writer:
        for made in (large, gone):
            writer.put(made.document, made.chunks, made.vectors)
        writer.publish()
    before = reopened()
    toys.assert_searches(before, toys.Oracle.of(before, [large, gone]))
    inode = (folder / "segment-1" / "vectors.npy").stat().st_ino
    with collection.writer() as writer:
        writer.put(small.document, small.chunks, small.vectors)
        writer.delete("gone")
        writer.publish()
    assert sorted(path.name for path in folder.iterdir()) == ["generation-2", "segment-1", "segment-2", "writer.lock"]
    assert (folder / "segment-1" / "vectors.npy").stat().st_ino == inode
    assert sorted(path.name for path in (folder / "generation-2").iterdir()) == ["manifest.json", "segment-1.npy"]
    for reader in (before, reopened(), collection):
        toys.assert_searches(reader, toys.Oracle.of(reader, [large, small]))


def test_segments_are_told_apart_by_what_they_hold(
    generation: Path, collection: Collection, reopened: Reopen, toys: Any
) -> None:
    """A reader that holds a segment does not take another of the same name for it."""
    reader = reopened()
    assert_right(reader, toys)
    with collection.writer() as writer:
        for key in ("a", "b"):
            writer.delete(key)
        writer.publish()
        shutil.rmtree(generation.parent / "segment-1", ignore_errors=True)
        made = toys.make("c", ["another river"])
        writer.put(made.document, made.chunks, made.vectors)
        writer.publish()
    assert (generation.parent / "segment-1").exists()
    toys.assert_searches(reader, toys.Oracle.of(reader, [made]))


def test_files_are_made_again_from_the_catalogue_alone(
    generation: Path, collection: Collection, reopened: Reopen, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexes.catalogue.reading._ROWS", 3)
    with collection.locked():
        collection._reader.rebuild(collection._catalogue)
    assert sorted(path.name for path in generation.parent.iterdir()) == ["generation-2", "segment-2", "writer.lock"]
    for reader in (collection, reopened()):
        assert_right(reader, toys)


def test_damage_under_a_mapped_segment_is_not_merged(
    generation: Path, collection: Collection, reopened: Reopen
) -> None:
    """It would be sealed with checksums that fit it."""
    path = generation.parent / "segment-1" / "vectors.npy"
    collection.dense(np.ones(collection.encoder.dimension), 1)
    with path.open("r+b") as file:
        file.seek(-64, 2)
        file.write(bytes(64))
    with pytest.raises(StoreDamaged, match=r"vectors\.npy of segment-1 is not what was written"):
        collection.compact()
    assert not [report for report in reopened().repair().remaining.findings if report.kind == "files"]


CRAFTED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ids": lambda ids: ids[::-1].copy(),
    "vectors": np.asfortranarray,
    "rows": lambda rows: rows + np.int32(1000),
    "offsets": lambda offsets: offsets[::-1].copy(),
    "lengths": lambda lengths: lengths[:-1],
    "counts": lambda counts: counts.astype(np.int64),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_crafted_arrays_with_fitting_checksums_are_refused(
    generation: Path, reopened: Reopen, toys: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = generation.parent / "segment-1" / f"{name}.npy"
    np.save(path, CRAFTED[name](np.load(path)))
    stored = json.loads((generation / "manifest.json").read_text())
    stored["manifest"]["parts"][0]["files"][path.name] = checksum(path)
    stored["checksum"] = _sealed(stored["manifest"])
    (generation / "manifest.json").write_text(json.dumps(stored))
    assert_right(reopened(), toys)
    assert "made again from the catalogue" in caplog.text
