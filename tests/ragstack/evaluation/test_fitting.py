"""The fit of a gate: what thresholds cost, worked by hand, and folds that always leave something to fit on."""

import numpy as np
import pytest

from ragstack.evaluation.fitting import fit, folds, logistic, operating

NAMES = ["coverage"]


def rows(about: str | None = None) -> list[dict[str, object]]:
    """Twenty of each label, apart at .5 but for two of each."""
    values = [0.6 + n / 50 for n in range(18)] + [0.3, 0.4] + [0.4 - n / 50 for n in range(18)] + [0.7, 0.6]
    return [
        {"about": about or f"d{n}", "label": int(n < 20), "features": {"coverage": value}}
        for n, value in enumerate(values)
    ]


def test_what_a_threshold_costs_is_what_counting_says() -> None:
    probability = np.array([0.9, 0.8, 0.7, 0.6, 0.75, 0.5, 0.4, 0.3])
    label = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    points = operating(probability, label, 0.2)
    assert points[0] == {  # all positives pass, and one of four negatives: .2 · .25 / (.2 · .25 + .8 · 1)
        "threshold": 0.6, "risk": round(0.05 / 0.85, 4), "answered": 1.0, "unanswerable_refused": 0.75
    }  # fmt: skip
    half = [point for point in points if point["answered"] == 0.5]
    assert (half[0]["risk"], half[0]["unanswerable_refused"]) == (round(0.05 / 0.45, 4), 0.75)  # .75 passes still
    assert (half[-1]["risk"], half[-1]["unanswerable_refused"]) == (0.0, 1.0)
    assert [point["answered"] for point in points] == sorted((point["answered"] for point in points), reverse=True)


def test_the_weights_are_those_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    x = np.array([[row["features"]["coverage"]] for row in rows()])  # type: ignore[index]
    y = np.array([row["label"] for row in rows()])
    weights, bias = logistic(x, y, NAMES)
    spread, mean = x.std(0), x.mean(0)
    other = linear_model.LogisticRegression(C=1.0).fit((x - mean) / spread, y)
    assert weights[0] == pytest.approx(other.coef_[0, 0] / spread[0], rel=1e-3)
    assert bias == pytest.approx(other.intercept_[0] - weights[0] * mean[0], abs=1e-3)


def test_a_reason_to_believe_never_becomes_one_to_doubt() -> None:
    x = np.array([[row["features"]["coverage"]] for row in rows()])  # type: ignore[index]
    turned = 1 - np.array([row["label"] for row in rows()])
    assert logistic(x, turned, NAMES)[0][0] == pytest.approx(0.0, abs=1e-9)
    assert logistic(x, turned, ["chinese"])[0][0] < 0


@pytest.mark.parametrize("about", [None, "the only document"])
def test_questions_about_one_document_can_be_fitted_too(about: str | None) -> None:
    given = rows(about)
    fold = folds(given, np.array([row["label"] for row in given]))
    for number in range(5):
        assert {row["label"] for row, at in zip(given, fold, strict=True) if at != number} == {0, 1}
    model, apart, shown = fit(given, NAMES)
    assert model["weights"]["coverage"] > 0
    assert np.isfinite(apart).all()
    assert shown[:18].mean() > 0.8
    assert not shown[20:38].any()


def test_rows_about_one_thing_are_in_one_fold() -> None:
    given = [row | {"about": f"d{n % 10}"} for n, row in enumerate(rows())]
    fold = folds(given, np.array([row["label"] for row in given]))
    assert all(len(set(fold[n::10])) == 1 for n in range(10))


def test_a_mark_of_a_false_premise_weighs_two_units_at_most_and_never_speaks_for_an_answer() -> None:
    names = ["turned", "numbers", "names"]
    label = np.array([1, 0] * 100)
    marks = np.stack([1.0 - label, label, 1.0 - label], axis=1)  # the second is found where there is an answer
    weights, _ = logistic(marks, label, names)
    assert weights[0] == pytest.approx(-2.0)
    assert weights[1] == 0.0
    assert weights[2] < -2.0  # not one of those that are held
