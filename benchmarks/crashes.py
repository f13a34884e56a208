"""Kill writers, again and again, and look at what they leave: ``python benchmarks/crashes.py [KILLS] [SEED]``.

The kills go round on SQLite, a tenth of them on a throw-away PostgreSQL server. What is checked after each, and how the
child is killed, is told in ``tests/indexes/crashing.py``. Prints a table; the first failure ends the run with what was
wrong, and the same seed repeats it as far as the operating system's timing lets it.
"""

import logging
import multiprocessing
import random
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "indexes"))

from clusters import cluster
from crashing import Fault, Outcome, State, killed

_PER_HOME = 20


def main(kills: int = 200, seed: int = 1) -> None:
    logging.getLogger("indexes").setLevel(logging.ERROR)
    preload = ["indexes.database", "faiss", "rjieba", "snowballstemmer", "psycopg", "pytest"]
    multiprocessing.get_context("forkserver").set_forkserver_preload(preload)
    begun = time.perf_counter()
    found: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, cluster() as server:
        of_server = kills // 10
        _kill(kills - of_server, seed, Path(folder) / "sqlite", None, "SQLite", found)
        with server.database() as url:
            _kill(of_server, seed + 1, Path(folder) / "postgresql", url, "PostgreSQL", found)
    print(f"{'catalogue':11} {'killed':22} {'kills':>5} {'acknowledged':>12}", end=" ")
    print(f"{'under way':>9} {'of it kept':>10} {'opened':>9}")
    for (backend, where), outcomes in sorted(found.items()):
        under_way = [outcome for outcome in outcomes if outcome.under_way not in ("nothing", "publish", "compact")]
        print(
            f"{backend:11} {where:22} {len(outcomes):5} {sum(each.acknowledged for each in outcomes):12} "
            f"{len(under_way):9} {sum(each.kept for each in under_way):10} "
            f"{np.median([each.seconds_to_open for each in outcomes]) * 1000:6.0f} ms"
        )
    print(f"{kills} kills, nothing lost, nothing half there; {time.perf_counter() - begun:.0f} s")


def _kill(
    kills: int,
    seed: int,
    folder: Path,
    url: str | None,
    backend: str,
    found: dict[tuple[str, str], list[Outcome]],
) -> None:
    chance, state = random.Random(seed), State()
    for number in range(kills):
        if url is None and number % _PER_HOME == 0:
            state = State()  # a new home: the first writes are killed too
        home = folder / (str(number // _PER_HOME) if url is None else "home")
        home.parent.mkdir(exist_ok=True)
        fault = Fault.drawn(chance)
        outcome = killed(home, url, state, seed * 100_000 + number, fault)
        state = outcome.state
        found[backend, str(fault)].append(outcome)
        if sys.stderr.isatty():
            print(f"\r{backend} {number + 1}/{kills} ", end="", file=sys.stderr)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
