"""A writer that is killed at any moment: what was acknowledged is there, what was not is not half there."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import indexes.writer
from indexes.artefacts import Artefacts
from indexes.collection import Collection

Reopen = Callable[[], Collection]

CHILD = """
import hashlib, importlib.util, random, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("toys", sys.argv[2])
toys = importlib.util.module_from_spec(spec); sys.modules["toys"] = toys; spec.loader.exec_module(toys)
chance = random.Random(int(sys.argv[3]))
collection = toys.Database.open(Path(sys.argv[1])).create("papers", toys.ENCODER)
with collection.writer() as writer:
    print("ready", flush=True)
    for number in range(10_000):
        key, version = f"d{chance.randrange(6)}", f"{sys.argv[3]}.{number}"
        action = chance.random()
        if action < 0.7:
            print("put", key, version, flush=True)
            made = toys.make(key, toys.versioned(key, version))
            writer.put(made.document, made.chunks, made.vectors)
        elif action < 0.85:
            print("delete", key, "-", flush=True)
            writer.delete(key)
        else:
            print("publish - -", flush=True)
            writer.publish()
        print("done", flush=True)
"""


def test_killed_writers_lose_nothing_and_leave_nothing_half_done(home: Path, reopened: Reopen, toys: Any) -> None:
    chance = random.Random(11)
    state: dict[str, str] = {}
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    root = Path(indexes.writer.__file__).parents[1]
    for round_ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(home), toys.__file__, str(round_)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=environment,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.3, 1))
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().splitlines()
        child.wait()
        unsure: dict[str, str | None] = {}
        for line, answer in zip(said, [*said[1:], None], strict=True):
            if line == "done":
                continue
            action, key, version = line.split(" ")
            after = {**state, key: version} if action == "put" else {k: v for k, v in state.items() if k != key}
            if answer == "done":
                state = after
            elif action != "publish":
                unsure[key] = after.get(key)
        assert "done" in said
        collection = reopened()
        for key, version in unsure.items():
            document = collection.document(key)
            assert (document is None) == (version is None) or key in state
            if document is not None and version is not None and document.text.startswith(f"{key} {version} "):
                state[key] = version
            elif document is None:
                state.pop(key, None)
        live = [toys.make(key, toys.versioned(key, version)) for key, version in state.items()]
        toys.assert_searches(collection, toys.Oracle.of(collection, live))
        with collection.writer():
            pass


def test_a_new_generation_is_written_when_enough_has_gathered(
    collection: Collection, toys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes.writer, "_PENDING_AT_EXIT", (4, 0.5))
    monkeypatch.setattr(indexes.writer, "_PENDING_MEANWHILE", (8, 1.0))
    saved: list[tuple[int, int]] = []
    save = Artefacts.save
    monkeypatch.setattr(Artefacts, "save", lambda s, part, at: saved.append((len(part.ids), at)) or save(s, part, at))
    made = [toys.make(f"d{n}", [f"{n} one", f"{n} two", f"{n} three"]) for n in range(9)]
    with collection.writer() as writer:
        writer.put(made[0].document, made[0].chunks, made[0].vectors)
    assert saved == []  # three chunks are too few
    with collection.writer() as writer:
        for one in made[1:8]:
            writer.put(one.document, one.chunks, one.vectors)
    assert saved == [(12, 4), (24, 8)]  # after nine more in the middle of it, and at the end
    with collection.writer() as writer:
        writer.put(made[8].document, made[8].chunks, made[8].vectors)
    assert len(saved) == 2
    toys.assert_searches(collection, toys.Oracle.of(collection, made))


def test_a_failed_publication_is_a_warning(
    collection: Collection, toys: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(indexes.writer, "_PENDING_AT_EXIT", (1, 0.0))
    monkeypatch.setattr(Artefacts, "save", full)
    made = toys.make("a", toys.PARAGRAPHS)
    with collection.writer() as writer:
        writer.put(made.document, made.chunks, made.vectors)
    assert "were not written" in caplog.text
    toys.assert_searches(collection, toys.Oracle.of(collection, [made]))
