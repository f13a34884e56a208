"""Altered sentences that are refused, and true ones that are refused with them: no encoder, no decoder.

    python benchmarks/altered.py FOLDER develop|report [SET …] [--clauses]

Sentences of the passages of FOLDER are shortened (``benchmarks/altering.py``) and altered in one thing: two names or
numbers in each other's place, another name of the passage in the place of one, a qualifier put before a role. True
ones are the shortened sentences, also with a list in another order, and what people labelled faithful or entailed.
Each is laid beside what it would cite by its words. Passages and premises go to one of two halves by their hash, one
to make rules on, the other to report. With ``--clauses`` the sentences are one clause of a long one each, as it stands
or behind the first name of its sentence, and altered in a number, a negation, an opposite, a name or a qualifier.
"""

import argparse
import hashlib
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from altering import (
    LONGEST,
    SENTENCES,
    clause,
    exchanged,
    negated,
    opposed,
    qualified,
    relisted,
    renumbered,
    shortened,
    subject,
    swapped,
)
from claims import read
from conversation import wilson

from indexes.search.analysis import query_terms, terms
from ingest.text.sentences import split_sentences
from ragstack.checking.alterations import altered
from ragstack.checking.numbers.quantities import missing
from ragstack.checking.verification import stands_whole
from ragstack.evidence import coverage, information
from ragstack.language import language_of

SEED, MOST, PASSAGES = 7, 300, 1500
MOST_CLAUSES, MOST_TRUE_CLAUSES = 60, 100
LONGEST_PASSAGE = 6000
CITED, WORTH_CITING = 3, 0.15
MADE = [
    "squad2_en",
    "covidqa_en",
    "hotpotqa_train100_en",
    "pubmedqa_en",
    "xquad_en_zh",
    "cmrc2018_zh",
    "crud_news_corpus_zh",
]
LABELLED = ["wice_dev_en", "summedits_en", "begin_dev_en", "q2_wow_en", "uhgeval_zh"]
ENTAILED = ["cad_snli_en", "sick_en", "conjnli_en", "anli_dev_en", "ocnli_zh", "csnli_zh", "cmnli_zh", "pawsx_zh"]
BEFORE, NEW = ("number", "negation", "opposite", "name"), ("qualifier", "exchange")
MAKERS: dict[str, Callable[..., str]] = {
    "swapped": swapped,
    "exchanged": exchanged,
    "qualified": qualified,
    "true, a list in another order": relisted,
}
CLAUSE_MAKERS: dict[str, Callable[..., str]] = {
    "number": renumbered,
    "negation": negated,
    "opposite": opposed,
    "name": exchanged,
    "qualifier": qualified,
}

