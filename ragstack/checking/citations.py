"""Written sentence → the evidence it rests on.

A small decoder does not cite reliably when told to, so nothing it says about sources is used: each sentence it
wrote is laid beside each evidence sentence, and the ones that hold its information become its citations. An evidence
sentence holds its own words and those of the headings above it, which say what its "it" is.
"""

import math
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np

from indexes.search.analysis import query_terms, terms
from ingest.encoders import Encoder
from ragstack.checking.numbers.quantities import missing
from ragstack.evidence import SAME, Evidence, coverage, information

__all__ = ["Alignment", "align"]

MOST_CITATIONS = 3
"""A sentence that needs more sources than this says too much for one sentence."""
WORTH_CITING = 0.15
"""The share of a sentence's information that a further citation must add, in words that the question does not have:
those lead to passages on the same matter, not to what the answer rests on. They count where the first citation leans
on what stands before it, since they say who "they" are."""
_LEANS = re.compile(
    r"\W*(?:(?:it|its|they|their|he|his|she|her|this|these|those|such)\b|[它他她这该其此])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Alignment:
    """The evidence of one written sentence: positions, best first, and how well they hold it.

    ``coverage`` is the share of the sentence's information that the cited words hold; ``missing_numbers`` are
    numbers of the sentence that stand, with their units, neither in the cited words nor in the question.
    """

    positions: tuple[int, ...]
    coverage: float
    missing_numbers: tuple[str, ...]


def align(question: str, sentences: Sequence[str], evidence: Sequence[Evidence], encoder: Encoder) -> list[Alignment]:
    """Align each of ``sentences`` with ``evidence`` (at least one); the result has one entry per sentence."""
    tokenised = [terms(f"{item.heading} {item.plain}") for item in evidence]
    held = [set(words) for words in tokenised]
    weights = information(tokenised)
    rarest = math.log1p(len(evidence))
    asked = terms(question)
    relevance = np.array([coverage(asked, words, weights, rarest) for words in held])
    read = encoder.encode_passages([item.plain for item in evidence])
    written = encoder.encode_passages([f"{question} {sentence}" for sentence in sentences])
    return [
        _align(question, sentence, evidence, set(asked), held, weights, relevance, read @ vector)
        for sentence, vector in zip(sentences, written, strict=True)
    ]


def _align(
    question: str,
    sentence: str,
    evidence: Sequence[Evidence],
    asked: Set[str],
    held: Sequence[set[str]],
    weights: dict[str, float],
    relevance: np.ndarray,
    cosine: np.ndarray,
) -> Alignment:
    said = list(query_terms(sentence))
    unknown = math.log1p(len(evidence))
    alone = np.array([coverage(said, words, weights, unknown) for words in held])
    verbatim = np.array([sentence.strip() in item.text for item in evidence])
    likely = 10.0 * verbatim + alone + relevance / 2 + cosine
    order = [int(np.argmax(likely >= likely.max() - SAME))]  # the first of those that are alike
    covered = set(held[order[0]])
    known = set() if _LEANS.match(evidence[order[0]].plain) else asked
    while len(order) < min(MOST_CITATIONS, len(evidence)):
        gains = [coverage(said, covered | words - known, weights, unknown) for words in held]
        best = int(np.argmax(gains))
        if gains[best] - coverage(said, covered, weights, unknown) < WORTH_CITING:
            break
        order.append(best)
        covered |= held[best]
    sources = [question, *(f"{evidence[at].heading} {evidence[at].text}" for at in order)]
    return Alignment(
        positions=tuple(order),
        coverage=coverage(said, covered, weights, unknown),
        missing_numbers=missing(sentence, sources),
    )
