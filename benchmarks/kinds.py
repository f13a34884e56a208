"""Kinds of FAISS index side by side: time to build, memory, and recall against time for each effort.

    python benchmarks/kinds.py [--rows 100000] [--work DIR]

The vectors and queries are those of ``vectors.py``, made the first time from ``--data FOLDER``. This is the
curve from which the kind and its effort were chosen, on the first 300 queries; ``vectors.py`` reports on the others.
What an inverted file finds is compared again by the vectors, as the collection does.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
from vectors import TUNED_ON, encode, multiplied

from indexes.search.dense import _OVERSAMPLING
from indexes.search.ivf import FILE, Ivf, IvfKind

Search = Callable[[np.ndarray, int], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description="Kinds of FAISS index side by side.")
    parser.add_argument("--data", type=Path, help="folder with corpora in the common layout; needed the first time")
    parser.add_argument("--work", type=Path, default=Path("build/benchmark"))
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--kinds", default="hnsw,ivf_sq8,ivf_pq")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    encode(options.data, options.work)
    vectors = np.concatenate([block for block, _ in multiplied(np.load(options.work / "base.npy"), options.rows)])
    queries = np.load(options.work / "queries.npy")[:TUNED_ON]
    truth = [set(np.argpartition(-(vectors @ query), 10)[:10].tolist()) for query in queries]
    print(f"{options.rows:,} vectors, {len(queries)} queries, {faiss.omp_get_max_threads()} threads")
    for kind in options.kinds.split(","):
        hnsw(vectors, queries, truth) if kind == "hnsw" else inverted(kind, vectors, queries, truth)


def hnsw(vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    started = time.perf_counter()
    index = faiss.IndexHNSWFlat(vectors.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 80
    index.add(vectors)
    seconds = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        faiss.write_index(index, f"{folder}/{FILE}")
        print(f"hnsw32: built in {seconds:.0f} s, file {Path(folder, FILE).stat().st_size / 1e6:.0f} MB, vectors in it")

    def search(query: np.ndarray, effort: int) -> np.ndarray:
        rows: np.ndarray = index.search(query[None], 10, params=faiss.SearchParametersHNSW(efSearch=effort))[1][0]
        return rows

    curve(search, "efSearch", (32, 64, 96, 128, 192, 256), queries, truth)


def inverted(kind: IvfKind, vectors: np.ndarray, queries: np.ndarray, truth: list[set[int]]) -> None:
    started = time.perf_counter()
    made = Ivf.train(vectors, kind)
    trained = time.perf_counter() - started
    made.add(vectors[start : start + 16_384] for start in range(0, len(vectors), 16_384))
    seconds = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        made.save(Path(folder))
        size = Path(folder, FILE).stat().st_size / 1e6
        ivf = Ivf.open(Path(folder), kind, *vectors.shape)
        print(f"{kind}: built in {seconds:.0f} s ({trained:.0f} s to learn), {ivf.lists} lists, file {size:.0f} MB")

        def search(query: np.ndarray, effort: int) -> np.ndarray:
            rows = ivf.search(query, 10 * _OVERSAMPLING[kind] + 16, effort, None)
            best: np.ndarray = rows[np.argsort(-(vectors[rows] @ query))[:10]]
            return best

        curve(search, "lists", (16, 32, 48, 64, 96, 128, 192), queries, truth)


def curve(search: Search, what: str, efforts: tuple[int, ...], queries: np.ndarray, truth: list[set[int]]) -> None:
    for effort in efforts:
        times, found = [], []
        for query, best in zip(queries, truth, strict=True):
            started = time.perf_counter()
            rows = search(query, effort)
            times.append(1e3 * (time.perf_counter() - started))
            found.append(len(best & set(rows.tolist())) / 10)
        print(f"  {what} {effort:4}: recall@10 {statistics.mean(found):.4f}, p50 {statistics.median(times):.2f} ms")


if __name__ == "__main__":
    main()
