"""First ingest and re-ingest, beside LangChain's HuggingFaceEmbeddings + FAISS, in one run.

    pip install '.[bench]' && python benchmarks/ingestion.py [PATH …] [--rounds 3]

Both read the same texts, cut them to the same length (LangChain's splitter counts with the same tokenizer and the same
limit) and encode them with the same model on the same threads. The two take turns, so that a machine that is busy for
a while is so for both; figures are medians over the rounds, and what counts is the ratio. ragstack also writes its
catalogue with full durability and builds BM25; LangChain keeps its index in memory.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from ragstack import RagStack

LENGTH = 256


def ours(folder: Path, home: str) -> tuple[float, float]:
    """Chunks per second of a first ingest, and how many times faster the second was."""
    with RagStack.open(home=home) as stack:
        stack.encoder.encode_passages(["warm up"])
        first = stack.ingest(folder)
        started = time.perf_counter()
        again = stack.ingest(folder)
        seconds = time.perf_counter() - started
        assert again.chunks.added == 0, "an unchanged file was encoded again"
        return first.chunks.added / first.seconds, first.seconds / seconds


def langchain(texts: list[str], model: Path) -> float:
    """Chunks per second with LangChain's parts as its documentation puts them together."""
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_truncation()
    embeddings = HuggingFaceEmbeddings(
        model_name=str(model), encode_kwargs={"normalize_embeddings": True, "prompt": "passage: "}
    )
    embeddings.embed_query("warm up")
    started = time.perf_counter()
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=LENGTH,
        chunk_overlap=0,
        length_function=lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids),
    )
    chunks = [chunk for text in texts for chunk in splitter.split_text(text)]
    FAISS.from_texts(chunks, embeddings)
    return len(chunks) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*", type=Path, default=[Path("examples/documents")])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    from ingest.packs import default_cache, locate

    model = locate("multilingual-e5-small", default_cache())
    rates: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        texts = extract(options.paths, Path(folder))
        for number in range(options.rounds):
            theirs = langchain(texts, model)
            with tempfile.TemporaryDirectory() as home:
                first, again = ours(Path(folder), home)
            rates.append((first, theirs, again))
            print(f"round {number + 1}: ragstack {first:.1f} chunks/s, LangChain {theirs:.1f} chunks/s, "
                  f"ratio {first / theirs:.2f}; unchanged re-ingest {again:.0f} times faster", flush=True)  # fmt: skip
    print(f"median: ratio {statistics.median(a / b for a, b, _ in rates):.2f}, "
          f"re-ingest {statistics.median(again for *_, again in rates):.0f} times faster")  # fmt: skip


def extract(paths: list[Path], folder: Path) -> list[str]:
    """The texts of all documents under ``paths``, also written to ``folder`` as plain files that both sides read."""
    from ingest.discovery import discover
    from ingest.documents import Limits, LoadError
    from ingest.loading import load

    texts = []
    for number, source in enumerate(discover(paths).files):
        try:
            texts.append(load(source.path, Limits()).text)
        except LoadError:
            continue
        (folder / f"{number:05}.txt").write_text(texts[-1], encoding="utf-8")
    return texts


if __name__ == "__main__":
    main()
