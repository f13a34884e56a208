"""Retrieved chunks → the few sentences that the generator reads, with their exact offsets.

Reading is the slow part on a CPU, so chunks are taken apart: every sentence of the best chunks is scored, and the
best few go into the prompt, in the order of their documents. A sentence's score adds what its words say (how much
of the question's information it holds), what its vector says (cosine with the question) and how well its chunk was
ranked. Where the next best sentence stands beside one already picked it is preferred, since sentences lean on
their neighbours.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexes.analysis import terms
from indexes.records import Hit
from ingest.encoders import Encoder
from ingest.sentences import split_sentences
from ragstack.config import EvidenceSettings

__all__ = ["Evidence", "EvidencePicker", "information", "coverage"]

CHUNKS_READ = 8
"""Chunks taken apart; later ones hold the answer too seldom to pay for their encoding."""
"""Weights of the three parts of a score, and of standing beside a picked sentence: chosen on a development split
(``benchmarks/evidence.py`` prints the curve on another)."""
WORDS, MEANING, RANK, NEIGHBOUR = 0.5, 1.0, 0.3, 0.1


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that the generator may use: ``text == document.text[start:end]``."""

    hit: Hit
    start: int
    end: int
    text: str
    score: float


def information(sentences: Sequence[Sequence[str]]) -> dict[str, float]:
    """How much each term tells among ``sentences``: ``ln(1 + N / df)``, an inverse document frequency."""
    frequency = Counter(term for sentence in sentences for term in set(sentence))
    return {term: math.log1p(len(sentences) / count) for term, count in frequency.items()}


def coverage(of: Sequence[str], by: set[str], weights: dict[str, float], unknown: float) -> float:
    """The share of the information of the terms ``of`` that the terms ``by`` hold, in [0, 1]."""
    total = sum(weights.get(term, unknown) for term in set(of))
    held = sum(weights.get(term, unknown) for term in set(of) & by)
    return held / total if total else 0.0


class EvidencePicker:
    """Picks evidence with the encoder that fills the collection."""

    def __init__(self, encoder: Encoder, settings: EvidenceSettings) -> None:
        self._encoder = encoder
        self._settings = settings

    def pick(self, question: str, hits: Sequence[Hit]) -> list[Evidence]:
        """The best sentences of the first chunks within the budget, ordered by chunk rank, then by offset."""
        candidates = _candidates(hits[:CHUNKS_READ])
        if not candidates:
            return []
        scores = self._scores(question, candidates)
        lengths = self._encoder.count_tokens([text for _, _, text in candidates])
        picked = self._fill(candidates, scores, lengths)
        evidence = [
            Evidence(hit, start, start + len(text), text, float(scores[position]))
            for position, (hit, start, text) in enumerate(candidates)
            if position in picked
        ]
        return sorted(evidence, key=lambda item: (item.hit.rank, item.start))

    def _scores(self, question: str, candidates: Sequence[tuple[Hit, int, str]]) -> np.ndarray:
        tokenised = [terms(text) for _, _, text in candidates]
        weights = information(tokenised)
        asked = terms(question)
        rarest = math.log1p(len(candidates))
        words = np.array([coverage(asked, set(sentence), weights, rarest) for sentence in tokenised])
        query = self._encoder.encode_queries([question])[0]
        cosine = self._encoder.encode_passages([text for _, _, text in candidates]) @ query
        ranks = np.array([1.0 / hit.rank for hit, _, _ in candidates])
        return WORDS * words + MEANING * _spread(cosine) + RANK * ranks

    def _fill(self, candidates: Sequence[tuple[Hit, int, str]], scores: np.ndarray, lengths: Sequence[int]) -> set[int]:
        """Positions of the sentences picked, best first until sentences or tokens are used up."""
        picked: set[int] = set()
        seen: set[str] = set()
        left = self._settings.max_tokens
        open_positions = set(range(len(candidates)))
        while open_positions and len(picked) < self._settings.max_sentences:
            best = max(
                open_positions,
                key=lambda at: (scores[at] + NEIGHBOUR * _beside(at, picked, candidates), -at),
            )
            open_positions.remove(best)
            words = " ".join(candidates[best][2].split())
            if lengths[best] <= left and words not in seen:
                picked.add(best)
                seen.add(words)
                left -= lengths[best]
        return picked or {int(np.argmax(scores))}


def _candidates(hits: Sequence[Hit]) -> list[tuple[Hit, int, str]]:
    """Each sentence of the chunks once, as (hit, offset in the document, text)."""
    found: dict[tuple[int, int], tuple[Hit, int, str]] = {}
    for hit in hits:
        for start, end in split_sentences(hit.text):
            key = (hit.document_id, hit.start + start)
            found.setdefault(key, (hit, hit.start + start, hit.text[start:end]))
    return list(found.values())


def _beside(at: int, picked: set[int], candidates: Sequence[tuple[Hit, int, str]]) -> bool:
    """Whether the sentence before or after, in the same document, is already picked."""
    document = candidates[at][0].document_id
    return any(near in picked and candidates[near][0].document_id == document for near in (at - 1, at + 1))


def _spread(cosine: np.ndarray) -> np.ndarray:
    """Cosines moved to [0, 1] within the candidates: encoders crowd theirs into a narrow band."""
    low, high = float(cosine.min()), float(cosine.max())
    return (cosine - low) / (high - low) if high > low else np.ones_like(cosine)
