"""Fit the probabilities of ``ragstack/calibration.json`` on labelled data, and report them on data apart.

    python benchmarks/calibrate.py DATA [--per-set 80] [--pairs 30] [--cache FILE] [--write]

DATA holds folders in the layout of the evaluation data (corpus, queries, qrels; examples). Two models, each with and
without the decoder's own judgement:

- answerable: does the picked evidence hold the answer? Positive: an answerable question whose gold answer stands in
  the evidence. Negative: everything else, that is questions written to be unanswerable, and questions whose passage
  was left out of the collection.
- support: does the evidence support a sentence? Human labels of faithful and hallucinated responses.

Figures are cross-fitted: rows fall into five folds by a hash of what they are about, and each is judged by the
weights and the threshold that the other four gave. The model that is stored is fitted on all. Measuring is slow
(seconds a row), so rows are cached and a stopped run goes on where it was. The seed is fixed.
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
from ragstack.evaluation import measures
from ragstack.evaluation.statistics import Statistic, bootstrap, ratio
from ragstack.evidence import EvidencePicker
from ragstack.generators.base import Judge
from ragstack.verification import support_features

SEED = 20
QUESTION_SETS = ("squad2_en", "chinesesquad2_zh")
PAIR_SETS = ("q2_wow_en", "begin_dev_en", "uhgeval_zh")
PASSAGES = 400
ANY_QUESTION = {"en": "What do the passages say?", "zh": "资料说了什么？"}
FALSE_REFUSALS = 0.10
"""Thresholds: the highest that refuses at most this share of what should pass."""
FOLDS = 5


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
    """The model of all rows, its threshold, and what it does to rows that it was not fitted on."""
    x = np.array([[row["features"][name] for name in names] for row in rows])
    y = np.array([row["label"] for row in rows])
    fold = np.array([hashlib.sha256(row["about"].encode()).digest()[0] % FOLDS for row in rows])
    apart = np.zeros(len(rows))
    shown = np.zeros(len(rows), dtype=bool)
    for number in range(FOLDS):
        rest = fold != number
        weights, bias = logistic(x[rest], y[rest])
        apart[~rest] = sigmoid(x[~rest] @ weights + bias)
        shown[~rest] = apart[~rest] >= threshold_of(sigmoid(x[rest] @ weights + bias), y[rest])
    weights, bias = logistic(x, y)
    sets = np.array([row["set"] for row in rows])
    return {
        "weights": {name: round(float(weight), 6) for name, weight in zip(names, weights, strict=True)},
        "bias": round(bias, 6),
        "threshold": round(threshold_of(apart, y), 6),
        "report": report(apart, y, shown),
        "by_set": {
            name: report(apart[sets == name], y[sets == name], shown[sets == name]) for name in sorted(set(sets))
        },
    }


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    from sklearn.linear_model import LogisticRegression

    mean, spread = x.mean(0), x.std(0) + 1e-9
    model = LogisticRegression(C=1.0).fit((x - mean) / spread, y)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - (weights * mean).sum())


def sigmoid(score: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-score)))


def threshold_of(probability: np.ndarray, label: np.ndarray) -> float:
    return float(np.quantile(probability[label == 1], FALSE_REFUSALS))


def report(probability: np.ndarray, label: np.ndarray, shown: np.ndarray) -> dict[str, Any]:
    """Figures with 95 % bootstrap intervals, and the risk-coverage curve."""

    def interval(statistic: Statistic) -> dict[str, float | None]:
        found = bootstrap(statistic, len(label), SEED).to_dict()
        return {key: None if value is None else round(value, 4) for key, value in found.items()}

    def refused(wanted: int) -> Statistic:
        return ratio(((label == wanted) & ~shown).astype(float), (label == wanted).astype(float))

    curve = measures.risk_coverage(label, probability)
    steps = [int(len(label) * share / 10) - 1 for share in range(1, 11)]
    return {
        "rows": len(label),
        "positive": int(label.sum()),
        "auroc": interval(lambda at: measures.auroc(label[at], probability[at])),
        "negatives_refused": interval(refused(0)),
        "positives_refused": interval(refused(1)),
        "balanced_accuracy": interval(lambda at: measures.balanced_accuracy(label[at], shown[at].astype(int))),
        "kappa": interval(lambda at: measures.kappa(label[at], shown[at].astype(int))),
        "calibration_error": interval(lambda at: measures.calibration_error(label[at], probability[at])),
        "risk_at_coverage": {f"{curve[step][0]:.2f}": round(curve[step][1], 4) for step in steps if step >= 0},
    }


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
        decoder = stack.generator().name
        for source in (question_rows(options.data, options.per_set, stack, done),
                       pair_rows(options.data, options.pairs, stack, done)):  # fmt: skip
            for row in source:
                rows.append(row)
                cache.write(json.dumps(row, ensure_ascii=False) + "\n")
                cache.flush()
    answerable = [row for row in rows if row["task"] == "answerable"]
    support = [row for row in rows if row["task"] == "support"]
    models = {
        "answerable": fit(answerable, ["judge", "coverage", "chinese"]),
        "answerable_without_judge": fit(answerable, ["coverage", "best", "cosine", "chinese"]),
        "support": fit(support, ["judge", "coverage"]),
        "support_without_judge": fit(support, ["coverage"]),
    }
    stored = {
        "data": {"answerable": QUESTION_SETS, "support": PAIR_SETS, "seed": SEED, "decoder": decoder},
        "threshold_rule": f"at most {FALSE_REFUSALS:.0%} of the positives are refused",
        "models": models,
    }
    text = json.dumps(stored, indent=1, ensure_ascii=False) + "\n"
    print(text)
    if options.write:
        Path("ragstack/calibration.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
