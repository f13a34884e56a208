"""Spoil files of every format and see what becomes of them: ``python benchmarks/fuzzing.py [--files N] [--seed S]``.

A file is made in each format, spoiled as ``tests/ingest/mutating.py`` tells, and read as the program reads files: in
a process of its own, with a limit on time and memory. ``--data DIR`` adds real files to those that are spoiled.
``--keep DIR`` writes the files on which something went wrong, to look at. Prints what came of the files by format, and
ends with status 1 where a file gave no outcome, a wrong document, or went on past its time. *Surprised* are files on
which a loader stumbled in a way it has no words for, *late* and *died* those whose process was stopped or ended.
"""

import argparse
import resource
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ingest"))

from mutating import flaws, mutate, seeds

from ingest.documents import Limits, LoadOptions, Part
from ingest.processes.workers import Workers

COLUMNS = ("loaded", "refused", "failed", "surprised", "late", "died", "wrong")
LARGEST_SEED = 300_000


def main() -> None:
    arguments = _arguments()
    limits = Limits(max_seconds=arguments.seconds, max_memory=arguments.memory)
    files = seeds()
    if arguments.data:
        found = (path for path in sorted(arguments.data.rglob("*")) if path.is_file())
        files |= {str(path): path.read_bytes() for path in found if 0 < path.stat().st_size <= LARGEST_SEED}
    random = Random(arguments.seed)
    names, contents = list(files), list(files.values())
    table: dict[str, Counter[str]] = defaultdict(Counter)
    reasons: Counter[str] = Counter()
    slowest = (0.0, "")
    began = time.perf_counter()
    with Workers(LoadOptions(limits, ocr=not arguments.no_ocr), count=1) as workers:
        for number in range(arguments.files):
            name = names[number % len(names)]
            spoiled = mutate(files[name], contents, random)
            start = time.perf_counter()
            parts = list(workers.load(spoiled, name))
            seconds = time.perf_counter() - start
            slowest = max(slowest, (seconds, f"{name} (file {number})"))
            outcome, what = _outcome(parts, seconds, arguments.seconds)
            table[Path(name).suffix][outcome] += 1
            table["all"][outcome] += 1
            reasons[what] += bool(what)
            if outcome in ("surprised", "late", "died", "wrong"):
                print(f"file {number}, {name}: {outcome}: {what}", flush=True)
                if arguments.keep:
                    (arguments.keep / f"{number}-{Path(name).name}").write_bytes(spoiled)
    _report(table, reasons)
    print(f"{arguments.files:,} files, seed {arguments.seed}, {time.perf_counter() - began:.0f} s")
    print(f"slowest {slowest[0]:.1f} s: {slowest[1]}; most memory of a process that reads: {_peak() / 1e6:,.0f} MB")
    sys.exit(any(table["all"][outcome] for outcome in ("wrong",)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=20.0, help="limit for one file")
    parser.add_argument("--memory", type=int, default=1_500_000_000, help="limit for the process that reads, in bytes")
    parser.add_argument("--no-ocr", action="store_true")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--keep", type=Path)
    return parser.parse_args()


def _outcome(parts: list[Part], seconds: float, limit: float) -> tuple[str, str]:
    """What became of a file, the worst of its parts first, and why."""
    wrong = flaws(parts)
    if wrong or seconds > limit + 5:
        return "wrong", "; ".join(wrong) or f"it took {seconds:.1f} s"
    for part in parts:
        if "longer than" in part.reason and part.reason.startswith("reading it took"):
            return "late", part.reason
        if "the process that read it ended" in part.reason:
            return "died", part.reason
        if part.reason.startswith("its loader failed on it"):
            return "surprised", part.reason
    for outcome in ("failed", "refused"):
        for part in parts:
            if part.outcome == outcome and not any(each.loaded for each in parts):
                return outcome, part.reason
    return "loaded", ""


def _report(table: dict[str, Counter[str]], reasons: Counter[str]) -> None:
    print(f"{'format':8}", *(f"{name:>10}" for name in COLUMNS))
    for suffix, counted in sorted(table.items(), key=lambda item: item[1].total()):
        print(f"{suffix:8}", *(f"{counted[outcome]:10}" for outcome in COLUMNS))
    for reason, count in reasons.most_common(25):
        print(f"{count:6} {reason[:150]}")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
