"""How documents are cut: our chunks beside LangChain's ``RecursiveCharacterTextSplitter(1000, 200)``.

    pip install '.[dev,bench]'
    python benchmarks/chunking.py --data FOLDER choose [--work DIR] [--settings 256/1,128/1,256/1/bare]
    python benchmarks/chunking.py --data FOLDER report [--work DIR] [--settings 256/1]

FOLDER holds corpora in the common layout. Two are made of them:

- ``en``: covidqa_en, whole scientific articles (23,500 characters on average) and questions whose answers are stretches
  of them.
- ``zh``: cmrc2018_zh, paragraphs with their titles, among the news of crud_news_corpus_zh, which nobody asks about.
  These texts are short (about 500 characters): most of them are one of LangChain's chunks and one to three of ours.

Each document is one plain text (title, blank line, text), the same for both sides. Both use the same encoder with the
same prefixes; ``dense`` ranks by exact dot products, ``hybrid`` is our own retriever with BM25, over either's chunks.

Measured of each question:

- ``document``: nDCG@10 of the documents, each scored by its best chunk; the document asked about is the relevant one.
- ``answer``: nDCG@10 of the chunks, where the relevant one is the best ranked that holds an answer: it lies in the
  document asked about and covers at least half of the characters of a place where a gold answer stands. So the figure
  does not change with how many chunks hold it, and is ``1 / log2(1 + rank)``. Questions whose answer stands in more
  than three places (it is then a word or a number of little meaning) or in none are left out of it.
- ``read``: whether such a chunk is among the first that together have 1,000 tokens. Longer chunks hold more, and a
  generator pays for it: this is the figure at an equal price.

Articles are split in two halves by a fixed seed. ``choose`` shows the questions about the first half, for as many
settings as one likes, beside the first of them; ``report`` those about the other, for the one that was chosen, beside
LangChain's. Intervals are of the difference, from a bootstrap over articles. A setting is TOKENS/OVERLAP, with
``/bare`` for chunks without context. Vectors are kept in --work by the digest of their text.
"""

import argparse
import gzip
import hashlib
import json
import random
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from indexes.database import Database
from indexes.records import Chunk, Document
from ingest.chunking import ChunkSettings, chunk, embedded_text
from ingest.documents import Limits
from ingest.encoders import Encoder, Precision, open_encoder
from ingest.loaders import text as plain
from ingest.packs import default_cache
from ragstack.config import RetrievalSettings
from ragstack.evaluation import measures
from ragstack.evaluation.statistics import bootstrap, ratio
from ragstack.retrieval import Retriever

SEED = 20
DEPTH = 10
MOST_PLACES = 3
BUDGET = 1000
FIGURES = ("document", "answer", "read")
SOURCES, NEWS = {"en": "covidqa_en", "zh": "cmrc2018_zh"}, "crud_news_corpus_zh"
THEIRS = "langchain 1000/200"


@dataclass(frozen=True)
class Question:
    text: str
    about: str
    places: list[tuple[int, int]]


@dataclass(frozen=True)
class Cut:
    """A chunk: where it is, and what it says."""

    document: str
    start: int
    end: int
    context: str
    text: str


