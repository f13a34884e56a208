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

from indexes.artefacts import Artefacts
from indexes.collection import Collection

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


def assert_right(collection: Collection, toys: Any) -> None:
    live = [toys.make("a", toys.PARAGRAPHS[:4]), toys.make("b", toys.PARAGRAPHS[4:])]
    toys.assert_searches(collection, toys.Oracle.of(collection, live))


def test_good_files_are_used_and_what_came_after_is_replayed(
    generation: Path, reopened: Reopen, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load = Artefacts.load
    monkeypatch.setattr(Artefacts, "load", lambda self, number: loaded.append(number) or load(self, number))
    other = reopened()
    assert_right(other, toys)
    assert loaded == [1]


def test_every_damaged_or_missing_file_is_found_and_made_up_for(
    generation: Path, reopened: Reopen, toys: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    intact = tmp_path / "intact"
    shutil.copytree(generation, intact)
    names = sorted(path.name for path in intact.iterdir())
    assert {"manifest.json", "dense.faiss", "ids.npy", "rows.npy"} <= set(names)
    chance = random.Random(5)
    for name in names:
        for damage in ("flip", "flip", "cut", "empty", "missing"):
            shutil.rmtree(generation)
            shutil.copytree(intact, generation)
            data = bytearray((intact / name).read_bytes())
            if damage == "missing":
                (generation / name).unlink()
            else:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
                (generation / name).write_bytes({"flip": data, "cut": data[:-1], "empty": b""}[damage])
            with caplog.at_level(logging.WARNING):
                caplog.clear()
                assert_right(reopened(), toys)
            assert "made again from the catalogue" in caplog.text, (name, damage)


def test_a_manifest_with_other_contents_is_not_believed(generation: Path, reopened: Reopen, toys: Any) -> None:
    """A stale or foreign generation: the manifest is well formed and says something else."""
    original = (generation / "manifest.json").read_text()
    for change in ({"encoder": {"name": "x"}}, {"analysis": "old"}, {"layout": 99}, {"sequence": 99}, {"rows": 3}):
        from indexes.artefacts import _digest_of

        body = json.loads(original)["manifest"] | change
        (generation / "manifest.json").write_text(json.dumps({"manifest": body, "sha256": _digest_of(body)}))
        assert_right(reopened(), toys)
    (generation / "manifest.json").write_text("[]")
    assert_right(reopened(), toys)


def test_no_files_at_all(generation: Path, reopened: Reopen, toys: Any) -> None:
    shutil.rmtree(generation.parent)
    assert_right(reopened(), toys)


def test_what_unfinished_writing_left_is_swept_away(generation: Path, collection: Collection, toys: Any) -> None:
    (generation.parent / "writing-123").mkdir()
    (generation.parent / "writing-123" / "dense.faiss").write_bytes(b"half")
    with collection.writer() as writer:
        writer.publish()
    assert sorted(path.name for path in generation.parent.iterdir()) == ["generation-2", "writer.lock"]
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
        patched.setattr(np, "save", full)
        with collection.writer() as writer, pytest.raises(StoreError, match="No space left"):
            writer.publish()
    assert sorted(path.name for path in generation.parent.iterdir()) == ["generation-1", "writer.lock"]
    assert_right(collection, toys)
    assert_right(reopened(), toys)
