"""How well the small verifier tells supported claims from others, beside the encoder's cosine, and what a pair costs.

    python benchmarks/verifying.py DATA --cache FOLDER [--cosine 80] [--write]
    python benchmarks/verifying.py DATA --timed

Features and cosines are kept in FOLDER; delete it when the code that makes them has changed. What is measured is the
verifier as it judges, with what is settled before the weights are asked (:mod:`ragstack.evaluation.pair_verifier`), and
once the weights alone. Three ways to measure, none of which has seen what it is measured on:

- apart: the whole family of a set is left out of the training, and every text of it; the threshold is that of the
  other sets. All pairs of the set are measured.
- halves: the weights that ship, on the halves of the evidence that they were not trained on, at their threshold.
- cosine: of the vectors that the encoder, in eight bits, gives of claim and evidence (the sentences that are read, as
  one text), at the threshold that is best on the training halves of the other sets, on the halves kept from training.

Balanced accuracy and AUROC with 95 % bootstrap intervals; chance is .50. Beside them, what each strict
comparison catches and costs. ``--write`` writes the figures that ``ragstack eval`` prints beside what it says.
"""

import argparse
import json
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from ingest.encoders import open_encoder
from ingest.packs import default_cache
from ragstack.checking.calibration import LogisticModel
from ragstack.checking.verification import stands_whole
from ragstack.evaluation import measures
from ragstack.evaluation.pair_verifier import PairVerifier, differences
from ragstack.evaluation.statistics import bootstrap
from ragstack.evaluation.verifiers import Premise
from ragstack.verifier.features import FEATURES
from ragstack.verifier.making import features_of, pairs_of
from ragstack.verifier.model import WEIGHTS, SmallModel, open_small, read_weights
from ragstack.verifier.pairs import SETS, Pair, read_pairs
from ragstack.verifier.reading import choose, sentences_of
from ragstack.verifier.training import fit, threshold_of

ENCODER = "multilingual-e5-small"
FAMILIES = {
    "dialogue": ("begin_dev_en", "begin_wow_test_en", "q2_wow_en"),
    "web": ("wice_dev_en", "expertqa_val_en"),
    "edits": ("summedits_en",),
    "news": ("uhgeval_zh",),
}
"""Sets that are left out together, since they are of one making."""
MADE = (
    ("cad_snli_en", "conjnli_en"),
    ("pawsx_zh",),
    ("halueval_qa_gen_en",),
    ("squad2_en", "cmrc2018_zh", "xquad_en_zh"),
)
"""The same, of those that no responses to judge are in."""
HEADLINE = ("wice_dev_en", "begin_dev_en", "q2_wow_en", "expertqa_val_en", "summedits_en", "uhgeval_zh")
MEASURED_ONLY = {"ocnli_zh": 150, "csnli_zh": 150}
"""Sets whose licences keep them out of the training."""
REFUSALS = ("numbers", "names", "turned", "opposed")
SEED = 0

Figures = dict[str, Any]


def figures(label: np.ndarray, probability: np.ndarray, threshold: float) -> Figures:
    said = probability >= threshold

    def interval(figure: Callable[[np.ndarray, np.ndarray], float], of: np.ndarray) -> dict[str, float | None]:
        found = bootstrap(lambda at: figure(label[at], of[at]), len(label), SEED).to_dict()
        return {key: None if value is None else round(value, 4) for key, value in found.items()}

    return {
        "rows": len(label),
        "supported": int(label.sum()),
        "balanced_accuracy": interval(measures.balanced_accuracy, said),
        "auroc": interval(measures.auroc, probability),
        "kappa": interval(measures.kappa, said),
    }


def settled(pair: Pair) -> tuple[bool, ...]:
    """Whether the claim stands whole in its evidence, and whether it differs from it in each of :data:`REFUSALS`."""
    found = differences("", pair.claim, pair.evidence)
    whole = stands_whole(pair.claim, [sentence.text for sentence in sentences_of(pair.evidence)])
    return (whole, *(bool(getattr(found, kind)) for kind in REFUSALS))


