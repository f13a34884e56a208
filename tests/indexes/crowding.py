"""Many readers beside one writer, and an oracle of states; for the tests and for ``benchmarks/readers.py``.

The writer follows a plan that is known beforehand: step by step documents come, change and go. Two counters that all
processes share say how many steps were begun and how many were acknowledged. A search that began when ``a`` steps were
acknowledged and ended when ``b`` were begun must show, as a whole, the state after some step from ``a`` to ``b``: so
readers see all that was acknowledged, without opening anything again, and never half a commit.
"""

import hashlib
import multiprocessing
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from indexes.collection import Collection
from indexes.database import Database
from indexes.filters import parse_mapping
from indexes.records import Chunk, Document, EncoderFingerprint

NAME = "crowded"
_KEYS = 12
_K = 10
_EVERYTHING = 100_000
_SESSION = 25


@dataclass(frozen=True)
class Scene:
    """Where readers and writer meet: ``base`` chunks of ``dimension`` that stay, beside those that come and go."""

    home: Path
    url: str | None
    dimension: int = 16
    base: int = 100
    pause: float = 0.0
    """Between two commits, in seconds."""

    @property
    def encoder(self) -> EncoderFingerprint:
        return EncoderFingerprint("crowd", "1", self.dimension)

    def open(self) -> Collection:
        return Database.open(self.home, url=self.url, lock_timeout=60).create(NAME, self.encoder)

    def fill(self) -> None:
        """Write what stays."""
        collection = self.open()
        with collection.writer() as writer:
            for start in range(0, self.base, 1000):
                texts = [f"base {number} river" for number in range(start, min(start + 1000, self.base))]
                writer.put(*self._made(f"base{start}", texts, "none"))
            writer.publish()

    def put(self, writer: Any, step: int) -> None:
        """Take a step of the plan."""
        key, texts, half = planned(step)
        if texts:
            writer.put(*self._made(key, texts, half))
        else:
            writer.delete(key)

    def vector(self, text: str) -> np.ndarray:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")
        vector = np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return vector / np.float32(np.linalg.norm(vector))

    def _made(self, key: str, texts: list[str], half: str) -> tuple[Document, list[Chunk], np.ndarray]:
        chunks, at = [], 0
        for text in texts:
            chunks.append(Chunk(at, at + len(text), "", hashlib.sha256(text.encode()).hexdigest()))
            at += len(text) + 1
        document = Document(key=key, uri=key, title="", text="\n".join(texts), digest="d", metadata={"half": half})
        return document, chunks, np.array([self.vector(text) for text in texts])


def planned(step: int) -> tuple[str, list[str], str]:
    """The document that a step puts: key, texts, and a mark to filter by; no texts where it is deleted."""
    key = f"d{step * 7 % _KEYS}"
    if step % 5 == 4:
        return key, [], ""
    return key, [f"moving {key} {step} part {part} 向量" for part in range(1 + step % 4)], f"half{step % 2}"


@dataclass
class Oracle:
    """What searches must show after each step, computed from the plan alone."""

    scene: Scene
    queries: list[np.ndarray] = field(default_factory=list)
    states: list[tuple[list[list[float]], int, int]] = field(default_factory=list)
    """The scores of each query, the number of moving chunks, and of those that the filter lets through."""

    def __post_init__(self) -> None:
        self.queries = [self.scene.vector(text) for text in ("a river", "a 猫", "moving d0 7 part 0 向量")]
        base = np.array([self.scene.vector(f"base {number} river") for number in range(self.scene.base)])
        self._base = [np.sort(base @ query)[::-1][:_K].tolist() for query in self.queries]
        self._live: dict[str, tuple[list[list[float]], str]] = {}
        self._note()

    def at(self, step: int) -> tuple[list[list[float]], int, int]:
        while len(self.states) <= step:
            key, texts, half = planned(len(self.states) - 1)
            scores = [[float(self.scene.vector(text) @ query) for text in texts] for query in self.queries]
            self._live[key] = scores, half
            self._note()
        return self.states[step]

    def _note(self) -> None:
        best = []
        for number, base in enumerate(self._base):
            moving = [score for scores, _ in self._live.values() for score in scores[number]]
            best.append(sorted(base + moving, reverse=True)[:_K])
        counts = [(len(scores[0]), half) for scores, half in self._live.values()]
        self.states.append((best, sum(n for n, _ in counts), sum(n for n, half in counts if half == "half1")))


