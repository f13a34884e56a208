"""How well a verifier tells faithful responses from hallucinated ones, on examples that people labelled.

Without labels it still says which responses hold, and which claims do not. Hallucinated is the positive class.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from indexes.errors import ModelError
from ragstack.evaluation import measures
from ragstack.evaluation.datasets import Example, read_examples, sample
from ragstack.evaluation.judging import Judgement, claims_of, judge
from ragstack.evaluation.problems import Problems
from ragstack.evaluation.runs import Progress, Record, Result, Run, figures
from ragstack.evaluation.statistics import Statistic
from ragstack.evaluation.trust import agreement
from ragstack.evaluation.verifiers import Verifier, open_verifier
from ragstack.language import language_of

if TYPE_CHECKING:
    from ragstack.stack import RagStack

__all__ = ["evaluate_faithfulness"]

_OVERHEAD_TOKENS = 120
"""What a question to the judge holds beside passages, question and claim."""


def evaluate_faithfulness(
    stack: "RagStack",
    data: str | Path,
    *,
    verifier: "Verifier | str" = "decoder",
    limit: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    progress: Progress | None = None,
    expect: Callable[[int, float], None] | None = None,
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
        expect: Called when the first example is judged, with the claims in all and the seconds they may take.

    Raises:
        UsageError: the data cannot be read, or there is no such verifier.
        ModelMissing: a model is not on this machine.
    """
    began, data, problems = time.perf_counter(), Path(data), Problems()
    examples, sha256 = read_examples(data, problems)
    checker = open_verifier(stack, verifier) if isinstance(verifier, str) else verifier
    chosen = sample(examples, limit, seed, lambda example: example.label)
    unlabelled = sum(example.label is None for example in chosen)
    if unlabelled:
        problems.add("examples without a label", "they are judged, and agreement leaves them out", unlabelled)
    settings = {
        "verifier": checker.name,
        "encoder": stack.encoder.fingerprint.name,
        "evidence": stack.config.evidence.model_dump(),
        "limit": limit,
    }
    run = Run("faithfulness", data, seed, settings, sha256, problems, stack.config.home,
              Path(out) if out else None, began, progress)  # fmt: skip
    stack.encoder.encode_queries(["?"])  # loads the encoder, unmeasured
    trial: dict[str, Record] = {}
    if expect is not None and (waiting := run.waiting(chosen)):
        with suppress(ModelError):  # told again, and counted, when its turn comes
            trial[waiting[0].id] = _record(waiting[0], checker)
            expect(*_expected(waiting, trial[waiting[0].id]["seconds"]["judge"], stack))
    records = run.over(chosen, lambda example: trial.get(example.id) or _record(example, checker))
    measured = [record for record in records if "error" not in record]
    return run.finish(
        records,
        _statistics(measured),
        judge=checker.name,
        agreement=agreement(checker.name, {language_of(example.response.response) for example in chosen}),
        curves=_curves(measured),
        notes=("Hallucinated is the positive class of f1 and auroc.",),
    )


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


def _expected(examples: Sequence[Example], first: float, stack: "RagStack") -> tuple[int, float]:
    """Claims, and seconds for all of them, from the seconds of the first example and what each has the judge read."""
    claims = [len(claims_of(example.response.response)) for example in examples]
    read = [_tokens_read(example, count, stack) for example, count in zip(examples, claims, strict=True)]
    return sum(claims), first * sum(read) / max(read[0], 1)


def _tokens_read(example: Example, claims: int, stack: "RagStack") -> int:
    """Passages that fit are read once for all claims, those that do not, for each claim again."""
    [context] = stack.encoder.count_tokens(["\n".join(example.response.contexts)])
    room = stack.config.evidence.max_tokens
    return context + _OVERHEAD_TOKENS + 40 * claims if context <= room else claims * (room + _OVERHEAD_TOKENS)
