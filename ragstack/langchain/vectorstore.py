"""A vector store for any LangChain embeddings, kept in a home directory of ragstack.

A LangChain document is one document of a collection, with one chunk that covers the whole of its text; its id is
the document's key. Adding a document whose id is there already replaces it. The collection is made by the first
addition and remembers the embeddings that filled it: others are refused.

Scores are cosines in [-1, 1], higher is better; relevance scores are ``(1 + cosine) / 2``, in [0, 1]. ``filter`` is a
mapping as :func:`indexes.filters.parse_mapping` reads it, such as ``{"lang": "zh", "year": {">=": 2020}}``, and is
applied before the search. Every method has its async twin, which runs in a thread.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from indexes import records
from indexes.database import Database
from indexes.errors import EncoderMismatch, UnknownCollection, UsageError
from indexes.filters import parse_mapping
from ragstack.langchain.diversity import maximal_marginal_relevance
from ragstack.langchain.documents import from_chunk, from_stored, to_stored
from ragstack.langchain.embeddings import RagStackEmbeddings

if TYPE_CHECKING:
    from indexes.engine import VectorCollection

__all__ = ["RagStackVectorStore", "fingerprint_of"]

Where = Mapping[str, Any] | None
MODEL_NAMES = ("model", "model_name", "model_id")
"""Under which of LangChain's embeddings keep the name of their model."""


