"""What a question's searches found: each chunk with its place in every one of them.

A place is kept even where a later step moves the chunk, so that it can be told afterwards why a chunk stands where it
stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexes.records import Hit, StoredChunk

__all__ = ["Candidate", "Found", "Place", "Trace"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one ranking has a chunk; ``rank`` counts from 1, ``score`` is that ranking's own."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that a hybrid search found.

    Attributes:
        chunk: The chunk.
        cosine: Of its vector with the question's, whether the dense search found it or not.
        dense: Its place by cosine, None where it was not among the first.
        lexical: Its place by BM25, None likewise.
        fused: Its place by reciprocal rank fusion of these two.
    """

    chunk: StoredChunk
    cosine: float
    dense: Place | None
    lexical: Place | None
    fused: Place


@dataclass(frozen=True, slots=True)
class Found:
    """A hit and how it came there; what took no part in the search, or did not find it, is None.

    ``foreign`` is its place among the chunks in the other language than the question's. ``parts`` are what the hit's
    score is the sum of, by feature: of the fitted reranker alone, and empty for others.
    """

    hit: Hit
    dense: Place | None = None
    lexical: Place | None = None
    fused: Place | None = None
    foreign: Place | None = None
    parts: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """A search told in full.

    Attributes:
        question: As it was searched.
        mode: ``hybrid``, ``dense`` or ``lexical``.
        reranker: The name of the one that was asked, empty where none was.
        found: The hits, best first, each with its place in every step.
        seconds: Of each step: ``encode``, ``dense``, ``lexical``, ``chunks``, ``rerank``, ``foreign``.
    """

    question: str
    mode: str
    reranker: str
    found: Sequence[Found]
    seconds: Mapping[str, float]

    @property
    def hits(self) -> list[Hit]:
        """The hits alone, best first."""
        return [each.hit for each in self.found]
