"""Evidence → the few sentences of it that are laid beside a claim.

Evidence may be a page, and a pair must cost little, so a claim is laid beside the sentences that hold most of its
information (inverse document frequency among the evidence's own sentences), added greedily: each next one is the one
that holds most of what is still missing, a little of what is held already counting too. Where the languages differ no
words are shared, and the first sentences are read. The order is that of the text.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from indexes.search.analysis import query_terms, terms
from ingest.text.outline import plain_markup
from ingest.text.sentences import split_sentences
from ragstack.evidence import information

__all__ = ["MOST_READ", "Sentence", "choose", "information_of", "sentences_of"]

MOST_READ = 200
"""Words, or Chinese characters, of evidence that a claim is laid beside."""
LONGEST = 600
"""Characters of a sentence that are read: what is longer is a list or a table."""
HELD_ALREADY = 0.3
"""What a word counts that another chosen sentence holds too."""

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence as it reads, its terms in their order, and how many words it has, each Chinese character one."""

    text: str
    terms: tuple[str, ...]
    length: int


@lru_cache(maxsize=1024)
def sentences_of(evidence: str) -> tuple[Sentence, ...]:
    """The sentences of a text; those without words are left out, repeats too."""
    plain = dict.fromkeys(plain_markup(evidence[start:end])[:LONGEST] for start, end in split_sentences(evidence))
    every = (Sentence(text, tuple(terms(text)), len(_WORD.findall(text))) for text in plain)
    return tuple(sentence for sentence in every if sentence.terms)


@lru_cache(maxsize=1024)
def information_of(evidence: str) -> dict[str, float]:
    """What each term of a text tells, by the sentences it stands in."""
    return information([sentence.terms for sentence in sentences_of(evidence)])


def choose(claim: str, evidence: str, lengths: Sequence[int], most: int = MOST_READ) -> list[int]:
    """Positions, ascending, of the sentences of ``sentences_of(evidence)`` that are read beside the claim.

    ``lengths`` are theirs, which sum to ``most`` or less in whatever they are counted in. At least one is chosen where
    there is any, whatever its length.
    """
    held = [sentence.terms for sentence in sentences_of(evidence)]
    weights = information_of(evidence)
    rarest = math.log1p(len(held))
    missing = {term: weights.get(term, rarest) for term in query_terms(claim)}
    shared = [missing.keys() & said for said in held]
    waiting = [at for at in range(len(held)) if lengths[at] <= most] or list(range(len(held)))[:1]
    chosen: list[int] = []
    left = most
    while waiting:
        best = max(waiting, key=lambda at: (math.fsum(missing[term] for term in shared[at]), -at))
        chosen.append(best)
        left -= lengths[best]
        waiting = [at for at in waiting if at != best and lengths[at] <= left]
        for term in shared[best]:
            missing[term] *= HELD_ALREADY
    return sorted(chosen)
