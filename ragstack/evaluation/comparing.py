"""Two runs over the same questions: what got better, what got worse, and whether that is more than chance.

Figures are compared question by question over the questions that both runs measured: yes-or-no figures by McNemar's
exact test, others by a paired bootstrap; p-values are adjusted for looking at several figures (Holm). The clock's
figures are shown by each run's own result and never tested: they depend on the machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexes.errors import UsageError
from ragstack.evaluation.results import Record, pair, read_records, read_result
from ragstack.evaluation.statistics import Interval, holm, mcnemar, paired_bootstrap

__all__ = ["ALPHA", "Changed", "Comparison", "Difference", "compare"]

ALPHA = 0.05
_LOWER_IS_BETTER = frozenset({"unsupported_rate", "cited_unsupported_rate", "false_abstain", "prompt_tokens_mean"})
_COSTS = frozenset({"prompt_tokens_mean"})
"""Compared, and no reason for a gate to close."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure in both runs, over the ``n`` questions that have it in both.

    ``change`` is that of B against A, question by question; ``p`` is adjusted. ``verdict``: better or worse where
    ``p`` is below ``ALPHA``, else same.
    """

    name: str
    n: int
    a: float
    b: float
    change: Interval
    p: float
    test: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A question whose figures differ, by name: (before, after)."""

    id: str
    question: str
    better: dict[str, tuple[float, float]]
    worse: dict[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run B against run A. ``failing`` are questions that A measured and B failed on; ``notes`` warn in words."""

    task: str
    a: str
    b: str
    n: int
    differences: tuple[Difference, ...]
    changed: tuple[Changed, ...]
    failing: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def regressions(self) -> tuple[Difference, ...]:
        """The figures that got significantly worse, costs apart."""
        return tuple(each for each in self.differences if each.verdict == "worse" and each.name not in _COSTS)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``ragstack eval compare --json``."""
        return asdict(self) | {"regressions": [each.name for each in self.regressions]}


def compare(a: str | Path, b: str | Path) -> Comparison:
    """Compare two finished runs, each a folder that a run was stored in.

    Raises:
        UsageError: one is no finished run, they are of different tasks, or they share no question.
    """
    folders = Path(a), Path(b)
    results = [read_result(folder) for folder in folders]
    if results[0]["task"] != results[1]["task"]:
        raise UsageError(f"{a} measures {results[0]['task']}, {b} {results[1]['task']}; compare runs of one task")
    before, after = (_by_id(folder) for folder in folders)
    shared = [id_ for id_ in before if id_ in after and "figures" in before[id_] and "figures" in after[id_]]
    both = [id_ for id_ in shared if before[id_].get("question") == after[id_].get("question")]
    if not both:
        raise UsageError(f"{a} and {b} measured no question in common; run both on the same data, limit and seed")
    names = _compared([before[id_] for id_ in both])
    differences = _differences(names, [before[id_] for id_ in both], [after[id_] for id_ in both], results[0]["seed"])
    changed = [_changed(names, before[id_], after[id_]) for id_ in both]
    return Comparison(
        task=results[0]["task"],
        a=str(a),
        b=str(b),
        n=len(both),
        differences=tuple(differences),
        changed=tuple(each for each in changed if each.better or each.worse),
        failing=tuple(id_ for id_ in before if "figures" in before[id_] and "error" in after.get(id_, {})),
        notes=tuple(_notes(results, before, after, len(both), len(shared) - len(both))),
    )


def _by_id(folder: Path) -> dict[str, Record]:
    return {record["id"]: record for record in read_records(folder if folder.is_dir() else folder.parent)}


def _compared(records: Sequence[Record]) -> list[str]:
    """The figures to compare; where people labelled the examples, only whether the judge was right."""
    names = dict.fromkeys(name for record in records for name in record["figures"])
    if any(record.get("label") is not None for record in records):
        return ["accuracy"]
    return list(names)


def _value(record: Record, name: str) -> float:
    part, whole = pair(record["figures"].get(name))
    return part / whole if whole else float("nan")


def _differences(
    names: Sequence[str], before: Sequence[Record], after: Sequence[Record], seed: int
) -> list[Difference]:
    found: dict[str, tuple[np.ndarray, np.ndarray, Interval, float, str]] = {}
    for name in names:
        a, b = (np.array([_value(record, name) for record in records]) for records in (before, after))
        there = ~np.isnan(a) & ~np.isnan(b)
        if not there.any():
            continue
        a, b = a[there], b[there]
        change, p = paired_bootstrap(a, b, seed)
        test = "paired bootstrap"
        if np.isin(np.concatenate([a, b]), (0.0, 1.0)).all():
            p, test = mcnemar(int((a > b).sum()), int((b > a).sum())), "McNemar"
        found[name] = (a, b, change, p, test)
    adjusted = holm({name: p for name, (_, _, _, p, _) in found.items()})
    return [
        Difference(name, len(a), float(a.mean()), float(b.mean()), change, adjusted[name], test,
                   _verdict(name, change, adjusted[name]))
        for name, (a, b, change, _, test) in found.items()
    ]  # fmt: skip


def _verdict(name: str, change: Interval, p: float) -> str:
    if p >= ALPHA or not change.value:
        return "same"
    return "better" if (change.value > 0) != (name in _LOWER_IS_BETTER) else "worse"


def _changed(names: Sequence[str], before: Record, after: Record) -> Changed:
    better: dict[str, tuple[float, float]] = {}
    worse: dict[str, tuple[float, float]] = {}
    for name in names:
        a, b = _value(before, name), _value(after, name)
        if name in _COSTS or not abs(b - a) > 1e-12:  # also where one of them is NaN
            continue
        (better if (b > a) != (name in _LOWER_IS_BETTER) else worse)[name] = (a, b)
    return Changed(before["id"], str(before.get("question") or before.get("response") or ""), better, worse)


def _notes(
    results: Sequence[Mapping[str, Any]], before: Mapping[str, Record], after: Mapping[str, Record], n: int, others: int
) -> list[str]:
    notes = []
    if results[0].get("sha256") != results[1].get("sha256"):
        notes.append("the data of the two runs differ")
    alone = len(before.keys() ^ after.keys())
    if alone:
        notes.append(f"{alone} questions are in one of the runs only; {n} were compared")
    if others:
        notes.append(f"{others} questions have other words in each run, and were not compared")
    return notes
