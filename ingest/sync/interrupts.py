"""Ctrl-C between two steps and never within one, so that no lock is left held and what has its vectors is written."""

import signal
import threading
from types import FrameType
from typing import Self

__all__ = ["Interrupts"]


class Interrupts:
    """Keeps the first interruption for the next `check`; the second is let through at once.

    Only where it is used in the main thread and nobody else handles the signal; elsewhere it does nothing.
    """

    def __init__(self) -> None:
        self._came = False
        self._handles = False

    def __enter__(self) -> Self:
        in_main = threading.current_thread() is threading.main_thread()
        self._handles = in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._handles:
            signal.signal(signal.SIGINT, self._keep)
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        if self._handles:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if kind is None:
            self.check()  # one that came after the last check

    def check(self) -> None:
        """Pass an interruption on.

        Raises:
            KeyboardInterrupt: One has come.
        """
        if self._came:
            raise KeyboardInterrupt

    def _keep(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
