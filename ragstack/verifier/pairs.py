"""Labelled data → (evidence, claim) pairs, for training the small verifier and for measuring it.

A folder is read by what it holds: ``examples*.jsonl`` (responses over a context, labelled faithful or hallucinated),
``corpus`` and ``queries`` (passages, of whose sentences :mod:`ragstack.verifier.perturbing` makes true and false ones),
else files of premise, hypothesis and label. A pair belongs to the training or to the test half by a hash of its
evidence, so that one text is in one half whatever set it comes from.
"""

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from indexes.errors import UsageError
from ragstack.answers import unmarked
from ragstack.language import Language, language_of
from ragstack.verifier.perturbing import perturbed

__all__ = ["SETS", "Pair", "read_pairs"]

SETS = {
    "begin_dev_en": 300,
    "begin_wow_test_en": 400,
    "q2_wow_en": 500,
    "wice_dev_en": 349,
    "expertqa_val_en": 400,
    "summedits_en": 500,
    "uhgeval_zh": 320,
    "halueval_qa_gen_en": 200,
    "cad_snli_en": 500,
    "conjnli_en": 250,
    "pawsx_zh": 300,
    "squad2_en": 350,
    "cmrc2018_zh": 350,
    "xquad_en_zh": 300,
}
"""The sets that the shipped weights come from, and the most pairs of each: those whose licences allow it."""
NOT_TAKEN = ("begin_dev_cmu", "begin_dev_tc")
"""Beginnings of ids that are left out: parts of a set under other terms than the rest."""
_TRUE = {"faithful", "entailment", "1"}
_FALSE = {"hallucinated", "neutral", "contradiction", "0"}
_SHORT = 5
"""Words below which a response is an answer that says nothing without its question."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim over evidence; ``label``: whether it is supported, ``kind``: how the pair was made."""

    set: str
    kind: str
    evidence: str
    claim: str
    label: bool

    @property
    def language(self) -> Language:
        """That of the claim."""
        return language_of(self.claim)

    @property
    def stamp(self) -> str:
        """The same for all pairs over the same evidence, but for spacing and case."""
        return _stamp(self.evidence)

    @property
    def test(self) -> bool:
        """Whether the pair is of the half that is measured on and never trained on."""
        return int(self.stamp[:8], 16) % 2 == 1


def read_pairs(data: Path, name: str, most: int | None = None, seed: int = 0) -> list[Pair]:
    """A sample of at most ``most`` pairs of the set in the folder ``data/name``, the same for the same seed.

    Raises:
        UsageError: there is no such set, or it holds no labelled pair.
    """
    chance = random.Random(f"{seed} {name}")  # noqa: S311
    folder = data / name
    if not folder.is_dir():
        raise UsageError(f"there is no folder {name} in {data}; expected one with examples, pairs or a corpus")
    over: dict[str, list[Pair]] = {}
    for pair in dict.fromkeys(_pairs(folder, name, chance)):
        over.setdefault(pair.evidence, []).append(pair)
    if not over:
        raise UsageError(f"{folder} holds no labelled pair; expected examples*.jsonl, pairs, or corpus and queries")
    groups = list(over.values())
    chance.shuffle(groups)  # whole groups: pairs over the same evidence cost less
    return [pair for group in groups for pair in group][:most]


def _pairs(folder: Path, name: str, chance: random.Random) -> Iterator[Pair]:
    files = sorted(path for path in folder.glob("*.jsonl*") if path.is_file())
    stems = {path.name.split(".")[0] for path in files}
    if "corpus" in stems:
        texts = {row["id"]: row["text"] for path in files if path.name.startswith("corpus") for row in _rows(path)}
        yield from _made(texts, name, chance)
        return
    chosen = [path for path in files if path.name.startswith("examples")] or files
    for path in chosen:
        for row in _rows(path):
            label = str(row.get("label"))
            if label in _TRUE | _FALSE and not str(row.get("id", "")).startswith(NOT_TAKEN):
                yield _pair(row, name, label in _TRUE)


def _pair(row: dict[str, Any], name: str, label: bool) -> Pair:
    if "premise" in row:
        return Pair(name, "entailment", row["premise"], row["hypothesis"].strip(), label)
    claim = unmarked(row["response"]).strip()
    if row.get("question") and len(claim.split()) < _SHORT and language_of(claim) == "en":
        claim = f"{row['question']} {claim}"
    return Pair(name, "response", row["context"], claim, label)


def _made(texts: dict[str, str], name: str, chance: random.Random) -> Iterator[Pair]:
    """Of each passage what can be made of one of its sentences, read in the other language where that is at hand."""
    ids = sorted(texts)
    chance.shuffle(ids)
    for passage_id in ids:
        stranger = texts[chance.choice(ids)]
        other = {"en-": "zh-", "zh-": "en-"}.get(passage_id[:3], "") + passage_id[3:]
        for made in perturbed(texts[passage_id], stranger, chance):
            yield Pair(name, made.kind, made.evidence, made.claim, made.label)
            if other in texts and made.evidence == texts[passage_id]:
                yield Pair(name, f"cross {made.kind}", texts[other], made.claim, made.label)


@lru_cache(maxsize=1 << 14)
def _stamp(evidence: str) -> str:
    return hashlib.sha256(re.sub(r"[\W_]+", "", evidence.casefold()).encode("utf-8", "replace")).hexdigest()


def _rows(path: Path) -> Sequence[dict[str, Any]]:
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}; expected JSON lines") from error
