"""Answers without any model: the best sentences of the evidence, word for word."""

from collections.abc import Iterator, Sequence

from ragstack.generators.base import Delta, Prompt, Usage

__all__ = ["ExtractiveGenerator"]

QUOTED = 2
"""Sentences quoted: an answer seldom needs more, and every further one is more likely to be beside the point."""


class ExtractiveGenerator:
    """Quotes the first sentences of the evidence, which stands best first."""

    name = "extractive"

    def stream(self, prompt: Prompt, *, max_tokens: int, stop: Sequence[str] = ()) -> Iterator[Delta]:
        """Quote, with a blank line between sentences; a quote is whole, whatever the limits."""
        for place, sentence in enumerate(prompt.evidence[:QUOTED]):
            yield Delta(("\n\n" if place else "") + sentence)
        yield Delta("", Usage(0, 0))

    def close(self) -> None:
        """Nothing to free."""
