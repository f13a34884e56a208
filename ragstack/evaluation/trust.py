"""How far a judge agrees with people: shown beside whatever it judges, in the language at hand.

The figures ship with the package: human-labelled responses, each judged by weights and a threshold that were fitted
without it. Those of the calibration hold for the decoder that it was fitted on and for no other, those of the small
verifier (each set judged by a model that was trained on nothing of its kind) for the weights that ship.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ragstack.evaluation.statistics import Interval
from ragstack.language import Language

__all__ = ["Agreement", "agreement"]

_SMALL = "small"
_FITTED_ON = "llamacpp:Qwen2.5-Coder-1.5B-Instruct.Q4_K_M"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One set of ``n`` responses that people labelled faithful or hallucinated, and how the judge labelled them.

    ``balanced_accuracy`` has no bounds, and ``kappa`` is None, where the calibration did not keep them.
    """

    data: str
    language: Language
    n: int
    auroc: Interval
    balanced_accuracy: Interval
    kappa: Interval | None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a result's JSON."""
        figures = {"auroc": self.auroc, "balanced_accuracy": self.balanced_accuracy, "kappa": self.kappa}
        return {"data": self.data, "language": self.language, "n": self.n} | {
            name: figure.to_dict() for name, figure in figures.items() if figure
        }


def agreement(verifier: str, languages: Iterable[Language]) -> tuple[Agreement, ...]:
    """What is known of a verifier (by its name) in these languages; nothing for one that was not calibrated."""
    wanted = set(languages)
    reports = sorted(_reports(verifier).items())
    return tuple(_agreement(name, report) for name, report in reports if _language(name) in wanted)


def _reports(verifier: str) -> Mapping[str, Mapping[str, Any]]:
    if verifier == _SMALL:
        small: dict[str, dict[str, Any]] = _stored("verifier", "figures.json")["apart"]
        return small
    stored = _stored("checking", "calibration.json")
    found: dict[str, dict[str, Any]] = stored["models"]["support"]["by_set"]
    return found if stored["data"].get("decoder", _FITTED_ON) == verifier else {}


def _stored(*path: str) -> Any:
    return json.loads(files("ragstack").joinpath(*path).read_text(encoding="utf-8"))


def _agreement(name: str, report: Mapping[str, Any]) -> Agreement:
    balanced = report.get("balanced_accuracy") or _from_rates(report)
    kappa = report.get("kappa")
    return Agreement(
        name,
        _language(name),
        report["rows"],
        Interval(**report["auroc"]),
        Interval(**balanced),
        Interval(**kappa) if kappa else None,
    )


def _from_rates(report: Mapping[str, Any]) -> dict[str, float | None]:
    caught, lost = report["negatives_refused"]["value"], report["positives_refused"]["value"]
    return {"value": (caught + 1 - lost) / 2, "low": None, "high": None}


def _language(name: str) -> Language:
    return "zh" if name.endswith("_zh") else "en"
