"""Killed or interrupted at any moment, an ingestion loses no more than the work in hand, and the next one goes on."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexes.collection import Collection
from indexes.database import Database
from indexes.records import EncoderFingerprint
from ingest.chunking import ChunkSettings
from ingest.pipeline import PipelineSettings, ingest
from ingest.sync import buffer

FILES = 40
SETTINGS = PipelineSettings(ChunkSettings(20, 0, 4))


class SlowEncoder:
    """Slow, and each batch has to be allowed: an ingestion is met in the middle, however late who looks comes to it."""

    fingerprint = EncoderFingerprint("slow", "1", 8)
    max_length = 64

    def __init__(self, batches: Any) -> None:
        self._batches = batches

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        self._batches.acquire()
        time.sleep(0.05)
        return np.array([[1.0 + hash_of(text) % (row + 2) for row in range(8)] for text in texts], np.float32)

    encode_queries = encode_passages


def hash_of(text: str) -> int:
    return sum(ord(character) * 31 ** (place % 7) for place, character in enumerate(text))


def ingest_slowly(docs: Path, home: Path, batches: Any) -> None:
    """What runs in a process of its own: an ingestion in buffers of two files, for as many as are allowed."""
    buffer._CHUNKS = 6  # type: ignore[misc]
    encoder = SlowEncoder(batches)
    collection = Database.open(home).create("test", encoder.fingerprint)
    ingest([docs], collection, encoder, settings=SETTINGS)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for number in range(FILES):
        text = "\n\n".join(f"Paragraph {n} of file {number} says {n * number + n} in so many words." for n in range(3))
        (folder / f"{number:02}.txt").write_text(text)
    return folder


def collection_in(home: Path) -> Collection | None:
    database = Database.open(home)
    return database.collection("test") if database.collections() else None


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_what_was_written_stays_and_the_next_run_goes_on(how: signal.Signals, docs: Path, tmp_path: Path) -> None:
    rng, context = random.Random(how), multiprocessing.get_context("forkserver")
    home = tmp_path / "home"
    stored = interrupted = 0
    while stored < FILES:
        more = rng.randint(1, 8)
        batches = context.Semaphore(more)
        child = context.Process(target=ingest_slowly, args=(docs, home, batches))
        child.start()
        deadline, collection = time.monotonic() + 300, None
        wanted = min(stored + more, FILES)
        while child.is_alive() and time.monotonic() < deadline:
            collection = collection or collection_in(home)
            if collection is not None and collection.info().documents >= wanted:
                time.sleep(rng.random() / 20)
                break
            time.sleep(0.01)
        if child.is_alive():
            assert child.pid is not None
            os.kill(child.pid, how)
            interrupted += 1
        batches.release()  # an interruption waits for the batch in hand
        child.join(300)
        assert child.exitcode is not None
        collection = collection_in(home)
        assert collection is not None and collection.verify().findings == ()
        now = collection.info().documents
        assert now >= wanted
        for info in collection.documents():
            document = collection.document(info.key)
            assert document is not None and document.text == Path(info.key).read_text()
        stored = now
    assert interrupted >= 2
    report = ingest([docs], collection, SlowEncoder(batches), settings=SETTINGS)
    assert (report.files.unchanged, report.files.added) == (FILES, 0)
    assert {entry.outcome for entry in collection.ledger()} <= {"added", "unchanged"}


def test_an_error_of_the_encoder_leaves_what_was_written(docs: Path, tmp_path: Path, bag_encoder: Any) -> None:
    collection = Database.open(tmp_path / "home").create("test", bag_encoder.fingerprint)
    encode, calls = bag_encoder.encode_passages, []

    def failing(texts: list[str]) -> Any:
        calls.append(len(texts))
        if len(calls) > 6:
            raise KeyboardInterrupt
        return encode(texts)

    bag_encoder.encode_passages = failing
    for number in range(FILES, 6 * FILES):
        text = "\n\n".join(f"Paragraph {n} of {number} is about {n * number} things in all." for n in range(4))
        (docs / f"{number:03}.txt").write_text(text)
    with pytest.raises(KeyboardInterrupt):
        ingest([docs], collection, bag_encoder, settings=SETTINGS)
    before = collection.info().documents
    assert 0 < before < 6 * FILES
    bag_encoder.encode_passages = encode
    report = ingest([docs], collection, bag_encoder, settings=SETTINGS)
    assert (report.files.unchanged, report.files.added) == (before, 6 * FILES - before)
    assert collection.verify().findings == ()
