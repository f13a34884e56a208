"""Pairs and their features → the logistic model of the small verifier; the same each time for the same pairs.

Every set counts alike, and within it supported claims and others do. The sign of a weight is given where it is known,
so that no accident of the data turns a reason to doubt into a reason to believe. The threshold is where, on pairs
whose evidence had no part in the weights that judge them, the mean balanced accuracy over the sets is highest.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ragstack.checking.calibration import LogisticModel
from ragstack.verifier.features import FEATURES
from ragstack.verifier.pairs import Pair

__all__ = ["fit", "logistic", "threshold_of", "weights_of"]

PENALTY = 3e-3
"""Of the squared weights of standardised features, against the mean log loss."""
FOLDS = 5
STEPS = 1000
DOUBTS = ("numbers", "turned", "opposed", "names")
BELIEFS = ("covered", "one_covers", "pairs", "run")
"""Features whose weights may not be positive, and those whose weights may not be negative."""


def fit(features: np.ndarray, pairs: Sequence[Pair], names: Sequence[str] = FEATURES) -> LogisticModel:
    """The model of these features (pairs, names)."""
    label = np.array([pair.label for pair in pairs])
    weight = weights_of(pairs)
    fold = np.array([int(pair.stamp[8:16], 16) % FOLDS for pair in pairs])
    apart = np.zeros(len(pairs))
    for number in range(FOLDS):
        rest = fold != number
        if rest.any() and not rest.all():
            weights, bias = logistic(features[rest], label[rest], weight[rest], names)
            apart[~rest] = features[~rest] @ weights + bias
    weights, bias = logistic(features, label, weight, names)
    threshold = threshold_of(apart, label, [pair.set for pair in pairs])
    rounded = {name: round(float(value), 5) for name, value in zip(names, weights, strict=True)}
    return LogisticModel(rounded, round(bias, 5), round(float(1 / (1 + np.exp(-threshold))), 5))


def logistic(
    features: np.ndarray, label: np.ndarray, weight: np.ndarray, names: Sequence[str]
) -> tuple[np.ndarray, float]:
    """Weights and bias that minimise the weighted log loss, by projected gradients with momentum (Nesterov, 1983)."""
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = np.column_stack([(features - mean) / spread, np.ones(len(features))])
    side, share = np.where(label, 1.0, -1.0), weight / weight.sum()
    penalty = np.array([PENALTY] * len(names) + [0.0])
    low = np.array([0.0 if name in BELIEFS else -np.inf for name in names] + [-np.inf])
    high = np.array([0.0 if name in DOUBTS else np.inf for name in names] + [np.inf])
    step = 1 / (np.linalg.norm((x * share[:, None]).T @ x, 2) / 4 + PENALTY)
    found = ahead = np.zeros(len(names) + 1)
    for number in range(STEPS):
        slope = -x.T @ (share * side / (1 + np.exp(side * (x @ ahead)))) + penalty * ahead
        before, found = found, np.clip(ahead - step * slope, low, high)
        ahead = found + number / (number + 3) * (found - before)
    weights = found[:-1] / spread
    return weights, float(found[-1] - weights @ mean)


def weights_of(pairs: Sequence[Pair]) -> np.ndarray:
    """How much each pair counts: sets alike, and supported claims and others alike in each; 1 in the mean."""
    counts = Counter((pair.set, pair.label) for pair in pairs)
    weight = np.array([1 / counts[pair.set, pair.label] for pair in pairs])
    return np.asarray(weight / weight.mean())


def threshold_of(score: np.ndarray, label: np.ndarray, groups: Sequence[str]) -> float:
    """Where the mean of the balanced accuracies of the groups that have both labels is highest."""
    group = np.array(groups)
    ordered = np.unique(score)
    between = (ordered[1:] + ordered[:-1]) / 2 if len(ordered) > 1 else ordered
    names = [name for name in np.unique(group) if 0 < label[group == name].sum() < (group == name).sum()]
    accuracy = np.zeros(len(between))
    for here in [group == name for name in names] or [np.ones(len(group), dtype=bool)]:
        below = [np.searchsorted(np.sort(score[here & (label == each)]), between) for each in (True, False)]
        counts = [max(1, int((here & (label == each)).sum())) for each in (True, False)]
        accuracy += (1 - below[0] / counts[0] + below[1] / counts[1]) / 2
    return float(between[int(accuracy.argmax())])