@dataclass
class Pool:
    name: str
    texts: dict[str, str] = field(default_factory=dict)
    questions: dict[str, Question] = field(default_factory=dict)

    def half(self, number: int, most: int | None) -> "Pool":
        """The questions about one half of the articles; with ``most``, about so many, and only these articles."""
        articles = sorted({question.about for question in self.questions.values()})
        random.Random(SEED).shuffle(articles)
        middle = len(articles) // 2
        own = set((articles[middle:] if number else articles[:middle])[:most])
        texts = {name: text for name, text in self.texts.items() if most is None or name in own}
        return Pool(self.name, texts, {name: each for name, each in self.questions.items() if each.about in own})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["choose", "report"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/benchmark"))
    parser.add_argument("--settings", default="256/1,128/1")
    parser.add_argument("--pools", default="en,zh")
    parser.add_argument("--articles", type=int, help="a sample of so many of the half, and no others")
    parser.add_argument("--distractors", type=int, default=1000, help="of the 4,553 news texts")
    parser.add_argument("--hybrid", action="store_true", help="our retriever too")
    parser.add_argument("--encoder", default="multilingual-e5-small")
    parser.add_argument("--int8", action="store_true", help="the encoder's quick form")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    precision: Precision = "int8" if options.int8 else "fp32"
    vectors = Vectors(open_encoder(options.encoder, default_cache(), threads=1, precision=precision), options.work)
    for name in options.pools.split(","):
        choosing = options.stage == "choose"
        pool = read(options.data / SOURCES[name]).half(0 if choosing else 1, options.articles)
        if name == "zh":
            pool.texts |= news(options.data / NEWS, options.distractors, choosing)
        asked = len({each.about for each in pool.questions.values()})
        print(f"{name}, {options.stage}: {len(pool.texts)} documents, {len(pool.questions)} questions about {asked}",
              flush=True)  # fmt: skip
        results = {}
        for setting in options.settings.split(",") + [THEIRS] * (options.stage == "report"):
            cuts = langchain(pool) if setting == THEIRS else ours(pool, setting, vectors.encoder)
            results[setting] = measured(pool, cuts, vectors, options.hybrid, setting)
        compare(results, pool.questions, options.settings.split(",")[0] if choosing else THEIRS)


def read(folder: Path) -> Pool:
    texts = {row["id"]: f"{row['title']}\n\n{row['text']}" if row["title"] else row["text"]
             for row in rows(folder, "corpus")}  # fmt: skip
    questions = {}
    for row in rows(folder, "queries"):
        about = row["meta"]["about"]
        places = sorted({place for answer in row["answers"] for place in occurrences(texts[about], answer)})
        questions[row["id"]] = Question(row["text"], about, places if len(places) <= MOST_PLACES else [])
    return Pool(folder.name, texts, questions)


def news(folder: Path, number: int, choosing: bool) -> dict[str, str]:
    """Texts that nobody asks about: others to choose on than to report on."""
    found = [(row["id"], row["text"]) for row in rows(folder, "corpus")]
    random.Random(SEED).shuffle(found)
    return dict(found[:number] if choosing else found[-number:])


def rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    for path in folder.glob(f"{name}.jsonl*"):
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def occurrences(text: str, answer: str) -> Iterator[tuple[int, int]]:
    at = text.find(answer) if answer.strip() else -1
    while at >= 0:
        yield at, at + len(answer)
        at = text.find(answer, at + 1)


def ours(pool: Pool, setting: str, encoder: Encoder) -> list[Cut]:
    tokens, overlap, *bare = setting.split("/")
    settings = ChunkSettings(int(tokens), int(overlap), **({"max_context_tokens": 0} if bare else {}))
    cuts: list[Cut] = []
    for name, text in pool.texts.items():
        loaded = plain.load(text, Limits())
        title = "" if bare else loaded.title or ""
        cuts += [
            Cut(name, each.start, each.end, each.context, loaded.text[each.start : each.end])
            for each in chunk(loaded, title, encoder.count_tokens, settings)
        ]
    return cuts


def langchain(pool: Pool) -> list[Cut]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
    cuts = []
    for name, text in pool.texts.items():
        for each in splitter.create_documents([text]):
            start = each.metadata["start_index"]
            cuts.append(Cut(name, start, start + len(each.page_content), "", each.page_content))
    return cuts


class Vectors:
    """Encodes each text once."""

    def __init__(self, encoder: Encoder, work: Path) -> None:
        self.encoder = encoder
        self._dimension = encoder.fingerprint.dimension
        self._file = sqlite3.connect(work / f"vectors-{encoder.fingerprint.revision}.sqlite")
        self._file.execute("CREATE TABLE IF NOT EXISTS vectors (digest TEXT PRIMARY KEY, vector BLOB NOT NULL)")

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        return self._of(texts, "passage")

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._of(texts, "query")

    def _of(self, texts: Sequence[str], kind: str) -> np.ndarray:
        digests = [hashlib.sha256(f"{kind}\n{text}".encode()).hexdigest() for text in texts]
        known = {row[0] for row in self._file.execute("SELECT digest FROM vectors")}
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
        order = sorted(missing, key=lambda digest: -len(missing[digest]))
        encode = self.encoder.encode_passages if kind == "passage" else self.encoder.encode_queries
        for start in range(0, len(order), 256):
            batch = order[start : start + 256]
            made = encode([missing[digest] for digest in batch])
            self._file.executemany(
                "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                [(digest, vector.tobytes()) for digest, vector in zip(batch, made, strict=True)],
            )
            self._file.commit()
        stored = dict(self._file.execute("SELECT digest, vector FROM vectors"))
        return np.stack([np.frombuffer(stored[digest], dtype=np.float32) for digest in digests])


Figures = dict[str, dict[str, float]]
"""Of each figure, the value of each question."""


def measured(pool: Pool, cuts: list[Cut], vectors: Vectors, hybrid: bool, label: str) -> dict[str, Figures]:
    started, questions = time.perf_counter(), pool.questions
    texts = [embedded_text(cut.context, cut.text) for cut in cuts]
    made = vectors.passages(texts)
    tokens = np.minimum(vectors.encoder.count_tokens(texts), vectors.encoder.max_length)
    asked = vectors.queries([question.text for question in questions.values()])
    results = {"dense": figures(questions, cuts, tokens, best_first(made, asked))}
    if hybrid:
        results["hybrid"] = figures(questions, cuts, tokens, fused(pool, cuts, made, vectors))
    print(f"  {label:20} {len(cuts):6} chunks, {tokens.mean():5.0f} tokens each, {tokens.sum():8}; "
          + "; ".join(f"{mode} " + " ".join(f"{name} {mean(each):.4f}" for name, each in found.items())
                      for mode, found in results.items())
          + f" ({time.perf_counter() - started:.0f} s)", flush=True)  # fmt: skip
    return results


def best_first(made: np.ndarray, asked: np.ndarray) -> list[np.ndarray]:
    return [np.argsort(-(made @ question), kind="stable") for question in asked]


def fused(pool: Pool, cuts: list[Cut], made: np.ndarray, vectors: Vectors) -> list[np.ndarray]:
    """The first chunks by our retriever, over a collection that holds these chunks."""
    of_document: dict[str, list[int]] = defaultdict(list)
    for number, cut in enumerate(cuts):
        of_document[cut.document].append(number)
    numbers = {(cut.document, cut.start, cut.end): number for number, cut in enumerate(cuts)}
    with tempfile.TemporaryDirectory() as home, Database.open(Path(home)) as database:
        collection = database.create("chunking", vectors.encoder.fingerprint)
        with collection.writer() as writer:
            for name, own in of_document.items():
                chunks = [
                    Chunk(cut.start, cut.end, cut.context, hashlib.sha256(f"{number}".encode()).hexdigest())
                    for number, cut in ((number, cuts[number]) for number in own)
                ]
                writer.put(Document(name, name, "", pool.texts[name], f"{name}"), chunks, made[own])
        retriever = Retriever(collection, vectors.encoder, RetrievalSettings())
        rankings = []
        for question in pool.questions.values():
            hits = retriever.search(question.text, k=100)
            rankings.append(np.array([numbers[hit.document, hit.start, hit.end] for hit in hits], dtype=np.int64))
        return rankings


def figures(questions: dict[str, Question], cuts: list[Cut], tokens: np.ndarray, rankings: list[np.ndarray]) -> Figures:
    documents, answers, read = {}, {}, {}
    for (name, question), ranking in zip(questions.items(), rankings, strict=True):
        documents[name] = list(dict.fromkeys(cuts[row].document for row in ranking))[: 10 * DEPTH]
        if question.places:
            holding = next((at for at, row in enumerate(ranking) if holds(cuts[row], question)), None)
            answers[name] = [*map(str, ranking[:DEPTH])] if holding is None or holding >= DEPTH else [
                "answer" if at == holding else str(row) for at, row in enumerate(ranking[:DEPTH])]  # fmt: skip
            read[name] = float(holding is not None and tokens[ranking[: holding + 1]].sum() <= BUDGET)
    return {
        "document": ndcg(documents, {name: {questions[name].about: 1} for name in documents}),
        "answer": ndcg(answers, {name: {"answer": 1} for name in answers}),
        "read": read,
    }


def holds(cut: Cut, question: Question) -> bool:
    return cut.document == question.about and any(
        2 * (min(cut.end, end) - max(cut.start, start)) >= end - start for start, end in question.places
    )


def ndcg(rankings: dict[str, list[str]], relevant: dict[str, dict[str, int]]) -> dict[str, float]:
    """nDCG@10 of each question by pytrec_eval, which our own measures must agree with."""
    import pytrec_eval

    runs = {name: {each: float(-rank) for rank, each in enumerate(ranking)} for name, ranking in rankings.items()}
    found = pytrec_eval.RelevanceEvaluator(relevant, {"ndcg_cut.10"}).evaluate(runs)
    values = {name: float(found[name]["ndcg_cut_10"]) for name in rankings}
    own = measures.retrieval(rankings, relevant)
    assert all(abs(own[name]["ndcg@10"] - value) < 1e-9 for name, value in values.items())
    return values


def mean(values: dict[str, float]) -> float:
    return sum(values.values()) / len(values)


def compare(results: dict[str, dict[str, Figures]], questions: dict[str, Question], base: str) -> None:
    """The others against ``base``: the difference with its interval, drawing articles."""
    theirs = results.pop(base)
    for setting, found in results.items():
        for mode, name in ((mode, name) for mode in found for name in FIGURES):
            totals: dict[str, list[float]] = defaultdict(list)
            for question, value in found[mode][name].items():
                totals[questions[question].about].append(value - theirs[mode][name][question])
            sums = np.array([sum(each) for each in totals.values()])
            counts = np.array([float(len(each)) for each in totals.values()])
            interval = bootstrap(ratio(sums, counts), len(sums), SEED)
            both = f"{mean(found[mode][name]):.4f} - {mean(theirs[mode][name]):.4f}"
            inside = f"{interval.value:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}]"
            print(f"  {setting} - {base}, {mode} {name}: {both} = {inside}, {int(counts.sum())} questions",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
