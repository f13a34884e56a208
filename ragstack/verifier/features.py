"""A claim beside the sentences of its evidence → numbers that say how well they hold it.

``covered`` is the share of the claim's information (inverse document frequency in the evidence) that the chosen
sentences hold, ``one_covers`` the share that the best of them holds, ``pairs`` the share of its pairs of neighbouring
terms that stand as neighbours there too, ``run`` the share of its terms in the longest run that stands there
unbroken; ``numbers``, ``turned``, ``opposed``, ``names``: 1 where a number of it is missing, a negation was turned, a
word stands against its opposite, a name is missing; ``foreign``: 1 where the languages differ; ``spoken``: the share of
its words that are the speaker's or the listener's (I, you, 我, 你); ``length``, ``read``: the logarithms of the number
of terms of the claim and of the sentences.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from indexes.search.analysis import query_terms, terms
from ragstack.checking.numbers.quantities import missing
from ragstack.checking.words.contradictions import opposed, turned_negation
from ragstack.checking.words.names import names_missing
from ragstack.evidence import coverage
from ragstack.language import language_of
from ragstack.verifier.reading import choose, information_of, sentences_of

__all__ = ["FEATURES", "features"]

FEATURES = (
    "covered", "one_covers", "pairs", "run", "numbers", "turned", "opposed", "names", "foreign", "spoken", "length",
    "read",
)  # fmt: skip

_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_\u3400-\u9fff]+(?:['’][a-z]+)?")
_SPOKEN = re.compile(r"\b(?:i|i['’]m|me|my|we|our|you|your|yes|yeah|oh|well)\b|[我你您咱]", re.IGNORECASE)


def features(claim: str, evidence: str) -> np.ndarray:
    """The numbers of :data:`FEATURES` for a claim beside the sentences of its evidence that hold most of it."""
    known = sentences_of(evidence)
    chosen = [known[at] for at in choose(claim, evidence, [sentence.length for sentence in known])]
    sentences, read = [sentence.text for sentence in chosen], [sentence.terms for sentence in chosen]
    said, asked = terms(claim), list(query_terms(claim))
    weights, rarest = information_of(evidence), math.log1p(len(known))
    every = {term for words in read for term in words}
    foreign = language_of(claim) != language_of(" ".join(sentences))
    neighbours = {pair for words in read for pair in pairwise(words)}
    pairs = list(pairwise(said))
    values = (
        coverage(asked, every, weights, rarest),
        max((coverage(asked, set(words), weights, rarest) for words in read), default=0.0),
        sum(pair in neighbours for pair in pairs) / max(len(pairs), 1),
        max((_longest_run(said, words) for words in read), default=0) / max(len(said), 1),
        float(bool(missing(claim, sentences))),
        float(turned_negation(claim, sentences)),
        float(bool(opposed(claim, sentences))),
        float(bool(names_missing(claim, sentences))),
        float(foreign),
        len(_SPOKEN.findall(claim)) / max(len(_WORD.findall(claim)), 1),
        math.log1p(len(said)),
        math.log1p(sum(map(len, read))),
    )
    return np.round(values, 6).astype(np.float32)  # logarithms differ in their last digit from one C library to another


def _longest_run(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest sequence of terms that stands in both."""
    longest, before = 0, [0] * (len(other) + 1)
    for term in one:
        row = [0] * (len(other) + 1)
        for at, against in enumerate(other):
            if term == against:
                row[at + 1] = before[at] + 1
        longest, before = max(longest, *row), row
    return longest
