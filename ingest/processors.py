"""How many processors there are to work on."""

import os
from contextlib import suppress
from pathlib import Path

__all__ = ["processors"]

_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def processors() -> int:
    """What ``OMP_NUM_THREADS`` says, else the physical cores that this process may use, at least 1.

    Two threads on one core wait for the same units, so that hyper-threads count once.
    """
    with suppress(ValueError):
        return max(1, int(os.environ.get("OMP_NUM_THREADS", "")))
    allowed = os.sched_getaffinity(0)
    try:
        return len({Path(_SIBLINGS.format(each)).read_text(encoding="ascii") for each in allowed})
    except OSError:
        return len(allowed)
