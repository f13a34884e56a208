"""What a run found, in memory and in its folder: the records, the figures that they add up to, and the result."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from indexes.errors import UsageError
from ragstack.evaluation.problems import Problem
from ragstack.evaluation.statistics import Interval, Statistic, ratio
from ragstack.evaluation.trust import Agreement

__all__ = ["Record", "Result", "figures", "pair", "read_records", "read_result"]

Record = dict[str, Any]
"""What came of one question or example, by its ``id``; ``error`` says why there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found. ``n`` counts what was measured, ``missing`` what the system or the judge failed on.

    A metric that has no meaning for the data (no unanswerable question, one class only) has the value None.
    ``notes`` say in words how to read them; ``curves`` are for the report.
    """

    task: str
    data: str
    n: int
    missing: int
    seed: int
    metrics: dict[str, Interval]
    settings: dict[str, Any]
    versions: dict[str, str]
    sha256: dict[str, str]
    problems: tuple[Problem, ...]
    judge: str
    agreement: tuple[Agreement, ...]
    curves: dict[str, list[list[float]]]
    notes: tuple[str, ...]
    seconds: float
    folder: str
    records: tuple[Record, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``ragstack eval … --json``, and of ``result.json``."""
        return {
            "task": self.task,
            "data": self.data,
            "n": self.n,
            "missing": self.missing,
            "seed": self.seed,
            "metrics": {name: interval.to_dict() for name, interval in self.metrics.items()},
            "settings": self.settings,
            "versions": self.versions,
            "sha256": self.sha256,
            "problems": [asdict(problem) for problem in self.problems],
            "judge": {"name": self.judge, "agreement": [each.to_dict() for each in self.agreement]},
            "curves": self.curves,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
            "run": self.folder,
        }


def figures(records: Sequence[Record]) -> dict[str, Statistic]:
    """The figures of the records: ``name: value`` are means, ``name: [part, whole]`` ratios, None does not count."""
    measured = [record["figures"] for record in records if "figures" in record]
    names = dict.fromkeys(name for figure in measured for name in figure)
    found = {}
    for name in names:
        pairs = np.array([pair(figure.get(name)) for figure in measured])
        found[name] = ratio(pairs[:, 0], pairs[:, 1])
    return found


def pair(figure: Any) -> tuple[float, float]:
    """A figure of one record as part and whole."""
    if figure is None:
        return 0.0, 0.0
    return (float(figure[0]), float(figure[1])) if isinstance(figure, list) else (float(figure), 1.0)


def read_result(path: Path) -> dict[str, Any]:
    """The result of a finished run: its folder, or its ``result.json``.

    Raises:
        UsageError: there is none, or it is damaged.
    """
    file = path / "result.json" if path.is_dir() else path
    try:
        result = json.loads(file.read_bytes())
        if isinstance(result, dict) and {"task", "metrics", "seed"} <= result.keys():
            return result
    except FileNotFoundError:
        raise UsageError(
            f"there is no finished run in {path}; expected a folder that `ragstack eval … --out DIR` made"
        ) from None
    except (OSError, ValueError):
        pass
    raise UsageError(f"{file} is no result of a run; expected a folder that `ragstack eval … --out DIR` made")


def read_records(folder: Path) -> list[Record]:
    """The records of a run, in order, up to a line that was cut off."""
    path = folder / "records.jsonl"
    found: list[Record] = []
    for line in path.read_bytes().split(b"\n") if path.is_file() else ():
        try:
            record = json.loads(line)
        except ValueError:
            break
        if not isinstance(record, dict) or "id" not in record:
            break
        found.append(record)
    return found
