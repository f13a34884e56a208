"""One measuring: stored while it goes on, resumed where it was stopped, ended by its result.

A run is a folder with three files. ``run.json`` says what is measured: task, digests of the data, seed, settings,
versions. ``records.jsonl`` has one line for each question or example, written as soon as it is done; all that
depends on the clock stands under ``seconds``. ``result.json`` comes last, and by one renaming.

A folder with records and no result is an interrupted run: the same call goes on with what is missing, and with what
failed. A finished run, or another one's folder, is begun anew. While one call is at it, a second is refused. The same
data, seed, settings and code give the same bytes, but for what the clock says.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, TypeVar

from indexes.errors import ModelError, StoreError, UnknownCollection, UsageError
from indexes.locks import exclusive
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.results import Record, Result, read_records
from ragstack.evaluation.statistics import Statistic, bootstrap
from ragstack.evaluation.trust import Agreement

__all__ = ["Progress", "Run"]

Progress = Callable[[str, int, int], None]
"""Called as work goes on: what is done, how many are, how many in all."""

_PACKAGES = ("ragstack", "numpy", "ir_measures", "faiss-cpu", "sentence-transformers", "torch", "xllamacpp")
_FLOORS = ("indexes", "ingest", "ragstack")


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


_Item = TypeVar("_Item", bound=_HasId)


@dataclass(slots=True)
class Run:
    """A run that goes on: in :meth:`alone`, :meth:`over` makes the records, :meth:`finish` the result.

    It is stored in ``out``, or in a folder of ``home`` that its settings, data and code name. ``began`` is when the
    call did, by :func:`time.perf_counter`; ``tried`` are the ids that it has worked on itself.
    """

    task: str
    data: Path
    seed: int
    settings: dict[str, Any]
    sha256: dict[str, str]
    problems: Problems
    home: Path
    out: Path | None
    began: float
    progress: Progress | None = None
    tried: set[str] = field(default_factory=set)

    @property
    def folder(self) -> Path:
        """Where the run is stored."""
        if self.out is not None:
            return self.out
        key = hashlib.sha256(self._header()).hexdigest()[:12]
        name = self.data.resolve().name.split(".")[0]
        return self.home.expanduser() / "evaluations" / f"{self.task}-{name}-{key}"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the folder for as long as the block runs, so that no two calls write one run.

        Raises:
            StoreBusy: another one is at it.
            StoreError: the folder cannot be written.
        """
        lock = self.folder / "lock"
        with ExitStack() as held:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(exclusive(lock, f"The run in {self.folder}", 0))
            except OSError as error:
                raise self._unwritable(error) from None
            held.callback(lock.unlink, missing_ok=True)  # while it is held: whoever waits for it looks again
            yield

    def over(self, items: Sequence[_Item], work: Callable[[_Item], Record]) -> list[Record]:
        """The record of each item, in order: read where an interrupted run left it, else made and stored.

        An item that the system or the judge fails on has ``error`` in its record in the place of figures.

        Raises:
            StoreError: the folder cannot be written.
        """
        order = [item.id for item in items]
        try:
            done = self._begin()
            with (self.folder / "records.jsonl").open("ab") as file:
                for number, item in enumerate(items, start=1):
                    if item.id not in done:
                        self.tried.add(item.id)
                        done[item.id] = _attempt(item, work)
                        file.write(_line(done[item.id]))
                        file.flush()
                    if self.progress:
                        self.progress(self.task, number, len(items))
            sorted_ = dict.fromkeys([*order, *done])
            if list(done) != list(sorted_):  # what had failed was done after what had not
                self._store("records.jsonl", b"".join(_line(done[id_]) for id_ in sorted_))
        except OSError as error:
            raise self._unwritable(error) from None
        return [done[id_] for id_ in order]

    def waiting(self, items: Sequence[_Item]) -> list[_Item]:
        """Those of ``items`` that an interrupted run has not done, or failed on."""
        done = self._done()
        return [item for item in items if item.id not in done]

    def finish(
        self,
        records: Sequence[Record],
        statistics: Mapping[str, Statistic],
        *,
        judge: str = "",
        agreement: Sequence[Agreement] = (),
        curves: dict[str, list[list[float]]] | None = None,
        notes: Sequence[str] = (),
    ) -> Result:
        """Figures with intervals over the records that have any (``statistics`` see their positions); stored."""
        measured = sum("error" not in record for record in records)
        result = Result(
            task=self.task,
            data=str(self.data),
            n=measured,
            missing=len(records) - measured,
            seed=self.seed,
            metrics={name: bootstrap(each, measured, self.seed) for name, each in statistics.items()},
            settings=self.settings,
            versions=_versions(),
            sha256=self.sha256,
            problems=tuple(self.problems),
            judge=judge,
            agreement=tuple(agreement),
            curves=curves or {},
            notes=tuple(notes),
            seconds=time.perf_counter() - self.began,
            folder=str(self.folder),
            records=tuple(records),
        )
        try:
            self._store("result.json", json.dumps(result.to_dict(), ensure_ascii=False, indent=1).encode() + b"\n")
        except OSError as error:
            raise self._unwritable(error) from None
        return result

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(f"the run cannot be stored in {self.folder} ({error.strerror}); set another --out")

    def _header(self) -> bytes:
        header = {"task": self.task, "seed": self.seed, "sha256": self.sha256, "settings": self.settings}
        return json.dumps(header | {"versions": _versions()}, ensure_ascii=False, indent=1).encode() + b"\n"

    def _done(self) -> dict[str, Record]:
        """The records of an interrupted run of the same header; what failed in an earlier call is to be done again."""
        header = self.folder / "run.json"
        if (self.folder / "result.json").exists() or not header.is_file() or header.read_bytes() != self._header():
            return {}
        found = read_records(self.folder)
        return {record["id"]: record for record in found if "error" not in record or record["id"] in self.tried}

    def _begin(self) -> dict[str, Record]:
        """Make the files ready; a last line that was cut off is taken away."""
        done = self._done()
        (self.folder / "result.json").unlink(missing_ok=True)
        (self.folder / "run.json").write_bytes(self._header())
        self._store("records.jsonl", b"".join(_line(record) for record in done.values()))
        return done

    def _store(self, name: str, data: bytes) -> None:
        """Write a file of the run, whole or not at all."""
        beside = self.folder / f"{name}.new"
        beside.write_bytes(data)
        beside.replace(self.folder / name)


def _attempt(item: _Item, work: Callable[[_Item], Record]) -> Record:
    try:
        return {"id": item.id} | work(item)
    except UnknownCollection:
        raise
    except (ModelError, UsageError) as error:
        return {"id": item.id, "error": str(error)}


def _line(record: Record) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


@cache
def _versions() -> dict[str, str]:
    """What may change a figure: Python, the packages, and a digest of this project's own code."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    root = Path(__file__).parents[2]
    code = hashlib.sha256()
    for path in sorted(path for floor in _FLOORS for kind in ("*.py", "*.json") for path in (root / floor).rglob(kind)):
        code.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return found | {"code": code.hexdigest()[:16]}
