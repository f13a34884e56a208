"""Many readers beside one writer; two writers, one of them waiting; locks of the dead."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crowding import Crowd, Scene

from indexes.collection import Collection
from indexes.database import Database
from indexes.errors import StoreBusy, UnknownCollection

Reopen = Callable[..., Collection]


def test_readers_beside_a_writer_see_the_state_before_or_after_a_commit(home: Path, url: str | None) -> None:
    scene = Scene(home, url)
    scene.fill()
    crowd = Crowd(scene, threads=8, processes=2)
    with crowd.reading():
        steps = crowd.write(0, time.monotonic() + 4, 200)
        steps = crowd.write(steps, time.monotonic() + 600, 25)  # where the machine is busy with other things
    assert steps > 20
    assert [wrong for seen in crowd.seen for wrong in seen.wrong] == []
    assert len(crowd.seen) == 10
    assert all(seen.seconds for seen in crowd.seen)


def test_a_published_generation_is_taken_up_without_reopening(
    collection: Collection, reopened: Reopen, toys: Any
) -> None:
    onlooker = reopened()
    made = toys.make("a", toys.PARAGRAPHS)
    for generation in (1, 2):
        with collection.writer() as writer:
            writer.put(made.document, made.chunks, made.vectors)
            writer.publish()
        toys.assert_searches(onlooker, toys.Oracle.of(onlooker, [made]))
        snapshot, _ = onlooker._reader.current(onlooker._catalogue)
        assert snapshot.generation == generation


def _hold(home: Path, url: str | None, held: Any) -> None:
    with Database.open(home, url=url).collection("papers").writer():
        held.set()
        time.sleep(60)


def test_a_lock_whose_holder_was_killed_is_free(
    collection: Collection, home: Path, url: str | None, reopened: Reopen
) -> None:
    context = multiprocessing.get_context("forkserver")
    held = context.Event()
    holder = context.Process(target=_hold, args=(home, url, held))
    holder.start()
    assert held.wait(120)
    with pytest.raises(StoreBusy, match=f"'papers' is being written by process {holder.pid}.*let it finish"):
        collection.writer().__enter__()
    assert holder.pid is not None
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()
    with reopened(lock_timeout=60).writer():  # a server takes its time to notice
        pass


def test_a_writer_that_waited_for_a_deletion_says_so(
    database: Database, collection: Collection, reopened: Reopen, toys: Any
) -> None:
    other = reopened()
    database.delete("papers")
    with pytest.raises(UnknownCollection, match="'papers' was deleted meanwhile"), other.writer():
        pass
    with pytest.raises(UnknownCollection, match="'papers' was deleted meanwhile"):
        other.dense(toys.vector_of("river"), 3)
