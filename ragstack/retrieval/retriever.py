"""Question → ranked chunks: dense, lexical, or both fused and reranked.

Dense scores are cosines, lexical ones BM25 values. They cannot be added, so a hybrid search adds reciprocal ranks
first; the best of that go to a reranker (:mod:`ragstack.retrieval.reranking`), which sees what both searches say of a
chunk and the words themselves. The others follow in the order of the fusion. So the first chunks are the same, however
many are asked for, up to the depth at which both searches are read.

An encoder puts what is in the question's own language first, whatever it says, and BM25 finds nothing else. So where a
collection holds documents in English and in Chinese, a hybrid search looks for the nearest chunks in the other
language as well, and gives the best of these a few fixed places (`FOREIGN_PLACES`). Their score is the cosine, for no
other can be compared across languages. The language is that of the document, its metadata ``lang``.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from indexes.engine import VectorCollection
from indexes.errors import UsageError
from indexes.filters import And, Compare, Filter
from indexes.records import Hit, ScoreKind, StoredChunk
from ingest.encoders import Encoder
from ragstack.config import RetrievalSettings, SearchMode
from ragstack.language import Language, language_of
from ragstack.retrieval.candidates import Candidate, Found, Place, Trace
from ragstack.retrieval.reranking import Reranker

__all__ = [
    "FOREIGN_LEAST",
    "FOREIGN_PLACES",
    "MAX_QUESTION_CHARACTERS",
    "Ranking",
    "Retriever",
    "check_question",
    "lifted",
    "outstanding",
    "rank",
    "reciprocal_rank_fusion",
]

Ranking = Sequence[tuple[int, float]]
"""Chunk ids with their scores, best first."""

MAX_QUESTION_CHARACTERS = 8_000
"""Longer questions are refused: no encoder reads as much, and cutting them silently would answer another one."""

FOREIGN_PLACES = (4, 7, 9, 10)
"""The best chunks in the other language stand no lower than at these ranks."""
FOREIGN_LEAST = 1.5
"""How many standard deviations above the mean of the nearest in its language a chunk must be to have such a place."""

_OTHER: dict[Language, Language] = {"en": "zh", "zh": "en"}
_DEPTH = 2
"""A hybrid search reads either ranking to so many times the chunks that are reranked."""
_PURE: dict[SearchMode, ScoreKind] = {"dense": "cosine", "lexical": "bm25"}
_MODES = ("hybrid", *_PURE)


def check_question(question: str) -> str:
    """Return the question without surrounding white space.

    Raises:
        UsageError: it is empty, or longer than ``MAX_QUESTION_CHARACTERS``.
    """
    stripped = question.strip()
    if not stripped:
        raise UsageError("the question is empty; expected a question in words, such as 'What is BERT?'")
    if len(stripped) > MAX_QUESTION_CHARACTERS:
        raise UsageError(
            f"the question has {len(stripped):,} characters; expected at most {MAX_QUESTION_CHARACTERS:,}: "
            "ask about the documents instead of pasting them (`ragstack ingest` takes files)"
        )
    return stripped


def reciprocal_rank_fusion(rankings: Sequence[Ranking], constant: int = 60) -> list[tuple[int, float]]:
    """Fuse rankings: the score of an id is the sum over rankings of ``1 / (constant + rank)``, ranks from 1.

    Source: Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
    Methods", SIGIR 2009. Ties are broken by id, so that the result is the same each time.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, (chunk_id, _) in enumerate(ranking, start=1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + 1.0 / (constant + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def outstanding(ranking: Ranking, least: float = FOREIGN_LEAST) -> Ranking:
    """The first of a ranking: those more than ``least`` standard deviations above its mean.

    Among fewer than five nothing stands out: a stray document in another language takes no places.
    """
    scores = [score for _, score in ranking]
    line = np.mean(scores) + least * np.std(scores) if scores else 0.0
    return [each for each in ranking if each[1] > line]


