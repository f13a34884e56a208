"""The lock that a writer holds, of a collection or of a folder: one at a time, across threads and processes.

It is an advisory lock of the operating system on a file, so a process that dies lets go of it. The file holds the
id of the process that took it last, for the message to whoever waits in vain.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexes.errors import StoreBusy

__all__ = ["exclusive"]

_PAUSE = 0.02


@contextmanager
def exclusive(path: Path, what: str, timeout: float) -> Iterator[None]:
    """Hold the lock in the file ``path`` for as long as the block runs.

    Args:
        path: The file of the lock; made where it is missing, with its directory.
        what: What is written, for the error.
        timeout: How long to wait, in seconds.

    Raises:
        StoreBusy: Another writer held the lock all that time.
        OSError: The file cannot be made.
    """
    deadline = time.monotonic() + timeout
    while True:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            _acquire(handle, what, timeout, deadline)
            if _is_at(path, handle):
                break
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # whoever held the lock has deleted the file with the collection
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)


def _is_at(path: Path, handle: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle))
    except FileNotFoundError:
        return False


def _acquire(handle: int, what: str, timeout: float, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 20, 0).decode(errors="replace").strip()
                who = f"process {holder}" if holder.isdigit() else "another process"
                waited = f" and {timeout:g} s of waiting were not enough" if timeout else ""
                raise StoreBusy(
                    f"{what} is being written by {who}{waited}: let it finish, then type the command again."
                ) from None
            time.sleep(_PAUSE)
        else:
            return
