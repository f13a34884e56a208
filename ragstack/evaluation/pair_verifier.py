"""Models that read one claim and its evidence and nothing else: our own small verifier, or one of Hugging Face.

Both are held to the same strictness: a whole sentence of the evidence is supported; a claim with a number (its unit and
the parts of a date included) or a name that stands nowhere, with a negation turned or a word against its opposite, is
not; and in neither case is the model asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ragstack.checking.numbers.quantities import missing
from ragstack.checking.verification import stands_whole
from ragstack.checking.words.contradictions import opposed, turned_negation
from ragstack.checking.words.names import names_missing
from ragstack.evaluation.verdicts import Premise, Verdict
from ragstack.language import language_of
from ragstack.verifier.reading import choose, sentences_of

__all__ = ["Differences", "PairModel", "PairVerifier", "differences"]

_NEAREST = 3


class PairModel(Protocol):
    """Scores a claim over evidence; supported from ``threshold`` on."""

    threshold: float

    def probability(self, claim: str, evidence: str) -> float:
        """The probability that the evidence supports the claim."""
        ...


class PairVerifier:
    """A :class:`PairModel` as a verifier; see :class:`ragstack.evaluation.verdicts.Verifier`."""

    def __init__(self, name: str, model: PairModel) -> None:
        self.name = name
        self._model = model

    def check(self, question: str, claim: str, premises: Sequence[Premise]) -> Verdict:
        """Judge the claim over all premises as one text, each below its title."""
        texts = [f"{premise.title}\n\n{premise.text}" if premise.title else premise.text for premise in premises]
        evidence = "\n\n".join(texts)
        sentences = [sentence.text for sentence in sentences_of(evidence)]
        if not sentences:
            return Verdict(0.0, False)
        nearest = tuple(sentences[at] for at in choose(claim, evidence, [1] * len(sentences), _NEAREST))
        if stands_whole(claim, sentences):
            return Verdict(1.0, True, (), nearest)
        if found := differences(question, claim, evidence):
            return Verdict(0.0, False, found.numbers, nearest)
        probability = self._model.probability(claim, evidence)
        return Verdict(probability, probability >= self._model.threshold, (), nearest)


@dataclass(frozen=True, slots=True)
class Differences:
    """What a claim says strictly otherwise than its evidence; true where there is anything.

    ``numbers`` and ``names`` stand neither in the evidence nor in the question; ``turned`` and ``opposed``, whether a
    negation was added or lost and which words stand against their opposites, are told beside the nearest sentence.
    """

    numbers: tuple[str, ...]
    names: tuple[str, ...]
    opposed: tuple[str, ...]
    turned: bool

    def __bool__(self) -> bool:
        return bool(self.numbers or self.names or self.opposed or self.turned)


def differences(question: str, claim: str, evidence: str) -> Differences:
    """Compare them; a claim in another language than its evidence has no nearest sentence, so all are taken."""
    known = [question, evidence]
    nearest = [sentence.text for sentence in sentences_of(evidence)]
    if language_of(claim) == language_of(evidence):
        nearest = [nearest[at] for at in choose(claim, evidence, [1] * len(nearest), 1)]
    return Differences(
        missing(claim, known), names_missing(claim, known), opposed(claim, nearest), turned_negation(claim, nearest)
    )