def lifted(order: Sequence[int], foreign: Sequence[int], places: Sequence[int] = FOREIGN_PLACES) -> list[int]:
    """The chunks of ``order``, with the n-th of ``foreign`` no lower than at the n-th place (or last, where fewer are).

    What stands higher already stays there, and all others keep their order.
    """
    result = list(order)
    for place, chunk_id in zip(places, foreign, strict=False):
        if chunk_id not in result[:place]:
            result = [other for other in result if other != chunk_id]
            result.insert(place - 1, chunk_id)
    return result


class Retriever:
    """Searches one collection with the encoder that filled it."""

    def __init__(
        self,
        collection: VectorCollection,
        encoder: Encoder,
        settings: RetrievalSettings,
        reranker: Reranker | None = None,
    ) -> None:
        """Without a ``reranker``, a hybrid search ends with the fusion."""
        self._collection = collection
        self._encoder = encoder
        self._settings = settings
        self._reranker = reranker

    def search(
        self, question: str, *, k: int | None = None, mode: SearchMode | None = None, where: Filter | None = None
    ) -> list[Hit]:
        """The ``k`` best chunks that satisfy ``where``, best first; fewer only where fewer exist.

        Raises:
            UsageError: the question is empty or too long, or ``k`` is below 1.
            ModelMissing: the reranker is not on this machine.
            ModelError: the reranker cannot be loaded.
        """
        return self.explain(question, k=k, mode=mode, where=where).hits

    def explain(
        self, question: str, *, k: int | None = None, mode: SearchMode | None = None, where: Filter | None = None
    ) -> Trace:
        """The same search, with each hit's place in every step and the time that each took."""
        question = check_question(question)
        mode = mode or self._settings.mode
        k = self._settings.k if k is None else k
        if not isinstance(k, int) or k < 1:
            raise UsageError(f"k is {k!r}; expected a number of chunks from 1 up")
        if mode not in _MODES:
            raise UsageError(f"mode is {mode!r}; expected one of {', '.join(_MODES)}")
        run = _Search(self._collection, self._encoder, question, where)
        found = run.hybrid(k, self._settings, self._reranker) if mode == "hybrid" else run.alone(k, mode)
        asked = self._reranker.name if self._reranker and mode == "hybrid" else ""
        return Trace(question, mode, asked, found, run.seconds)