class Measuring:
    """All pairs with their features, and the ways to measure.

    ``whole`` are claims that stand in their evidence, ``refused`` (pairs, kinds) those that differ from it strictly.
    """

    def __init__(self, data: Path, cache: Path) -> None:
        pairs = pairs_of(data, (), SEED)
        pairs += [pair for name, most in MEASURED_ONLY.items() for pair in read_pairs(data, name, most, SEED)]
        self.pairs = pairs
        self.fitted: dict[tuple[str, ...], LogisticModel] = {}
        self.set = np.array([pair.set for pair in pairs])
        self.label = np.array([pair.label for pair in pairs])
        self.test = np.array([pair.test for pair in pairs])
        self.stamp = np.array([pair.stamp for pair in pairs])
        path = cache / "features.npy"
        if not path.exists():
            cache.mkdir(parents=True, exist_ok=True)
            np.save(path, np.column_stack([features_of(pairs), [settled(pair) for pair in pairs]]))
        columns = np.load(path, allow_pickle=False)
        self.features, strict = np.split(columns, [len(FEATURES)], axis=1)
        self.whole, self.refused = strict[:, 0] > 0, strict[:, 1:] > 0

    def without(self, family: tuple[str, ...]) -> LogisticModel:
        """The model of all that may be trained on but for a family, and every text of it."""
        if family in self.fitted:
            return self.fitted[family]
        seen = set(self.stamp[np.isin(self.set, family)])
        out = np.isin(self.set, [*family, *MEASURED_ONLY]) | np.array([stamp in seen for stamp in self.stamp])
        train = np.flatnonzero(~out)
        model = self.fitted[family] = fit(self.features[train], [self.pairs[at] for at in train])
        return model

    def apart(self, *, weights_alone: bool = False) -> dict[str, Figures]:
        """With each family left out in its turn."""
        found = {}
        for family in (*FAMILIES.values(), tuple(MEASURED_ONLY)):
            model = self.without(family)
            for name in family:
                at = np.flatnonzero(self.set == name)
                found[name] = figures(self.label[at], self.said(model, at, weights_alone), model.threshold)
        return found

    def said(self, model: LogisticModel, at: np.ndarray, weights_alone: bool = False) -> np.ndarray:
        rows = (dict(zip(FEATURES, self.features[n], strict=True)) for n in at)
        said = np.array([model.probability(row) for row in rows])
        if weights_alone:
            return said
        return np.where(self.whole[at], 1.0, np.where(self.refused[at].any(axis=1), 0.0, said))

    def strict(self) -> None:
        """Of the pairs that the weights alone, with their family left out, let pass: those each refusal stops."""
        passed = np.zeros(len(self.pairs), dtype=bool)
        for family in {*FAMILIES.values(), tuple(MEASURED_ONLY), *MADE}:
            model = self.without(family)
            at = np.flatnonzero(np.isin(self.set, family))
            passed[at] = self.said(model, at, weights_alone=True) >= model.threshold
        for half, told in ((~self.test, "training"), (self.test, "other")):
            for number, kind in enumerate(REFUSALS):
                stopped = half & passed & ~self.whole & self.refused[:, number]
                false = int((stopped & ~self.label).sum())
                print(f"refused for {kind:8} on the {told} halves: {false} false, {int(stopped.sum()) - false} true")

    def halves(self, model: LogisticModel) -> dict[str, Figures]:
        found = {}
        for name in SETS:
            at = np.flatnonzero((self.set == name) & self.test)
            found[name] = figures(self.label[at], self.said(model, at), model.threshold)
        return found

    def cosine(self, most: int, cache: Path) -> dict[str, Figures]:
        chosen, said = [], []
        for name in HEADLINE:
            for half in (True, False):
                chosen += np.flatnonzero((self.set == name) & (self.test == half))[:most].tolist()
        kept = cache / f"cosine-{most}.json"
        if not kept.exists():
            encoder = open_encoder(ENCODER, default_cache(), precision="int8")
            for at in chosen:
                pair = self.pairs[at]
                sentences = sentences_of(pair.evidence)
                read = choose(pair.claim, pair.evidence, [sentence.length for sentence in sentences])
                one, other = encoder.encode_queries([pair.claim, " ".join(sentences[n].text for n in read)])
                said.append(float(one @ other))
            kept.write_text(json.dumps(said), encoding="utf-8")
        at, score = np.array(chosen), np.array(json.loads(kept.read_text(encoding="utf-8")))
        found = {}
        for name in HEADLINE:
            rest, here = ~self.test[at] & (self.set[at] != name), self.test[at] & (self.set[at] == name)
            threshold = threshold_of(score[rest], self.label[at][rest], self.set[at][rest].tolist())
            found[name] = figures(self.label[at][here], score[here], threshold)
        return found


def milliseconds(data: Path, model: SmallModel, pairs_each: int = 15) -> list[float]:
    """Of processor time, of single pairs, each over evidence that was not read before."""
    taken = []
    verifier = PairVerifier("small", model)
    verifier.check("", "Warm up, 热身。", [Premise("Anything at all. 随便什么。")])
    for name in HEADLINE:
        over = {pair.evidence: pair for pair in read_pairs(data, name, 400, SEED + 1)}
        for pair in list(over.values())[:pairs_each]:
            began = time.process_time()
            verifier.check("", pair.claim, [Premise(pair.evidence)])
            taken.append(1000 * (time.process_time() - began))
    return taken


def table(title: str, found: dict[str, Figures]) -> None:
    print(title)
    for name, each in found.items():
        accuracy, auroc = each["balanced_accuracy"], each["auroc"]
        print(
            f"  {name:20} n {each['rows']:4}  balanced accuracy {accuracy['value']:.3f} [{accuracy['low']:.2f}, "
            f"{accuracy['high']:.2f}]  AUROC {auroc['value']:.3f} [{auroc['low']:.2f}, {auroc['high']:.2f}]"
        )
    for told, names in (("mean of the six", HEADLINE), ("without uhgeval_zh", HEADLINE[:-1])):
        print(f"  {told:20} {np.mean([found[name]['balanced_accuracy']['value'] for name in names]):.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--cache", type=Path, default=Path("verifying"))
    parser.add_argument(
        "--cosine", type=int, default=80, help="pairs of each half of each set; 0 leaves the cosine out"
    )
    parser.add_argument("--timed", action="store_true", help="say what a pair costs")
    parser.add_argument("--write", action="store_true", help="write ragstack/verifier/figures.json")
    options = parser.parse_args()
    if options.timed:
        taken = milliseconds(options.data, open_small())
        median, most = np.quantile(taken, [0.5, 0.9])
        print(f"milliseconds of processor time a pair: median {median:.0f}, nine in ten below {most:.0f}")
        return
    measuring = Measuring(options.data, options.cache)
    apart = measuring.apart()
    halves = measuring.halves(read_weights(files("ragstack.verifier") / WEIGHTS))
    measuring.strict()
    table("apart, the weights alone", measuring.apart(weights_alone=True))
    table("apart", apart)
    table("the shipped weights, halves kept from training", halves)
    if options.cosine:
        table("cosine", measuring.cosine(options.cosine, options.cache))
    if options.write:
        text = json.dumps({"seed": SEED, "apart": apart, "halves": halves}, indent=1) + "\n"
        Path("ragstack/verifier/figures.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
