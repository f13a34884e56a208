"""ragstack with its default settings, through its Python interface (README, "From Python").

It runs the decoder in its own process: its gate and its check of sentences need the odds of a token.
"""

import os
import time
from pathlib import Path

import peer

from ragstack import RagStack
from ragstack.answers import Answer


class Ragstack:
    def __init__(self, settings: peer.Settings, index: Path) -> None:
        os.environ["RAGSTACK_MODELS__ENCODER"] = settings.encoder
        os.environ["RAGSTACK_MODELS__DECODER"] = settings.decoder
        os.environ["RAGSTACK_GENERATOR__MAX_TOKENS"] = str(peer.MAX_TOKENS)
        self._stack = RagStack.open(home=index)
        self._stack.encoder.encode_queries(["?"])

    def build(self, corpus: Path) -> int:
        return self._stack.ingest(corpus).chunks.total

    def open(self) -> None:
        """Nothing: a home is open as it is."""

    def search(self, question: str, k: int) -> list[str]:
        return [Path(hit.document).stem for hit in self._stack.search(question, k)]

    def ask(self, question: str) -> peer.Said:
        started, first, answer = time.perf_counter(), None, None
        for event in self._stack.stream(question):
            if event.kind == "sentence":
                first = first or time.perf_counter() - started
            elif event.kind == "done":
                answer = event.value
        if not isinstance(answer, Answer):
            raise RuntimeError("the stream ended without an answer")
        return peer.Said(
            text=answer.text,
            passages=[(Path(citation.document).stem, citation.quote) for citation in answer.citations],
            abstained=answer.abstained,
            first=first,
            prompt_tokens=answer.usage.prompt_tokens,
        )


def load(settings: peer.Settings, index: Path) -> peer.Peer:
    return Ragstack(settings, index)
