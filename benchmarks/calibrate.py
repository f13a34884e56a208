"""Fit the probabilities of ``ragstack/calibration.json`` on labelled data, and report them on data apart.

    python benchmarks/calibrate.py DATA [--per-set 80] [--pairs 30] [--cache FILE] [--write]

DATA holds folders in the layout of the evaluation data (corpus, queries, qrels; examples). Two models, each with and
without the decoder's own judgement:

- answerable: does the picked evidence hold the answer? Positive: an answerable question whose gold answer stands in
  the evidence. Negative: everything else, that is questions written to be unanswerable, and questions whose passage
  was left out of the collection.
- support: does the evidence support a sentence? Human labels of faithful and hallucinated responses.

Rows are split by a hash of what they are about: one half fits the weights and chooses the threshold, the other half
is reported and never looked at otherwise. Measuring is slow (seconds a row), so rows are cached and a stopped run
goes on where it was. The seed is fixed.
"""

import argparse
import gzip
import hashlib
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from indexes.records import Hit
from ragstack import RagStack
from ragstack.abstention import answerable_features
from ragstack.citations import align
from ragstack.evidence import EvidencePicker
from ragstack.generators.base import Judge
from ragstack.verification import support_features

SEED = 20
QUESTION_SETS = ("squad2_en", "chinesesquad2_zh")
PAIR_SETS = ("q2_wow_en", "begin_dev_en", "uhgeval_zh", "rgb_counterfactual_zh")
PASSAGES = 400
ANY_QUESTION = {"en": "What do the passages say?", "zh": "资料说了什么？"}
FALSE_REFUSALS = 0.10
"""Thresholds: the highest that refuses at most this share of what should pass, on the fitting half."""


def read(folder: Path, name: str) -> list[dict[str, Any]]:
    [path] = [path for path in folder.glob(f"{name}*.jsonl*")]
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def plain(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())


