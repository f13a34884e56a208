"""What is searched to measure retrieval, and what each question finds there; looked for once and kept in a folder."""

import gzip
import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chunking
import numpy as np

from indexes.collection import Collection
from indexes.database import Database
from indexes.filters import Compare
from indexes.records import Chunk, Document
from ingest.chunking import ChunkSettings, chunk, embedded_text
from ingest.documents import Limits
from ingest.encoders import open_encoder
from ingest.loaders import text as plain
from ingest.packs import default_cache
from ingest.text.language import detect_language
from ragstack.config import RetrievalSettings
from ragstack.language import language_of
from ragstack.retrieval.candidates import Candidate
from ragstack.retrieval.rank_features import FEATURES, features
from ragstack.retrieval.reranking import Scored
from ragstack.retrieval.retriever import FOREIGN_PLACES, Retriever, lifted, outstanding

SEED = 20
TOKENS = 128
MOST = 600
SETS = ("squad2_en", "covidqa_en", "xquad_en_zh", "cmrc2018_zh", "rgb_fact_en", "rgb_fact_zh", "hotpotqa_train100_en")
NEWS = "crud_news_corpus_zh"

Corpus = dict[str, tuple[str, str]]
"""Title and text of each document."""


@dataclass(frozen=True)
class Question:
    """A question with the documents that each of its searches found, chunk by chunk.

    ``fused`` is followed by the chunks in the other language that the fusion lacks; ``foreign`` are positions in it,
    best first; ``features`` are those of the first by fusion.
    """

    about: str
    language: str
    relevant: dict[str, int]
    cross: dict[str, int]
    dense: list[str]
    lexical: list[str]
    fused: list[str]
    found: int
    foreign: list[int]
    features: np.ndarray

    @property
    def half(self) -> int:
        return hashlib.sha256(self.about.encode()).digest()[0] % 2

    def fusion(self) -> list[str]:
        return unique(self.fused[: self.found])

    def reranked(self, weights: np.ndarray, places: Sequence[int] = FOREIGN_PLACES) -> list[str]:
        best = np.argsort(-(self.features @ weights), kind="stable").tolist()
        order = lifted([*best, *range(len(best), self.found)], self.foreign, places)
        return unique([self.fused[at] for at in order])


def corpus(name: str, data: Path) -> tuple[Corpus, list[tuple[str, dict[str, int], dict[str, int]]]]:
    """The documents of a set, and its questions with the documents that are relevant, in either language."""
    draw = random.Random(SEED)
    if name in ("covidqa_en", "cmrc2018_zh"):
        pool = chunking.read(data / name).half(1, 60 if name == "covidqa_en" else 200)
        texts = pool.texts | (chunking.news(data / NEWS, 200, choosing=False) if name == "cmrc2018_zh" else {})
        asked = [(each.text, {each.about: 1}, {}) for each in pool.questions.values()]
        return {key: ("", text) for key, text in texts.items()}, some(asked, draw)
    passages = {row["id"]: (row.get("title") or "", row["text"]) for row in chunking.rows(data / name, "corpus")}
    relevant = qrels(data / name, "qrels_mono" if name == "xquad_en_zh" else "qrels")
    across = qrels(data / name, "qrels_cross") if name == "xquad_en_zh" else {}
    if name == "squad2_en":
        about = {document for each in relevant.values() for document in each}
        order = list(passages)
        draw.shuffle(order)
        kept = [key for key in order if key in about][:200] + [key for key in order if key not in about][:100]
        passages = {key: passages[key] for key in kept}
    asked = [
        (row["text"], relevant[row["id"]], across.get(row["id"], {}))
        for row in chunking.rows(data / name, "queries")
        if row["id"] in relevant and relevant[row["id"]].keys() <= passages.keys()
    ]
    return passages, some(asked, draw)


def some(asked: list[Any], draw: random.Random) -> list[Any]:
    return asked if len(asked) <= MOST else draw.sample(asked, MOST)


