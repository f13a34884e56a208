"""Ingestion: speed beside LangChain's in one run, what a second run costs, and memory.

    pip install '.[dev,bench]'
    python benchmarks/ingestion.py first [PATH …] [--rounds 3] [--precision int8]
    python benchmarks/ingestion.py edit [--documents 1000]
    python benchmarks/ingestion.py memory [--chunks 200000]
    python benchmarks/ingestion.py pages [--pages 1000]

``first`` reads the same plain texts on both sides (what our loaders make of PATH, or generated ones in English and
Chinese), with the same model and the same threads. LangChain's side is what its documentation puts together:
TextLoader, RecursiveCharacterTextSplitter, HuggingFaceEmbeddings, FAISS; it splits at 1000 characters with 200 of
overlap, and, as ``same length``, by the same tokenizer at our limit without overlap. The sides take turns, so that a
machine that is busy for a while is so for all; what counts are the ratios. Chunks a second say little where chunks
differ in length, so tokens a second (those that the model reads, without padding) and seconds are shown too. ragstack
also writes its catalogue with full durability, builds BM25 and looks for duplicates; LangChain keeps its index in
memory. ``encoder`` is the share of the wall time that the encoder works.

``edit`` ingests generated documents, ingests them again unchanged, and again after one paragraph was changed.
``memory`` and ``pages`` show the peak of this process and those that it starts, shared memory counted in each.
"""

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from indexes.database import Database
from indexes.engine import VectorCollection
from ingest.chunking import ChunkSettings
from ingest.encoders import Encoder, Precision, open_encoder
from ingest.packs import default_cache
from ingest.pipeline import IngestReport, PipelineSettings, ingest

