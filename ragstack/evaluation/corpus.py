"""A corpus of a data set → a collection, cut and encoded as files are, and kept for the next run.

The collection lies in the stack's own home under a name that begins with ``eval-`` and ends in a digest of the
corpus, the encoder and the settings of chunking: the same data is encoded once. Each passage is one document, its
id the document's name, its language kept beside it. An interrupted filling goes on where it was. ``ragstack
collections delete`` removes it.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from indexes.errors import UsageError
from indexes.records import Chunk, Document
from ragstack.evaluation.datasets import Passage
from ragstack.evaluation.problems import Problems

if TYPE_CHECKING:
    from indexes.engine import VectorWriter
    from ingest.chunking import ChunkSettings
    from ingest.encoders import Encoder
    from ragstack.stack import RagStack

__all__ = ["collection_of", "fill", "waiting"]

_AT_ONCE = 64
"""Documents that are encoded together, so that batches hold texts of like length."""

_Cut = tuple[Document, list[Chunk], list[str]]


def collection_of(stack: "RagStack", name: str, sha256: str) -> str:
    """The name of the collection that a corpus has, or will have.

    Args:
        stack: Whose encoder and settings.
        name: Of the data, for people.
        sha256: Of the corpus.
    """
    from ingest.files.loading import VERSION

    recipe = repr((sha256, stack.encoder.fingerprint, _settings(stack), VERSION, "lang"))
    return f"eval-{re.sub(r'[^A-Za-z0-9_]+', '_', name)[:40]}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"


def fill(
    stack: "RagStack",
    name: str,
    corpus: Sequence[Passage],
    problems: Problems,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Bring a corpus into its collection.

    Args:
        stack: Whose home and encoder.
        name: Of the collection.
        corpus: Its passages.
        problems: Where passages that cannot be stored are counted.
        progress: Called with documents done and documents in all.

    Raises:
        StoreBusy: another process is filling the same collection.
    """
    encoder, settings = stack.encoder, _settings(stack)
    collection = stack.database.create(name, encoder.fingerprint)
    missing = waiting(stack, name, corpus)
    if missing:
        with collection.writer() as writer:
            for done in range(0, len(missing), _AT_ONCE):
                batch = missing[done : done + _AT_ONCE]
                _write(writer, list(_cut(batch, encoder, settings, problems)), encoder, problems)
                if progress:
                    progress(len(corpus) - len(missing) + done + len(batch), len(corpus))


def waiting(stack: "RagStack", name: str, corpus: Sequence[Passage]) -> list[Passage]:
    """The passages that the collection of this name lacks; all of them where there is none."""
    if name not in {info.name for info in stack.database.collections()}:
        return list(corpus)
    there = {info.key for info in stack.database.collection(name).documents()}
    return [passage for passage in corpus if passage.id not in there]


def _settings(stack: "RagStack") -> "ChunkSettings":
    from ingest.chunking import ChunkSettings
    from ingest.pipeline import fitted

    wanted = stack.config.ingest
    return fitted(ChunkSettings(wanted.chunk_tokens, wanted.overlap_sentences), stack.encoder)


def _cut(
    passages: Sequence[Passage], encoder: "Encoder", settings: "ChunkSettings", problems: Problems
) -> Iterator[_Cut]:
    from ingest.chunking import chunk, embedded_text
    from ingest.documents import Limits
    from ingest.loaders import text as plain
    from ingest.text.language import detect_language

    for passage in passages:
        loaded = plain.load(passage.text, Limits())
        chunks = chunk(loaded, passage.title, encoder.count_tokens, settings)
        if not chunks:
            problems.add("passages without words", passage.id)
            continue
        digest = hashlib.sha256(f"{passage.title}\n{passage.text}".encode()).hexdigest()
        texts = [embedded_text(each.context, loaded.text[each.start : each.end]) for each in chunks]
        language = detect_language(loaded.text)
        metadata = {"lang": language} if language else {}
        yield Document(passage.id, passage.id, passage.title, loaded.text, digest, metadata), chunks, texts


def _write(writer: "VectorWriter", cut: Sequence[_Cut], encoder: "Encoder", problems: Problems) -> None:
    texts = sorted({text for _, _, each in cut for text in each}, key=len, reverse=True)
    vectors = dict(zip(texts, encoder.encode_passages(texts), strict=True)) if texts else {}
    for document, chunks, each in cut:
        try:
            writer.put(document, chunks, np.stack([vectors[text] for text in each]))
        except UsageError as error:
            problems.add("passages that cannot be stored", str(error))
