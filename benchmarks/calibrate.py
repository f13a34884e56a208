"""Fit the probabilities of ``ragstack/calibration.json`` on labelled data, and report them on data apart.

    python benchmarks/calibrate.py DATA [--per-set 80] [--cache FILE] [--write]

DATA holds folders in the layout of the evaluation data (corpus, queries, qrels; examples; pairs). Two models, each
with and without the decoder's own judgement:

- answerable: does the picked evidence hold the answer? Positive: an answerable question whose gold answer stands in
  the evidence. Negative: everything else, that is questions written to be unanswerable, and questions whose passage
  was left out of the collection.
- support: does the evidence support a sentence? The claims of ``claims.py``: fitted on some sources, reported on
  others.

The figures of the first are cross-fitted: rows fall into five folds by a hash of what they are about, and each is
judged by the weights and the threshold that the other four gave. Measuring is slow (seconds a row), so rows are cached
and a stopped run goes on where it was. The seed is fixed.
"""

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from claims import SETS, Claim, claims, read, stamp
from fitting import FALSE_REFUSALS, SEED, by, fit, line, predict, report

from ragstack import RagStack
from ragstack.abstention import answerable_features
from ragstack.citations import align
from ragstack.evaluation.verifiers import DecoderVerifier, Premise, open_verifier
from ragstack.evidence import EvidencePicker
from ragstack.generators.base import Judge
from ragstack.language import language_of
from ragstack.verification import quoted, support_features, word_features

QUESTION_SETS = ("squad2_en", "chinesesquad2_zh")
PASSAGES = 400
DECODER = "llamacpp:Qwen2.5-Coder-1.5B-Instruct.Q4_K_M"
"""The default decoder, whose judgements the models are fitted to."""

Row = dict[str, Any]


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


def claim_rows(data: Path, stack: RagStack, done: set[str]) -> Iterator[Row]:
    left = [(claim, split) for split in SETS for claim in claims(data, split) if claim.id not in done]
    if not left:
        return
    verifier = open_verifier(stack)
    judge = stack.generator()
    assert isinstance(judge, Judge)
    for claim, split in left:
        yield claim_row(claim, split, verifier, judge, stack)


def claim_row(claim: Claim, split: str, verifier: DecoderVerifier, judge: Judge, stack: RagStack) -> Row:
    """What the decoder says of a claim, with all that was read, so that other features need no decoder."""
    evidence = verifier.read(f"{claim.question} {claim.sentence}", [Premise(claim.passage)])
    [alignment] = align(claim.question, [claim.sentence], evidence, stack.encoder)
    read = [f"{item.heading} {item.plain}" for item in evidence]
    return {
        "task": "support", "split": split, "id": claim.id, "set": claim.set, "kind": claim.kind,
        "language": language_of(claim.question), "about": stamp(claim.passage), "label": int(claim.label),
        "question": claim.question, "sentence": claim.sentence, "read": read,
        "cited": [read[at] for at in alignment.positions], "coverage": alignment.coverage,
        "quoted": quoted(claim.sentence, evidence), "missing_numbers": alignment.missing_numbers,
        "judge": support_features(claim.question, claim.sentence, alignment, evidence, judge)["judge"],
    }  # fmt: skip


def with_features(row: Row) -> Row:
    known = [row["question"], *row["read"]]
    words = word_features(row["sentence"], row["cited"], known, row["coverage"])
    return row | {"features": words | {"judge": row["judge"]}}


def fit_answerable(rows: list[Row], names: list[str]) -> Row:
    """Fitted on all, reported cross-fitted: the questions are few."""
    model, apart, shown = fit(rows, names)
    label = np.array([row["label"] for row in rows])
    return model | {"report": report(apart, label, shown), "by_set": by(rows, "set", apart, shown)}


def fit_support(rows: list[Row], names: list[str]) -> Row:
    """Fitted on what the model is asked of, reported on other sources: the whole check, quotations and numbers too."""
    asked = [row for row in rows if row["split"] == "fit" and not row["quoted"] and not row["missing_numbers"]]
    if "foreign" not in names:  # then nothing is known of a sentence in another language: it is left to its coverage, 0
        asked = [row for row in asked if not row["features"]["foreign"]]
    apart = [row for row in rows if row["split"] == "report"]
    model, cross_fitted, decided = fit(asked, names)
    probability, shown = predict(model, apart)
    held = np.array([bool(row["quoted"]) for row in apart])
    lost = np.array([bool(row["missing_numbers"]) for row in apart]) & ~held
    probability = np.where(held, 1.0, np.where(lost, 0.0, probability))
    shown = held | (shown & ~lost)
    label = np.array([row["label"] for row in apart])
    sets = by(apart, "set", probability, shown)
    people = {row["set"] for row in apart if row["kind"] in ("response", "entailment")}
    return model | {
        "report": report(probability, label, shown),
        "by_set": {name: figures for name, figures in sets.items() if name in people},
        "made": {name: figures for name, figures in sets.items() if name not in people},
        "by_language": by(apart, "language", probability, shown),
        "by_kind": by(apart, "kind", probability, shown),
        "fitted_on": by(asked, "set", cross_fitted, decided),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--per-set", type=int, default=80, help="questions of each set")
    parser.add_argument("--cache", type=Path, default=Path("calibration-rows.jsonl"))
    parser.add_argument("--write", action="store_true", help="write ragstack/calibration.json")
    options = parser.parse_args()
    rows = measure(options.data, options.per_set, options.cache)
    answerable = [row for row in rows if row["task"] == "answerable"]
    support = [with_features(row) for row in rows if row["task"] == "support"]
    models = {
        "answerable": fit_answerable(answerable, ["judge", "coverage", "chinese"]),
        "answerable_without_judge": fit_answerable(answerable, ["coverage", "best", "cosine", "chinese"]),
        "support": fit_support(support, ["judge", "coverage", "foreign", "turned", "names"]),
        "support_without_judge": fit_support(support, ["coverage", "turned", "names"]),
    }
    stored = {
        "data": {
            "answerable": QUESTION_SETS,
            "support": {split: list(sets) for split, sets in SETS.items()},
            "seed": SEED,
            "decoder": DECODER,
        },
        "threshold_rule": f"at most {FALSE_REFUSALS:.0%} of the positives are refused",
        "models": models,
    }
    for name, model in models.items():
        print(name, model["weights"], "bias", model["bias"], "threshold", model["threshold"])
        print(line("all", model["report"]))
        for part in ("by_set", "made", "by_language", "by_kind", "fitted_on"):
            print(*(line(f"{part} {key}", figures) for key, figures in model.get(part, {}).items()), sep="\n")
    if options.write:
        text = json.dumps(stored, indent=1, ensure_ascii=False) + "\n"
        Path("ragstack/calibration.json").write_text(text, encoding="utf-8")


def measure(data: Path, per_set: int, cache: Path) -> list[Row]:
    """All rows, those of the cache first; new ones are added to it as they come."""
    rows = [json.loads(text) for text in cache.read_text(encoding="utf-8").splitlines()] if cache.exists() else []
    done = {row["id"] for row in rows}
    with (
        tempfile.TemporaryDirectory() as home,
        RagStack.open(home=home) as stack,
        cache.open("a", encoding="utf-8") as kept,
    ):
        for row in chain(question_rows(data, per_set, stack, done), claim_rows(data, stack, done)):
            rows.append(row)
            kept.write(json.dumps(row, ensure_ascii=False) + "\n")
            kept.flush()
    return rows


if __name__ == "__main__":
    main()
