"""From a folder of data to weights: the same each time, and better than chance on evidence kept apart."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn.metrics import roc_auc_score

from indexes.errors import ModelError, UsageError
from ragstack.cli.app import program
from ragstack.verifier.making import make_verifier
from ragstack.verifier.model import WEIGHTS, SmallModel, read_weights
from ragstack.verifier.pairs import Pair, read_pairs
from ragstack.verifier.training import BELIEFS, DOUBTS, PENALTY, logistic, threshold_of, weights_of


def test_two_runs_give_the_same_bytes(claims_folder: Path, tmp_path: Path) -> None:
    one, again = (make_verifier(claims_folder, tmp_path / name, sets=["animals"], seed=1) for name in "ab")
    assert one.path.read_bytes() == again.path.read_bytes()
    stored = json.loads(one.path.read_text(encoding="utf-8"))
    assert (stored["seed"], stored["sets"], stored["pairs"]) == (1, ["animals"], one.pairs)
    assert one.pairs == sum(not pair.test for pair in read_pairs(claims_folder, "animals")) > 50


def test_what_is_trained_tells_claims_over_other_evidence(claims_folder: Path, tmp_path: Path) -> None:
    made = make_verifier(claims_folder, tmp_path / "out", sets=["animals"])
    model = SmallModel(read_weights(made.path))
    apart = [pair for pair in read_pairs(claims_folder, "animals") if pair.test]
    for language in ("en", "zh"):
        chosen = [pair for pair in apart if pair.language == language]
        said = model.probabilities([(pair.claim, pair.evidence) for pair in chosen])
        assert roc_auc_score([pair.label for pair in chosen], said) > 0.9
    assert 0.0 < model.threshold < 1.0
    assert model.probability("It sleeps.", "***") == 0.0


def test_one_label_is_not_enough(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "s"
    folder.mkdir(parents=True)
    rows = [{"context": f"Text {n}.", "response": "So it is said.", "label": "faithful"} for n in range(9)]
    (folder / "examples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    with pytest.raises(UsageError, match="fewer than two labels"):
        make_verifier(folder.parent, tmp_path / "out", sets=["s"])


@pytest.mark.parametrize("text", ["nothing", "{}", '{"weights": {"covered": 1}, "bias": 0, "threshold": 0.5}'])
def test_a_file_that_is_no_verifier_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / WEIGHTS).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="ragstack train verifier"):
        read_weights(tmp_path / WEIGHTS)


def pair(group: str, *, label: bool) -> Pair:
    return Pair(group, "response", "It froze.", "It froze.", label)


def test_every_set_and_every_label_in_it_counts_alike() -> None:
    large = [pair("large", label=True)] * 6 + [pair("large", label=False)] * 2
    weight = weights_of([*large, pair("small", label=True), pair("small", label=False)])
    assert weight.mean() == pytest.approx(1.0)
    assert weight[:6].sum() == pytest.approx(weight[6:8].sum())
    assert weight[8] == weight[9] == pytest.approx(weight[6:8].sum())


def test_the_weights_are_where_an_independent_optimiser_finds_them() -> None:
    from scipy.optimize import minimize

    chance = np.random.default_rng(4)
    names = ["covered", "numbers", "length", "read"]
    x = chance.standard_normal((300, 4)) * [1.0, 0.3, 5.0, 2.0] + [0.0, 1.0, -3.0, 2.0]
    label = chance.random(300) < 1 / (1 + np.exp(-(-1.5 * x[:, 0] + 2 * x[:, 1] + 0.1 * x[:, 2] - 0.4 * x[:, 3])))
    weight = chance.random(300) + 0.5
    weights, bias = logistic(x, label, weight, names)
    scaled = (x - x.mean(0)) / (x.std(0) + 1e-6)

    def loss(found: np.ndarray) -> float:
        margin = np.where(label, 1, -1) * (scaled @ found[:4] + found[4])
        return float(weight @ np.logaddexp(0, -margin) / weight.sum() + PENALTY / 2 * (found[:4] ** 2).sum())

    bounds = [(0, None), (None, 0), (None, None), (None, None), (None, None)]
    best = minimize(loss, np.zeros(5), bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9}).x
    assert weights * (x.std(0) + 1e-6) == pytest.approx(best[:4], abs=1e-4)
    assert bias + weights @ x.mean(0) == pytest.approx(best[4], abs=1e-4)
    assert weights[0] == weights[1] == 0.0  # the data would have them otherwise
    assert {"covered"} <= set(BELIEFS)
    assert {"numbers"} <= set(DOUBTS)


def test_the_threshold_is_where_the_sets_are_told_apart_best_in_the_mean() -> None:
    probability = np.array([0.1, 0.3, 0.4, 0.9, 0.2, 0.6, 0.7, 0.8])
    label = np.array([0, 0, 1, 1, 0, 0, 1, 1], dtype=bool)
    groups = ["a"] * 4 + ["b"] * 4
    found = threshold_of(probability, label, groups)
    by_hand = {
        t: np.mean(
            [
                np.mean([(p >= t) == y for p, y, g in zip(probability, label, groups, strict=True) if g == name])
                for name in "ab"
            ]
        )
        for t in (0.15, 0.25, 0.35, 0.5, 0.65, 0.75, 0.85)
    }
    assert by_hand[min(by_hand, key=lambda t: abs(t - found))] == max(by_hand.values())
    assert threshold_of(probability, label, ["only"] * 8) == pytest.approx(0.35)


def test_the_command_says_what_it_made(claims_folder: Path, tmp_path: Path) -> None:
    arguments = [
        "train",
        "verifier",
        "--data",
        str(claims_folder),
        "--out",
        str(tmp_path / "out"),
        "--set",
        "animals",
        "--json",
    ]
    done = CliRunner().invoke(program, arguments, standalone_mode=False)
    assert done.exit_code == 0, done.exception
    said = json.loads(done.stdout)
    assert said["path"] == str(tmp_path / "out" / WEIGHTS)
    assert said["sets"] == ["animals"]
