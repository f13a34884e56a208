"""Walking through a blocking iterator from asyncio."""

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from ragstack.langchain.threads import iterate_in_thread

LANGUAGE: ContextVar[str] = ContextVar("LANGUAGE", default="none")


async def test_the_items_come_in_order_from_one_other_thread_in_the_callers_context() -> None:
    LANGUAGE.set("zh")
    seen = set()

    def items() -> Iterator[str]:
        for number in range(50):
            seen.add((threading.get_ident(), LANGUAGE.get()))
            yield str(number)

    assert [item async for item in iterate_in_thread(items())] == [str(number) for number in range(50)]
    ((thread, language),) = seen
    assert thread != threading.get_ident()
    assert language == "zh"


async def test_what_is_raised_there_is_raised_here_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("gone")

    walk = iterate_in_thread(items())
    assert await anext(walk) == 1
    with pytest.raises(KeyError, match="gone"):
        await anext(walk)


async def test_leaving_early_closes_the_iterator_in_its_own_thread() -> None:
    made: list[int] = []
    closed_in: list[int] = []

    def items() -> Iterator[int]:
        try:
            for number in range(1000):
                made.append(threading.get_ident())
                yield number
                threading.Event().wait(0.01)
        finally:
            closed_in.append(threading.get_ident())

    walk = iterate_in_thread(items())
    assert await anext(walk) == 0
    await walk.aclose()
    assert closed_in == [made[0]]
    assert len(made) < 1000


async def test_the_loop_runs_on_meanwhile() -> None:
    go = threading.Event()

    def items() -> Iterator[str]:
        yield "done" if go.wait(60) else "blocked"

    async def release() -> None:
        await asyncio.sleep(0.01)
        go.set()

    released = asyncio.create_task(release())
    assert [item async for item in iterate_in_thread(items())] == ["done"]
    await released
