"""The figures and curves of ``ragstack eval answers``, of the records of its questions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ragstack.evaluation import measures
from ragstack.evaluation.results import Record, figures
from ragstack.evaluation.statistics import Statistic, quantile

__all__ = ["curves", "statistics"]

_NAMES = ("accuracy", "f1", "exact_match", "citation_precision", "citation_recall", "citation_gold",
          "unsupported_rate", "abstain_recall", "false_abstain", "prompt_tokens_mean")  # fmt: skip


def statistics(records: Sequence[Record]) -> dict[str, Statistic]:
    """The figures of all answers, those of the clock and of confidences among them; None does not count."""
    found = figures(records)
    seconds = np.array([record["seconds"]["total"] for record in records])
    label = np.array([float(record["answerable"] is True) for record in records])
    sure = np.array([record["confidence"] if _is_told(record) else np.nan for record in records], dtype=float)

    def of_sure(figure: Any) -> Statistic:
        def statistic(at: np.ndarray) -> float:
            there = at[~np.isnan(sure[at])]
            return float(figure(label[there], sure[there])) if len(there) else float("nan")

        return statistic

    return {
        **{name: found.get(name, lambda _: float("nan")) for name in _NAMES},
        "seconds_p50": quantile(seconds, 0.5),
        "abstain_auroc": of_sure(measures.auroc),
        "calibration_error": of_sure(measures.calibration_error),
    }


def _is_told(record: Record) -> bool:
    """Whether a record has a confidence, and its question is known to be answerable or not."""
    return record["confidence"] is not None and record["answerable"] is not None


def curves(records: Sequence[Record]) -> dict[str, list[list[float]]]:
    """Confidences against what could be answered, and risk against coverage.

    The latter: of the questions that have a gold answer or none at all, the surest so many answered, and how many of
    those answers are wrong. It ends where refusing begins. Right is an answer that holds a gold one.
    """
    told = [record for record in records if _is_told(record)]
    label = np.array([float(record["answerable"]) for record in told])
    rows = measures.reliability(label, np.array([record["confidence"] for record in told])) if told else []
    drawn = {"reliability": [[round(said, 6), round(was, 6), count] for said, was, count in rows]} if rows else {}
    known = [record for record in records if record["gold"] or record["answerable"] is False]
    answered = [record for record in known if not record["abstained"]]
    if not answered or not any(record["gold"] for record in known):
        return drawn
    right = np.array([float(record["figures"]["accuracy"] or 0.0) for record in answered])
    sure = np.array([record["confidence"] or 0.0 for record in answered])
    share = len(answered) / len(known)
    curve = measures.risk_coverage(right, sure)
    return drawn | {"risk_coverage": [[round(coverage * share, 6), round(risk, 6)] for coverage, risk in curve]}
