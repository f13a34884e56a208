"""How well a verifier tells faithful responses from hallucinated ones, on examples that people labelled.

Without labels it still says which responses hold, and which claims do not. Hallucinated is the positive class.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ragstack.evaluation import measures
from ragstack.evaluation.datasets import Example, read_examples, sample
from ragstack.evaluation.estimating import Estimate, Expect, estimate_judging
from ragstack.evaluation.judging import Judgement, judge
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.results import Record, Result, figures
from ragstack.evaluation.runs import Progress, Run
from ragstack.evaluation.statistics import Statistic
from ragstack.evaluation.trust import agreement
from ragstack.evaluation.verdicts import Verifier
from ragstack.evaluation.verifiers import open_verifier
from ragstack.language import language_of

if TYPE_CHECKING:
    from ragstack.stack import RagStack

__all__ = ["evaluate_faithfulness", "foresee_faithfulness"]


def evaluate_faithfulness(
    stack: "RagStack",
    data: str | Path,
    *,
    verifier: "Verifier | str" = "decoder",
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Progress | None = None,
    expect: Expect | None = None,
) -> Result:
    """Judge every example; where people labelled them, say how far the judge agrees with them.

    Args:
        stack: Whose models judge.
        data: A file of examples, or a folder with ``examples.jsonl``; RAGAS' and LangChain's records will do.
        verifier: Who judges, or its name.
        limit: Judge a sample of so many, faithful and hallucinated in their proportions.
        seed: Of the sample and of the intervals.
        out: Where the run is stored; None means in the stack's home.
        progress: Called as work goes on.
        expect: Called before the first is judged, with what the rest will take.

    Raises:
        UsageError: the data cannot be read, or there is no such verifier.
        ModelMissing: a model is not on this machine.
        StoreBusy: another call is at the same run.
    """
    run, checker, chosen = _prepared(stack, Path(data), verifier, limit, seed, out, progress)
    unlabelled = sum(example.label is None for example in chosen)
    if unlabelled:
        run.problems.add("examples without a label", "they are judged, and agreement leaves them out", unlabelled)
    stack.encoder.encode_queries(["?"])  # loads the encoder, unmeasured
    with run.alone():
        if expect is not None and run.waiting(chosen):
            expect(_estimate(stack, run, checker, chosen))
        records = run.over(chosen, lambda example: _record(example, checker))
        measured = [record for record in records if "error" not in record]
        return run.finish(
            records,
            _statistics(measured),
            judge=checker.name,
            agreement=agreement(checker.name, {language_of(example.response.response) for example in chosen}),
            curves=_curves(measured),
            notes=("Hallucinated is the positive class of f1 and auroc.",),
        )


def foresee_faithfulness(
    stack: "RagStack",
    data: str | Path,
    *,
    verifier: "Verifier | str" = "decoder",
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
) -> Estimate:
    """What :func:`evaluate_faithfulness`, called alike, has still to do; no run is stored, no endpoint asked.

    Raises:
        UsageError: the data cannot be read, or there is no such verifier.
        ModelMissing: a model is not on this machine.
    """
    run, checker, chosen = _prepared(stack, Path(data), verifier, limit, seed, out, None)
    return _estimate(stack, run, checker, chosen)


def _prepared(
    stack: "RagStack",
    data: Path,
    verifier: Verifier | str,
    limit: int | None,
    seed: int,
    out: str | Path | None,
    progress: Progress | None,
) -> tuple[Run, Verifier, tuple[Example, ...]]:
    """The run that is to be, who judges, and what."""
    began, problems = time.perf_counter(), Problems()
    examples, sha256 = read_examples(data, problems)
    checker = open_verifier(stack, verifier) if isinstance(verifier, str) else verifier
    settings = {
        "verifier": checker.name,
        "encoder": stack.encoder.fingerprint.name,
        "evidence": stack.config.evidence.model_dump(),
        "limit": limit,
    }
    run = Run("faithfulness", data, seed, settings, sha256, problems, stack.config.home,
              Path(out) if out else None, began, progress)  # fmt: skip
    return run, checker, sample(examples, limit, seed, lambda example: example.label)


def _estimate(stack: "RagStack", run: Run, checker: Verifier, chosen: Sequence[Example]) -> Estimate:
    waiting = run.waiting(chosen)
    return estimate_judging(stack, [example.response for example in waiting], len(chosen) - len(waiting), checker)


def _record(example: Example, checker: Verifier) -> Record:
    began = time.perf_counter()
    judgement = judge(example.response, checker)
    seconds = time.perf_counter() - began
    return {
        "question": example.response.question,
        "response": example.response.response,
        "contexts": list(example.response.contexts),
        "label": example.label,
        "judged": "faithful" if judgement.faithful else "hallucinated",
        "probability": round(judgement.probability, 4),
        "claims": [claim.to_dict() for claim in judgement.claims],
        "figures": _figures(example, judgement),
        "seconds": {"judge": round(seconds, 4)},
    }


def _figures(example: Example, judgement: Judgement) -> dict[str, float | list[int] | None]:
    right = judgement.faithful == (example.label == "faithful")
    cited = [claim.cited_supported for claim in judgement.claims if claim.cited_supported is not None]
    return {
        "accuracy": None if example.label is None else float(right),
        "judged_faithful": float(judgement.faithful),
        "unsupported_rate": [sum(not claim.supported for claim in judgement.claims), len(judgement.claims)],
        "cited_unsupported_rate": [cited.count(False), len(cited)],
    }


def _statistics(records: Sequence[Record]) -> dict[str, Statistic]:
    """Agreement is over the labelled ones; everything else over all."""
    labelled = np.array([record["label"] is not None for record in records], dtype=bool)
    label = np.array([float(record["label"] == "hallucinated") for record in records])
    told = np.array([float(record["judged"] == "hallucinated") for record in records])
    doubt = np.array([1.0 - record["probability"] for record in records])
    milliseconds = np.array([1000 * record["seconds"]["judge"] for record in records])

    def agreeing(figure: Callable[[np.ndarray, np.ndarray], float], said: np.ndarray) -> Statistic:
        def statistic(at: np.ndarray) -> float:
            at = at[labelled[at]]
            return figure(label[at], said[at])

        return statistic

    return {
        "balanced_accuracy": agreeing(measures.balanced_accuracy, told),
        "f1": agreeing(measures.f1, told),
        "auroc": agreeing(measures.auroc, doubt),
        "kappa": agreeing(measures.kappa, told),
        "ms_per_example": lambda at: float(milliseconds[at].mean()),
        **figures(records),
        "calibration_error": agreeing(measures.calibration_error, doubt),
    }


def _curves(records: Sequence[Mapping[str, object]]) -> dict[str, list[list[float]]]:
    labelled = [record for record in records if record["label"] is not None]
    if not labelled:
        return {}
    faithful = np.array([float(record["label"] == "faithful") for record in labelled])
    sure = np.array([float(str(record["probability"])) for record in labelled])
    rows = measures.reliability(faithful, sure)
    return {"reliability": [[round(said, 6), round(was, 6), count] for said, was, count in rows]}
