"""A writer that is killed at any moment: what was acknowledged is there, what was not is not half there."""

import random
from pathlib import Path

import pytest
from crashing import Fault, State, killed

KILLS = {"sqlite": 20, "postgresql": 5}


def test_killed_writers_lose_nothing_and_leave_nothing_half_done(home: Path, backend: str, url: str | None) -> None:
    chance = random.Random(5)
    state, acknowledged = State(), 0
    for seed in range(KILLS[backend]):
        outcome = killed(home, url, state, seed, Fault.drawn(chance))
        state = outcome.state
        acknowledged += outcome.acknowledged
    assert acknowledged > 2 * KILLS[backend]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_killed_in_the_first_publication(home: Path, call: str, before: bool) -> None:
    state = State()
    for number in (1, 2, 3):
        state = killed(home, None, state, number, Fault(call, before, number)).state
    assert state.documents


def test_killed_before_a_commit_undone_and_after_it_kept(home: Path, url: str | None) -> None:
    state, kept = State(), {True: 0, False: 0}
    for number in range(4):
        outcome = killed(home, url, state, number, Fault("commit", before=number % 2 == 0, number=8 + number))
        state = outcome.state
        if outcome.under_way in ("put", "delete"):
            kept[outcome.kept] += 1
    assert kept[True]
    assert kept[False]
