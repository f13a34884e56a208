"""Writes in the order they are given, in a thread of their own, while the next vectors are made."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

__all__ = ["Lane"]

_MOST = 64  # writes that wait


class Lane:
    """One thread that does what it is told, in order, up to the first thing that fails: no later one may rest on it.

    What is in it is done even when the block ends by an error of somebody else.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ragstack-write")
        self._failed = False
        self._waiting: deque[Future[Any]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        self._thread.shutdown(wait=True)
        if kind is None:
            self.wait()

    def do(self, write: Callable[[], Any]) -> None:
        """Have something done after all that came before.

        Raises:
            StoreError: What came before could not be written.
        """
        while self._waiting and (self._waiting[0].done() or len(self._waiting) >= _MOST):
            self._waiting.popleft().result()
        self._waiting.append(self._thread.submit(self._do, write))

    def _do(self, write: Callable[[], Any]) -> None:
        if self._failed:
            return
        try:
            write()
        except BaseException:
            self._failed = True
            raise

    def wait(self) -> None:
        """Return when everything is done.

        Raises:
            StoreError: Something could not be written.
        """
        while self._waiting:
            self._waiting.popleft().result()
