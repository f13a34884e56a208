"""How much of the truth the dense index finds: recall at 10 against brute force over the catalogue's vectors.

The queries are stored vectors, evenly spread over the ids, each with a random vector of a tenth of its length added,
from a fixed seed, and made unit again: near to what is stored, as questions are, and never equal to it.
"""

import numpy as np
from sqlalchemy import select

from indexes.care.findings import Recall
from indexes.care.target import Target
from indexes.catalogue.models import ChunkRow, VectorRow
from indexes.vectors import normalised

__all__ = ["recall_at_10"]

_AT = 10
_QUERIES = 100
_NOISE = 0.1
_BLOCK = 4096


def recall_at_10(target: Target) -> Recall | None:
    """The recall of a collection's dense index; None for one without chunks.

    Raises:
        StoreError: The catalogue cannot be read.
    """
    with target.catalogue.read() as connection:
        snapshot = target.reader.snapshot(connection)
        while snapshot is None:
            snapshot = target.reader.snapshot(connection)
        ids = snapshot.ids()
        if not len(ids):
            return None
        chosen = ids[np.unique(np.linspace(0, len(ids) - 1, min(_QUERIES, len(ids)), dtype=np.int64))]
        one = select(VectorRow.vector).where(VectorRow.chunk_id.in_(chosen.tolist())).order_by(VectorRow.chunk_id)
        queries = _perturbed(np.stack([np.frombuffer(blob, "<f4") for blob in connection.scalars(one)]))
        k = min(_AT, len(ids))
        best = np.full((len(queries), k), -np.inf, np.float32)
        nearest = np.zeros((len(queries), k), np.int64)
        everything = (
            select(VectorRow.chunk_id, VectorRow.vector)
            .join(ChunkRow, ChunkRow.id == VectorRow.chunk_id)
            .where(ChunkRow.collection_id == target.id)
            .execution_options(yield_per=_BLOCK)
        )
        for rows in connection.execute(everything).partitions():
            block = np.frombuffer(b"".join(row.vector for row in rows), "<f4").reshape(len(rows), -1)
            scores = np.concatenate([best, queries @ block.T], axis=1)
            known = np.broadcast_to(np.array([row.chunk_id for row in rows]), (len(queries), len(rows)))
            order = np.argpartition(-scores, k - 1, axis=1)[:, :k]
            best = np.take_along_axis(scores, order, axis=1)
            nearest = np.take_along_axis(np.concatenate([nearest, known], axis=1), order, axis=1)
    kinds = {segment.dense.kind for segment in snapshot.segments[: snapshot.fixed]} or {"flat"}
    found = [{id_ for id_, _ in snapshot.dense(query, k, None)} for query in queries]
    hits = [len(one & set(truth.tolist())) / k for one, truth in zip(found, nearest, strict=True)]
    return Recall(" + ".join(sorted(kinds)), _AT, len(queries), float(np.mean(hits)))


def _perturbed(vectors: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(vectors.shape)
    return normalised(vectors + _NOISE * normalised(noise))
