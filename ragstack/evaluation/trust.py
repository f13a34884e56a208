"""How far a judge agrees with people: shown beside whatever it judges, in the language at hand.

The figures come from the calibration that ships with the package: human-labelled responses, each judged by weights
and a threshold that were fitted without it. They hold for the decoder that the calibration was fitted on and for no
other.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from ragstack.evaluation.statistics import Interval
from ragstack.language import Language

__all__ = ["Agreement", "agreement"]

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
    stored = json.loads(files("ragstack").joinpath("calibration.json").read_text(encoding="utf-8"))
    if stored["data"].get("decoder", _FITTED_ON) != verifier:
        return ()
    wanted = set(languages)
    sets = sorted(stored["models"]["support"]["by_set"].items())
    return tuple(_agreement(name, report) for name, report in sets if _language(name) in wanted)


def _agreement(name: str, report: Mapping[str, Any]) -> Agreement:
    caught, lost = report["negatives_refused"]["value"], report["positives_refused"]["value"]
    balanced = report.get("balanced_accuracy", {"value": (caught + 1 - lost) / 2, "low": None, "high": None})
    kappa = report.get("kappa")
    return Agreement(
        name,
        _language(name),
        report["rows"],
        Interval(**report["auroc"]),
        Interval(**balanced),
        Interval(**kappa) if kappa else None,
    )


def _language(name: str) -> Language:
    return "zh" if name.endswith("_zh") else "en"
