"""Reading files in processes of their own, which can be stopped: a hostile file costs a time-out, never the run.

Each process reads one file after another. One that takes longer than its limit, ends by itself or says what it cannot
mean is stopped, and the file is *failed* with the reason; the next file gets a new process.
"""

import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self, TypeVar

from ingest.documents import LoadOptions, Part
from ingest.processes.wire import WireError, decode_part, encode_options, receive, send

__all__ = ["Workers"]

_T = TypeVar("_T")
_AHEAD = 8  # parts of a file that wait to be taken
_log = logging.getLogger(__name__)


class Workers:
    """Processes that read files. Use it as a context manager: leaving it stops them at once."""

    def __init__(self, options: LoadOptions, count: int = 2) -> None:
        self._options = options
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="ragstack-read")
        self._own = threading.local()
        self._all: list[_Process] = []
        self._changing = threading.Lock()
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._changing:
            self._closed.set()
            for process in self._all:
                process.stop()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def load(self, data: bytes, name: str) -> Iterator[Part]:
        """Begin to read a file; gives its parts as they come, in order, at least one.

        Args:
            data: The file's bytes.
            name: Its name, which says what content cannot.
        """
        parts: queue.Queue[Part | None] = queue.Queue(_AHEAD)
        self._threads.submit(self._read, data, name, parts)
        return self._taken(parts)

    def _taken(self, parts: "queue.Queue[Part | None]") -> Iterator[Part]:
        while not self._closed.is_set():
            with suppress(queue.Empty):
                part = parts.get(timeout=0.5)
                if part is None:
                    return
                yield part

    def _read(self, data: bytes, name: str, parts: "queue.Queue[Part | None]") -> None:
        """Read one file in this thread's process, whatever happens to it."""
        began = time.monotonic()
        try:
            for part in self._process().read(data, name, self._options):
                self._put(parts, part)
        except _Stopped as stopped:
            if not self._closed.is_set():
                _log.warning("%s: %s after %.1f s", name, stopped, time.monotonic() - began)
                self._put(parts, Part("", "", None, "failed", str(stopped)))
        finally:
            self._put(parts, None)

    def _put(self, parts: "queue.Queue[Part | None]", part: Part | None) -> None:
        """Hand over a part, unless nobody is going to take it."""
        while not self._closed.is_set():
            with suppress(queue.Full):
                parts.put(part, timeout=0.2)
                return

    def _process(self) -> "_Process":
        process: _Process | None = getattr(self._own, "process", None)
        if process is None or not process.runs:
            process = self._own.process = _Process()
            with self._changing:
                self._all = [each for each in self._all if each.runs] + [process]
                if self._closed.is_set():
                    process.stop()
        return process


class _Stopped(Exception):
    """The process is no more; the text says why, and what to do about the file."""


class _Process:
    """One process of ``ingest.processes.worker``."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
        # one thread each: the encoder has the others
        environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "ingest.processes.worker"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        self._late = False

    @property
    def runs(self) -> bool:
        """Whether it can take another file."""
        return self._child.poll() is None

    def read(self, data: bytes, name: str, options: LoadOptions) -> Iterator[Part]:
        """The parts of a file.

        Raises:
            _Stopped: the process took too long, ended, or answered nonsense.
        """
        requests, answers = self._child.stdin, self._child.stdout
        if requests is None or answers is None:
            raise _Stopped("its process has no input and output; try again")
        seconds = options.limits.max_seconds
        left = seconds
        try:
            self._within(left, lambda: send(requests, encode_options(name, options)))
            self._within(left, lambda: send(requests, data))
            while True:
                began = time.monotonic()
                answer = self._within(left, lambda: receive(answers))
                if not answer:
                    return
                left = max(0.001, left - (time.monotonic() - began))
                yield decode_part(answer)
        except (WireError, OSError, ValueError) as error:
            with suppress(subprocess.TimeoutExpired):  # it may be about to end by itself
                self._child.wait(0.5)
            late, code = self._late, self._child.poll()
            self.stop()
            if late:
                raise _Stopped(f"reading it took longer than {seconds:g} s; split it, or raise the limit") from error
            how = f"signal {-code}" if code is not None and code < 0 else "without an answer"
            raise _Stopped(
                f"the process that read it ended ({how}); convert it to another format and try again"
            ) from error

    def stop(self) -> None:
        """End the process at once."""
        self._child.kill()
        self._child.wait()
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                with suppress(OSError, ValueError):
                    stream.close()

    def _within(self, seconds: float, do: Callable[[], _T]) -> _T:
        """Do something that ends when the process does, which is killed when the time is over."""
        timer = threading.Timer(seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            done = do()
        finally:
            timer.cancel()
        if self._late:  # it was killed just as it answered
            raise WireError("too late")
        return done

    def _give_up(self) -> None:
        self._late = True
        self._child.kill()
