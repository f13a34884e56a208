"""Spoiled files of every format: each comes to an outcome, and what is loaded of one is in joint."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import Limits, LoadOptions
from ingest.processes.workers import Workers

sys.path.insert(0, str(Path(__file__).parent))

from mutating import flaws, mutate, seeds

SEEDS = seeds()


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with Workers(LoadOptions(Limits(max_seconds=120), ocr=False), count=1) as processes:
        yield processes


def test_the_files_are_the_same_whenever_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the files that are made of them would be others in each run."""
    monkeypatch.setattr(time, "time", lambda: 1e9)
    assert [name for name, data in seeds().items() if data != SEEDS[name]] == []


@pytest.mark.parametrize("name", [name for name in SEEDS if name != "a.png"])
def test_a_file_that_was_not_spoiled_is_loaded_whole(workers: Workers, name: str) -> None:
    parts = list(workers.load(SEEDS[name], name))
    assert flaws(parts) == []
    assert [part.reason for part in parts if part.loaded is None and not part.path.endswith(".png")] == []


@settings(max_examples=100)
@given(name=st.sampled_from(sorted(SEEDS)), seed=st.integers(0, 2**32))
def test_a_spoiled_file_comes_to_an_outcome(workers: Workers, name: str, seed: int) -> None:
    spoiled = mutate(SEEDS[name], list(SEEDS.values()), Random(seed))
    parts = list(workers.load(spoiled, name))
    assert flaws(parts) == []
    assert not any("the process that read it ended" in part.reason for part in parts)