class _Search:
    """One search under way."""

    def __init__(self, collection: VectorCollection, encoder: Encoder, question: str, where: Filter | None) -> None:
        self._collection = collection
        self._encoder = encoder
        self._question = question
        self._where = where
        self.seconds: dict[str, float] = {}

    def alone(self, k: int, mode: SearchMode) -> list[Found]:
        """One ranking as it is."""
        ranking = self._dense(k, self._encoded()) if mode == "dense" else self._lexical(k)
        chunks = self._chunks([chunk_id for chunk_id, _ in ranking])
        kept = [(chunks[chunk_id], score) for chunk_id, score in ranking if chunk_id in chunks]
        found = []
        for rank, (chunk, score) in enumerate(kept, start=1):
            place = Place(rank, score)
            hit = Hit.of(chunk, rank, score, _PURE[mode])
            found.append(Found(hit, dense=place) if mode == "dense" else Found(hit, lexical=place))
        return found

    def hybrid(self, k: int, settings: RetrievalSettings, reranker: Reranker | None) -> list[Found]:
        """Both rankings fused; the first ``settings.candidates`` of the fusion reranked; the other language lifted."""
        depth = max(k, _DEPTH * settings.candidates)
        vector = self._encoded()
        dense, lexical = self._dense(depth, vector), self._lexical(depth)
        fused = reciprocal_rank_fusion([dense, lexical], settings.rrf_k)[: max(k, settings.candidates)]
        ids = [chunk_id for chunk_id, _ in fused]
        chunks = self._chunks(ids)
        with self._timed("rerank"):
            cosines = (self._collection.vectors(ids) @ (vector / (np.linalg.norm(vector) or 1.0))).tolist()
            by_cosine, by_bm25, by_both = _places(dense), _places(lexical), _places(fused)
            candidates = [
                Candidate(chunks[id_], cosine, by_cosine.get(id_), by_bm25.get(id_), by_both[id_])
                for id_, cosine in zip(ids, cosines, strict=True)
                if id_ in chunks
            ]
            found = rank(self._question, candidates, settings.candidates, reranker)
        return _with_foreign(found, self._foreign(vector, found[: settings.candidates]))[:k]

    def _foreign(self, vector: np.ndarray, found: Sequence[Found]) -> list[Found]:
        """The chunks in the other language that stand out; none where nothing was found in the question's own."""
        own = language_of(self._question)
        if all(each.hit.metadata.get("lang") != own for each in found):
            return []
        where: Filter = Compare("lang", "=", _OTHER[own])
        with self._timed("foreign"):
            ranking = self._collection.dense(vector, len(found), And((self._where, where)) if self._where else where)
        best = _places(outstanding(ranking)[: len(FOREIGN_PLACES)])
        chunks = self._chunks(list(best))
        return [
            Found(Hit.of(chunks[id_], place.rank, place.score, "cosine"), foreign=place)
            for id_, place in best.items()
            if id_ in chunks
        ]

    def _encoded(self) -> np.ndarray:
        with self._timed("encode"):
            vector: np.ndarray = self._encoder.encode_queries([self._question])[0]
        return vector

    def _dense(self, depth: int, vector: np.ndarray) -> Ranking:
        with self._timed("dense"):
            return self._collection.dense(vector, depth, self._where)

    def _lexical(self, depth: int) -> Ranking:
        with self._timed("lexical"):
            return self._collection.lexical(self._question, depth, self._where)

    def _chunks(self, ids: Sequence[int]) -> dict[int, StoredChunk]:
        with self._timed("chunks"):
            return {chunk.chunk_id: chunk for chunk in self._collection.chunks(ids)}

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[step] = self.seconds.get(step, 0.0) + time.perf_counter() - began


def _places(ranking: Ranking) -> dict[int, Place]:
    return {chunk_id: Place(rank, score) for rank, (chunk_id, score) in enumerate(ranking, start=1)}


def rank(question: str, candidates: Sequence[Candidate], read: int, reranker: Reranker | None) -> list[Found]:
    """The first ``read`` candidates in the reranker's order, then the others in the fusion's."""
    head = candidates[: read if reranker else 0]
    scored = reranker.score(question, head) if reranker and head else []
    best = sorted(range(len(head)), key=lambda at: -scored[at].score)  # stable: equal ones as the fusion has them
    hits = [
        *(Hit.of(head[at].chunk, rank, scored[at].score, "rerank") for rank, at in enumerate(best, start=1)),
        *(
            Hit.of(each.chunk, rank, each.fused.score, "rrf")
            for rank, each in enumerate(candidates[len(head) :], start=len(head) + 1)
        ),
    ]
    order = [*best, *range(len(head), len(candidates))]
    parts = [scored[at].parts for at in best]
    return [
        Found(hit, candidate.dense, candidate.lexical, candidate.fused, parts=parts[at] if at < len(parts) else None)
        for at, (hit, candidate) in enumerate(zip(hits, (candidates[at] for at in order), strict=True))
    ]


def _with_foreign(found: Sequence[Found], foreign: Sequence[Found]) -> list[Found]:
    """What was found with the chunks in the other language in their places; those that were lifted have their score."""
    of_id = {each.hit.chunk_id: each for each in found}
    before = list(of_id)
    order = lifted(before, [each.hit.chunk_id for each in foreign])
    for each in foreign:
        id_ = each.hit.chunk_id
        of_id[id_] = replace(of_id.get(id_, each), foreign=each.foreign)
        if id_ not in before[: order.index(id_) + 1]:
            of_id[id_] = replace(of_id[id_], hit=each.hit, parts=None)
    return [replace(of_id[id_], hit=replace(of_id[id_].hit, rank=rank)) for rank, id_ in enumerate(order, start=1)]
