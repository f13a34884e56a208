"""Probabilities that deserve the name: logistic models over written-down features, fitted on labelled data.

``calibration.json`` beside this file holds the models, the data they were fitted and reported on, and what each
threshold costs. ``ragstack calibrate`` fits the gate on one's own questions and stores it in the home, where it goes
before the one that ships. No threshold is typed in: the config asks for a risk, and the curve says which threshold
keeps it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from indexes.errors import ConfigError

__all__ = ["UNANSWERABLE", "Calibration", "LogisticModel", "OperatingPoint", "load_calibration"]

UNANSWERABLE = 0.2
"""Of all questions, the share that a risk supposes to have no answer in the documents."""

_GATES = ("answerable", "answerable_without_judge")
"""The models that can be fitted anew; a generator that cannot be asked leaves the second alone."""
_WORDS = frozenset({"best", "turned", "numbers", "chinese"})
_FEATURES = {"answerable": _WORDS | {"judge", "judge_chinese"}, "answerable_without_judge": _WORDS}
"""What is measured for each of them (:mod:`ragstack.checking.abstention`)."""


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What a threshold costs, on rows that the weights were not fitted on.

    ``risk``: the share of questions without an answer among those let through, if :data:`UNANSWERABLE` of all were
    such. ``answered``: the share of questions with an answer that it lets through. ``unanswerable_refused``: the
    share of those without that it refuses.
    """

    threshold: float
    risk: float
    answered: float
    unanswerable_refused: float


@dataclass(frozen=True, slots=True)
class LogisticModel:
    """``P = 1 / (1 + exp(-(bias + Σ weight · feature)))``; yes from ``threshold`` on."""

    weights: Mapping[str, float]
    bias: float
    threshold: float
    curve: Sequence[OperatingPoint] = ()

    def probability(self, features: Mapping[str, float]) -> float:
        """The calibrated probability; every weight needs its feature (KeyError names a missing one)."""
        score = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))

    def at_risk(self, risk: float) -> "LogisticModel":
        """The same with the threshold that lets most through at no more than ``risk``.

        Where no threshold keeps it, the one with the least risk that was measured.
        """
        if not self.curve:
            return self
        kept = [point for point in self.curve if point.risk <= risk]
        best = max(kept, key=lambda point: point.answered) if kept else min(self.curve, key=lambda point: point.risk)
        return replace(self, threshold=best.threshold)


@dataclass(frozen=True, slots=True)
class Calibration:
    """The models: is the answer in the evidence, and does the evidence support a sentence.

    Each exists with and without the decoder's own judgement, for generators that cannot be asked.
    """

    answerable: LogisticModel
    answerable_without_judge: LogisticModel
    support: LogisticModel
    support_without_judge: LogisticModel


def load_calibration(home: Path | None = None, *, decoder: str = "", risk: float | None = None) -> Calibration:
    """The calibration that ships, with the gate of the home's own ``calibration.json`` in the place of its own.

    Args:
        home: Where ``ragstack calibrate`` may have stored one.
        decoder: The generator in use: a gate that was fitted with another one's judgement is left aside.
        risk: The share of wrong answers that the gate may let through; None keeps the thresholds as stored.

    Raises:
        ConfigError: the home's file is damaged.
    """
    models = dict(_shipped())
    own = home / "calibration.json" if home else None
    if own and own.is_file():
        models |= _own(own, decoder)
    if risk is not None:
        for name in _GATES:
            models[name] = models[name].at_risk(risk)
    return Calibration(**models)


@cache
def _shipped() -> dict[str, LogisticModel]:
    stored = json.loads(files("ragstack.checking").joinpath("calibration.json").read_text(encoding="utf-8"))
    return {name: _model(model) for name, model in stored["models"].items()}


def _own(file: Path, decoder: str) -> dict[str, LogisticModel]:
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["data"]["decoder"] != decoder:
            return {}
        return {name: _checked(_model(stored["models"][name]), name) for name in _GATES if name in stored["models"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{file} is no calibration of this version ({type(error).__name__}); make it anew with: ragstack "
            "calibrate, or delete it"
        ) from None


def _checked(model: LogisticModel, name: str) -> LogisticModel:
    """The model, if it can be asked: finite numbers everywhere, and no feature that is not measured."""
    points = [value for point in model.curve for value in (point.threshold, point.risk, point.answered)]
    if not all(map(math.isfinite, [*model.weights.values(), model.bias, model.threshold, *points])):
        raise ValueError
    if unknown := model.weights.keys() - _FEATURES[name]:
        raise KeyError(*unknown)
    return model


def _model(stored: Mapping[str, Any]) -> LogisticModel:
    curve = tuple(OperatingPoint(**point) for point in stored.get("curve", ()))
    return LogisticModel(stored["weights"], stored["bias"], stored["threshold"], curve)
