"""A blocking iterator, walked through from asyncio."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator, Iterator
from contextvars import copy_context
from typing import Any, TypeVar

__all__ = ["iterate_in_thread"]

T = TypeVar("T")
_END: Any = object()


async def iterate_in_thread(items: Iterator[T]) -> AsyncGenerator[T, None]:
    """The items, made in one thread from first to last, so that locks and connections held between them are safe.

    When the caller stops early, no more than the item in the making is finished. What the iterator raises is raised
    here.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[T] = asyncio.Queue()
    stopped = threading.Event()

    def work() -> None:
        try:
            for item in items:
                if stopped.is_set():
                    break
                loop.call_soon_threadsafe(queue.put_nowait, item)
        finally:
            if isinstance(items, Generator):
                items.close()
            loop.call_soon_threadsafe(queue.put_nowait, _END)

    working = loop.run_in_executor(None, copy_context().run, work)
    try:
        while (item := await queue.get()) is not _END:
            yield item
    finally:
        stopped.set()
        await working
