"""Files read ahead of the encoder: hashed, loaded in other processes, cut into chunks, in the order they were found.

A thread of its own does this while vectors are made, and waits where it is a buffer ahead. It decides nothing: what
it hands over says what a file's bytes mean beside what the collection held when the run began.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Condition, Thread
from typing import Generic, TypeVar

from indexes.errors import LoadError, RagStackError
from indexes.records import Outcome
from ingest.documents import Loaded, LoadOptions, Part, Refused
from ingest.files import loading
from ingest.files.discovery import SourceFile
from ingest.processes.workers import Workers
from ingest.sync.preparing import PersonalDataFound, Ready
from ingest.sync.standing import LOAD, TWIN, Standing, Verdict

__all__ = ["Ahead", "Arrival", "arrivals"]

_T = TypeVar("_T")
_CHECK_SECONDS = 0.5
_FILES_AHEAD = 16
_BYTES_AHEAD = 200_000_000
Prepare = Callable[[SourceFile, Loaded, str], Ready]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file, or one in an archive, as far as it can be brought without the encoder.

    Attributes:
        source: The file.
        digest: Its digest; empty where it could not be read.
        verdict: What its bytes mean.
        ready: The document, where the file was loaded.
        outcome: ``refused`` or ``failed`` where there is none; ``unpacked`` for an archive after all that is in it.
        reason: Why.
        withdraw: Whether the document of before must not stay either.
    """

    source: SourceFile
    digest: str = ""
    verdict: Verdict = LOAD
    ready: Ready | None = None
    outcome: Outcome | None = None
    reason: str = ""
    withdraw: bool = False

    @property
    def weight(self) -> int:
        """Its share of the buffer, in chunks."""
        return 1 + (len(self.ready.chunks) if self.ready else 0)


def arrivals(
    files: Iterable[SourceFile],
    standing: Standing,
    workers: Workers,
    options: LoadOptions,
    prepare: Prepare,
) -> Iterator[Arrival]:
    """Read files, a few of them at a time, and give what became of each in their order."""
    waiting: deque[_Begun] = deque()
    for source in files:
        waiting.append(_begun(source, standing, workers, options))
        while (
            len(waiting) > _FILES_AHEAD
            or sum(each.size for each in waiting) > _BYTES_AHEAD
            or (waiting and waiting[0].arrival.verdict.kind != "load")
        ):
            yield from _finished(waiting.popleft(), standing, prepare)
    for begun in waiting:
        yield from _finished(begun, standing, prepare)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A file that is being loaded, or needs not be."""

    arrival: Arrival
    parts: Iterable[Part] = ()
    size: int = 0


def _begun(source: SourceFile, standing: Standing, workers: Workers, options: LoadOptions) -> _Begun:
    """Read and hash a file, and let it be loaded where its bytes are new."""
    try:
        data = loading.read(source.path, options.limits) if source.data is None else source.data
    except LoadError as error:
        return _Begun(Arrival(source, outcome=_kind(error), reason=str(error)))
    digest = standing.digest(hashlib.sha256(data).hexdigest())
    verdict = standing.judge(source, digest)
    if verdict == TWIN and source.data is not None:
        verdict = LOAD  # what came on standard input cannot be read again: it never relies on another
    if verdict.kind != "load":
        return _Begun(Arrival(source, digest, verdict))
    return _Begun(Arrival(source, digest, verdict), workers.load(data, source.path.name), len(data))


def _finished(begun: _Begun, standing: Standing, prepare: Prepare) -> Iterator[Arrival]:
    """What became of a file, and of those in it; an archive comes after all that is in it."""
    arrival = begun.arrival
    whole = False
    came = False
    for part in begun.parts:
        came = True
        whole = whole or not part.path
        yield _of_part(arrival, part, standing, prepare)
    if not came:
        yield arrival
    elif not whole:
        yield Arrival(arrival.source, arrival.digest, outcome="unpacked")


def _of_part(arrival: Arrival, part: Part, standing: Standing, prepare: Prepare) -> Arrival:
    source = arrival.source.member(part.path)
    digest, verdict = arrival.digest, arrival.verdict
    if part.path and part.digest:
        digest = standing.digest(part.digest)
        verdict = standing.judge(source, digest)
    if part.loaded is None:
        return Arrival(source, digest, outcome=part.outcome or "failed", reason=part.reason)
    if verdict.kind != "load":
        return Arrival(source, digest, verdict)
    try:
        return Arrival(source, digest, verdict, prepare(source, part.loaded, digest))
    except LoadError as error:
        withdraw = isinstance(error, PersonalDataFound)
        return Arrival(source, digest, outcome=_kind(error), reason=str(error), withdraw=withdraw)
    except (RagStackError, MemoryError):  # the encoder's
        raise
    except Exception as error:  # noqa: BLE001 - a surprise in a text is one file's failure, never the run's
        reason = f"its text surprised us ({type(error).__name__}); convert it to another format and try again"
        return Arrival(source, digest, outcome="failed", reason=reason)


def _kind(error: LoadError) -> Outcome:
    return "refused" if isinstance(error, Refused) else "failed"


class Ahead(Generic[_T]):
    """Runs an iterator in a thread of its own, up to so much weight ahead of whoever takes from it."""

    def __init__(self, items: Iterator[_T], weigh: Callable[[_T], int], most: int) -> None:
        self._items = items
        self._weigh = weigh
        self._most = most
        self._waiting: deque[_T] = deque()
        self._weight = 0
        self._error: BaseException | None = None
        self._ended = self._closed = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="ragstack-ahead", daemon=True)
        self._thread.start()

    def items(self, check: Callable[[], None]) -> Iterator[_T]:
        """The items as they come; ``check`` is called now and then while there is none."""
        while True:
            check()
            with self._changed:
                if not self._changed.wait_for(lambda: self._waiting or self._ended, _CHECK_SECONDS):
                    continue
                if not self._waiting:
                    if self._error is not None:
                        raise self._error
                    return
                item = self._waiting.popleft()
                self._weight -= self._weigh(item)
                self._changed.notify_all()
            yield item

    def close(self) -> None:
        """Let the thread end when it hands over its next item."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _run(self) -> None:
        try:
            for item in self._items:
                with self._changed:
                    self._changed.wait_for(lambda: self._weight < self._most or self._closed)
                    if self._closed:
                        return
                    self._waiting.append(item)
                    self._weight += self._weigh(item)
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - raised again where the items are taken
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
