"""How much two encoders agree about the same text: the ten best passages of each, question by question.

A passage is a chunk as the first collection has it; where the second had to cut it, its parts count as the passage.
Only dense search is compared, for lexical search does not depend on the encoder. What is measured is agreement, and
not which of the two is right: that takes questions with known answers, and ``ragstack eval``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

import numpy as np

from indexes.engine import VectorCollection
from indexes.records import Chunk, StoredChunk
from ingest.encoders import Encoder
from ingest.text.sentences import split_sentences

__all__ = ["Agreement", "Comparison", "average_overlap", "compare", "sampled_questions"]

_DEPTH: Final = 10
_LISTED: Final = 10
_SAMPLED: Final = 50
_LONGEST: Final = 300
_ENCODED_AT_ONCE: Final = 64
Passage = tuple[str, int, int]
"""Document key, start and end of a chunk of the first collection."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One question: the share of the ten best that both found, and their average overlap, which minds the order."""

    question: str
    overlap: float
    average_overlap: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Means over all questions, and the questions that agree least, worst first.

    ``sampled`` says that nobody gave questions: they are sentences of the documents, which are easier than people's.
    """

    questions: int
    sampled: bool
    overlap: float
    average_overlap: float
    worst: tuple[Agreement, ...]


def compare(
    before: tuple[VectorCollection, Encoder],
    after: tuple[VectorCollection, Encoder],
    questions: Sequence[str],
    *,
    sampled: bool,
) -> Comparison | None:
    """Ask both collections, each through its encoder; None where there is no question.

    Raises:
        StoreError: A collection cannot be read.
        ModelError: An encoder failed.
    """
    passages = _Passages(before[0])
    found = []
    for start in range(0, len(questions), _ENCODED_AT_ONCE):
        several = questions[start : start + _ENCODED_AT_ONCE]
        pairs = zip(several, before[1].encode_queries(several), after[1].encode_queries(several), strict=True)
        for question, old, new in pairs:
            expected = passages.found(before[0], old)
            other = passages.found(after[0], new)
            shared = len(set(expected) & set(other)) / max(1, len(expected))
            found.append(Agreement(question, shared, average_overlap(expected, other)))
    if not found:
        return None
    return Comparison(
        questions=len(found),
        sampled=sampled,
        overlap=fmean(one.overlap for one in found),
        average_overlap=fmean(one.average_overlap for one in found),
        worst=tuple(sorted(found, key=lambda one: (one.overlap, one.average_overlap))[:_LISTED]),
    )


def average_overlap(expected: Sequence[Passage], other: Sequence[Passage]) -> float:
    r"""The mean over depths d of the share that the first d of two rankings have in common.

    .. math:: \frac{1}{k} \sum_{d=1}^{k} \frac{|A_{1..d} \cap B_{1..d}|}{d}

    with k the length of ``expected`` (Fagin, Kumar and Sivakumar 2003; Webber, Moffat and Zobel 2010 set it beside
    their rank-biased overlap). 1 for equal rankings, 0 for disjoint ones; what differs at the top weighs most.
    """
    if not expected:
        return 1.0
    shares = [len(set(expected[:d]) & set(other[:d])) / d for d in range(1, len(expected) + 1)]
    return fmean(shares)


def sampled_questions(collection: VectorCollection) -> list[str]:
    """Sentences of the documents: the longest that is not too long of each of some chunks, spread evenly."""
    infos = collection.documents()
    ends = np.cumsum([info.chunks for info in infos])
    total = int(ends[-1]) if infos else 0
    questions: dict[str, None] = {}
    for place in np.linspace(0, total - 1, min(total, _SAMPLED)).astype(int):
        number = int(np.searchsorted(ends, place, side="right"))
        document, chunks = collection.contents(infos[number].key) or (None, [])
        if document is None or not chunks:
            continue
        chosen = chunks[int(place - ends[number]) % len(chunks)]
        spans = split_sentences(document.text, chosen.start, chosen.end)
        sentences = (" ".join(document.text[start:end].split()) for start, end in spans)
        longest = max((each for each in sentences if len(each) <= _LONGEST), key=len, default="")
        if longest:
            questions[longest] = None
    return list(questions)


class _Passages:
    """Says to which passage of the first collection a chunk of either belongs."""

    def __init__(self, collection: VectorCollection) -> None:
        self._first = collection
        self._keys: dict[VectorCollection, dict[int, str]] = {}
        self._chunks: dict[str, list[Chunk]] = {}

    def found(self, collection: VectorCollection, vector: np.ndarray) -> list[Passage]:
        """The best passages for a question's vector, each once, best first."""
        if collection not in self._keys:
            self._keys[collection] = {info.document_id: info.key for info in collection.documents()}
        chunks = collection.chunks([id_ for id_, _ in collection.dense(vector, 2 * _DEPTH)])
        passages = (self._of(self._keys[collection].get(each.document_id, ""), each) for each in chunks)
        return list(dict.fromkeys(passages))[:_DEPTH]

    def _of(self, key: str, part: StoredChunk) -> Passage:
        if key not in self._chunks:
            contents = self._first.contents(key)
            self._chunks[key] = contents[1] if contents else []
        spans = [(whole.start, whole.end) for whole in self._chunks[key]]
        if (part.start, part.end) not in spans:
            around = (span for span in spans if span[0] <= part.start and part.end <= span[1])
            return (key, *next(around, (part.start, part.end)))
        return key, part.start, part.end