@dataclass
class Seen:
    """What a reader saw: how long each search took, and what was wrong."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Crowd:
    """Readers in threads and processes; they read from the beginning of the block to its end."""

    def __init__(self, scene: Scene, threads: int, processes: int) -> None:
        self.scene = scene
        self._context = multiprocessing.get_context("forkserver")
        self.begun, self.done, self.stop = (self._context.Value("q", 0, lock=False) for _ in range(3))
        self.seen: list[Seen] = []
        self._threads = threads
        self._processes = processes

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Readers read for as long as the block runs; what they saw is in ``seen`` at its end."""
        self.stop.value = 0
        answers = self._context.Queue()
        ready = self._context.Semaphore(0)
        shared = (self.scene, self.begun, self.done, self.stop, ready)
        others = [self._context.Process(target=_tell, args=(answers, *shared)) for _ in range(self._processes)]
        collection, gathered = self.scene.open(), list[Seen]()
        threads = [
            threading.Thread(target=lambda: gathered.append(read(collection, *shared))) for _ in range(self._threads)
        ]
        for one in (*others, *threads):
            one.start()
        for _ in (*others, *threads):
            assert ready.acquire(timeout=300), "a reader did not start"
        try:
            yield
        finally:
            self.stop.value = 1
            self.seen = [answers.get(timeout=300) for _ in others]
            for one in (*others, *threads):
                one.join(300)
            self.seen += gathered

    def write(self, first: int, until: float, most: int) -> int:
        """Take steps of the plan from ``first`` on, until a moment of `time.monotonic` or ``most``; gives the next."""
        collection = self.scene.open()
        step = first
        while step < most and time.monotonic() < until:
            with collection.writer() as writer:
                for _ in range(min(_SESSION, most - step)):
                    self.begun.value = step + 1
                    self.scene.put(writer, step)
                    step += 1
                    self.done.value = step
                    time.sleep(self.scene.pause)
                writer.publish()
            if step % (4 * _SESSION) == 0:
                collection.compact()
        return step


def read(collection: Collection, scene: Scene, begun: Any, done: Any, stop: Any, ready: Any) -> Seen:
    """Search again and again until told to stop; at least once, however late it comes to it."""
    seen, oracle, half = Seen(), Oracle(scene), parse_mapping({"half": "half1"})
    collection.dense(oracle.queries[0], 1)
    ready.release()
    while True:
        for number, query in enumerate(oracle.queries):
            lowest = done.value
            at = time.perf_counter()
            try:
                shown = {
                    "dense": collection.dense(query, _K),
                    "lexical": collection.lexical("moving", _EVERYTHING),
                    "filtered": collection.dense(query, _EVERYTHING, half),
                }
            except Exception:  # noqa: BLE001 - whatever it is, it is what the test is about
                seen.wrong.append(traceback.format_exc())
                return seen
            seen.seconds.append((time.perf_counter() - at) / 3)
            possible = [oracle.at(step) for step in range(lowest, begun.value + 1)]
            scores = [score for _, score in shown["dense"]]
            if not any(np.allclose(scores, state[0][number], atol=1e-5) for state in possible if len(scores) == _K):
                seen.wrong.append(f"dense search at {lowest}: {scores}")
            if len(shown["lexical"]) not in [state[1] for state in possible]:
                seen.wrong.append(f"lexical search at {lowest}: {len(shown['lexical'])}")
            if len(shown["filtered"]) not in [state[2] for state in possible]:
                seen.wrong.append(f"filtered search at {lowest}: {len(shown['filtered'])}")
        if stop.value:
            return seen


def _tell(answers: Any, *shared: Any) -> None:
    answers.put(read(shared[0].open(), *shared))
