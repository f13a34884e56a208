"""Weights of the reranker: the softmax over a question's candidates puts as much as it can on the relevant ones."""

from collections.abc import Sequence

import numpy as np
from retrieving_sets import Question

from ragstack.retrieval.rank_features import FEATURES

PENALTY = 1e-2

Group = tuple[np.ndarray, np.ndarray, float]
"""Features of the candidates of a question, which of them are relevant, and how much the question counts."""


def groups(found: dict[str, list[Question]]) -> list[Group]:
    """Each set counts the same. Passages that say the same in the other language are neither good nor bad."""
    made = []
    for questions in found.values():
        for each in questions:
            documents = np.array(each.fused[: len(each.features)])
            counts = ~np.isin(documents, list(each.cross))
            relevant = np.isin(documents, list(each.relevant))[counts]
            if relevant.any() and not relevant.all():
                made.append((each.features[counts], relevant, 1 / len(questions)))
    return made


def fit(found: dict[str, list[Question]], without: Sequence[str] = ()) -> np.ndarray:
    """Weights, one for each feature; those of the features in ``without`` are 0."""
    from scipy.optimize import minimize

    made = groups(found)
    x = np.concatenate([each for each, _, _ in made])
    scale = x.std(axis=0) + 1e-9
    x, good = x / scale, np.concatenate([each for _, each, _ in made]).astype(float)
    sizes = np.array([len(each) for _, each, _ in made])
    starts, weight = np.cumsum(sizes) - sizes, np.array([each for _, _, each in made])
    weight /= weight.sum()

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        score = x @ w
        e = np.exp(score - np.repeat(np.maximum.reduceat(score, starts), sizes))
        total, held = np.add.reduceat(e, starts), np.add.reduceat(e * good, starts) + 1e-30
        slope = np.repeat(weight, sizes) * (e / np.repeat(total, sizes) - e * good / np.repeat(held, sizes))
        return float(weight @ np.log(total / held) + PENALTY * w @ w), x.T @ slope + 2 * PENALTY * w

    bounds = [(0, 0) if name in without else (0, None) for name in FEATURES]  # more is never a reason against
    best = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return best.x / scale
