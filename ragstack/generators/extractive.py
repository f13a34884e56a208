"""Answers without any model: the evidence itself, word for word.

The sentences that hold most of the question's information come first; the order of the evidence breaks ties.
"""

import math
from collections.abc import Iterator, Sequence

from indexes.analysis import terms
from ragstack.evidence import coverage, information
from ragstack.generators.base import Delta, Prompt, Usage

__all__ = ["ExtractiveGenerator"]

QUOTED = 2
"""Sentences quoted: an answer seldom needs more, and every further one is more likely to be beside the point."""


class ExtractiveGenerator:
    """Quotes the best sentences of the evidence."""

    name = "extractive"

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        """The best sentences of the evidence, a blank line between them; a quote is whole, whatever the limits."""
        tokenised = [terms(sentence) for sentence in prompt.evidence]
        weights = information(tokenised)
        asked = terms(prompt.question)
        unknown = math.log1p(len(tokenised))
        held = [coverage(asked, set(sentence), weights, unknown) for sentence in tokenised]
        best = sorted(range(len(held)), key=lambda at: -held[at])[:QUOTED]
        for place, at in enumerate(best):
            yield Delta(("\n\n" if place else "") + prompt.evidence[at])
        yield Delta("", Usage(0, 0))

    def close(self) -> None:
        """Nothing to free."""
