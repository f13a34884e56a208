"""A large collection: building, opening, searching, writing, beside brute force and bare FAISS in the same run.

    python benchmarks/vectors.py --data FOLDER [--rows 100000] [--work DIR]

Vectors have to be spread as those of real texts are; on isotropic noise every approximate index looks hopeless. So the
passages of the corpora in FOLDER (``*/corpus.jsonl[.gz]``) are encoded, and multiplied: a new vector lies at a random
place on the first half of the way from a passage to one of its eight nearest, moved by noise of up to .6 times the
distance of the two in a random direction. Its text is that of the passage. Queries are the real ones of the corpora
(``*/queries.jsonl[.gz]``); the effort of the index was chosen on the first 300 of them, the figures are of the others.

The build and the searches run in processes of their own, so that memory is theirs alone. Every hundredth chunk carries
``part = 7``, which is the filter that keeps one in a hundred. Times are medians.
"""

import argparse
import gzip
import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from indexes.catalogue import writing
from indexes.collection import Collection
from indexes.database import Database
from indexes.filters import parse_mapping
from indexes.records import Chunk, Document, EncoderFingerprint
from indexes.search.dense import _PROBES

ENCODER = EncoderFingerprint("multilingual-e5-small", "benchmark", 384)
PASSAGES, QUERIES, TUNED_ON = 20_000, 700, 300
CHUNKS = 50  # in a document
RARE = parse_mapping({"part": 7})


def main() -> None:
    parser = argparse.ArgumentParser(description="A large collection beside brute force and bare FAISS.")
    parser.add_argument("--data", type=Path, help="folder with corpora in the common layout; needed the first time")
    parser.add_argument("--work", type=Path, default=Path("build/benchmark"), help="where vectors and homes are kept")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--stage", choices=["build", "search", "write"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    home = options.work / f"home-{options.rows}"
    if options.stage:
        {"build": build, "search": search, "write": write}[options.stage](home, options.work)
        return
    options.work.mkdir(parents=True, exist_ok=True)
    encode(options.data, options.work)
    fill(home, options.work, options.rows)
    for stage in ("build", "search", "write"):
        command = [sys.executable, __file__, "--work", options.work, "--rows", options.rows, "--stage", stage]
        subprocess.run([str(part) for part in command], check=True)


# ---------------------------------------------------------------------------------------------- what is searched


def encode(data: Path | None, work: Path) -> None:
    """Vectors of real passages and queries, once."""
    if (work / "queries.npy").exists():
        return
    if data is None:
        raise SystemExit("--data FOLDER is needed the first time: corpora in the common layout")
    from ingest.encoders import open_encoder
    from ingest.packs import default_cache

    texts = [piece for text in lines(data, "corpus") for piece in pieces(text)]
    questions = lines(data, "queries")
    for listed in (texts, questions):
        random.Random(0).shuffle(listed)
    encoder = open_encoder("multilingual-e5-small", default_cache())
    (work / "texts.json").write_text(json.dumps(texts[:PASSAGES], ensure_ascii=False))
    (work / "queries.json").write_text(json.dumps(questions[:QUERIES], ensure_ascii=False))
    np.save(work / "base.npy", encoder.encode_passages(texts[:PASSAGES]))
    np.save(work / "queries.npy", encoder.encode_queries(questions[:QUERIES]))


def lines(data: Path, name: str) -> list[str]:
    found = []
    for path in sorted(data.glob(f"*/{name}.jsonl*")):
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            found += [json.loads(line)["text"] for line in file]
    return found


def pieces(text: str) -> list[str]:
    size = 200 if any("\u4e00" <= character <= "\u9fff" for character in text[:100]) else 500
    return [piece for piece in (text[at : at + size] for at in range(0, len(text), size)) if len(piece) > 40]


