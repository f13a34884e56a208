"""Labelled claims over passages, for fitting and reporting the check on sentences (``benchmarks/calibrate.py``).

What a user meets is a sentence with most of its words from the passage, of which some say something else. So beside
responses that people labelled there are, in English and Chinese and across the two:

- entailment data, of which only hypotheses that have most of their words from the premise;
- answers: a question turned into a statement, with its answer, and with another question's answer from the passage;
- alterations of a sentence that was shortened by a clause: a negation put in, two of its names or numbers swapped, a
  name of another passage in the place of one of its own.

The sources that are fitted on and those that are reported on have no passage in common. The seed is fixed.
"""

import gzip
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from altering import alterations, answers

from indexes.search.analysis import terms
from ragstack.language import Language, language_of

SEED = 20
ANY_QUESTION: dict[Language, str] = {"en": "What do the passages say?", "zh": "资料说了什么？"}
OVERLAP = 0.6
"""The least share of a hypothesis' terms that stand in its premise."""
LONGEST_PASSAGE, LONGEST_CLAIM = 4000, 250
"""Characters; a decoder that reads eight sentences cannot be judged by what stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence over one passage; ``kind`` is how it was made."""

    id: str
    set: str
    kind: str
    question: str
    passage: str
    sentence: str
    label: bool


Group = list[Claim]
"""Claims over the same passage and question, which a decoder therefore reads once."""


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    path = sorted(folder.glob(f"{name}*.jsonl*"))[0]
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def claims(data: Path, split: str) -> Iterator[Claim]:
    """The claims of a split, ``fit`` or ``report``: the sets in turn, so that a stopped run has some of each."""
    groups = []
    for name, (wanted, make, source) in SETS[split].items():
        made = make(data / source, name, random.Random(SEED))
        groups.append(take(made, wanted))
    for row in zip_longest(*groups):
        for group in row:
            yield from group or ()


def take(groups: Iterator[Group], wanted: int) -> list[Group]:
    """The first groups that make at most ``wanted`` true and as many false claims."""
    taken: list[Group] = []
    left = {True: wanted, False: wanted}
    for group in groups:
        if all(left[claim.label] > 0 for claim in group):
            taken.append(group)
            for claim in group:
                left[claim.label] -= 1
        if not any(left.values()):
            break
    return taken


def responses(folder: Path, name: str, chance: random.Random) -> Iterator[Group]:
    """What people labelled faithful or hallucinated, one of each in turn, no context twice."""
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for row in read(folder, "examples"):
        if len(row["context"]) <= LONGEST_PASSAGE and len(row["response"]) <= LONGEST_CLAIM:
            rows[row["label"] == "faithful"].append(row)
    for each in rows.values():
        chance.shuffle(each)
    seen: set[str] = set()
    for pair in zip(rows[True], rows[False], strict=False):
        contexts = {row["context"] for row in pair}
        if len(contexts) == 2 and not contexts & seen:
            seen |= contexts
            yield [
                Claim(row["id"], name, "response", row.get("question") or ANY_QUESTION[language_of(row["response"])],
                      row["context"], row["response"], label)
                for row, label in zip(pair, (True, False), strict=True)
            ]  # fmt: skip


def entailment(folder: Path, name: str, chance: random.Random) -> Iterator[Group]:
    """Hypotheses of high overlap: both labels over one premise where there are such, else each label in turn."""
    held: dict[str, dict[bool, str]] = defaultdict(dict)
    for row in read(folder, "train" if list(folder.glob("train*")) else "dev"):
        premise, hypothesis = row["premise"], row["hypothesis"].strip()
        said = set(terms(hypothesis))
        if row["label"] not in ("entailment", "contradiction") or len(said) < 4 or hypothesis in premise:
            continue
        if len(said & set(terms(premise))) >= OVERLAP * len(said):
            held[premise].setdefault(row["label"] == "entailment", hypothesis)
    premises = sorted(held)
    chance.shuffle(premises)
    both = [premise for premise in premises if len(set(held[premise].values())) == 2]
    true, false = ([p for p in premises if list(held[p]) == [label]] for label in (True, False))
    for premise in [*both, *(premise for pair in zip(true, false, strict=False) for premise in pair)]:
        yield [
            Claim(f"{name}-{stamp(premise)}-{label}", name, "entailment", ANY_QUESTION[language_of(premise)], premise,
                  sentence, label)
            for label, sentence in held[premise].items()
        ]  # fmt: skip


