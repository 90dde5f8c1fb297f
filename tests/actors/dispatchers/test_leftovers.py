"""Leftovers: what does not end on an event loop is closed with it, and what goes on regardless is never collected."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from actors.dispatchers.leftovers import close_leftovers
from tests.limits import PATIENCE

GUARD = PATIENCE

Coroutines = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def close(loop: asyncio.AbstractEventLoop, *kinds: Coroutines) -> list[weakref.ref[Any]]:
    """Close what has come to its first await, let go of it, and return weak references to the coroutines."""
    tasks = [loop.create_task(kind()) for kind in kinds]
    loop.run_until_complete(asyncio.sleep(0))
    coroutines: list[Any] = [task.get_coro() for task in tasks]
    references = [weakref.ref(coroutine) for coroutine in coroutines]
    close_leftovers(loop, tasks)
    return references


def are_collected(references: list[weakref.ref[Any]]) -> list[bool]:
    gc.collect()
    return [reference() is None for reference in references]


async def forever() -> None:
    await asyncio.Event().wait()


def test_finally_blocks_run_in_the_task_they_belong_to(loop: asyncio.AbstractEventLoop) -> None:
    notes: list[object] = []

    async def tidies_up() -> None:
        try:
            await forever()
        finally:
            notes.append(asyncio.current_task())
            notes.append(asyncio.get_running_loop())

    task = loop.create_task(tidies_up())
    loop.run_until_complete(asyncio.sleep(0))

    close_leftovers(loop, [task])

    assert notes == [task, loop]
    assert asyncio._get_running_loop() is None


def test_what_ends_when_it_is_closed_is_collected(loop: asyncio.AbstractEventLoop) -> None:
    async def fails() -> None:
        try:
            await forever()
        finally:
            raise SystemExit

    references = close(loop, fails, forever)

    loop.close()
    assert are_collected(references) == [True, True]


def test_what_goes_on_regardless_is_never_collected(loop: asyncio.AbstractEventLoop) -> None:
    async def goes_on() -> None:
        try:
            await forever()
        except GeneratorExit:
            await forever()

    async def awaits_it() -> None:
        inner.append(goes_on())
        references.append(weakref.ref(inner[0]))
        await inner.pop()

    inner: list[Coroutine[Any, Any, None]] = []
    references: list[weakref.ref[Any]] = []

    outer = close(loop, goes_on, awaits_it, forever)

    loop.close()
    assert are_collected(references) == [False]
    assert are_collected(outer) == [False, True, True]


def test_tasks_that_are_done_are_left_alone(loop: asyncio.AbstractEventLoop) -> None:
    async def ends() -> str:
        return "result"

    task = loop.create_task(ends())
    loop.run_until_complete(task)

    close_leftovers(loop, [task])

    assert task.result() == "result"


HOST = """
import asyncio, gc
from actors import Runtime
from actors.testing import VirtualRuntime

async def unending(event, state):
    while True:
        try:
            await asyncio.sleep(1)
        except BaseException:
            pass  # whatever it is told

for make in (Runtime, VirtualRuntime):
    with make(grace=0.1, abandon_after=0.1) as runtime:
        runtime.spawn("unending", unending)
        runtime.submit("unending")
    del runtime
    gc.collect()
    print("collected", flush=True)
"""


def test_an_agent_that_swallows_everything_keeps_neither_the_collector_nor_the_process_from_ending() -> None:
    host = subprocess.run([sys.executable, "-c", HOST], capture_output=True, text=True, timeout=GUARD, check=False)

    assert (host.stdout, host.returncode) == ("collected\ncollected\n", 0), host.stderr
