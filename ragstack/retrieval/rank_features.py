"""What the fitted reranker weighs of a candidate, and the weights.

Nothing depends on the scale of an encoder or of BM25: cosines count in standard deviations of the candidates' below
the best of them, BM25 as a share of the best, words by the share of the question's information that they hold
(an inverse document frequency among the candidates). So weights that were fitted on some documents serve others.

    cosine      how far below the best cosine, in standard deviations; at most 0
    near        e^(cosine / 2): only the best few differ in it
    nearer      e^(cosine / 5): the best dozens differ in it
    bm25        the share of the best BM25
    words       the share of the question's information in the chunk with what it stands under
    sentence    the same, in its best sentence
    context     the same, in its title and headings
    numbers     the share of the question's numbers

``reranking.json`` beside this file holds the weights, with what they were fitted on; ``benchmarks/retrieving.py``
writes it.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from indexes.search.analysis import query_terms, terms
from ingest.text.sentences import split_sentences
from ragstack.retrieval.candidates import Candidate

__all__ = ["FEATURES", "features", "load_weights"]

FEATURES = ("cosine", "near", "nearer", "bm25", "words", "sentence", "context", "numbers")
_FLOOR = 1e-4
"""The least standard deviation of cosines: where all are equal, none is far from the best."""


@cache
def load_weights() -> Mapping[str, float]:
    """The weights that ship with the package, one for each of ``FEATURES``."""
    stored = json.loads(files("ragstack.retrieval").joinpath("reranking.json").read_text(encoding="utf-8"))
    return {name: float(stored["weights"][name]) for name in FEATURES}


def features(question: str, candidates: Sequence[Candidate]) -> np.ndarray:
    """The features of candidates, at least one: (candidates, features) float64."""
    cosines = np.array([each.cosine for each in candidates])
    spread = float(cosines.std()) + _FLOOR
    below = (cosines - cosines.max()) / spread
    bm25 = np.array([each.lexical.score if each.lexical else 0.0 for each in candidates])
    bm25 = bm25 / bm25.max() if bm25.any() else bm25
    asked = _Asked(question)
    read = [_Read(each) for each in candidates]
    asked.weigh(read)
    columns = {
        "cosine": below,
        "near": np.exp(below / 2),
        "nearer": np.exp(below / 5),
        "bm25": bm25,
        "words": np.array([asked.share(each.all) for each in read]),
        "sentence": np.array([max(map(asked.share, each.sentences)) for each in read]),
        "context": np.array([asked.share(each.context) for each in read]),
        "numbers": np.array([asked.numbers_in(each.all) for each in read]),
    }
    return np.stack([columns[name] for name in FEATURES], axis=1)


class _Read:
    """The terms of a candidate."""

    def __init__(self, candidate: Candidate) -> None:
        text = candidate.chunk.text
        found = [terms(text[start:end]) for start, end in split_sentences(text)] or [[]]
        self.sentences = [frozenset(each) for each in found]
        self.context = frozenset(terms(candidate.chunk.context))
        self.all = self.context.union(*self.sentences)


class _Asked:
    """The terms of a question, weighed by how few of the candidates hold them: ``ln(1 + N / max(n, 1))``."""

    def __init__(self, question: str) -> None:
        self._terms = query_terms(question)
        self._numbers = [term for term in self._terms if any(map(str.isdigit, term))]
        self._weights: dict[str, float] = {}

    def weigh(self, read: Sequence[_Read]) -> None:
        """Count the candidates that hold each term."""
        holding = Counter(term for each in read for term in self._terms.keys() & each.all)
        self._weights = {term: math.log1p(len(read) / max(holding[term], 1)) for term in self._terms}

    def share(self, held: Iterable[str]) -> float:
        """The share of the question's information that terms hold, in [0, 1]; the same in whatever order they come."""
        total = math.fsum(self._weights.values())
        return math.fsum(self._weights[term] for term in self._terms.keys() & held) / total if total else 0.0

    def numbers_in(self, held: frozenset[str]) -> float:
        """The share of the question's numbers; 0 where it has none."""
        return sum(term in held for term in self._numbers) / len(self._numbers) if self._numbers else 0.0
