"""Fit the probabilities of ``ragstack/checking/calibration.json`` on labelled data, and report them on data apart.

    python benchmarks/calibrate.py gate DATA [--per-set 80] [--write]
    python benchmarks/calibrate.py support DATA [--write]

DATA holds folders in the layout of the evaluation data. Two pairs of models, with the decoder's own judgement and
without:

- gate: does the picked evidence hold the answer? What ``ragstack calibrate`` does, on cuts of two sets with questions
  that their passages answer, questions written to be unanswerable, and questions whose passage was left out. Rows fall
  into five folds by what they are about, and each is judged by what the other four gave.
- support: does the evidence support a sentence? The claims of ``claims.py``: fitted on some sources, reported on
  others.

Measuring is slow (seconds a row), so rows are kept in ``--home`` and a stopped call goes on where it was.
"""

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from claims import SETS, Claim, claims, read, stamp

from ragstack import RagStack
from ragstack.checking.citations import align
from ragstack.checking.verification import quoted, support_features, word_features
from ragstack.evaluation.calibrating import calibrate
from ragstack.evaluation.fitting import by, fit, predict, report
from ragstack.evaluation.verifiers import DecoderVerifier, Premise, open_verifier
from ragstack.generators.base import Judge
from ragstack.language import language_of

QUESTION_SETS = ("squad2_en", "chinesesquad2_zh")
PASSAGES = 800
GATE_SEED = 41
CALIBRATION = Path("ragstack/checking/calibration.json")

Row = dict[str, Any]


def gate(options: argparse.Namespace) -> dict[str, Any]:
    """The models that say whether the evidence answers, by ``ragstack calibrate`` on a cut of each set."""
    with RagStack.open(home=options.home) as stack:
        folders = [cut(options.data / name, options.home / name, options.per_set) for name in QUESTION_SETS]
        return dict(calibrate(stack, folders, out=options.home / "gate.json").stored["models"])


def cut(data: Path, folder: Path, count: int) -> Path:
    """Passages, and questions of three kinds: half answered by them, a third adversarial, a sixth about others.

    The two last have no answer in the cut: adversarial ones were written to look as if a passage answered them.
    """
    chance = random.Random(GATE_SEED)
    corpus = {passage["id"]: passage for passage in read(data, "corpus")}
    queries = read(data, "queries")
    chance.shuffle(queries)
    kept = set(chance.sample(sorted(corpus), PASSAGES))
    groups = [
        [q for q in queries if q["answerable"] and q["meta"]["about"] in kept][: count // 2],
        [q for q in queries if not q["answerable"] and q["meta"]["about"] in kept][: count // 3],
        [q | {"answerable": False} for q in queries if q["answerable"] and q["meta"]["about"] not in kept][
            : count // 6
        ],
    ]
    chosen = [query for group in groups for query in group]
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "corpus.jsonl", [corpus[key] for key in sorted(kept)])
    write(folder / "queries.jsonl", [{key: q[key] for key in ("id", "text", "answers", "answerable")} for q in chosen])
    relevant = [f"{q['id']}\t{q['meta']['about']}\t1" for q in chosen if q["meta"]["about"] in kept]
    (folder / "qrels.tsv").write_text("\n".join(relevant) + "\n", encoding="utf-8")
    return folder


def write(file: Path, records: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")


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


def support(options: argparse.Namespace) -> dict[str, Any]:
    """The models that say whether the evidence supports a sentence."""
    rows = [with_features(row) for row in measure(options.data, options.home)]
    return {
        "support": fit_support(rows, ["judge", "coverage", "foreign", "turned", "names"]),
        "support_without_judge": fit_support(rows, ["coverage", "turned", "names"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["gate", "support"])
    parser.add_argument("data", type=Path)
    parser.add_argument("--per-set", type=int, default=80, help="questions of each set, for the gate")
    parser.add_argument("--home", type=Path, default=Path(".benchmarks/calibrate"), help="keeps what was measured")
    parser.add_argument("--write", action="store_true", help="write ragstack/checking/calibration.json")
    options = parser.parse_args()
    models = gate(options) if options.what == "gate" else support(options)
    for name, model in models.items():
        print(name, model["weights"], "bias", model["bias"], "threshold", model["threshold"])
        print(line("all", model["report"]))
        for part in ("by_set", "made", "by_language", "by_kind", "fitted_on"):
            print(*(line(f"{part} {key}", figures) for key, figures in model.get(part, {}).items()), sep="\n")
        print(*(f"  {point}" for point in model.get("curve", ())), sep="\n")
    if options.write:
        stored = json.loads(CALIBRATION.read_text(encoding="utf-8"))
        stored["models"] |= models
        CALIBRATION.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def line(name: str, figures: dict[str, Any]) -> str:
    """One line of a table for people."""
    shown = [f"{name:24} n={figures['rows']:3}"]
    for figure in ("auroc", "balanced_accuracy", "negatives_refused", "positives_refused"):
        low, value, high = (figures[figure][key] for key in ("low", "value", "high"))
        shown.append(f"{figure} {value:.2f} [{low:.2f}, {high:.2f}]" if value is not None else f"{figure} -")
    return "  ".join(shown)


def measure(data: Path, home: Path) -> list[Row]:
    """All rows, those of an earlier call first; new ones are added to them as they come."""
    home.mkdir(parents=True, exist_ok=True)
    cache = home / "claims.jsonl"
    rows = [json.loads(text) for text in cache.read_text(encoding="utf-8").splitlines()] if cache.exists() else []
    done = {row["id"] for row in rows}
    with RagStack.open(home=home) as stack, cache.open("a", encoding="utf-8") as kept:
        for row in claim_rows(data, stack, done):
            rows.append(row)
            kept.write(json.dumps(row, ensure_ascii=False) + "\n")
            kept.flush()
    return rows


if __name__ == "__main__":
    main()
