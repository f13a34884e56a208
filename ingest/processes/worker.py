"""The process that reads files: ``python -m ingest.processes.worker``. It takes requests on its input and writes parts.

It may do nothing but read and compute: sockets, other processes, and writing, moving or removing files are forbidden
for good before the first file comes, as far as Python tells of them (its audit events); its memory is bounded, and it
ends with the process that started it. So the worst that a hostile file can reach is this process, which is stopped
and replaced; machine code that a file brings to run in it is not held.
"""

import os
import signal
import sys
from contextlib import suppress
from typing import Any, BinaryIO

from ingest.documents import Limits, Part
from ingest.files.loading import load_parts
from ingest.processes.wire import WireError, decode_options, encode_part, receive, send

__all__ = ["main"]

_FORBIDDEN = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.kill", "pty.",
    "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown",
    "shutil.", "tempfile.", "urllib.", "ftplib.", "smtplib.", "http.", "webbrowser.", "sqlite3.",
    "os.utime", "os.setxattr", "os.removexattr", "os.mkfifo", "os.mknod",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    """Answer requests until the input ends."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # what a library prints is no answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_the_parent()
    sys.addaudithook(_forbid)
    with suppress(WireError, BrokenPipeError):
        while True:
            _answer(requests, answers)


def _answer(requests: BinaryIO, answers: BinaryIO) -> None:
    name, options = decode_options(receive(requests))
    data = receive(requests)
    _bound_memory(options.limits)
    try:
        for part in load_parts(data, name, options):
            send(answers, encode_part(part))
    except MemoryError:
        bound = options.limits.max_memory
        reason = f"reading it takes more than {bound:,} bytes of memory; split it, or raise the limit"
        send(answers, encode_part(Part("", "", None, "refused", reason)))
    send(answers, b"")


def _forbid(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what no loader needs. See https://docs.python.org/3/library/audit_events.html for the names."""
    if event == "open":
        mode, flags = arguments[1], arguments[2]
        writes = any(sign in mode for sign in "wax+") if isinstance(mode, str) else bool(flags & _WRITING)
        if writes and arguments[0] != os.devnull:
            raise PermissionError("a loader may not write files")
    elif event.startswith(_FORBIDDEN):
        raise PermissionError(f"a loader may not do this: {event}")


def _bound_memory(limits: Limits) -> None:
    with suppress(ImportError, OSError, ValueError):  # not every system has such limits
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (limits.max_memory, hard))


def _end_with_the_parent() -> None:
    """Have Linux end this process when the one that started it is killed."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    with suppress(OSError):
        os.nice(5)  # the encoder goes first


if __name__ == "__main__":
    main()
