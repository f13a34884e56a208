r"""Citation recall and precision, sentence by sentence, as ALCE defines them.

Gao, Yen, Yu and Chen, "Enabling Large Language Models to Generate Text with Citations", EMNLP 2023, section 4.2. With
``φ(P, s)`` = the verifier finds sentence s supported by the passages P together, and ``C_s`` what s cites:

* recall of s: 1 if ``C_s`` is not empty and ``φ(C_s, s)``, else 0;
* a citation c of s is precise if s has recall 1 and not (``¬φ({c}, s)`` and ``φ(C_s \ {c}, s)``), that is unless it
  is beside the point: alone it does not support s, and without it the others still do;
* of an answer: recall = mean over its sentences, precision = precise citations / citations, 0 where it cites nothing.

A figure over answers is the mean of the answers' figures; an answer without sentences (a refusal) has none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Cited", "Citing", "cite"]

Supports = Callable[[str, Sequence[int]], bool]
"""φ: do these citations (by number), together, support this sentence?"""


@dataclass(frozen=True, slots=True)
class Cited:
    """One sentence: whether its citations together support it, and which of them are precise."""

    recalled: bool
    precise: tuple[int, ...]
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Citing:
    """The citations of one answer (at least one sentence)."""

    sentences: tuple[Cited, ...]

    @property
    def recall(self) -> float:
        """The share of the sentences that their citations support."""
        return sum(sentence.recalled for sentence in self.sentences) / len(self.sentences)

    @property
    def precision(self) -> float:
        """The share of the citations that are precise."""
        made = sum(len(sentence.citations) for sentence in self.sentences)
        return sum(len(sentence.precise) for sentence in self.sentences) / made if made else 0.0


def cite(sentences: Sequence[tuple[str, Sequence[int]]], supports: Supports) -> Citing:
    """Check each sentence (text, numbers of its citations); ``supports`` is asked no more than the formulas need."""
    return Citing(tuple(_cited(text, tuple(citations), supports) for text, citations in sentences))


def _cited(text: str, citations: tuple[int, ...], supports: Supports) -> Cited:
    if not citations or not supports(text, citations):
        return Cited(False, (), citations)
    if len(citations) == 1:
        return Cited(True, citations, citations)
    precise = [
        each
        for each in citations
        if supports(text, (each,)) or not supports(text, tuple(other for other in citations if other != each))
    ]
    return Cited(True, tuple(precise), citations)
