"""An encoder's model in float32, run by torch: token ids in, vectors out.

Texts go through in batches of like length. Where there are several processors, each works on a batch of its own, on
one thread: nothing waits for the other within a layer, so that the processors stay busy when something else needs one
of them too.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import numpy as np

from ingest.processors import processors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["TorchModel"]

_BATCH_TOKENS = 1024
"""Tokens, padding included, that go through the model at once: few enough for the activations to stay in the
processor's cache. On a CPU that is nearly twice as fast as the usual batches of 32 texts."""
_FEWEST_TOKENS = 128
"""Work is not cut into smaller batches than this to occupy all processors."""


class TorchModel:
    """Runs a model of sentence-transformers; safe to use from several threads."""

    def __init__(
        self, load: "Callable[[], SentenceTransformer]", dimension: int, pad_id: int, threads: int = 0
    ) -> None:
        """Load the model. ``threads`` batches are encoded at once; 0 means one for each processor."""
        self._model = load().eval()
        self._dimension = dimension
        self._pad_id = pad_id
        self._threads = threads or processors()
        self._workers = _single_threaded(self._threads)

    def vectors(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """The vectors of texts given as token ids, special tokens included: (texts, dimension), float32, in order."""
        made = np.empty((len(ids), self._dimension), dtype=np.float32)
        lengths = [len(each) for each in ids]
        budget = min(_BATCH_TOKENS, max(_FEWEST_TOKENS, -(-sum(lengths) // self._threads)))
        batches = list(_batches(lengths, budget))
        for rows, vectors in zip(batches, self._workers.map(lambda rows: self._batch(ids, rows), batches), strict=True):
            made[rows] = vectors
        return made

    def _batch(self, ids: Sequence[Sequence[int]], rows: list[int]) -> np.ndarray:
        import torch

        width = max(len(ids[row]) for row in rows)
        tokens = np.full((len(rows), width), self._pad_id, dtype=np.int64)
        mask = np.zeros((len(rows), width), dtype=np.int64)
        for place, row in enumerate(rows):
            tokens[place, : len(ids[row])] = ids[row]
            mask[place, : len(ids[row])] = 1
        features = {"input_ids": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
        with torch.inference_mode():
            vectors: np.ndarray = self._model(features)["sentence_embedding"].float().numpy()
        return vectors


def _single_threaded(number: int) -> ThreadPoolExecutor:
    """So many threads, in each of which torch works on that thread alone; other threads keep torch's setting."""
    import torch

    def start() -> None:
        torch.get_num_threads()  # the first question in a thread sets it to torch's setting
        torch.set_num_threads(1)

    before = torch.get_num_threads()
    workers = ThreadPoolExecutor(number, "encoder", initializer=start)
    started = Barrier(number)
    list(workers.map(lambda _: started.wait(), range(number)))
    torch.set_num_threads(before)
    return workers


def _batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Positions of texts that go together: the longest first, neighbours in length, at most ``budget`` tokens."""
    order = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    start = 0
    while start < len(order):
        count = max(1, budget // max(1, lengths[order[start]]))
        yield order[start : start + count]
        start += count