def qrels(folder: Path, name: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for line in (folder / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
        question, document, grade = line.split("\t")
        found.setdefault(question, {})[document] = int(grade)
    return found


class Kept:
    """The encoder, each of whose vectors is made once."""

    def __init__(self, work: Path, threads: int) -> None:
        encoder = open_encoder("multilingual-e5-small", default_cache(), threads=threads)
        self._vectors = chunking.Vectors(encoder, work)
        self.fingerprint, self.max_length = encoder.fingerprint, encoder.max_length
        self.count_tokens = encoder.count_tokens
        self.encode_passages = self._vectors.passages
        self._questions: dict[str, np.ndarray] = {}

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        if missing := [text for text in texts if text not in self._questions]:
            self._questions |= zip(missing, self._vectors.queries(missing), strict=True)
        return np.stack([self._questions[text] for text in texts])


class Recorder:
    """A reranker that changes nothing and keeps the features."""

    name = "recorder"

    def __init__(self) -> None:
        self.features = np.empty((0, len(FEATURES)))

    def score(self, question: str, candidates: Sequence[Candidate]) -> list[Scored]:
        self.features = features(question, candidates)
        return [Scored(0.0, {}) for _ in candidates]


def filled(database: Database, name: str, passages: Corpus, encoder: Any) -> Collection:
    collection = database.create(name, encoder.fingerprint)
    there = {info.key for info in collection.documents()}
    settings = ChunkSettings(TOKENS, 1)
    cut = {}
    for key, (title, text) in passages.items():
        if key not in there:
            loaded = plain.load(text, Limits())
            cut[key] = loaded, chunk(loaded, title, encoder.count_tokens, settings)
    if cut:
        texts = [embedded_text(each.context, loaded.text[each.start : each.end])
                 for loaded, chunks in cut.values() for each in chunks]  # fmt: skip
        vectors, at = encoder.encode_passages(texts), 0
        with collection.writer() as writer:
            for key, (loaded, chunks) in cut.items():
                own = vectors[at : at + len(chunks)]
                at += len(chunks)
                if chunks:
                    stored = [Chunk(each.start, each.end, each.context, f"{key} {each.start}") for each in chunks]
                    language = detect_language(loaded.text)
                    metadata = {"lang": language} if language else {}
                    writer.put(Document(key, key, passages[key][0], loaded.text, key, metadata), stored, own)
    return collection


def gathered(name: str, data: Path, work: Path, threads: int, language: str = "") -> list[Question]:
    """What was found for the questions of a set; with a language, for those in the other, among documents in it."""
    file = work / f"retrieving-{name}{language}.json.gz"
    if not file.exists():
        passages, asked = corpus(name, data)
        if language:
            passages = {key: each for key, each in passages.items() if key.startswith(language)}
            asked = [(text, across, {}) for text, _, across in asked if across.keys() <= passages.keys()]
        encoder = Kept(work, threads)
        with Database.open(work / "home") as database:
            collection = filled(database, f"{name}{language}-{TOKENS}", passages, encoder)
            encoder.encode_queries([text for text, _, _ in asked])
            print(f"{name}{language}: {collection.info().documents} documents, {collection.info().chunks} chunks, "
                  f"{len(asked)} questions", flush=True)  # fmt: skip
            found = [one(collection, encoder, *each) for each in asked]
        with gzip.open(file, "wt", encoding="utf-8") as out:
            json.dump(found, out, ensure_ascii=False)
    with gzip.open(file, "rt", encoding="utf-8") as stored:
        return [Question(**{**row, "features": np.array(row["features"])}) for row in json.load(stored)]


def one(
    collection: Collection, encoder: Any, text: str, relevant: dict[str, int], cross: dict[str, int]
) -> dict[str, Any]:
    recorder = Recorder()
    retriever = Retriever(collection, encoder, RetrievalSettings(), recorder)
    trace = retriever.explain(text, k=100, mode="hybrid")
    fused = sorted((each for each in trace.found if each.fused), key=lambda each: each.fused.rank if each.fused else 0)
    documents, ids = [each.hit.document for each in fused], [each.hit.chunk_id for each in fused]
    other = "en" if language_of(text) == "zh" else "zh"
    is_mixed = any(each.hit.metadata.get("lang") == language_of(text) for each in fused[:50])
    vector = encoder.encode_queries([text])[0]
    abroad = outstanding(collection.dense(vector, 50, Compare("lang", "=", other))) if is_mixed else []
    extra = collection.chunks([chunk_id for chunk_id, _ in abroad if chunk_id not in ids])
    ids += [each.chunk_id for each in extra]
    return {
        "about": min(relevant).removeprefix("en-").removeprefix("zh-"),
        "language": language_of(text),
        "relevant": relevant,
        "cross": cross,
        "dense": unique(hit.document for hit in retriever.search(text, k=100, mode="dense")),
        "lexical": unique(hit.document for hit in retriever.search(text, k=100, mode="lexical")),
        "fused": documents + [each.document for each in extra],
        "found": len(documents),
        "foreign": [ids.index(chunk_id) for chunk_id, _ in abroad],
        "features": np.round(recorder.features, 5).tolist(),
    }


def unique(documents: Iterator[str] | Sequence[str]) -> list[str]:
    return list(dict.fromkeys(documents))
