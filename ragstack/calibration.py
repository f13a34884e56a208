"""Probabilities that deserve the name: logistic models over written-down features, fitted on labelled data.

``calibration.json`` beside this file holds the models, their thresholds, the data they were fitted and reported on
and their risk-coverage curves; ``benchmarks/calibrate.py`` writes it. No threshold is typed in by hand.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

__all__ = ["Calibration", "LogisticModel", "load_calibration"]


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """``P = 1 / (1 + exp(-(bias + Σ weight · feature)))``; yes from ``threshold`` on."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def probability(self, features: Mapping[str, float]) -> float:
        """The calibrated probability; every weight needs its feature (KeyError names a missing one)."""
        score = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The models: is the answer in the evidence, and does the evidence support a sentence.

    Each exists with and without the decoder's own judgement, for generators that cannot be asked.
    """

    answerable: LogisticModel
    answerable_without_judge: LogisticModel
    support: LogisticModel
    support_without_judge: LogisticModel


@cache
def load_calibration() -> Calibration:
    """The calibration that ships with the package."""
    stored = json.loads(files("ragstack").joinpath("calibration.json").read_text(encoding="utf-8"))
    models = {
        name: LogisticModel(model["weights"], model["bias"], model["threshold"])
        for name, model in stored["models"].items()
    }
    return Calibration(**models)
