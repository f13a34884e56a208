"""How well the decoder as judge tells faithful responses from others, on the same sets as ``verifying.py``.

    python benchmarks/verifying_decoder.py DATA [--home FOLDER] [--limit 50] [--verifier decoder]

What ``ragstack eval faithfulness`` does: a response is judged sentence by sentence, as the sentences of an answer are,
and is as probable as its weakest. A sample of each set, faithful and hallucinated in their proportions, is reported
twice, with 95 % bootstrap intervals (chance is .50):

- as shipped: what the verifier calls supported.
- balanced: at the threshold with the best mean balanced accuracy over the *other* sets, whose texts are others.

A response takes seconds: records are kept in ``--home``, and the same call goes on where it was stopped.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from verifying import HEADLINE, SEED, figures, table

from ragstack import RagStack
from ragstack.evaluation import evaluate_faithfulness
from ragstack.verifier.training import threshold_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--home", type=Path, default=Path(".benchmarks/verifying"), help="keeps what was measured")
    parser.add_argument("--limit", type=int, default=50, help="responses of each set")
    parser.add_argument("--verifier", default="decoder")
    options = parser.parse_args()
    sets, records = [], []
    with RagStack.open(home=options.home) as stack:
        for name in HEADLINE:
            out = options.home / f"{options.verifier}-{name}-{options.limit}"
            evaluate_faithfulness(
                stack, options.data / name, verifier=options.verifier, limit=options.limit, seed=SEED, out=out
            )
            lines = (out / "records.jsonl").read_text(encoding="utf-8").splitlines()
            found = [record for record in map(json.loads, lines) if "error" not in record]
            records += found
            sets += [name] * len(found)
    of = np.array(sets)
    label = np.array([record["label"] == "faithful" for record in records])
    said = np.array([record["probability"] for record in records])
    shown = np.array([record["judged"] == "faithful" for record in records]).astype(float)
    bars = {name: threshold_of(said[of != name], label[of != name], of[of != name].tolist()) for name in HEADLINE}
    table(
        "as shipped (its AUROC is that of yes and no)",
        {name: figures(label[of == name], shown[of == name], 0.5) for name in HEADLINE},
    )
    table("balanced", {name: figures(label[of == name], said[of == name], bars[name]) for name in HEADLINE})
    seconds = sum(record["seconds"]["judge"] for record in records)
    print(f"seconds a sentence: {seconds / sum(len(record['claims']) for record in records):.1f} in the mean")


if __name__ == "__main__":
    main()
