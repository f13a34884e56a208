"""Question → ranked chunks: both searches, their fusion, the reranker, and each hit's place in every step.

``retriever`` tells the search; ``candidates`` are the values that it finds; ``reranking`` puts the first of them in
order, by the features of ``rank_features``.
"""

from ragstack.retrieval.candidates import Candidate, Found, Place, Trace
from ragstack.retrieval.reranking import CrossEncoderReranker, FittedReranker, Reranker, Scored, open_reranker
from ragstack.retrieval.retriever import MAX_QUESTION_CHARACTERS, Retriever, check_question

__all__ = [
    "MAX_QUESTION_CHARACTERS",
    "Candidate",
    "CrossEncoderReranker",
    "FittedReranker",
    "Found",
    "Place",
    "Reranker",
    "Retriever",
    "Scored",
    "Trace",
    "check_question",
    "open_reranker",
]
