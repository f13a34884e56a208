"""Follows folders: says which paths changed, a batch at a time, when they have been at rest for a moment."""

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from indexes.errors import UsageError
from ingest.files.discovery import OwnFiles, identity

__all__ = ["Watch"]

_REST_MS = 500
"""Milliseconds without a change after which a batch is complete: files are written in pieces."""
_LONGEST_MS = 5_000
_ASK_SECONDS = 0.2


class Watch:
    """Gathers changes from the moment it is entered, so that none falls between a sync and the waiting after it.

    Hidden files and folders are left out. A file that was written and is gone again is among the changes: whoever
    takes a batch looks at the disk.
    """

    def __init__(self, paths: Sequence[str | Path], skip: OwnFiles | None = None) -> None:
        """Follow what is at and under ``paths``, but for the caller's own files inside them.

        Raises:
            UsageError: A path does not exist, or is none that can be followed.
        """
        for path in paths:
            if str(path) == "-" or not Path(path).exists():
                raise UsageError(f"{path} cannot be followed: expected a file or folder that exists")
        self._given = {Path(path).resolve(): Path(path) for path in paths}
        self._skip = skip
        # a file is followed by its folder: what is saved by renaming is another file of the same name
        self._followed = {path if path.is_dir() else path.parent for path in self._given}
        self._recursive = any(path.is_dir() for path in self._given)
        self._error: Exception | None = None
        self._batches: queue.Queue[list[Path] | None] = queue.Queue()
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="ragstack-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def batches(self, stop: threading.Event | None = None) -> Iterator[list[Path]]:
        """Wait for changes and give the paths that changed, named under the path that was given, until ``stop``.

        Raises:
            UsageError: A path that was followed is gone, or the system does not let us follow it.
        """
        while not (stop and stop.is_set()):
            try:
                batch = self._batches.get(timeout=_ASK_SECONDS)
            except queue.Empty:
                continue
            if batch is None:
                if self._error is not None:
                    raise UsageError(f"the paths cannot be followed any more: {self._error}") from self._error
                return
            yield batch

    def _follow(self) -> None:
        import watchfiles

        try:
            changes = watchfiles.watch(
                *self._followed,
                recursive=self._recursive,
                watch_filter=lambda _, path: self._is_shown(Path(path)),
                debounce=_LONGEST_MS,
                step=_REST_MS,
                rust_timeout=500,
                yield_on_timeout=True,
                stop_event=self._stop,
            )
            for batch in changes:
                self._ready.set()  # an empty batch too: the system follows
                if batch:
                    self._batches.put(sorted({self._as_given(Path(path)) for _, path in batch}))
        except (OSError, RuntimeError) as error:
            self._error = error
        finally:
            self._ready.set()
            self._batches.put(None)

    def _is_shown(self, path: Path) -> bool:
        return any(self._is_shown_in(root, path) for root in self._given if path.is_relative_to(root))

    def _is_shown_in(self, root: Path, path: Path) -> bool:
        if any(part.startswith(".") for part in path.relative_to(root).parts):
            return False
        skip = self._skip
        return skip is None or skip.hold(identity(root)) or not skip.hold(identity(path))

    def _as_given(self, path: Path) -> Path:
        """The path as it stands under the one that the caller named."""
        for root, name in self._given.items():
            if path.is_relative_to(root):
                return name / path.relative_to(root) if path != root else name
        return path