MODEL, SMALL = "multilingual-e5-small", "all-MiniLM-L6-v2"
LENGTH = PipelineSettings().chunks.max_tokens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    stages = parser.add_subparsers(dest="stage", required=True)
    stage = stages.add_parser("first")
    stage.add_argument("paths", nargs="*", type=Path)
    stage.add_argument("--rounds", type=int, default=3)
    stage.add_argument("--documents", type=int, default=60, help="to generate where no PATH is given")
    stage.add_argument("--precision", choices=["fp32", "int8"], default="fp32")
    stage.add_argument("--threads", type=int, default=0)
    stage = stages.add_parser("edit")
    stage.add_argument("--documents", type=int, default=1000)
    stage = stages.add_parser("memory")
    stage.add_argument("--chunks", type=int, default=200_000)
    stage = stages.add_parser("pages")
    stage.add_argument("--pages", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        {"first": first, "edit": edit, "memory": memory, "pages": pages}[options.stage](options, Path(folder))


class Counting:
    """An encoder that counts what it encodes and the seconds that it takes; opened before anything is measured."""

    def __init__(self, name: str, threads: int = 0, precision: Precision = "fp32") -> None:
        self._encoder = open_encoder(name, default_cache(), threads=threads, precision=precision)
        self._encoder.encode_passages(["warm up"])
        self.fingerprint, self.max_length = self._encoder.fingerprint, self._encoder.max_length
        self.count_tokens = self._encoder.count_tokens
        self.encode_queries = self._encoder.encode_queries
        self.start_again()

    def start_again(self) -> None:
        self.texts, self.tokens, self.seconds = 0, 0, 0.0

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        started = time.perf_counter()
        vectors = self._encoder.encode_passages(texts)
        self.seconds += time.perf_counter() - started
        self.texts += len(texts)
        self.tokens += sum(self.count_tokens(texts))
        return vectors


@contextmanager
def collection(home: Path, encoder: Encoder) -> Iterator[VectorCollection]:
    with Database.open(home) as database:
        yield database.create("benchmark", encoder.fingerprint)


def first(options: argparse.Namespace, folder: Path) -> None:
    from ingest.packs import locate

    extract(options.paths, folder) if options.paths else generate(folder, options.documents, paragraphs=12)
    files = sorted(folder.iterdir())
    encoder = Counting(MODEL, options.threads, options.precision)
    embeddings = langchain_embeddings(locate(MODEL, default_cache()), options.threads)
    rates: dict[str, list[float]] = {}
    for number in range(options.rounds):
        measured = {
            "ragstack": ours(folder, encoder),
            "LangChain 1000/200": langchain(files, embeddings, encoder.count_tokens, same_length=False),
            "LangChain same length": langchain(files, embeddings, encoder.count_tokens, same_length=True),
        }
        print(f"round {number + 1}:")
        for name, (chunks, tokens, seconds) in measured.items():
            print(f"  {name:22} {chunks} chunks, {tokens} tokens in {seconds:.1f} s: {chunks / seconds:.1f} chunks/s, "
                  f"{tokens / seconds:.0f} tokens/s", flush=True)  # fmt: skip
        own = measured.pop("ragstack")
        for name, (chunks, tokens, seconds) in measured.items():
            for what, ratio in (
                ("chunks/s", own[0] / own[2] / (chunks / seconds)),
                ("tokens/s", own[1] / own[2] / (tokens / seconds)),
                ("the same texts", seconds / own[2]),
            ):
                rates.setdefault(f"{what} over {name}", []).append(ratio)
    for name, ratios in rates.items():
        print(f"{name}: {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


def ours(folder: Path, encoder: Counting) -> tuple[int, int, float]:
    """Chunks, tokens and seconds of a first ingest."""
    with tempfile.TemporaryDirectory() as home, collection(Path(home), encoder) as target:
        encoder.start_again()
        busy = os.times()
        report = ingest([folder], target, encoder)
        done = os.times()
        processor = sum(done[:4]) - sum(busy[:4])
        print(f"  encoder {encoder.seconds / report.seconds:.1%} of the wall time; {processor / report.seconds:.2f} "
              f"processors busy; {report.files.added} files")  # fmt: skip
        return encoder.texts, encoder.tokens, report.seconds


def langchain_embeddings(model: Path, threads: int) -> "Embed":
    import torch
    from langchain_huggingface import HuggingFaceEmbeddings

    if threads:
        torch.set_num_threads(threads)
    embeddings = HuggingFaceEmbeddings(
        model_name=str(model), encode_kwargs={"normalize_embeddings": True, "prompt": "passage: "}
    )
    embeddings.embed_query("warm up")
    return embeddings


def langchain(files: list[Path], embeddings: "Embed", count: "Count", *, same_length: bool) -> tuple[int, int, float]:
    """Chunks, tokens and seconds with LangChain's parts as its documentation puts them together."""
    from langchain_community.document_loaders import TextLoader
    from langchain_community.vectorstores import FAISS
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    started = time.perf_counter()
    if same_length:
        splitter = RecursiveCharacterTextSplitter(
            chunk_size=LENGTH, chunk_overlap=0, length_function=lambda text: count([text])[0]
        )
    else:
        splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    documents = [each for file in files for each in TextLoader(str(file), encoding="utf-8").load()]
    chunks = splitter.split_documents(documents)
    FAISS.from_documents(chunks, embeddings)
    seconds = time.perf_counter() - started
    return len(chunks), sum(min(each, 512) for each in count([chunk.page_content for chunk in chunks])), seconds


Count = Callable[[Sequence[str]], list[int]]
Embed = object


def edit(options: argparse.Namespace, folder: Path) -> None:
    generate(folder, options.documents, paragraphs=3)
    encoder = Counting(MODEL)
    with tempfile.TemporaryDirectory() as home, collection(Path(home), encoder) as target:
        before = timed("first ingest", encoder, lambda: ingest([folder], target, encoder))
        same = timed("unchanged", encoder, lambda: ingest([folder], target, encoder))
        file = sorted(folder.iterdir())[options.documents // 2]
        text = file.read_text(encoding="utf-8").split("\n\n")
        text[1] = paragraph(random.Random("edited"), file.stem)
        file.write_text("\n\n".join(text), encoding="utf-8")
        edited = timed("one paragraph edited", encoder, lambda: ingest([folder], target, encoder))
    print(f"unchanged: {before / same:.0f} times faster; one paragraph: {edited / before:.2%} of the first ingest")


def timed(name: str, encoder: Counting, work: Callable[[], IngestReport]) -> float:
    encoder.start_again()
    report = work()
    print(f"{name}: {report.seconds:.2f} s, {encoder.texts} chunks encoded, encoder {encoder.seconds:.2f} s; "
          f"{report.files}", flush=True)  # fmt: skip
    return report.seconds


def memory(options: argparse.Namespace, folder: Path) -> None:
    """Short chunks and a small model, so that many chunks come in a reasonable time."""
    documents = max(1, options.chunks // 400)
    generate(folder, documents, paragraphs=-(-options.chunks // documents // 8))
    encoder = Counting(SMALL)
    settings = PipelineSettings(chunks=ChunkSettings(max_tokens=32, overlap_sentences=0, max_context_tokens=8))
    measure([folder], encoder, settings)


def pages(options: argparse.Namespace, folder: Path) -> None:
    from reportlab.lib.pagesizes import A4
    from reportlab.pdfgen.canvas import Canvas

    random_, file = random.Random(1), folder / "long.pdf"
    canvas = Canvas(str(file), pagesize=A4)
    for number in range(options.pages):
        for line in range(40):
            canvas.drawString(72, 760 - 16 * line, sentence(random_, f"{number}-{line}", chinese=False)[:80])
        canvas.showPage()
    canvas.save()
    measure([file], Counting(SMALL), PipelineSettings())


def measure(paths: list[Path], encoder: Counting, settings: PipelineSettings) -> None:
    with tempfile.TemporaryDirectory() as home, collection(Path(home), encoder) as target, Peak() as peak:
        report = ingest(paths, target, encoder, settings=settings)
    share = encoder.seconds / report.seconds
    print(f"{report.chunks.total} chunks of {report.files.added} files in {report.seconds:.0f} s, encoder {share:.1%}; "
          f"peak {peak.bytes / 1e9:.2f} GB over {peak.processes} processes")  # fmt: skip
    for problem in report.problems:
        print(f"  {problem.path}: {problem.reason}")


class Peak:
    """The most memory that this process and its descendants hold together, looked at ten times a second."""

    def __enter__(self) -> "Peak":
        self.bytes, self.processes, self._over = 0, 0, threading.Event()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            held = [resident(process) for process in descendants(os.getpid())]
            self.bytes, self.processes = max(self.bytes, sum(held)), max(self.processes, len(held))


def descendants(process: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        children = [int(each) for task in tasks for each in (task / "children").read_text().split()]
    except OSError:  # it has ended
        return []
    return [process, *(each for child in children for each in descendants(child))]


def resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def extract(paths: list[Path], folder: Path) -> None:
    """Write the texts of all documents under ``paths`` as plain files that both sides read."""
    from ingest.documents import LoadOptions
    from ingest.files.discovery import discover
    from ingest.files.loading import load_parts

    number = 0
    for source in discover(paths).files:
        for part in load_parts(source.path.read_bytes(), source.path.name, LoadOptions(ocr=False)):
            if part.loaded is not None:
                (folder / f"{number:05}.txt").write_text(part.loaded.text, encoding="utf-8")
                number += 1


def generate(folder: Path, documents: int, paragraphs: int) -> None:
    """Write documents in English and Chinese by turns; no two sentences are the same."""
    for number in range(documents):
        random_ = random.Random(number)
        parts = [paragraph(random_, f"{number:05}-{each}", chinese=bool(number % 2)) for each in range(paragraphs)]
        (folder / f"{number:05}.txt").write_text("\n\n".join(parts), encoding="utf-8")


def paragraph(random_: random.Random, name: str, *, chinese: bool = False) -> str:
    sentences = [sentence(random_, f"{name}-{each}", chinese=chinese) for each in range(random_.randint(4, 10))]
    return ("" if chinese else " ").join(sentences)


ENGLISH = "the valve opens when pressure in a main line falls below its limit and a pump starts again after water rose"
CHINESE = "水泵阀门压力主管低于限值信号控制室操作员读数面板启动之后水位达到上限夜班期间记录温度传感器检修人员报告系统"


def sentence(random_: random.Random, name: str, *, chinese: bool) -> str:
    if chinese:
        return "".join(random_.choices(CHINESE, k=random_.randint(15, 45))) + f"编号{name}。"
    return " ".join(random_.choices(ENGLISH.split(), k=random_.randint(8, 25))).capitalize() + f" by entry {name}."


if __name__ == "__main__":
    main()
