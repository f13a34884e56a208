"""Logistic models over written-down features, fitted and reported with weights and thresholds that saw no row judged.

The sign of a weight is given where it is known, so that no accident of the data turns a reason to doubt into a reason
to believe. Rows fall into folds by a hash of what they are about, and each is judged by what the other folds gave.
A threshold is the highest that refuses at most ``FALSE_REFUSALS`` of what should pass; ``operating`` says what any
other one would cost. Figures have 95 % bootstrap intervals.
"""

import hashlib
from typing import Any

import numpy as np

from ragstack.evaluation import measures
from ragstack.evaluation.statistics import Statistic, bootstrap, ratio

__all__ = ["FALSE_REFUSALS", "SEED", "Row", "by", "fit", "operating", "predict", "report"]

SEED = 20
FALSE_REFUSALS = 0.10
FOLDS = 5
PENALTY = 1.0
"""Of the squared weights of standardised features, against the summed log loss: scikit-learn's ``C = 1``."""
SIGNS = {"judge": 1, "coverage": 1, "best": 1, "turned": -1, "names": -1, "numbers": -1}
"""1: the weight may not be negative; -1: not positive; others are free."""
HEAVIEST = {"turned": 2.0, "numbers": 2.0}
"""The most that a mark may weigh: labelled questions deny to mislead, people's mostly to ask."""

Row = dict[str, Any]


def fit(rows: list[Row], names: list[str]) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """The model of all rows, and for each row the probability and the decision of a model that has not seen it."""
    x, y = arrays(rows, names)
    fold = folds(rows, y)
    apart = np.zeros(len(rows))
    shown = np.zeros(len(rows), dtype=bool)
    for number in range(FOLDS):
        rest = fold != number
        weights, bias = logistic(x[rest], y[rest], names)
        apart[~rest] = sigmoid(x[~rest] @ weights + bias)
        shown[~rest] = apart[~rest] >= threshold_of(sigmoid(x[rest] @ weights + bias), y[rest])
    weights, bias = logistic(x, y, names)
    model = {
        "weights": {name: round(float(weight), 6) for name, weight in zip(names, weights, strict=True)},
        "bias": round(bias, 6),
        "threshold": round(threshold_of(apart, y), 6),
    }
    return model, apart, shown


def folds(rows: list[Row], label: np.ndarray) -> np.ndarray:
    """The fold of each row; where what they are about leaves too little to fit on, as one document does, by turns."""
    fold = np.array([hashlib.sha256(row["about"].encode()).digest()[0] % FOLDS for row in rows])
    if all(len(set(label[fold != number])) == len(set(label)) for number in range(FOLDS)):
        return fold
    turns = np.zeros(len(rows), dtype=int)
    for value in set(label):
        turns[label == value] = np.arange((label == value).sum()) % FOLDS
    return turns


def operating(probability: np.ndarray, label: np.ndarray, unanswerable: float) -> list[dict[str, float]]:
    """What thresholds cost, each five of a hundred positives further, the one that refuses least first.

    ``risk`` is the share of wrong ones among those let through, if ``unanswerable`` of all were negatives:
    ``u·n / (u·n + (1 - u)·p)`` with n and p the shares of negatives and positives let through.
    """
    positive, negative = probability[label == 1], probability[label == 0]
    points = []
    for refused in np.arange(0.0, 1.0, 0.05):
        threshold = float(np.quantile(positive, refused))
        p, n = float((positive >= threshold).mean()), float((negative >= threshold).mean())
        risk = unanswerable * n / (unanswerable * n + (1 - unanswerable) * p)
        points.append({
            "threshold": round(threshold, 6), "risk": round(risk, 4),
            "answered": round(p, 4), "unanswerable_refused": round(1 - n, 4),
        })  # fmt: skip
    return points


def predict(model: dict[str, Any], rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and decisions of a model, for rows with these features."""
    x, _ = arrays(rows, list(model["weights"]))
    probability = sigmoid(x @ np.array(list(model["weights"].values())) + model["bias"])
    return probability, probability >= model["threshold"]


def arrays(rows: list[Row], names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    x = np.array([[row["features"][name] for name in names] for row in rows])
    return x.reshape(len(rows), len(names)), np.array([row["label"] for row in rows])


def logistic(x: np.ndarray, y: np.ndarray, names: list[str]) -> tuple[np.ndarray, float]:
    from scipy.optimize import minimize

    mean, spread = x.mean(0), x.std(0) + 1e-9
    scaled = (x - mean) / spread
    side = 2 * y - 1

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = parameters[:-1], parameters[-1]
        margin = side * (scaled @ weights + bias)
        slope = -side * sigmoid(-margin)
        value = np.logaddexp(0, -margin).sum() + PENALTY / 2 * (weights**2).sum()
        return float(value), np.append(scaled.T @ slope + PENALTY * weights, slope.sum())

    bounds = [_bounds(name, float(step)) for name, step in zip(names, spread, strict=True)]
    found = minimize(loss, np.zeros(len(names) + 1), jac=True, bounds=[*bounds, (None, None)], method="L-BFGS-B").x
    weights = found[:-1] / spread
    return weights, float(found[-1] - (weights * mean).sum())


def _bounds(name: str, spread: float) -> tuple[float | None, float | None]:
    """Between what the weight of a standardised feature may lie."""
    most = HEAVIEST[name] * spread if name in HEAVIEST else None
    return {1: (0.0, most), -1: (-most if most else None, 0.0)}.get(SIGNS.get(name, 0), (None, None))


def sigmoid(score: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-score)))


def threshold_of(probability: np.ndarray, label: np.ndarray) -> float:
    return float(np.quantile(probability[label == 1], FALSE_REFUSALS))


def by(rows: list[Row], key: str, probability: np.ndarray, shown: np.ndarray) -> dict[str, Any]:
    """A report for each value that the rows have under ``key``."""
    values = np.array([row[key] for row in rows])
    label = np.array([row["label"] for row in rows])
    return {
        str(value): report(probability[values == value], label[values == value], shown[values == value])
        for value in sorted(set(values))
    }


def report(probability: np.ndarray, label: np.ndarray, shown: np.ndarray) -> dict[str, Any]:
    """Figures with 95 % bootstrap intervals, and the risk-coverage curve."""

    def interval(statistic: Statistic) -> dict[str, float | None]:
        found = bootstrap(statistic, len(label), SEED).to_dict()
        return {key: None if value is None else round(value, 4) for key, value in found.items()}

    def refused(wanted: int) -> Statistic:
        return ratio(((label == wanted) & ~shown).astype(float), (label == wanted).astype(float))

    curve = measures.risk_coverage(label, probability)
    steps = [int(len(label) * share / 10) - 1 for share in range(1, 11)]
    return {
        "rows": len(label),
        "positive": int(label.sum()),
        "auroc": interval(lambda at: measures.auroc(label[at], probability[at])),
        "negatives_refused": interval(refused(0)),
        "positives_refused": interval(refused(1)),
        "balanced_accuracy": interval(lambda at: measures.balanced_accuracy(label[at], shown[at].astype(int))),
        "kappa": interval(lambda at: measures.kappa(label[at], shown[at].astype(int))),
        "calibration_error": interval(lambda at: measures.calibration_error(label[at], probability[at])),
        "risk_at_coverage": {f"{curve[step][0]:.2f}": round(curve[step][1], 4) for step in steps if step >= 0},
    }
