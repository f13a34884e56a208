"""Hybrid search with the fitted reranker beside its parts: dense, BM25, and reciprocal rank fusion of both.

    pip install '.[dev,bench]'
    python benchmarks/retrieving.py --data FOLDER choose [--work DIR]     # fits the weights, writes reranking.json
    python benchmarks/retrieving.py --data FOLDER report [--work DIR]
    python benchmarks/retrieving.py --data FOLDER speed [--work DIR] [--chunks 10000]

FOLDER holds data sets in the common layout. Chunks have at most 128 tokens; a document ranks where its best chunk
does; figures are nDCG@10, of passages in the other language than the question's recall@10. What is searched:

- squad2_en: 200 passages that are asked about and 100 that are not; xquad_en_zh: all, in both languages; rgb_fact_en,
  rgb_fact_zh and hotpotqa_train100_en: all; covidqa_en: 49 whole articles; cmrc2018_zh: 200 passages among 200 news
  texts of crud_news_corpus_zh. Of more than 600 questions, 600 are drawn.

Questions are split in two halves by the passage they are about (its translation with it). ``choose`` looks at the
first half alone: weights are fitted on one half of it and compared on the other. The weights it writes are fitted on
all of that half. ``report`` shows the second half, by these weights and by weights that were fitted without the set
they are shown on, which is what to expect of new documents. Intervals are of the difference to the better of dense
and BM25, by a bootstrap over passages asked about. Vectors are kept in --work by the digest of their text, and
features by set.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from retrieving_fit import PENALTY, fit
from retrieving_sets import SEED, SETS, TOKENS, Question, gathered
from retrieving_speed import speed

from ragstack.evaluation import measures
from ragstack.retrieval.rank_features import FEATURES

MIXED = "xquad_en_zh"
WEIGHTS = Path(__file__).parents[1] / "ragstack" / "retrieval" / "reranking.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stage", choices=["choose", "report", "speed"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/benchmark"))
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.stage == "speed":
        speed(options.data, options.work, options.chunks, options.threads)
        return
    found = {name: gathered(name, options.data, options.work, options.threads) for name in options.sets.split(",")}
    if options.stage == "choose":
        choose(found)
        return
    report(found)
    if MIXED in found:
        weights = fit(without(of_half(found, 0), MIXED))
        across(of_half(found, 1)[MIXED], weights, "both languages")
        for language in ("en", "zh"):
            alone = {MIXED: gathered(MIXED, options.data, options.work, options.threads, language)}
            across(of_half(alone, 1)[MIXED], weights, f"documents in {language} alone")


def ndcg(questions: list[Question], rankings: list[list[str]]) -> np.ndarray:
    return figure(rankings, [each.relevant for each in questions], "ndcg@10")


def figure(rankings: list[list[str]], relevant: list[dict[str, int]], name: str) -> np.ndarray:
    numbered = {str(at): ranking for at, ranking in enumerate(rankings)}
    found = measures.retrieval(numbered, {str(at): each for at, each in enumerate(relevant)})
    return np.array([found[str(at)][name] for at in range(len(rankings))])


def parts(questions: list[Question]) -> dict[str, np.ndarray]:
    return {
        "dense": ndcg(questions, [each.dense for each in questions]),
        "bm25": ndcg(questions, [each.lexical for each in questions]),
        "rrf": ndcg(questions, [each.fusion() for each in questions]),
    }


def better(figures: dict[str, np.ndarray]) -> np.ndarray:
    return max(figures["dense"], figures["bm25"], key=np.mean)


def of_half(found: dict[str, list[Question]], half: int) -> dict[str, list[Question]]:
    return {name: [each for each in questions if each.half == half] for name, questions in found.items()}


def without(found: dict[str, list[Question]], name: str) -> dict[str, list[Question]]:
    return {other: questions for other, questions in found.items() if other != name}


def choose(found: dict[str, list[Question]]) -> None:
    """Compare on the first half, by weights fitted on the other part of it; then fit on all of it."""
    found = of_half(found, 0)
    print("gain over the better part, fitted on the other part of the half / without the set")
    variants: dict[str, tuple[str, ...]] = {"all": (), **{f"no {name}": (name,) for name in FEATURES}}
    variants["fusion"] = tuple(name for name in FEATURES if name not in ("cosine", "bm25"))
    for label, left_out in variants.items():
        gains = {name: crossed(found, name, left_out) for name in found}
        each = "  ".join(f"{name[:9]} {apart:+.3f}/{unseen:+.3f}" for name, (apart, unseen) in gains.items())
        apart, unseen = np.mean(list(gains.values()), axis=0)
        print(f"  {label:14} {each}  mean {apart:+.4f}/{unseen:+.4f}", flush=True)
    store(found)
    if MIXED in found:
        places(found[MIXED], fit(without(found, MIXED)))


def store(found: dict[str, list[Question]]) -> None:
    """Fit the weights that ship with the package."""
    weights = {name: round(float(value), 4) for name, value in zip(FEATURES, fit(found), strict=True)}
    stored = {
        "fitted_on": {name: len(questions) for name, questions in found.items()},
        "by": f"benchmarks/retrieving.py choose, seed {SEED}, penalty {PENALTY}, chunks of {TOKENS} tokens, "
        "multilingual-e5-small",
        "weights": weights,
    }
    WEIGHTS.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(weights)


def crossed(found: dict[str, list[Question]], name: str, left_out: Sequence[str]) -> tuple[float, float]:
    """The gain on a set by weights from the other part of its questions and of all sets', and from other sets."""
    questions = found[name]
    part = [hashlib.sha256(b"part" + each.about.encode()).digest()[0] % 2 for each in questions]
    rankings: list[list[str]] = [[] for _ in questions]
    for number in (0, 1):
        rest = {
            other: [each for each in own if hashlib.sha256(b"part" + each.about.encode()).digest()[0] % 2 != number]
            for other, own in found.items()
        }
        weights = fit(rest, left_out)
        for at, each in enumerate(questions):
            if part[at] == number:
                rankings[at] = each.reranked(weights)
    apart = fit(without(found, name), left_out)
    base = better(parts(questions)).mean()
    unseen = ndcg(questions, [each.reranked(apart) for each in questions]).mean()
    return float(ndcg(questions, rankings).mean() - base), float(unseen - base)


