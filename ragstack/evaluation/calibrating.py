"""``ragstack calibrate``: fit the gate that says, before anything is written, whether the evidence answers.

Each question of labelled data is searched, its evidence picked and its features measured as in an answer; nothing is
written. Its label is 1 where it can be answered and a gold answer stands in the evidence, else 0. Two models are
fitted, with the decoder's judgement and without, judged on folds that they did not see, and stored with what each
threshold costs (:mod:`ragstack.checking.calibration`). Measuring takes seconds a question, so records are kept like
those of any run, and a stopped one goes on where it was.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexes.errors import UsageError
from ragstack.checking.abstention import answerable_features
from ragstack.checking.calibration import UNANSWERABLE
from ragstack.evaluation.datasets import Query, read_questions, sample
from ragstack.evaluation.fitting import FALSE_REFUSALS, Row, by, fit, operating, report
from ragstack.evaluation.normalising import contains
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.results import Record
from ragstack.evaluation.retrieval import collection_for, resolved
from ragstack.evaluation.runs import Progress, Run
from ragstack.evidence import EvidencePicker
from ragstack.generators.base import Judge

if TYPE_CHECKING:
    from ragstack.stack import RagStack

__all__ = ["MODELS", "Fitted", "calibrate", "fit_gate"]

LEAST = 20
"""Questions of each label that a fit needs; fewer would be noise."""
MODELS = {
    "answerable": ("judge", "judge_chinese", "best", "turned", "numbers", "chinese"),
    "answerable_without_judge": ("best", "turned", "numbers", "chinese"),
}
"""The features of each model of the gate."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted gate: what was stored and where, the rows behind it, and questions that could not be measured."""

    file: Path
    stored: Mapping[str, Any]
    rows: int
    missing: int

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``ragstack calibrate``."""
        return {"file": str(self.file), "rows": self.rows, "missing": self.missing, **self.stored}


def calibrate(
    stack: "RagStack",
    data: Sequence[str | Path],
    *,
    collection: str | None = None,
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit the gate on labelled data and store it.

    Args:
        stack: Whose models and settings are measured.
        data: Folders in the common layout, or files of questions over ``collection``.
        collection: One's own, for files of questions; None means the config's default.
        limit: A sample of so many questions of each, answerable and not in their proportions.
        seed: Of the sample.
        out: The file to write; None means ``calibration.json`` in the home, where answers look for it.
        progress: Called as work goes on.

    Raises:
        UsageError: the data cannot be read, or holds too few questions of one label.
        ModelMissing: a model is not on this machine.
    """
    rows: list[Row] = []
    missing = 0
    for path in map(Path, data):
        records = _measured(stack, path, collection, limit, seed, progress)
        missing += sum("error" in record for record in records)
        rows += [record | {"set": path.name.split(".")[0]} for record in records if record.get("features")]
    stored = {
        "data": {"answerable": [str(path) for path in data], "seed": seed, "decoder": stack.generator().name},
        "threshold_rule": f"at most {FALSE_REFUSALS:.0%} of the answerable are refused; answers.max_risk overrides",
        "models": fit_gate(rows),
    }
    file = Path(out) if out else stack.config.home / "calibration.json"
    _write(file, stored)
    return Fitted(file, stored, len(rows), missing)


def fit_gate(rows: Sequence[Row]) -> dict[str, Any]:
    """The models of the gate with their cross-fitted report and curve; those whose features were measured.

    Raises:
        UsageError: fewer than :data:`LEAST` rows of one label.
    """
    label = np.array([row["label"] for row in rows])
    for wanted, what in ((1, "that the documents answer"), (0, "that they do not answer")):
        if (label == wanted).sum() < LEAST:
            raise UsageError(
                f"{int((label == wanted).sum())} questions {what} were measured; expected at least {LEAST}: add "
                "questions of that kind, `ragstack testset make` makes some"
            )
    models = {}
    for name, features in MODELS.items():
        if all(feature in row["features"] for row in rows for feature in features):
            model, apart, shown = fit(list(rows), list(features))
            models[name] = model | {
                "report": report(apart, label, shown),
                "by_set": by(list(rows), "set", apart, shown),
                "curve": operating(apart, label, UNANSWERABLE),
            }
    return models


def _measured(
    stack: "RagStack", data: Path, collection: str | None, limit: int | None, seed: int, progress: Progress | None
) -> list[Record]:
    problems = Problems()
    questions = read_questions(data, problems)
    name = collection_for(stack, data, questions, collection, problems, progress)
    asked = sample(resolved(stack, questions, name, problems), limit, seed, _answerable)
    generator, config = stack.generator(), stack.config
    settings = {
        "encoder": stack.encoder.fingerprint.name,
        "generator": generator.name,
        "collection": name,
        "retrieval": config.retrieval.model_dump(),
        "evidence": config.evidence.model_dump(),
        "ingest": config.ingest.model_dump(),
        "limit": limit,
    }
    run = Run("calibrate", data, seed, settings, questions.sha256, problems, config.home, None,
              time.perf_counter(), progress)  # fmt: skip
    picker = EvidencePicker(stack.encoder, config.evidence)
    judge = generator if isinstance(generator, Judge) else None

    def work(query: Query) -> Record:
        evidence = picker.pick(query.text, stack.search(query.text, collection=name))
        if not evidence:
            return {"features": None}
        held = contains(" ".join(item.text for item in evidence), query.answers)
        return {
            "question": query.text,
            "about": next(iter(query.relevant), query.id),
            "label": int(_answerable(query) and held),
            "features": answerable_features(query.text, evidence, judge),
        }

    with run.alone():
        records = run.over(asked, work)
        run.finish(records, {})
    return records


def _answerable(query: Query) -> bool:
    return bool(query.answers) and query.answerable is not False


def _write(file: Path, stored: Mapping[str, Any]) -> None:
    beside = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise UsageError(f"{file} cannot be written ({error.strerror}); choose another --out") from None
