"""How sure a figure is: bootstrap intervals, and paired tests between two runs. Seeds are fixed.

Questions are what is drawn: whatever is measured of one question stays together.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Interval", "Statistic", "bootstrap", "holm", "mcnemar", "mean", "paired_bootstrap", "quantile", "ratio"]

Statistic = Callable[[np.ndarray], float]
"""A figure of the rows at these positions (m,), repeats allowed; NaN where it has no meaning for them."""

REPEATS = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval; all None where it has no meaning for the data."""

    value: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, float | None]:
        """As it stands in a result's JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


def bootstrap(statistic: Statistic, n: int, seed: int, repeats: int = REPEATS) -> Interval:
    """The figure of all ``n`` rows with its percentile interval (Efron and Tibshirani, 1993, chapter 13).

    Draws for which the figure has no meaning are left out.
    """
    value = statistic(np.arange(n)) if n else math.nan
    if math.isnan(value):
        return Interval(None, None, None)
    chance = np.random.default_rng(seed)
    drawn = np.array([statistic(chance.integers(0, n, n)) for _ in range(repeats)])
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if not np.isnan(drawn).all() else (value, value)
    return Interval(float(value), float(low), float(high))


def ratio(numerators: np.ndarray, denominators: np.ndarray) -> Statistic:
    """``Σ numerator / Σ denominator`` (n,), such as sentences over questions; rows with denominator 0 do not count."""

    def statistic(at: np.ndarray) -> float:
        total = denominators[at].sum()
        return float(numerators[at].sum() / total) if total else math.nan

    return statistic


def mean(values: np.ndarray) -> Statistic:
    """The mean of the values (n,) that are not NaN."""
    there = ~np.isnan(values)
    return ratio(np.where(there, values, 0.0), there.astype(float))


def quantile(values: np.ndarray, q: float) -> Statistic:
    """The ``q`` quantile of the values (n,), linear between two of them as NumPy's default, and faster to draw."""

    def statistic(at: np.ndarray) -> float:
        if not len(at):
            return math.nan
        place = q * (len(at) - 1)
        below, above = int(place), math.ceil(place)
        drawn = np.partition(values[at], (below, above))
        return float(drawn[below] + (drawn[above] - drawn[below]) * (place - below))

    return statistic


def mcnemar(only_a: int, only_b: int) -> float:
    """The exact two-sided p of McNemar's test (1947), from the questions that only one of two runs got right.

    Under the hypothesis that neither is better, each of the ``only_a + only_b`` is a toss of a coin.
    """
    n, least = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(n, k) for k in range(least + 1))
    return float(min(1.0, 2 * tail / 2**n))


def paired_bootstrap(a: np.ndarray, b: np.ndarray, seed: int, repeats: int = REPEATS) -> tuple[Interval, float]:
    """The mean of ``b - a`` (n,), question by question, with its interval, and the two-sided p of no difference.

    The p is the share of draws on the other side of 0, doubled, with one draw added to each count so that it is
    never 0 (Davison and Hinkley, 1997, section 4.2). No question differing, it is 1.
    """
    difference = b - a
    if not difference.any():
        still = 0.0 if len(difference) else None
        return Interval(still, still, still), 1.0
    n = len(difference)
    chance = np.random.default_rng(seed)
    drawn = np.array([difference[chance.integers(0, n, n)].mean() for _ in range(repeats)])
    low, high = np.quantile(drawn, [0.025, 0.975])
    side = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    p = min(1.0, 2 * (side + 1) / (repeats + 1))
    return Interval(float(difference.mean()), float(low), float(high)), p


def holm(p: dict[str, float]) -> dict[str, float]:
    """p-values adjusted for looking at several figures at once (Holm, 1979)."""
    adjusted: dict[str, float] = {}
    floor = 0.0
    for place, (name, value) in enumerate(sorted(p.items(), key=lambda item: item[1])):
        floor = max(floor, min(1.0, (len(p) - place) * value))
        adjusted[name] = floor
    return adjusted
