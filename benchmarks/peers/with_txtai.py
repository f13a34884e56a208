"""txtai: an embeddings database and its RAG pipeline, as its quick start builds them.

Sources: neuml.github.io/txtai/pipeline/text/rag and github.com/neuml/txtai/blob/master/examples/rag_quickstart.py
(sections as chunks, content stored, the prompts), neuml.github.io/txtai/embeddings/configuration/vectors (the
prefixes). Its default of 3 chunks stays. A plain text file is one section; where that is longer than the encoder
reads, its paragraphs are the chunks. txtai has a way of its own to cite, ``output="reference"``: the one passage
most like the answer, so it is not told to cite by numbers, only to refuse. It does not stream with references.
The pipeline takes any callable as its model: here the endpoint, through OpenAI's client.
"""

from pathlib import Path
from typing import Any

import peer
from openai import OpenAI
from txtai import RAG, Embeddings
from txtai.pipeline import Segmentation

TEMPLATE = """
  Answer the following question using the provided context.

  Question:
  {question}

  Context:
  {context}
"""
LONGEST_SECTION = 2000
"""Characters; some 500 tokens, which is what the encoders read."""


class TxtAI:
    def __init__(self, settings: peer.Settings, index: Path) -> None:
        self._settings, self._folder = settings, index
        instructions = {"query": settings.query, "data": settings.passage} if settings.passage else None
        self._embeddings = Embeddings(content=True, path=settings.folder, instructions=instructions)

    def build(self, corpus: Path) -> int:
        sections, paragraphs = Segmentation(sections=True), Segmentation(paragraphs=True)
        chunks = []
        for name, text in peer.documents(corpus):
            for section in sections(text):
                cut = paragraphs(section) if len(section) > LONGEST_SECTION else [section]
                chunks += [(name, chunk) for chunk in cut]
        self._embeddings.index(chunks)
        self._embeddings.save(str(self._folder))
        return len(chunks)

    def open(self) -> None:
        self._embeddings.load(str(self._folder))

    def search(self, question: str, k: int) -> list[str]:
        return [found["id"] for found in self._embeddings.search(question, k)]

    def ask(self, question: str) -> peer.Said:
        rag = RAG(self._embeddings, self._chat, system=f"You are a friendly assistant. {peer.REFUSE}",
                  template=TEMPLATE, output="reference")  # fmt: skip
        read = self._embeddings.search(question, rag.context)
        said = rag(question, maxlength=peer.MAX_TOKENS)
        passages = [(found["id"], found["text"]) for found in read]
        cited = [at for at, (name, _) in enumerate(passages, start=1) if name == said["reference"]]
        return peer.Said(said["answer"], passages, cited=cited[:1])

    def _chat(self, prompts: list[list[dict[str, str]]], maxlength: int, **_: Any) -> list[str]:
        client = OpenAI(base_url=self._settings.endpoint, api_key="none")
        return [
            client.chat.completions.create(
                model=self._settings.decoder, messages=prompt, temperature=0, max_tokens=maxlength
            ).choices[0].message.content
            for prompt in prompts
        ]  # fmt: skip


def load(settings: peer.Settings, index: Path) -> peer.Peer:
    return TxtAI(settings, index)
