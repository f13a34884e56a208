"""Flip bytes all over a home and look at the answers: ``python benchmarks/damage.py [FLIPS] [SEED]``.

Half of the flips go into a home that was closed in order, half into one that was left by a killed writer, with SQLite's
log beside its file. Every flip is made in a copy of its own and tried in a child process; what is asked and compared is
told in ``tests/indexes/flipping.py``. Prints what came of them by file, and each flip that gave a wrong answer.
"""

import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "indexes"))

from flipping import OUTCOMES, Flip, build, flips


def main(count: int = 500, seed: int = 1) -> None:
    begun = time.perf_counter()
    found: list[Flip] = []
    with tempfile.TemporaryDirectory() as folder:
        for unclean in (False, True):
            home = Path(folder) / ("killed" if unclean else "closed")
            build(home, 20, unclean=unclean)
            found += flips(home, count // 2, seed + unclean)
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for flip in found:
        table[Path(flip.file).name][flip.outcome] += 1
        table["all"][flip.outcome] += 1
    print(f"{'file':20}", *(f"{name:>13}" for name in OUTCOMES))
    for name, counted in sorted(table.items(), key=lambda item: item[1].total()):
        print(f"{name:20}", *(f"{counted[outcome]:13}" for outcome in OUTCOMES))
    for name, meaning in OUTCOMES.items():
        print(f"{name}: {meaning}")
    for flip in found:
        if flip.outcome not in ("harmless", "found"):
            print(flip.outcome, flip.file, flip.offset, flip.detail, sep=" | ")
    print(f"{len(found)} flips, seed {seed}, {time.perf_counter() - begun:.0f} s")
    sys.exit(any(table["all"][outcome] for outcome in ("missed", "refused", "crash")))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
