"""Maximal marginal relevance: results that are near the query and do not repeat each other."""

import numpy as np

__all__ = ["maximal_marginal_relevance"]


def maximal_marginal_relevance(cosines: np.ndarray, vectors: np.ndarray, k: int, trade_off: float) -> list[int]:
    """Pick rows one by one, each the one of highest ``λ · cosine(query) - (1 - λ) · max cosine(picked)``.

    Source: Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
    Summaries", SIGIR 1998.

    Args:
        cosines: (n,) the cosine of each row with the query.
        vectors: (n, d) the rows, of unit length.
        k: How many to pick; fewer come where there are fewer rows.
        trade_off: λ, from 0 (variety alone) to 1 (nearness alone).
    """
    picked = [int(cosines.argmax())] if min(k, len(cosines)) > 0 else []
    repetition = np.full(len(cosines), -1.0)
    while 0 < len(picked) < min(k, len(cosines)):
        repetition = np.maximum(repetition, vectors @ vectors[picked[-1]])
        value = trade_off * cosines - (1.0 - trade_off) * repetition
        value[picked] = -np.inf
        picked.append(int(value.argmax()))
    return picked
