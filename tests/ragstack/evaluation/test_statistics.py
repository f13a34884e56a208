"""Intervals that hold what they promise, and tests against hand-worked values and scipy."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from ragstack.evaluation.statistics import bootstrap, holm, mcnemar, mean, paired_bootstrap, quantile, ratio


def test_intervals_cover_the_truth_about_95_times_of_100() -> None:
    chance = np.random.default_rng(1)
    covered = 0
    for seed in range(300):
        interval = bootstrap(mean(chance.binomial(1, 0.7, 80).astype(float)), 80, seed, repeats=400)
        assert interval.low is not None
        assert interval.high is not None
        covered += interval.low <= 0.7 <= interval.high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(2).normal(3.0, 2.0, 400)
    interval = bootstrap(mean(values), 400, seed=0)
    error = values.std() / math.sqrt(400)
    assert interval.value == pytest.approx(values.mean(), abs=1e-12)
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error * 3)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error * 3)


def test_the_same_seed_gives_the_same_interval_and_another_does_not() -> None:
    values = np.arange(20.0)
    assert bootstrap(mean(values), 20, 7) == bootstrap(mean(values), 20, 7)
    assert bootstrap(mean(values), 20, 7) != bootstrap(mean(values), 20, 8)


def test_nothing_to_measure_is_none_and_never_a_number() -> None:
    assert bootstrap(mean(np.array([])), 0, 0).to_dict() == {"value": None, "low": None, "high": None}
    assert bootstrap(mean(np.array([np.nan])), 1, 0).value is None


def test_a_ratio_counts_parts_over_wholes_and_rows_without_whole_do_not_count() -> None:
    assert bootstrap(ratio(np.array([1.0, 0.0, 3.0]), np.array([2.0, 0.0, 4.0])), 3, 0).value == pytest.approx(4 / 6)


@pytest.mark.parametrize("q", [0.0, 0.5, 0.95, 1.0])
def test_quantiles_are_those_of_numpy(q: float) -> None:
    for n in (1, 2, 7, 100):
        values = np.random.default_rng(n).random(n)
        assert quantile(values, q)(np.arange(n)) == pytest.approx(float(np.quantile(values, q)), abs=1e-12)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (0, 0, 1.0),
        (1, 0, 1.0),
        (0, 5, 2 / 32),
        (1, 9, 2 * (1 + 10) / 1024),  # the tail of ten tosses, doubled
        (6, 6, 1.0),
    ],
)
def test_mcnemar_worked_by_hand(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar(only_a, only_b) == pytest.approx(p, abs=1e-12)
    if only_a + only_b:
        assert mcnemar(only_a, only_b) == pytest.approx(binomtest(only_a, only_a + only_b).pvalue, abs=1e-9)


def test_a_paired_bootstrap_sees_what_holds_question_by_question() -> None:
    a = np.random.default_rng(3).random(60)
    change, p = paired_bootstrap(a, a + 0.01, seed=0)
    assert change.value == pytest.approx(0.01)
    assert p == pytest.approx(2 / 2001)
    _, p = paired_bootstrap(a, np.roll(a, 1), seed=0)
    assert p > 0.5
    assert paired_bootstrap(a, a, seed=0)[1] == 1.0


def test_a_paired_bootstrap_cries_wolf_in_about_5_cases_of_100() -> None:
    chance = np.random.default_rng(4)
    alarms = sum(paired_bootstrap(chance.random(50), chance.random(50), 0, repeats=400)[1] < 0.05 for _ in range(200))
    assert alarms <= 22


def test_holm_worked_by_hand() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}) == pytest.approx(
        {"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06}
    )