def question_rows(data: Path, count: int, stack: RagStack, done: set[str]) -> Iterator[dict[str, Any]]:
    for name in QUESTION_SETS:
        chance = random.Random(SEED)
        corpus = {passage["id"]: passage for passage in read(data / name, "corpus")}
        queries = read(data / name, "queries")
        chance.shuffle(queries)
        kept = set(chance.sample(sorted(corpus), PASSAGES))
        groups = [
            [q for q in queries if q["answerable"] and q["meta"]["about"] in kept][: count // 2],
            [q for q in queries if not q["answerable"] and q["meta"]["about"] in kept][: count // 4],
            [q for q in queries if q["answerable"] and q["meta"]["about"] not in kept][: count // 4],
        ]
        chosen = [
            (query, kind)
            for kind, group in zip(("in", "adversarial", "absent"), groups, strict=True)
            for query in group
        ]
        if all(query["id"] in done for query, _ in chosen):
            continue
        with tempfile.TemporaryDirectory() as folder:
            for passage_id in kept:
                Path(folder, f"{passage_id}.txt").write_text(corpus[passage_id]["text"], encoding="utf-8")
            stack.ingest(folder, collection=name)
        for query, kind in chosen:
            if query["id"] not in done:
                yield question_row(query, kind, name, stack)


def question_row(query: dict[str, Any], kind: str, name: str, stack: RagStack) -> dict[str, Any]:
    evidence = EvidencePicker(stack.encoder, stack.config.evidence).pick(
        query["text"], stack.search(query["text"], collection=name)
    )
    judge = stack.generator()
    assert isinstance(judge, Judge)
    read_text = plain("".join(item.text for item in evidence))
    label = kind == "in" and any(plain(answer) in read_text for answer in query["answers"])
    features = answerable_features(query["text"], evidence, stack.encoder, judge)
    return {"task": "answerable", "id": query["id"], "set": name, "about": query["meta"]["about"], "kind": kind,
            "label": int(label), "features": features}  # fmt: skip


def pair_rows(data: Path, count: int, stack: RagStack, done: set[str]) -> Iterator[dict[str, Any]]:
    for name in PAIR_SETS:
        examples = read(data / name, "examples")
        random.Random(SEED).shuffle(examples)
        faithful = [example for example in examples if example["label"] == "faithful"][: count // 2]
        hallucinated = [example for example in examples if example["label"] == "hallucinated"][: count // 2]
        for example in faithful + hallucinated:
            if example["id"] not in done:
                yield pair_row(example, name, stack)


def pair_row(example: dict[str, Any], name: str, stack: RagStack) -> dict[str, Any]:
    language = "zh" if name.endswith("zh") else "en"
    question = example.get("question") or ANY_QUESTION[language]
    text, sentence = example["context"], example["response"]
    hit = Hit(1, 1, name, "", None, 0, len(text), text, "", {}, 1, 1.0, "rrf")
    evidence = EvidencePicker(stack.encoder, stack.config.evidence).pick(f"{question} {sentence}", [hit])
    judge = stack.generator()
    assert isinstance(judge, Judge)
    [alignment] = align(question, [sentence], evidence, stack.encoder)
    features = support_features(question, sentence, alignment, evidence, judge)
    about = hashlib.sha256(text.encode()).hexdigest()[:16]
    return {"task": "support", "id": example["id"], "set": name, "about": about,
            "label": int(example["label"] == "faithful"), "missing_numbers": len(alignment.missing_numbers),
            "features": features}  # fmt: skip


def fit(rows: list[dict[str, Any]], names: list[str]) -> dict[str, Any]:
    from sklearn.linear_model import LogisticRegression

    halves: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for row in rows:
        halves[hashlib.sha256(row["about"].encode()).digest()[0] % 2].append(row)
    (x, y), (x_apart, y_apart) = (
        (
            np.array([[row["features"][name] for name in names] for row in half]),
            np.array([row["label"] for row in half]),
        )
        for half in halves
    )
    mean, spread = x.mean(0), x.std(0) + 1e-9
    model = LogisticRegression(C=1.0).fit((x - mean) / spread, y)
    weights = model.coef_[0] / spread
    bias = float(model.intercept_[0] - (weights * mean).sum())
    probability = 1 / (1 + np.exp(-(x @ weights + bias)))
    threshold = float(np.quantile(probability[y == 1], FALSE_REFUSALS))
    apart = 1 / (1 + np.exp(-(x_apart @ weights + bias)))
    return {
        "weights": {name: round(float(weight), 6) for name, weight in zip(names, weights, strict=True)},
        "bias": round(bias, 6),
        "threshold": round(threshold, 6),
        "fitted_on": {"rows": len(y), "positive": int(y.sum())},
        "reported_on": report(apart, y_apart, threshold),
        "by_set": {
            name: report(apart[mask], y_apart[mask], threshold)
            for name in sorted({row["set"] for row in rows})
            for mask in [np.array([row["set"] == name for row in halves[1]])]
        },
    }


def report(probability: np.ndarray, label: np.ndarray, threshold: float) -> dict[str, Any]:
    """Figures on the half apart, with 95 % bootstrap intervals, and the risk-coverage curve."""
    from sklearn.metrics import roc_auc_score

    chance = np.random.default_rng(SEED)
    draws = [chance.integers(0, len(label), len(label)) for _ in range(1000)]

    def interval(measure: Any) -> dict[str, float | None]:
        values = [value for draw in draws if not np.isnan(value := measure(probability[draw], label[draw]))]
        low, high = np.quantile(values, [0.025, 0.975]) if values else (np.nan, np.nan)
        return {key: None if np.isnan(value) else round(float(value), 4)
                for key, value in (("value", measure(probability, label)), ("low", low), ("high", high))}  # fmt: skip

    def auroc(p: np.ndarray, y: np.ndarray) -> float:
        return float(roc_auc_score(y, p)) if 0 < y.sum() < len(y) else float("nan")

    def refused(p: np.ndarray, y: np.ndarray, wanted: int) -> float:
        return float((p[y == wanted] < threshold).mean()) if (y == wanted).any() else float("nan")

    order = np.argsort(-probability)
    risk = np.cumsum(1 - label[order]) / np.arange(1, len(label) + 1)
    steps = [int(len(label) * share / 10) - 1 for share in range(1, 11)]
    return {
        "rows": len(label),
        "positive": int(label.sum()),
        "auroc": interval(auroc),
        "negatives_refused": interval(lambda p, y: refused(p, y, 0)),
        "positives_refused": interval(lambda p, y: refused(p, y, 1)),
        "calibration_error": interval(calibration_error),
        "risk_at_coverage": {
            f"{(step + 1) / len(label):.2f}": round(float(risk[step]), 4) for step in steps if step >= 0
        },
    }


def calibration_error(probability: np.ndarray, label: np.ndarray, bins: int = 5) -> float:
    """Expected calibration error over bins of equal width (Naeini et al., 2015)."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        (place == at).mean() * abs(probability[place == at].mean() - label[place == at].mean())
        for at in range(bins)
        if (place == at).any()
    ]
    return float(sum(gaps))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--per-set", type=int, default=80, help="questions of each set")
    parser.add_argument("--pairs", type=int, default=30, help="labelled responses of each set")
    parser.add_argument("--cache", type=Path, default=Path("calibration-rows.jsonl"))
    parser.add_argument("--write", action="store_true", help="write ragstack/calibration.json")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.cache.read_text().splitlines()] if options.cache.exists() else []
    done = {row["id"] for row in rows}
    with tempfile.TemporaryDirectory() as home, RagStack.open(home=home) as stack, options.cache.open("a") as cache:
        for source in (question_rows(options.data, options.per_set, stack, done),
                       pair_rows(options.data, options.pairs, stack, done)):  # fmt: skip
            for row in source:
                rows.append(row)
                cache.write(json.dumps(row, ensure_ascii=False) + "\n")
                cache.flush()
    answerable = [row for row in rows if row["task"] == "answerable"]
    support = [row for row in rows if row["task"] == "support"]
    models = {
        "answerable": fit(answerable, ["judge", "coverage", "best", "cosine"]),
        "answerable_without_judge": fit(answerable, ["coverage", "best", "cosine"]),
        "support": fit(support, ["judge", "coverage", "cosine"]),
        "support_without_judge": fit(support, ["coverage", "cosine"]),
    }
    stored = {
        "data": {"answerable": QUESTION_SETS, "support": PAIR_SETS, "seed": SEED},
        "threshold_rule": f"at most {FALSE_REFUSALS:.0%} of the positives of the fitting half are refused",
        "models": models,
    }
    text = json.dumps(stored, indent=1, ensure_ascii=False) + "\n"
    print(text)
    if options.write:
        Path("ragstack/calibration.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