def report(found: dict[str, list[Question]]) -> None:
    """The second half, by the weights that are stored, and by those fitted without the set."""
    chosen, found = of_half(found, 0), of_half(found, 1)
    stored = json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"]
    weights = np.array([stored[name] for name in FEATURES])
    gains: dict[str, list[np.ndarray]] = {"reranked": [], "unseen": []}
    print("set, questions: dense, BM25, fusion | reranked, gain over the better of dense and BM25 | without the set")
    for name, questions in found.items():
        figures, base = parts(questions), better(parts(questions))
        figures["reranked"] = ndcg(questions, [each.reranked(weights) for each in questions])
        apart = fit(without(chosen, name))
        figures["unseen"] = ndcg(questions, [each.reranked(apart) for each in questions])
        alone = " ".join(f"{figures[key].mean():.4f}" for key in ("dense", "bm25", "rrf"))
        line = f"  {name:20} {len(questions):4}: {alone}"
        for key in gains:
            gains[key].append(drawn(figures[key] - base, questions))
            line += f" | {figures[key].mean():.4f} {shown((figures[key] - base).mean(), gains[key][-1])}"
        print(line, flush=True)
    for key, draws in gains.items():
        mean = np.mean(draws, axis=0)
        print(f"  mean of the sets, {key}: {mean[0]:+.4f} [{np.quantile(mean[1:], 0.025):+.4f}, "
              f"{np.quantile(mean[1:], 0.975):+.4f}]")  # fmt: skip


def across(questions: list[Question], weights: np.ndarray, label: str) -> None:
    """Recall@10 of the passages in the other language than the question's."""
    for language in ("en", "zh"):
        asked = [each for each in questions if each.language == language]
        if not asked:
            continue
        line = f"  {label}, questions in {language} {len(asked):4}:"
        for name, rankings in {
            "dense": [each.dense for each in asked],
            "BM25": [each.lexical for each in asked],
            "fusion": [each.fusion() for each in asked],
            "reranked": [each.reranked(weights, ()) for each in asked],
            "with places": [each.reranked(weights) for each in asked],
        }.items():
            values = figure(rankings, [each.cross or each.relevant for each in asked], "recall@10")
            line += f" {name} {shown(values.mean(), drawn(values, asked))}"
        print(line, flush=True)


def places(questions: list[Question], weights: np.ndarray) -> None:
    """What places for the other language cost and bring."""
    print("places for the other language: nDCG@10 in the own one, recall@10 in the other")
    for each in ((), (10,), (9, 10), (8, 9, 10), (7, 8, 9, 10), (4, 7, 10), (5, 8, 10), (3, 6, 9), (4, 6, 8, 10)):
        rankings = [question.reranked(weights, each) for question in questions]
        other = figure(rankings, [question.cross for question in questions], "recall@10").mean()
        print(f"  {each!s:15} {ndcg(questions, rankings).mean():.4f} {other:.4f}", flush=True)


def drawn(difference: np.ndarray, questions: list[Question], draws: int = 2000) -> np.ndarray:
    """The mean difference, and after it that of each draw of the passages asked about."""
    about = sorted({each.about for each in questions})
    row = {name: at for at, name in enumerate(about)}
    sums, counts = np.zeros(len(about)), np.zeros(len(about))
    for each, value in zip(questions, difference, strict=True):
        sums[row[each.about]] += value
        counts[row[each.about]] += 1
    picked = np.random.default_rng(SEED).integers(0, len(about), (draws, len(about)))
    return np.concatenate([[sums.sum() / counts.sum()], sums[picked].sum(axis=1) / counts[picked].sum(axis=1)])


def shown(value: float, draws: np.ndarray) -> str:
    return f"{value:+.4f} [{np.quantile(draws[1:], 0.025):+.4f}, {np.quantile(draws[1:], 0.975):+.4f}]"


if __name__ == "__main__":
    main()
