"""Figures of rankings and of yes-or-no judgements, each with its formula and source.

Labels and predictions are arrays (n,) of 0 and 1; scores and probabilities arrays (n,) of floats. A figure that has
no meaning for the data (one class only, nothing there) is NaN.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

__all__ = [
    "RETRIEVAL",
    "auroc",
    "balanced_accuracy",
    "calibration_error",
    "f1",
    "kappa",
    "reliability",
    "retrieval",
    "risk_coverage",
]

RETRIEVAL = {"ndcg@10": "nDCG@10", "recall@10": "R@10", "mrr@10": "RR@10", "recall@100": "R@100"}
"""Our names of the measures of a ranking, and those of ir_measures."""


def retrieval(
    rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]]
) -> dict[str, dict[str, float]]:
    """The measures of each question's ranking (document ids, best first, each once), computed by ir_measures.

    ``nDCG@k = DCG@k / IDCG@k`` with ``DCG@k = Σ relevance / log2(1 + rank)`` (Järvelin and Kekäläinen, 2002, as in
    trec_eval); ``R@k``, the share of the relevant documents among the first k; ``RR@k``, one over the rank of the
    first relevant one, 0 beyond k (Kantor and Voorhees, 2000).

    Returns:
        For each question of ``rankings`` that has a relevant document, a value for each name of ``RETRIEVAL``.
    """
    import ir_measures

    names = {ir_measures.parse_measure(theirs): ours for ours, theirs in RETRIEVAL.items()}
    judged = {query: dict(relevant[query]) for query in rankings if relevant.get(query)}
    run = {
        query: {document: float(-rank) for rank, document in enumerate(rankings[query], start=1)} for query in judged
    }
    found: dict[str, dict[str, float]] = {query: dict.fromkeys(RETRIEVAL, 0.0) for query in judged}
    for metric in ir_measures.iter_calc(list(names), judged, run) if any(run.values()) else ():
        found[metric.query_id][names[metric.measure]] = float(metric.value)
    return found


def auroc(label: np.ndarray, score: np.ndarray) -> float:
    """The chance that a positive scores above a negative, ties counting half (Mann and Whitney, 1947)."""
    positive, negative = score[label == 1], np.sort(score[label == 0])
    if not len(positive) or not len(negative):
        return math.nan
    below = np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")
    return float(below.mean() / 2 / len(negative))


def balanced_accuracy(label: np.ndarray, predicted: np.ndarray) -> float:
    """The mean of the share of positives and of negatives that are told as such."""
    if not (label == 1).any() or not (label == 0).any():
        return math.nan
    return float(((predicted[label == 1] == 1).mean() + (predicted[label == 0] == 0).mean()) / 2)


def f1(label: np.ndarray, predicted: np.ndarray) -> float:
    """``2TP / (2TP + FP + FN)`` of the positives (label 1); NaN without a positive."""
    if not (label == 1).any():
        return math.nan
    hits = int(((label == 1) & (predicted == 1)).sum())
    return float(2 * hits / ((label == 1).sum() + (predicted == 1).sum()))


def kappa(label: np.ndarray, predicted: np.ndarray) -> float:
    """Cohen's kappa (1960), agreement beyond chance: ``(observed - expected) / (1 - expected)``."""
    if not len(label):
        return math.nan
    observed = float((label == predicted).mean())
    yes = float(label.mean()), float(predicted.mean())
    expected = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return (observed - expected) / (1 - expected) if expected < 1 else math.nan


def calibration_error(label: np.ndarray, probability: np.ndarray, bins: int = 5) -> float:
    """Expected calibration error (Naeini et al., 2015): ``Σ share · |mean p - mean label|``, bins of equal width."""
    rows = reliability(label, probability, bins)
    return sum(count * abs(said - was) for said, was, count in rows) / len(label) if len(label) else math.nan


def reliability(label: np.ndarray, probability: np.ndarray, bins: int = 5) -> list[tuple[float, float, int]]:
    """Of each bin that is not empty: mean probability, share of positives, rows. Bins are of equal width."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    inside = [place == at for at in range(bins) if (place == at).any()]
    return [(float(probability[at].mean()), float(label[at].mean()), int(at.sum())) for at in inside]


def risk_coverage(right: np.ndarray, confidence: np.ndarray) -> list[tuple[float, float]]:
    """The curve of selective answering (El-Yaniv and Wiener, 2010): answer the surest share, and how much is wrong.

    Returns:
        ``(coverage, risk)`` for each number of rows kept, surest first.
    """
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(1 - right[order])
    kept = np.arange(1, len(right) + 1)
    return [(float(k / len(right)), float(w / k)) for k, w in zip(kept, wrong, strict=True)]
