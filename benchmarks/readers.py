"""Readers beside a writer: ``python benchmarks/readers.py [SECONDS] [BASE] [URL]``.

Eight threads and two processes search without a pause, first alone, then for SECONDS beside a process that commits
documents, deletes and publishes, then alone again. Every result is compared with an oracle of states (see
``tests/indexes/crowding.py``). Prints the time of one search, dense, lexical and filtered in turn, at the median and
at the 95th percentile, without and with the writer; the target is at most twice at the 95th.
"""

import logging
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "indexes"))

from crowding import Crowd, Scene

_DIMENSION = 384
_PAUSE = 0.05
_THREADS, _PROCESSES = 8, 2


def main(seconds: float = 60.0, base: int = 10_000, url: str | None = None) -> None:
    logging.getLogger("indexes").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder) / "home", url, _DIMENSION, base, _PAUSE)
        scene.fill()
        crowd = Crowd(scene, _THREADS, _PROCESSES)
        rows = {"alone": _phase(crowd, seconds / 4), "beside a writer": _phase(crowd, seconds, writing=True)}
        rows["alone again"] = _phase(crowd, seconds / 4)
        print(f"{base:,} chunks of {_DIMENSION} dimensions, {_THREADS} threads and {_PROCESSES} processes reading;")
        print(f"{crowd.done.value} commits in {seconds:.0f} s")
        print(f"{'':16} {'searches':>8} {'p50':>9} {'p95':>9}  wrong")
        for name, (times, wrong) in rows.items():
            p50, p95 = np.percentile(times, (50, 95)) * 1000
            print(f"{name:16} {3 * len(times):8} {p50:6.1f} ms {p95:6.1f} ms  {wrong}")
        alone = np.percentile([*rows["alone"][0], *rows["alone again"][0]], 95)
        print(f"p95 beside the writer: {np.percentile(rows['beside a writer'][0], 95) / alone:.2f} times that alone")


def _phase(crowd: Crowd, seconds: float, *, writing: bool = False) -> tuple[list[float], int]:
    """The seconds of each search, and how many results were wrong."""
    with crowd.reading():
        if writing:
            arguments = (crowd.scene, crowd.begun, crowd.done, seconds)
            writer = multiprocessing.get_context("spawn").Process(target=_write, args=arguments)
            writer.start()
            writer.join()
            if writer.exitcode:
                raise SystemExit("the writer failed")
        else:
            time.sleep(seconds)
    for wrong in [wrong for seen in crowd.seen for wrong in seen.wrong][:3]:
        print(wrong, file=sys.stderr)
    return [second for seen in crowd.seen for second in seen.seconds], sum(len(seen.wrong) for seen in crowd.seen)


def _write(scene: Scene, begun: Any, done: Any, seconds: float) -> None:
    crowd = Crowd(scene, 0, 0)
    crowd.begun, crowd.done = begun, done
    crowd.write(0, time.monotonic() + seconds, 10**9)


if __name__ == "__main__":
    main(*[kind(word) for kind, word in zip((float, int, str), sys.argv[1:], strict=False)])
