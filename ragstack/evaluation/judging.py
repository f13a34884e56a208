"""Is a response faithful to what it was written from? Judged sentence by sentence, whatever system wrote it.

>>> verifier = open_verifier(stack)
>>> judgement = judge(from_ragas(row), verifier)
>>> [claim.text for claim in judgement.claims if not claim.supported]

A response is split into its sentences. A sentence that asks claims nothing. Every other one is a claim, checked
against all contexts together, and, where it carries markers ``[n]`` that name contexts, against those alone too. A
response is faithful when all its claims are supported, and as probable as its weakest.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.text.sentences import split_sentences
from ragstack.evaluation.adapters import Response
from ragstack.evaluation.verdicts import Premise, Verdict, Verifier

__all__ = ["Claim", "Judgement", "checks", "claims_of", "judge"]

_MARKERS = re.compile(r"\s*\[(\d{1,3}(?:\s*[,，、]\s*\d{1,3})*)\]")
_LEADING_MARKERS = re.compile(rf"(?:{_MARKERS.pattern})+")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a response: ``response[start:end]``, and ``text``, the same without markers.

    ``cited`` are the contexts that its markers name, counted from 1; ``cited_supported`` says whether those alone
    support it, None where it names none. ``missing_numbers`` are its numbers that no context near it holds.
    """

    start: int
    end: int
    text: str
    probability: float
    supported: bool
    missing_numbers: tuple[str, ...]
    nearest: tuple[str, ...]
    cited: tuple[int, ...] = ()
    cited_supported: bool | None = None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a record."""
        return {
            "text": self.text,
            "start": self.start,
            "end": self.end,
            "probability": round(self.probability, 4),
            "supported": self.supported,
            "missing_numbers": list(self.missing_numbers),
            "nearest": list(self.nearest),
            "cited": list(self.cited),
            "cited_supported": self.cited_supported,
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """A judged response; without claims it is faithful, for it claims nothing."""

    claims: tuple[Claim, ...]

    @property
    def faithful(self) -> bool:
        """Whether every claim is supported."""
        return all(claim.supported for claim in self.claims)

    @property
    def probability(self) -> float:
        """That of the weakest claim."""
        return min((claim.probability for claim in self.claims), default=1.0)


def judge(response: Response, verifier: Verifier) -> Judgement:
    """Judge one response.

    Raises:
        ModelError: the verifier failed on it.
    """
    question, everything = response.question, _premises(response.contexts)
    found = []
    for start, end, text, cited in _sentences(response):
        verdict = verifier.check(question, text, everything)
        named = _cited(response, cited)
        held = verifier.check(question, text, named).supported if named else None
        found.append(_claim(start, end, text, verdict, cited, held))
    return Judgement(tuple(found))


def checks(response: Response) -> list[tuple[str, list[Premise]]]:
    """What :func:`judge` asks its verifier: claims, each with the premises that it is laid beside."""
    everything = _premises(response.contexts)
    return [
        (text, premises)
        for _, _, text, cited in _sentences(response)
        for premises in (everything, _cited(response, cited))
        if premises
    ]


def claims_of(response: str) -> list[tuple[int, int]]:
    """The spans of the sentences that claim something: they hold words, and do not ask."""
    spans: list[tuple[int, int]] = []
    for start, end in split_sentences(response):
        leading = _LEADING_MARKERS.match(response, start, end)
        if leading and spans:  # "It is blue. [1] It …": a marker after the stop belongs to the sentence before
            spans[-1] = spans[-1][0], leading.end()
            start = end - len(response[leading.end() : end].lstrip())
        spans.append((start, end))
    return [(start, end) for start, end in spans if _claims(response[start:end])]


def _claims(sentence: str) -> bool:
    plain = _MARKERS.sub("", sentence)
    return any(letter.isalnum() for letter in plain) and not plain.rstrip("\"'”’」 ").endswith(("?", "？"))


def _unmarked(sentence: str, contexts: int) -> tuple[str, tuple[int, ...]]:
    """The sentence without its markers, and the contexts that they name; a number beyond the contexts names none."""
    named = [int(number) for match in _MARKERS.findall(sentence) for number in re.findall(r"\d+", match)]
    cited = tuple(sorted({number for number in named if 1 <= number <= contexts}))
    return _MARKERS.sub("", sentence).strip() or sentence, cited


def _sentences(response: Response) -> Iterator[tuple[int, int, str, tuple[int, ...]]]:
    """Each claim: its span, its text without markers, the contexts that these name."""
    for start, end in claims_of(response.response):
        yield start, end, *_unmarked(response.response[start:end], len(response.contexts))


def _premises(contexts: Iterable[str]) -> list[Premise]:
    return [Premise(context) for context in contexts if context.strip()]


def _cited(response: Response, cited: Sequence[int]) -> list[Premise]:
    return _premises(response.contexts[number - 1] for number in cited)


def _claim(
    start: int, end: int, text: str, verdict: Verdict, cited: tuple[int, ...], cited_supported: bool | None
) -> Claim:
    return Claim(
        start,
        end,
        text,
        verdict.probability,
        verdict.supported,
        verdict.missing_numbers,
        verdict.nearest,
        cited,
        cited_supported,
    )
