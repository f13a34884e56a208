"""The small verifier: (claim, evidence) → the probability that the evidence supports the claim, in milliseconds.

A logistic model over the features of :mod:`ragstack.verifier.features`, which are of words alone: no model file is
needed. Its weights are in ``weights.json`` beside this file, or in a folder that ``ragstack train verifier`` wrote. How
it was made, and how far it may be trusted, says ``docs/verifier.md``.
"""

import json
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from indexes.errors import ModelError
from ragstack.checking.calibration import LogisticModel
from ragstack.verifier.features import FEATURES, features
from ragstack.verifier.reading import sentences_of

__all__ = ["WEIGHTS", "SmallModel", "open_small", "read_weights"]

WEIGHTS = "weights.json"


class SmallModel:
    """Scores claims; safe to use from several threads."""

    def __init__(self, model: LogisticModel) -> None:
        self._model = model
        self.threshold = model.threshold

    def probability(self, claim: str, evidence: str) -> float:
        """The probability that ``evidence`` supports ``claim``; 0 where it holds no words."""
        if not sentences_of(evidence):
            return 0.0
        return self._model.probability(dict(zip(FEATURES, features(claim, evidence).tolist(), strict=True)))

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """Those of many pairs of claim and evidence; pairs over the same evidence follow each other best."""
        return [self.probability(claim, evidence) for claim, evidence in pairs]


def open_small(folder: Path | None = None) -> SmallModel:
    """The verifier that ships with the package, or the one in ``folder``.

    Raises:
        ModelError: the folder holds no such weights.
    """
    return SmallModel(read_weights(folder / WEIGHTS if folder else files("ragstack.verifier") / WEIGHTS))


def read_weights(path: Traversable) -> LogisticModel:
    """The model in a file that ``ragstack train verifier`` wrote.

    Raises:
        ModelError: it is no such file, or of other features than these.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        model = LogisticModel(stored["weights"], stored["bias"], stored["threshold"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} cannot be read: {error!r}; `ragstack train verifier` writes such a file") from error
    if set(model.weights) != set(FEATURES):
        raise ModelError(f"{path} is of other features; write it anew with `ragstack train verifier`")
    return model