class RagStackVectorStore(VectorStore):
    """Documents and their embeddings in the collection ``collection`` of the home directory ``home``.

    Filled with :class:`RagStackEmbeddings`, the collection can also be searched and asked with the stack. Use the
    store as a context manager, or call :meth:`close`.
    """

    def __init__(self, embedding: Embeddings, *, home: str | os.PathLike[str], collection: str = "langchain") -> None:
        self._embedding = embedding
        self._home = Path(home).expanduser()
        self._name = collection
        self._opened: Database | None = None
        self._lock = Lock()

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A store with these texts; ``kwargs`` are the constructor's, of which ``home`` is needed."""
        store = cls(embedding, **kwargs)
        store.add_texts(texts, metadatas, ids=ids)
        return store

    @property
    def embeddings(self) -> Embeddings:
        """What embeds texts and queries."""
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts, each in the place of the one with its id, if any.

        Args:
            texts: The texts.
            metadatas: One mapping for each; values of any JSON type, of which texts, numbers and booleans can be
                filtered by.
            ids: One id for each; None, for one or all, stands for a new one.
            kwargs: Ignored; LangChain's ``index`` passes a ``batch_size``.

        Returns:
            The ids.

        Raises:
            ValueError: the numbers of texts, metadatas and ids differ.
            EncoderMismatch: the collection was filled by other embeddings.
            StoreBusy: another process is writing to the collection.
        """
        contents = list(texts)
        given = [id_ or str(uuid4()) for id_ in ids or repeat(None, len(contents))]
        described = list(metadatas or repeat({}, len(contents)))
        if not len(contents) == len(given) == len(described):
            raise ValueError(f"{len(contents)} texts came with {len(described)} metadatas and {len(given)} ids")
        if not contents:
            return []
        stored = [to_stored(*each) for each in zip(given, contents, described, strict=True)]
        vectors = np.asarray(self._embedding.embed_documents(contents), np.float32)
        with self._database.create(self._name, fingerprint_of(self._embedding, vectors.shape[1])).writer() as writer:
            for (document, chunk), vector in zip(stored, vectors, strict=True):
                writer.put(document, [chunk], vector[None])
        return given

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Delete documents by id; None deletes all. Ids that are not there are passed over."""
        collection = self._collection()
        if collection is None:
            return True
        with collection.writer() as writer:
            for id_ in ids if ids is not None else [info.key for info in collection.documents()]:
                writer.delete(id_)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents of these ids, in this order; those that are not there are left out."""
        collection = self._collection()
        if collection is None:
            return []
        found = (collection.document(id_) for id_ in ids)
        return [from_stored(document) for document in found if document]

    def similarity_search(self, query: str, k: int = 4, filter: Where = None, **kwargs: Any) -> list[Document]:
        """The ``k`` documents nearest to ``query``, best first."""
        return [document for document, _ in self.similarity_search_with_score(query, k, filter, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, filter: Where = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The ``k`` documents nearest to ``query`` with their cosines, best first."""
        return self._search(self._embedding.embed_query(query), k, filter, kwargs)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, filter: Where = None, **kwargs: Any
    ) -> list[Document]:
        """The ``k`` documents nearest to a vector, best first."""
        return [document for document, _ in self._search(embedding, k, filter, kwargs)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The ``k`` of the ``fetch_k`` documents nearest to ``query`` that say most without repeating each other."""
        return self.max_marginal_relevance_search_by_vector(
            self._embedding.embed_query(query), k, fetch_k, lambda_mult, filter, **kwargs
        )

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        filter: Where = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same for a vector; ``lambda_mult`` is 1 for nearness alone, 0 for variety alone."""
        found = self._nearest(embedding, max(k, fetch_k), filter, kwargs)
        collection = self._collection()
        if collection is None:
            return []
        vectors = collection.vectors([chunk.chunk_id for chunk, _ in found])
        chosen = maximal_marginal_relevance(np.array([cosine for _, cosine in found]), vectors, k, lambda_mult)
        return [from_chunk(found[at][0]) for at in chosen]

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _select_relevance_score_fn(self) -> Callable[[float], float]:
        return _relevance

    def _search(
        self, vector: Sequence[float], k: int, where: Where, unknown: Mapping[str, Any]
    ) -> list[tuple[Document, float]]:
        return [(from_chunk(chunk), cosine) for chunk, cosine in self._nearest(vector, k, where, unknown)]

    def _nearest(
        self, vector: Sequence[float], k: int, where: Where, unknown: Mapping[str, Any]
    ) -> list[tuple[records.StoredChunk, float]]:
        """The one search that all others are made of."""
        if unknown:
            raise UsageError(
                f"a search has no argument {', '.join(unknown)}; expected k, filter, fetch_k or lambda_mult"
            )
        collection = self._collection()
        if collection is None:
            return []
        here = fingerprint_of(self._embedding, len(vector))
        if collection.encoder != here:
            raise EncoderMismatch(
                f"collection {self._name} was filled by {_described(collection.encoder)}, but is searched with "
                f"{_described(here)}; use the embeddings that filled it, or another collection, or type "
                f"`ragstack collections migrate {self._name} --encoder NAME` for embeddings of a pack"
            )
        ranking = dict(collection.dense(np.asarray(vector), k, parse_mapping(where or {})))
        return [(chunk, ranking[chunk.chunk_id]) for chunk in collection.chunks(list(ranking))]

    def _collection(self) -> "VectorCollection | None":
        try:
            return self._database.collection(self._name)
        except UnknownCollection:
            return None

    @property
    def _database(self) -> "Database":
        with self._lock:
            if self._opened is None:
                self._opened = Database.open(self._home)
            return self._opened


def fingerprint_of(embedding: Embeddings, dimension: int) -> records.EncoderFingerprint:
    """What identifies embeddings: a stack's encoder itself; of others, their class and the model they name."""
    if isinstance(embedding, RagStackEmbeddings):
        return embedding.fingerprint
    kind = type(embedding)
    model = next((value for name in MODEL_NAMES if isinstance(value := getattr(embedding, name, None), str)), "")
    return records.EncoderFingerprint(f"{kind.__module__}.{kind.__qualname__}", model, dimension, pooling="")


def _described(encoder: records.EncoderFingerprint) -> str:
    return f"{encoder.name} {encoder.revision}".strip() + f" ({encoder.dimension} dimensions)"


def _relevance(cosine: float) -> float:
    return min(1.0, max(0.0, (1.0 + cosine) / 2.0))
