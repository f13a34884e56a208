"""Question → ranked chunks: dense, lexical, or both fused.

Dense scores are cosines, lexical ones BM25 values. They cannot be added, so a hybrid search adds reciprocal ranks;
its score orders one result list and means nothing beyond it.
"""

from collections.abc import Sequence

from indexes.engine import VectorCollection
from indexes.errors import UsageError
from indexes.filters import Filter
from indexes.records import Hit, ScoreKind
from ingest.encoders import Encoder
from ragstack.config import RetrievalSettings, SearchMode

__all__ = ["MAX_QUESTION_CHARACTERS", "Ranking", "Retriever", "check_question", "reciprocal_rank_fusion"]

Ranking = Sequence[tuple[int, float]]
"""Chunk ids with their scores, best first."""

MAX_QUESTION_CHARACTERS = 8_000
"""Longer questions are refused: no encoder reads as much, and cutting them silently would answer another one."""

_SCORE_KIND: dict[SearchMode, ScoreKind] = {"hybrid": "rrf", "dense": "cosine", "lexical": "bm25"}


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


class Retriever:
    """Searches one collection with the encoder that filled it."""

    def __init__(self, collection: VectorCollection, encoder: Encoder, settings: RetrievalSettings) -> None:
        self._collection = collection
        self._encoder = encoder
        self._settings = settings

    def search(
        self, question: str, *, k: int | None = None, mode: SearchMode | None = None, where: Filter | None = None
    ) -> list[Hit]:
        """The ``k`` best chunks that satisfy ``where``, best first; fewer only where fewer exist.

        Raises:
            UsageError: the question is empty or too long, or ``k`` is below 1.
        """
        question = check_question(question)
        mode = mode or self._settings.mode
        k = self._settings.k if k is None else k
        if not isinstance(k, int) or k < 1:
            raise UsageError(f"k is {k!r}; expected a number of chunks from 1 up")
        if mode not in _SCORE_KIND:
            raise UsageError(f"mode is {mode!r}; expected one of {', '.join(_SCORE_KIND)}")
        ranking = self._rank(question, k, mode, where)[:k]
        chunks = {chunk.chunk_id: chunk for chunk in self._collection.chunks([chunk_id for chunk_id, _ in ranking])}
        kept = [(chunks[chunk_id], score) for chunk_id, score in ranking if chunk_id in chunks]
        return [Hit.of(chunk, rank, score, _SCORE_KIND[mode]) for rank, (chunk, score) in enumerate(kept, start=1)]

    def _rank(self, question: str, k: int, mode: SearchMode, where: Filter | None) -> Ranking:
        depth = max(k, self._settings.candidates) if mode == "hybrid" else k
        rankings: list[Ranking] = []
        if mode != "lexical":
            vector = self._encoder.encode_queries([question])[0]
            rankings.append(self._collection.dense(vector, depth, where))
        if mode != "dense":
            rankings.append(self._collection.lexical(question, depth, where))
        return reciprocal_rank_fusion(rankings, self._settings.rrf_k) if mode == "hybrid" else rankings[0]
