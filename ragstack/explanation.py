"""How an answer came about, for people who want to know why: what was found, read, asked, written and dropped."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ragstack.checking.alterations import Altered
from ragstack.evidence import Evidence
from ragstack.generators.base import Message
from ragstack.retrieval.candidates import Found, Place, Trace

__all__ = ["Check", "Explanation", "Outcome"]

Outcome = Literal["shown", "flagged", "dropped", "declined"]


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one written sentence.

    Attributes:
        text: The sentence.
        outcome: ``declined`` is no answer: it says that the passages hold none, or is the question again.
        support: The calibrated probability that the evidence supports it.
        threshold: What it needed; None where no probability decided.
        cited: Positions, in the evidence, of what it was laid beside, best first.
        features: What the probability is made of (see :mod:`ragstack.checking.verification`).
        missing_numbers: Numbers that stand in none of what was cited; one is enough to drop the sentence.
        altered: What it alters in the cited sentence that it repeats, which is enough as well.
    """

    text: str
    outcome: Outcome
    support: float = 0.0
    threshold: float | None = None
    cited: tuple[int, ...] = ()
    features: Mapping[str, float] | None = None
    missing_numbers: tuple[str, ...] = ()
    altered: Altered | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps of one answer, as far as it came.

    Attributes:
        retrieval: What was found, and where each search had it.
        evidence: The sentences that were read, in the order of reading.
        features: What the probability that the evidence answers is made of (see :mod:`ragstack.checking.abstention`).
        threshold: The probability that is needed to write.
        prompt: What the generator was given.
        draft: What it wrote.
        checks: What became of each sentence.
    """

    retrieval: Trace | None = None
    evidence: tuple[Evidence, ...] = ()
    features: Mapping[str, float] | None = None
    threshold: float | None = None
    prompt: tuple[Message, ...] = ()
    draft: str = ""
    checks: tuple[Check, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The ``explanation`` of ``ragstack ask --explain --json``."""
        return {
            "retrieval": _trace(self.retrieval) if self.retrieval else None,
            "evidence": [_evidence(item) for item in self.evidence],
            "gate": {"features": _rounded(self.features), "threshold": self.threshold},
            "prompt": [{"role": message.role, "content": message.content} for message in self.prompt],
            "draft": self.draft,
            "checks": [_check(check) for check in self.checks],
        }


def _trace(trace: Trace) -> dict[str, Any]:
    return {
        "question": trace.question,
        "mode": trace.mode,
        "reranker": trace.reranker,
        "seconds": _rounded(trace.seconds),
        "found": [_found(each) for each in trace.found],
    }


def _found(found: Found) -> dict[str, Any]:
    hit = found.hit
    steps = {name: _place(getattr(found, name)) for name in ("dense", "lexical", "fused", "foreign")}
    named = {name: getattr(hit, name) for name in ("rank", "score", "score_kind", "document", "start", "end", "text")}
    return {**named, **steps, "parts": _rounded(found.parts)}


def _place(place: Place | None) -> dict[str, Any] | None:
    return {"rank": place.rank, "score": round(place.score, 6)} if place else None


def _evidence(item: Evidence) -> dict[str, Any]:
    named = {name: getattr(item, name) for name in ("start", "end", "text", "heading")}
    return {"document": item.hit.document, "score": round(item.score, 4), **named}


def _check(check: Check) -> dict[str, Any]:
    return {
        "text": check.text,
        "outcome": check.outcome,
        "support": round(check.support, 4),
        "threshold": check.threshold,
        "cited": list(check.cited),
        "features": _rounded(check.features),
        "missing_numbers": list(check.missing_numbers),
        "altered": check.altered,
    }


def _rounded(values: Mapping[str, float] | None) -> dict[str, float] | None:
    return None if values is None else {name: round(float(value), 4) for name, value in values.items()}