def made(
    folder: Path, name: str, chance: random.Random, kept: Callable[[str], bool], told: Callable[[str], str] = str
) -> Iterator[Group]:
    """Answers and alterations in turn, over the passages whose id is kept; ``told`` is the id of what is read."""
    corpus = {passage["id"]: passage["text"] for passage in read(folder, "corpus")}
    asked = questions_of(folder)
    chosen = [passage_id for passage_id in sorted(asked) if kept(passage_id)]
    chance.shuffle(chosen)
    for number, passage_id in enumerate(chosen):
        make = (answers, alterations)[number % 2]
        stranger = corpus[chance.choice(chosen)]
        for kind, question, *sentences in make(corpus[passage_id], asked[passage_id], stranger, chance):
            passage = corpus[told(passage_id)]
            yield [
                Claim(f"{name}-{passage_id}-{kind}-{label}", name, kind, question, passage, sentence, label)
                for sentence, label in zip(sentences, (True, False), strict=True)
            ]
            break


def questions_of(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """For each passage, its questions with an answer each."""
    queries = {query["id"]: query for query in read(folder, "queries") if query.get("answerable", True)}
    qrels = folder / ("qrels_mono.tsv" if (folder / "qrels_mono.tsv").exists() else "qrels.tsv")
    asked: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in qrels.read_text(encoding="utf-8").splitlines():
        query_id, passage_id, *_ = line.split("\t")
        if query_id in queries:
            asked[passage_id].append((queries[query_id]["text"].strip(), queries[query_id]["answers"][0]))
    return asked


def stamp(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def xquad(language: Language, share: int, *, cross: bool = False) -> Callable[..., Iterator[Group]]:
    """The passages of one language, each quarter for one purpose; read in the other language where ``cross``."""
    other = {"en": "zh", "zh": "en"}[language]
    return partial(
        made,
        kept=lambda passage_id: passage_id.startswith(language) and int(passage_id[3:]) % 4 == share,
        told=(lambda passage_id: f"{other}{passage_id[2:]}") if cross else str,
    )


def squad(folder: Path, name: str, chance: random.Random) -> Iterator[Group]:
    """SQuAD without the passages that XQuAD has of it."""
    taken = {passage["text"][:60] for passage in read(folder.parent / "xquad_en_zh", "corpus")}
    corpus = {passage["id"]: passage["text"][:60] for passage in read(folder, "corpus")}
    return made(folder, name, chance, kept=lambda passage_id: corpus[passage_id] not in taken)


everything = partial(made, kept=bool)

SETS: dict[str, dict[str, tuple[int, Callable[..., Iterator[Group]], str]]] = {
    "fit": {
        "cad_snli_en": (11, entailment, "cad_snli_en"),
        "ocnli_zh": (11, entailment, "ocnli_zh"),
        "summedits_en": (6, responses, "summedits_en"),
        "made_xquad_en": (11, xquad("en", 0), "xquad_en_zh"),
        "made_xquad_zh": (10, xquad("zh", 1), "xquad_en_zh"),
        "cross_xquad_fit_en": (5, xquad("en", 2, cross=True), "xquad_en_zh"),
        "cross_xquad_fit_zh": (5, xquad("zh", 2, cross=True), "xquad_en_zh"),
    },
    "report": {
        "begin_dev_en": (9, responses, "begin_dev_en"),
        "q2_wow_en": (9, responses, "q2_wow_en"),
        "uhgeval_zh": (9, responses, "uhgeval_zh"),
        "conjnli_en": (9, entailment, "conjnli_en"),
        "csnli_zh": (9, entailment, "csnli_zh"),
        "made_squad2_en": (8, squad, "squad2_en"),
        "made_cmrc2018_zh": (8, everything, "cmrc2018_zh"),
        "cross_xquad_en": (5, xquad("en", 3, cross=True), "xquad_en_zh"),
        "cross_xquad_zh": (6, xquad("zh", 3, cross=True), "xquad_en_zh"),
    },
}
"""How many true (and as many false) claims of each set, how they are made, and from what."""
