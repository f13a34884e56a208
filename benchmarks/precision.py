"""An encoder in int8 beside the same in float32: what the ranking loses, and what time is gained, in one run.

    pip install '.[dev,onnx]'
    python benchmarks/precision.py --data FOLDER [--sets squad2_en,xquad_en_zh,…] [--work DIR] [--passages 400]
    python benchmarks/precision.py --data FOLDER --speed

Of each set of FOLDER (the common layout) a sample of the questions is taken with their passages, and others up to
--passages. Passages are cut by our defaults and ranked by exact dot products of their best chunk; the figure is
nDCG@10, with the interval of the difference from a paired bootstrap over questions. ``--speed`` encodes the same chunks
with one thread and with two, the precisions by turns, and shows processor time too, which other work disturbs less.
"""

import argparse
import random
import statistics
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from chunking import Pool, Vectors, best_first, ndcg, ours, rows

from ingest.chunking import ChunkSettings, embedded_text
from ingest.encoders import Precision, open_encoder
from ingest.packs import default_cache
from ragstack.evaluation.statistics import paired_bootstrap

SETS = "squad2_en,xquad_en_zh,cmrc2018_zh,chinesesquad2_zh,pubmedqa_en"
SEED, MOST_QUESTIONS = 4, 400
DEFAULT = f"{ChunkSettings().max_tokens}/{ChunkSettings().overlap_sentences}"
BOTH: tuple[Precision, ...] = ("fp32", "int8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default=SETS)
    parser.add_argument("--work", type=Path, default=Path("build/benchmark"))
    parser.add_argument("--passages", type=int, default=400)
    parser.add_argument("--encoder", default="multilingual-e5-small")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    for name in options.sets.split(","):
        texts, questions, relevant = sample(options.data / name, options.passages)
        (speed if options.speed else quality)(options, name, texts, questions, relevant)


def sample(folder: Path, passages: int) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, int]]]:
    """Some questions, all that is relevant to them, and other passages."""
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for path in sorted(folder.glob("qrels*.tsv"))[-1:]:  # where there are two, the one within a language
        for line in path.read_text(encoding="utf-8").splitlines():
            question, passage, grade = line.split("\t")
            relevant[question][passage] = int(grade)
    every = {row["id"]: row["text"] for row in rows(folder, "queries") if row["id"] in relevant}
    corpus = {row["id"]: f"{row['title']}\n\n{row['text']}".strip() for row in rows(folder, "corpus")}
    chance = random.Random(SEED)
    order = chance.sample(sorted(corpus), len(corpus))
    kept = set(order[:passages])
    questions = {name: text for name, text in every.items() if kept.issuperset(relevant[name])}
    asked = chance.sample(sorted(questions), min(MOST_QUESTIONS, len(questions)))
    return (
        {name: corpus[name] for name in sorted(kept)},
        {name: questions[name] for name in asked},
        {name: relevant[name] for name in asked},
    )


def quality(
    options: argparse.Namespace,
    name: str,
    texts: dict[str, str],
    questions: dict[str, str],
    relevant: dict[str, dict[str, int]],
) -> None:
    found = {}
    for precision in BOTH:
        vectors = Vectors(open_encoder(options.encoder, default_cache(), precision=precision), options.work)
        cuts = ours(Pool(name, texts), DEFAULT, vectors.encoder)
        made = vectors.passages([embedded_text(cut.context, cut.text) for cut in cuts])
        rankings = best_first(made, vectors.queries(list(questions.values())))
        documents = {
            question: list(dict.fromkeys(cuts[row].document for row in ranking))[:100]
            for question, ranking in zip(questions, rankings, strict=True)
        }
        found[precision] = np.array([ndcg(documents, relevant)[question] for question in questions])
    interval, _ = paired_bootstrap(found["fp32"], found["int8"], SEED)
    before, after = found["fp32"].mean(), found["int8"].mean()
    print(f"{name}: {len(texts)} passages, {len(questions)} questions: fp32 {before:.4f}, int8 {after:.4f}, difference "
          f"{interval.value:+.4f} [{interval.low:+.4f}, {interval.high:+.4f}], {after / before - 1:+.2%}",
          flush=True)  # fmt: skip


def speed(options: argparse.Namespace, name: str, texts: dict[str, str], *_: object) -> None:
    for threads in (1, 2):
        encoders = {
            each: open_encoder(options.encoder, default_cache(), threads=threads, precision=each) for each in BOTH
        }
        cuts = ours(Pool(name, texts), DEFAULT, encoders["fp32"])[:128]
        chunks = [embedded_text(cut.context, cut.text) for cut in cuts]
        tokens = sum(encoders["fp32"].count_tokens(chunks))
        wall: dict[str, list[float]] = defaultdict(list)
        busy: dict[str, list[float]] = defaultdict(list)
        for each in encoders.values():
            each.encode_passages(["warm up"])
        for _ in range(3):
            for precision, encoder in encoders.items():
                began, used = time.perf_counter(), time.process_time()
                encoder.encode_passages(chunks)
                wall[precision].append(time.perf_counter() - began)
                busy[precision].append(time.process_time() - used)
        slow, quick = (statistics.median(wall[each]) for each in BOTH)
        used, spared = (statistics.median(busy[each]) for each in BOTH)
        for precision, seconds in zip(BOTH, (slow, quick), strict=True):
            print(f"{name}, {threads} threads, {precision}: {len(chunks) / seconds:.1f} chunks/s, "
                  f"{tokens / seconds:.0f} tokens/s", flush=True)  # fmt: skip
        print(f"  int8 over fp32: {slow / quick:.2f} times, by processor time {used / spared:.2f}", flush=True)


if __name__ == "__main__":
    main()
