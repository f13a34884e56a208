"""The buffer before the encoder: documents wait for vectors, are encoded together, and go on to be written."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from indexes.engine import VectorWriter
from indexes.records import LedgerEntry
from ingest.sync.preparing import Ready

if TYPE_CHECKING:
    from ingest.encoders import Encoder

__all__ = ["Buffer"]

_CHUNKS = 256
"""Chunks that wait until they are encoded: enough for batches of like length, few enough to be done again."""
_AT_ONCE = 64

Put = Callable[[Ready, LedgerEntry, np.ndarray], None]


class Buffer:
    """Documents that wait for their vectors.

    Attributes:
        encoded: Chunks encoded so far.
        seconds: Seconds spent in the encoder so far.
    """

    def __init__(self, encoder: "Encoder", writer: VectorWriter, put: Put, progress: Callable[[], None]) -> None:
        self.encoded = 0
        self.seconds = 0.0
        self._encoder = encoder
        self._writer = writer
        self._put = put
        self._progress = progress
        self._waiting: dict[str, tuple[Ready, LedgerEntry]] = {}
        self._chunks = 0
        self._last: dict[str, np.ndarray] = {}  # vectors that may not have been written yet

    def add(self, ready: Ready, entry: LedgerEntry) -> None:
        """Take a document with its line for the ledger; encodes what waits when that is enough."""
        self._waiting[ready.document.key] = ready, entry
        self._chunks += len(ready.chunks)
        if self._chunks >= _CHUNKS:
            self.flush()

    def text(self, key: str) -> str | None:
        """The text of a document that waits."""
        waiting = self._waiting.get(key)
        return waiting[0].document.text if waiting else None

    def flush(self) -> None:
        """Encode what waits and hand it on, document by document."""
        waiting, self._waiting, self._chunks = list(self._waiting.values()), {}, 0
        self._last = vectors = self._vectors([ready for ready, _ in waiting])
        for ready, entry in waiting:
            rows = [vectors[chunk.digest] for chunk in ready.chunks]
            dimension = self._encoder.fingerprint.dimension
            self._put(ready, entry, np.stack(rows) if rows else np.empty((0, dimension), np.float32))

    def _vectors(self, waiting: Sequence[Ready]) -> dict[str, np.ndarray]:
        """The vectors of all chunks by digest: those that are known, and the others encoded, longest first."""
        texts = {chunk.digest: text for ready in waiting for chunk, text in zip(ready.chunks, ready.texts, strict=True)}
        vectors = {digest: self._last[digest] for digest in texts if digest in self._last}
        asked = [digest for digest in texts if digest not in vectors]
        vectors |= self._writer.known(asked) if asked else {}
        missing = sorted((digest for digest in texts if digest not in vectors), key=lambda digest: -len(texts[digest]))
        batches = max(1, -(-len(missing) // _AT_ONCE))
        step = max(1, -(-len(missing) // batches))
        for start in range(0, len(missing), step):
            batch = missing[start : start + step]
            began = time.perf_counter()
            encoded = self._encoder.encode_passages([texts[digest] for digest in batch])
            self.seconds += time.perf_counter() - began
            vectors.update(zip(batch, encoded, strict=True))
            self.encoded += len(batch)
            self._progress()
        return vectors
