"""A character map in the form that SentencePiece and the ``tokenizers`` library read: a double-array trie.

The form (``precompiled_charsmap`` of SentencePiece): the trie's size in bytes as a little-endian 32-bit number, the
trie as 32-bit units in the layout of Darts-clone, then the replacements, each ended by a zero byte. The trie leads
from the UTF-8 bytes of a character to the offset of its replacement.

A unit at position ``p`` holds the label (the byte that leads to it) in bits 0-7, "has a value" in bit 8 and, from
bit 10, ``base ^ p``, where the unit's children live at ``base ^ label``; its value lives at ``base`` with bit 31 set.
Every unit has a base of its own, so that the label alone says whose child a unit is.
"""

from collections.abc import Mapping

import numpy as np

__all__ = ["build_charsmap"]

_Node = dict[int, "_Node | int"]
_VALUE = 0
_HAS_VALUE = 1 << 8
_LEAF = 1 << 31
_BLOCK = 256


def build_charsmap(replacements: Mapping[str, str]) -> bytes:
    """The character map that replaces each key (one character) by its value (any string without a zero character)."""
    root: _Node = {}
    strings = bytearray()
    for character, replacement in replacements.items():
        node = root
        for byte in character.encode():
            child = node.setdefault(byte, {})
            if isinstance(child, int):  # never with UTF-8, where no character's bytes hold a zero
                raise ValueError(f"the character {character!r} cannot be a key of a character map")
            node = child
        node[_VALUE] = len(strings)
        strings += replacement.encode() + b"\0"
    trie = _units(root).astype("<u4").tobytes()
    return len(trie).to_bytes(4, "little") + trie + bytes(strings)


def _units(root: _Node) -> np.ndarray:
    """Lay the trie out, parents before children, each node at the first base where all of its children fit."""
    units: dict[int, int] = {0: 0}
    bases: set[int] = set()
    tried: dict[tuple[int, ...], int] = {}  # what does not fit stays so: nodes with equal labels need not try again
    queue: list[tuple[int, _Node]] = [(0, root)]
    for position, node in queue:
        labels = tuple(node)
        base = tried.get(labels, 1)
        while base in bases or any(base ^ label in units for label in labels):
            base += 1
        bases.add(base)
        tried[labels] = base
        units[position] |= (base ^ position) << 10
        for label, child in node.items():
            if isinstance(child, int):
                units[position] |= _HAS_VALUE
                units[base] = _LEAF | child
            else:
                units[base ^ label] = label
                queue.append((base ^ label, child))
    array = np.zeros((max(max(units), max(bases)) // _BLOCK + 1) * _BLOCK, dtype=np.uint32)
    array[list(units)] = list(units.values())
    return array
