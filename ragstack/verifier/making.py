"""``ragstack train verifier``: from a folder of data to a folder with weights."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexes.errors import UsageError
from ragstack.verifier.features import features
from ragstack.verifier.model import WEIGHTS
from ragstack.verifier.pairs import SETS, Pair, read_pairs
from ragstack.verifier.training import fit

__all__ = ["TrainedVerifier", "features_of", "make_verifier", "pairs_of"]

Progress = Callable[[str, int, int], None]
TOLD = 100
"""How often progress is told, in pairs."""


@dataclass(frozen=True, slots=True)
class TrainedVerifier:
    """What was made: the file, the pairs it was made from, and their sets."""

    path: Path
    pairs: int
    sets: tuple[str, ...]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self) | {"path": str(self.path), "sets": list(self.sets)}


def make_verifier(
    data: Path, out: Path, *, sets: Sequence[str] = (), seed: int = 0, progress: Progress | None = None
) -> TrainedVerifier:
    """Train on the training halves of ``sets`` (by default :data:`ragstack.verifier.pairs.SETS`) and write the weights.

    Args:
        data: A folder with a folder for each set.
        out: The folder that gets the weights; it is made where it is missing.
        sets: Names of folders.
        seed: Of the samples, and of what is made of sentences.
        progress: Called as work goes on.

    Raises:
        UsageError: a set is missing, or its pairs are all of one label.
    """
    pairs = [pair for pair in pairs_of(data, sets, seed) if not pair.test]
    if len({pair.label for pair in pairs}) < 2:
        raise UsageError(f"the sets in {data} hold {len(pairs)} pairs for training, of fewer than two labels; add data")
    model = fit(features_of(pairs, progress), pairs)
    names = tuple(sorted({pair.set for pair in pairs}))
    stored = {"seed": seed, "sets": names, "pairs": len(pairs)} | {
        "weights": model.weights, "bias": model.bias, "threshold": model.threshold,
    }  # fmt: skip
    path = out / WEIGHTS
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    return TrainedVerifier(path, len(pairs), names, seed)


def features_of(pairs: Sequence[Pair], progress: Progress | None = None) -> np.ndarray:
    """The features of each pair: (pairs, features)."""
    rows = []
    for number, pair in enumerate(pairs, start=1):
        rows.append(features(pair.claim, pair.evidence))
        if progress and number % TOLD == 0:
            progress("read pairs", number, len(pairs))
    return np.stack(rows).astype(np.float64)


def pairs_of(data: Path, sets: Sequence[str], seed: int) -> list[Pair]:
    """The pairs of the sets, mixed so that any part of them has each set in its proportion."""
    limits = dict.fromkeys(sets, None) if sets else SETS
    found = [read_pairs(data, name, most, seed) for name, most in limits.items()]
    placed = [
        ((at + 0.5) / len(pairs), number, pair) for number, pairs in enumerate(found) for at, pair in enumerate(pairs)
    ]
    return [pair for _, _, pair in sorted(placed, key=lambda each: each[:2])]
