"""How often a source that says otherwise is noticed, and how often one is suspected that does not.

Over questions with known answers: the cited sentence is the first of a right passage that holds the answer, and the
others are the sentences of the eight passages that BM25 finds. Sets of RGB add passages in which the answer was
replaced: those that are copies of the cited passage but for the answer, and those worded otherwise. What is noticed
among the rest is a false alarm. Half of the questions (by a hash) were used to choose, the other half to report.

    python benchmarks/disagreement.py DATA choose|report [--sets SET ...]
"""

import argparse
import gzip
import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conversation import wilson

from indexes.search.analysis import query_terms, terms
from ingest.text.sentences import split_sentences
from ragstack.checking.disagreement import disagrees, names_as_much

SETS = ("rgb_fact_en", "rgb_fact_zh", "squad2_en", "cmrc2018_zh", "xquad_en_zh", "hotpotqa_train100_en")
MOST_QUESTIONS = 100
FOUND = 8
COPY = 0.7
"""The share of terms that a passage with a replaced answer has in common with the cited one if it is its copy."""


@dataclass(frozen=True, slots=True)
class Passage:
    text: str
    kind: str = ""
    """``copy`` or ``other`` for one with a replaced answer."""

    def sentences(self) -> Iterator[str]:
        yield from (self.text[start:end] for start, end in split_sentences(self.text))


class BM25:
    """Robertson's function with k1 = 1.2 and b = 0.75."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self.lengths = []
        for number, text in enumerate(texts):
            counts = Counter(terms(text))
            self.lengths.append(counts.total())
            for term, count in counts.items():
                self.postings[term].append((number, count))
        self.mean = sum(self.lengths) / len(self.lengths)

    def first(self, question: str, k: int) -> list[int]:
        scores: dict[int, float] = defaultdict(float)
        for term in query_terms(question):
            found = self.postings.get(term, [])
            weight = math.log(1 + (len(self.lengths) - len(found) + 0.5) / (len(found) + 0.5))
            for number, count in found:
                norm = 1.2 * (0.25 + 0.75 * self.lengths[number] / self.mean)
                scores[number] += weight * count * 2.2 / (count + norm)
        return sorted(scores, key=lambda number: -scores[number])[:k]


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    path = next(folder.glob(f"{name}*"))
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def right_passages(folder: Path) -> dict[str, list[str]]:
    mono = folder / "qrels_mono.tsv"
    right: dict[str, list[str]] = defaultdict(list)
    for line in (mono if mono.exists() else folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, passage, *_ = line.split("\t")
        right[query].append(passage)
    return right


def replaced(query: dict[str, Any], cited: str) -> Iterator[Passage]:
    own = set(terms(cited))
    for text in query.get("meta", {}).get("counterfactual_docs", []):
        words = set(terms(text))
        yield Passage(text, "copy" if len(words & own) > COPY * len(words | own) else "other")


def noticed(question: str, said: str, cited: str, around: str, others: Sequence[Passage]) -> set[str]:
    """The kinds of passages that were noticed."""
    near = [other for other in others if names_as_much(question, around, other.text)]
    return {
        other.kind
        for other in near
        if any(disagrees(question, said, cited, sentence) for sentence in other.sentences())
    }


def measure(folder: Path, half: int) -> None:
    passages = {each["id"]: each["text"] for each in read(folder, "corpus.jsonl")}
    names = list(passages)
    index, right = BM25(list(passages.values())), right_passages(folder)
    counts: dict[str, Counter[str]] = {"short": Counter(), "quoted": Counter()}
    asked = 0
    for query in sorted(read(folder, "queries.jsonl"), key=lambda each: _hash(folder.name + each["id"])):
        answers = [answer for answer in query.get("answers", []) if answer and query.get("answerable", True)]
        own = [name for name in right[query["id"]] if name in passages]
        pairs = [(name, sentence) for name in own for sentence in Passage(passages[name]).sentences()]
        cited = next((each for each in pairs if any(a.casefold() in each[1].casefold() for a in answers)), None)
        if cited is None or _hash(folder.name + query["id"]) % 2 != half or asked >= MOST_QUESTIONS:
            continue
        asked += 1
        found = {names[number] for number in index.first(query["text"], FOUND)} | set(own)
        others = [Passage(passages[name]) for name in sorted(found - {cited[0]})]
        others += replaced(query, passages[cited[0]])
        answer = next(a for a in answers if a.casefold() in cited[1].casefold())
        for said, sentence in (("short", f"{query['text']} {answer}"), ("quoted", cited[1])):
            counts[said].update(noticed(query["text"], sentence, cited[1], passages[cited[0]], others))
            counts[said].update(f"has {kind}" for kind in {other.kind for other in others})
    for said, count in counts.items():
        told = [f"{folder.name} {said}: {asked} questions"]
        for kind, name in (("copy", "copies"), ("other", "otherwise worded"), ("", "false alarms")):
            if total := count[f"has {kind}"]:
                low, high = wilson(count[kind], total)
                told.append(f"{name} {count[kind]}/{total} [{low:.3f}, {high:.3f}]")
        print(", ".join(told), flush=True)


def _hash(name: str) -> int:
    return int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest(), 16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("half", choices=("choose", "report"))
    parser.add_argument("--sets", nargs="*", default=SETS)
    options = parser.parse_args()
    for name in options.sets:
        measure(options.data / name, ("choose", "report").index(options.half))


if __name__ == "__main__":
    main()