Row = tuple[str, str]
"""A sentence and the passage that it is laid beside."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("half", choices=["develop", "report"])
    parser.add_argument("sets", nargs="*", default=[*MADE, *LABELLED, *ENTAILED])
    parser.add_argument("--clauses", action="store_true")
    options = parser.parse_args()
    for name in options.sets:
        if name in MADE:
            rows = (of_clauses if options.clauses else made)(options.data / name, options.half)
        else:
            rows = {} if options.clauses else labelled(options.data / name, options.half)
        for kind, sentences in rows.items():
            report(f"{name}, {kind}", [judged(*row) for row in sentences])


def report(what: str, found: list[str]) -> None:
    counts = Counter(found)
    total = len(found) - counts["whole"]
    if total:
        told = [sum(counts[kind] for kind in kinds) for kinds in (("numbers",), BEFORE, NEW)]
        low, high = wilson(sum(told[1:]), total)
        print(f"{what}: {total}; numbers {told[0]}, altered before {told[1]}, new {told[2]}; altered in all "
              f"[{low:.3f}, {high:.3f}]; {dict(counts)}", flush=True)  # fmt: skip


def judged(sentence: str, passage: str) -> str:
    """What refuses the sentence, or ``whole`` where it is quoted, or ``left``."""
    sentences = [passage[start:end].strip() for start, end in split_sentences(passage)]
    sources = [sentences[at] for at in cited(sentence, sentences)]
    if stands_whole(sentence, sentences):
        return "whole"
    return "numbers" if missing(sentence, sources) else altered(sentence, sources, sentences) or "left"


def cited(sentence: str, sentences: list[str]) -> list[int]:
    """The sentences that hold its information, as citations are found, but by words alone."""
    tokenised = [terms(each) for each in sentences]
    held, weights = [set(each) for each in tokenised], information(tokenised)
    said, unknown, order, covered = list(query_terms(sentence)), math.log1p(len(sentences)), [], set[str]()
    while len(order) < min(CITED, len(sentences)):
        gains = [coverage(said, covered | words, weights, unknown) for words in held]
        best = max(range(len(gains)), key=gains.__getitem__)
        if order and gains[best] - coverage(said, covered, weights, unknown) < WORTH_CITING:
            break
        order.append(best)
        covered |= held[best]
    return order


def kept(text: str, half: str) -> bool:
    return int(hashlib.sha256(f"turns{text}".encode()).hexdigest(), 16) % 2 == (half == "report")


def labelled(folder: Path, half: str) -> dict[str, list[Row]]:
    """The true ones of a set, and the false ones of pairs."""
    files = {path.name.split(".")[0] for path in folder.glob("*.jsonl*")}
    rows = [row for name in sorted(files) for row in read(folder, name)]
    if folder.name in LABELLED:
        true = [(row["response"], row["context"]) for row in rows if row["label"] == "faithful"]
        return {"true": [row for row in true if kept(row[1], half)]}
    told = {"true": ("entailment", "1"), "false": ("contradiction", "0")}
    return {
        kind: [(r["hypothesis"], r["premise"]) for r in rows if r["label"] in labels and kept(r["premise"], half)]
        for kind, labels in told.items()
    }


def made(folder: Path, half: str) -> dict[str, list[Row]]:
    """Shortened sentences of the passages of a set, and the same altered."""
    chance = random.Random(SEED)
    rows: dict[str, list[Row]] = {"true": [], **{kind: [] for kind in MAKERS}}
    for passage, short in shorter(sampled(folder, half, chance)):
        rows["true"].append((short, passage))
        for kind, make in MAKERS.items():
            other = make(short, language_of(passage), passage, chance)
            if other and other != short:
                rows[kind].append((other, passage))
    return {kind: each[:MOST] for kind, each in rows.items()}


def sampled(folder: Path, half: str, chance: random.Random) -> list[str]:
    passages = [row["text"][:LONGEST_PASSAGE] for row in read(folder, "corpus") if kept(row["text"], half)]
    return chance.sample(passages, min(PASSAGES, len(passages)))


def of_clauses(folder: Path, half: str) -> dict[str, list[Row]]:
    """Clauses of long sentences of the passages of a set, and the same altered."""
    chance = random.Random(SEED)
    rows: dict[str, list[Row]] = {}
    for passage in sampled(folder, half, chance):
        language = language_of(passage)
        for sentence in SENTENCES[language].split(passage):
            one = clause(sentence.strip(), language, chance)
            if not one or len(one) > LONGEST:
                continue
            named = subject(sentence.strip(), one, language)
            for text, what in ((one, "a clause"), (named, "a clause behind its subject")):
                if not text:
                    continue
                rows.setdefault(f"{what}, true", []).append((text, passage))
                for kind, make in CLAUSE_MAKERS.items():
                    other = make(text, language, passage, chance) if text is one or kind != "name" else ""
                    if other and other != text:
                        rows.setdefault(f"{what}, {kind}", []).append((other, passage))
    return {kind: each[: MOST_TRUE_CLAUSES if "true" in kind else MOST_CLAUSES] for kind, each in rows.items()}


def shorter(passages: list[str]) -> Iterator[Row]:
    for passage in passages:
        language = language_of(passage)
        for sentence in SENTENCES[language].split(passage):
            short = shortened(sentence.strip(), language)
            if short and len(short) <= LONGEST:
                yield passage, short


if __name__ == "__main__":
    main()