def multiplied(base: np.ndarray, rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Vectors (m, d) and the passages (m,) that their texts come from, some thousands at a time."""
    generator = np.random.default_rng(0)
    near = np.concatenate([np.argsort(-(block @ base.T), axis=1)[:, 1:9] for block in np.array_split(base, 40)])
    for start in range(0, rows, 10_000):
        size = min(10_000, rows - start)
        origin = np.arange(start, start + size)
        if start + size > len(base):
            origin = generator.integers(0, len(base), size)
        other = near[origin, generator.integers(0, 8, size)]
        way = generator.random((size, 1), dtype=np.float32) * 0.5
        if start + size <= len(base):
            way[:] = 0
        noise = generator.standard_normal((size, base.shape[1]), dtype=np.float32)
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        reach = np.linalg.norm(base[origin] - base[other], axis=1, keepdims=True)
        vectors = (1 - way) * base[origin] + way * base[other]
        vectors += (way > 0) * 0.6 * generator.random((size, 1), dtype=np.float32) * reach * noise
        yield vectors / np.linalg.norm(vectors, axis=1, keepdims=True), origin


def document(name: str, texts: list[str], first: int) -> tuple[Document, list[Chunk]]:
    chunks, start = [], 0
    for number, text in enumerate(texts):
        digest = f"{name} {number}"
        chunks.append(Chunk(start, start + len(text), "", digest, metadata={"part": (first + number) % 100}))
        start += len(text) + 1
    return Document(name, name, name, "\n".join(texts) + "\n", name), chunks


def fill(home: Path, work: Path, rows: int) -> None:
    """Put the chunks into the catalogue, without making files."""
    if (home / "filled").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    started = time.perf_counter()
    texts = json.loads((work / "texts.json").read_text())
    database = Database.open(home)
    collection = database.create("bench", ENCODER)
    at = 0
    for vectors, origin in multiplied(np.load(work / "base.npy"), rows):
        with collection.locked(), collection._catalogue.write() as connection:
            for start in range(0, len(vectors), CHUNKS):
                part = slice(start, start + CHUNKS)
                made, chunks = document(f"d{at}", [texts[number] for number in origin[part]], at)
                checked = writing.check(made, chunks, vectors[part], ENCODER)
                writing.put_document(connection, collection.id, made, chunks, checked)
                at += len(chunks)
    database.close()
    (home / "filled").touch()
    say("rows in the catalogue", rows)
    say("filled in, s", time.perf_counter() - started)


# ------------------------------------------------------------------------------------------------- what is measured


def build(home: Path, work: Path) -> None:
    """The files, from the catalogue alone."""
    collection = Database.open(home).collection("bench")
    started = time.perf_counter()
    with collection.locked():
        collection._reader.rebuild(collection._catalogue)
    say("built from the catalogue, s", time.perf_counter() - started)
    say("memory while building, GB", peak())
    folder = home / "collections" / str(collection.id)
    say("files, GB", sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e9)


def search(home: Path, work: Path) -> None:
    """Opening, dense search with and without a filter, BM25 and both, beside brute force and bare FAISS."""
    vectors = np.load(work / "queries.npy")[TUNED_ON:]
    questions = json.loads((work / "queries.json").read_text())[TUNED_ON:]
    started = time.perf_counter()
    collection = Database.open(home).collection("bench")
    collection.dense(vectors[0], 10)
    say("opened and searched for the first time, s", time.perf_counter() - started)
    say("memory after the first search, GB", resident())
    dense = [timed(lambda v=vector: collection.dense(v, 10)) for vector in vectors]
    say("dense p50, ms", median(dense))
    started = time.perf_counter()
    collection.dense(vectors[0], 10, RARE)
    say("first search with a filter that keeps 1 %, ms", 1e3 * (time.perf_counter() - started))
    filtered = [timed(lambda v=vector: collection.dense(v, 10, RARE)) for vector in vectors]
    say("dense with that filter p50, ms", median(filtered))
    lexical = [timed(lambda q=question: collection.lexical(q, 50)) for question in questions]
    say("BM25 p50, ms", median(lexical))
    say("BM25 p95, ms", percentile(lexical, 95))
    both = [timed(lambda v=v, q=q: hybrid(collection, v, q)) for v, q in zip(vectors, questions, strict=True)]
    say("both, fused, ten chunks read, p50, ms", median(both))
    say("memory after all searches, GB", resident())
    beside(collection, vectors, dense, filtered)


def hybrid(collection: Collection, vector: np.ndarray, question: str) -> list[Any]:
    scores: dict[int, float] = {}
    for found in (collection.dense(vector, 50), collection.lexical(question, 50)):
        for rank, (id_, _) in enumerate(found, 1):
            scores[id_] = scores.get(id_, 0) + 1 / (60 + rank)
    return collection.chunks(sorted(scores, key=scores.__getitem__, reverse=True)[:10])


def beside(collection: Collection, vectors: np.ndarray, dense: list[Any], filtered: list[Any]) -> None:
    """Recall against brute force over every stored vector, and the time of brute force and of bare FAISS."""
    import faiss

    snapshot, selection = collection._reader.current(collection._catalogue, RARE)
    segment = snapshot.segments[0]
    assert selection is not None
    assert selection[0] is not None
    brute = [timed(lambda v=vector: segment.vectors @ v) for vector in vectors[:20]]
    say("brute force (numpy, all cores) p50, ms", median(brute))
    allowed = selection[0].mask
    recalls, recalls_of_rare = [], []
    for vector, (_, found), (_, rare) in zip(vectors, dense, filtered, strict=True):
        cosines = segment.vectors @ (vector / np.linalg.norm(vector))
        recalls.append(overlap(segment.ids, cosines, found))
        recalls_of_rare.append(overlap(segment.ids[allowed], cosines[allowed], rare))
    say("recall@10", statistics.mean(recalls))
    say("recall@10 with the filter", statistics.mean(recalls_of_rare))
    if segment.dense.ivf is None:
        return
    index, parameters = segment.dense.ivf.index, faiss.SearchParametersIVF(nprobe=_PROBES[segment.dense.kind])
    bare, ours = [], []
    for vector in vectors:  # in turns, so that a busy machine is busy for both
        query = vector[None]
        bare.append(timed(lambda q=query: index.search(q, 10, params=parameters)))
        ours.append(timed(lambda v=vector: collection.dense(v, 10)))
    say("bare FAISS, the same file and lists, p50, ms", median(bare))
    say("ours in turns with it, p50, ms", median(ours))
    say("ratio", median(ours) / median(bare))
    found = [[(int(segment.ids[row]), 0.0) for row in rows[0]] for _, (_, rows) in bare]
    again = [overlap(segment.ids, segment.vectors @ vector, rows) for vector, rows in zip(vectors, found, strict=True)]
    say("recall@10 of bare FAISS", statistics.mean(again))


def overlap(ids: np.ndarray, cosines: np.ndarray, found: list[tuple[int, float]]) -> float:
    best = ids[np.argpartition(-cosines, 10)[:10]]
    return len(set(best.tolist()) & {id_ for id_, _ in found}) / 10


def write(home: Path, work: Path) -> None:
    """Commits and deletes of one document of 50 chunks, each followed by a search that sees it."""
    texts = json.loads((work / "texts.json").read_text())
    vectors = np.load(work / "base.npy")
    collection = Database.open(home).collection("bench")
    collection.dense(vectors[0], 1)
    collection.lexical("warm up 热身", 1)
    commits, searchable, deletes = [], [], []
    with collection.writer() as writer:
        for number in range(20):
            part = slice(number * CHUNKS, (number + 1) * CHUNKS)
            made, chunks = document(f"new {number}", texts[part], 0)
            started = time.perf_counter()
            writer.put(made, chunks, vectors[part])
            commits.append(1e3 * (time.perf_counter() - started))
            ((id_, _),) = collection.dense(vectors[part.start], 1, parse_mapping({"document": f"new {number}"}))
            searchable.append(1e3 * (time.perf_counter() - started))
            assert collection.chunks([id_])[0].text == texts[part.start]
        for number in range(20):
            started = time.perf_counter()
            writer.delete(f"new {number}")
            deletes.append(1e3 * (time.perf_counter() - started))
            assert not collection.dense(vectors[0], 1, parse_mapping({"document": f"new {number}"}))
    say("commit of a document of 50 chunks p50, ms", statistics.median(commits))
    say("the same until a search has found it p50, ms", statistics.median(searchable))
    say("delete of a document p50, ms", statistics.median(deletes))


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    result = call()
    return 1e3 * (time.perf_counter() - started), result


def median(measured: list[tuple[float, Any]]) -> float:
    return statistics.median(milliseconds for milliseconds, _ in measured)


def percentile(measured: list[tuple[float, Any]], share: float) -> float:
    return float(np.percentile([milliseconds for milliseconds, _ in measured], share))


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e9


def peak() -> float:
    status = Path("/proc/self/status").read_text()  # getrusage would count what the parent held
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e9


def say(what: str, figure: float) -> None:
    print(f"{what:55} {figure:12,.3f}", flush=True)


if __name__ == "__main__":
    main()
