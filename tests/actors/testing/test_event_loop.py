from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Iterator
from concurrent.futures import Executor
from typing import Any

import pytest

from actors.testing import NotVirtualError, StalledError, VirtualRuntime, hang, sleep


@pytest.fixture
def runtime() -> Iterator[VirtualRuntime]:
    with VirtualRuntime() as runtime:
        yield runtime


def test_sleeping_takes_virtual_time(runtime: VirtualRuntime) -> None:
    async def nap() -> float:
        await asyncio.sleep(3600.0)  # the agent: takes virtual time
        return asyncio.get_running_loop().time()

    assert runtime.complete(nap()) == runtime.now == 3600.0


def test_timers_of_any_moment_fire_on_it(runtime: VirtualRuntime) -> None:
    async def naps() -> list[float]:
        moments = [0.1, 0.3, 1e6 + 0.7, 3e8 + 0.1]
        loop = asyncio.get_running_loop()
        for moment in moments:
            await asyncio.sleep(moment - loop.time())  # the agent: takes virtual time
        return [loop.time() - moment for moment in moments[-1:]]

    assert runtime.complete(naps()) == [pytest.approx(0.0, abs=1e-6)]


def test_sleeping_for_ever_is_no_timer(runtime: VirtualRuntime) -> None:
    with pytest.raises(StalledError):
        runtime.complete(asyncio.sleep(float("inf")))  # the agent: waits for good in virtual time


def test_timeouts_of_asyncio_are_virtual(runtime: VirtualRuntime) -> None:
    async def wait() -> None:
        async with asyncio.timeout(3600.0):
            await asyncio.get_running_loop().create_future()

    with pytest.raises(TimeoutError):
        runtime.complete(wait())
    assert runtime.now == 3600.0


def test_functions_run_on_threads_that_take_turns(runtime: VirtualRuntime) -> None:
    async def both() -> list[str]:
        calls = [asyncio.to_thread(slow, 60.0, "a"), asyncio.to_thread(slow, 30.0, "b")]
        return await asyncio.gather(*calls)

    def slow(seconds: float, name: str) -> str:
        sleep(seconds)
        return name

    assert runtime.complete(both()) == ["a", "b"]
    assert runtime.now == 60.0


def test_what_a_function_on_a_thread_raises_is_raised_where_it_is_awaited(runtime: VirtualRuntime) -> None:
    def fails() -> None:
        raise SystemExit(3)

    async def call() -> str:
        with pytest.raises(SystemExit) as caught:
            await asyncio.to_thread(fails)
        return repr(caught.value)

    assert runtime.complete(call()) == "SystemExit(3)"


def test_a_function_that_nobody_waits_for_any_more_ends_unheard(runtime: VirtualRuntime) -> None:
    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(sleep, 60.0), 10.0)

    runtime.complete(give_up())
    runtime.advance(100.0)

    assert runtime.now == 110.0


def test_a_function_that_hangs_ends_with_the_runtime() -> None:
    ended = []

    def hangs() -> None:
        try:
            hang()
        finally:
            ended.append(True)

    async def begin() -> None:
        asyncio.get_running_loop().run_in_executor(None, hangs)

    with VirtualRuntime() as runtime:
        runtime.complete(begin())
        runtime.settle()

    assert ended == [True]


def test_an_executor_of_ones_own_is_refused(runtime: VirtualRuntime) -> None:
    async def call() -> None:
        await asyncio.get_running_loop().run_in_executor(Executor(), print)

    with pytest.raises(NotVirtualError, match=r"give None, or use asyncio.to_thread\(\)"):
        runtime.complete(call())


def connect() -> Awaitable[Any]:
    return asyncio.open_connection("127.0.0.1", 9)


def start_a_process() -> Awaitable[Any]:
    return asyncio.create_subprocess_exec("true")


def resolve() -> Awaitable[Any]:
    return asyncio.get_running_loop().getaddrinfo("localhost", 80)


async def read_a_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        await asyncio.get_running_loop().sock_recv(ours, 1)


@pytest.mark.parametrize("reach_out", [connect, start_a_process, resolve, read_a_socket])
def test_what_is_outside_is_refused(runtime: VirtualRuntime, reach_out: Any) -> None:
    async def call() -> None:
        await reach_out()

    with pytest.raises(NotVirtualError, match="give the agent a fake of what it talks to"):
        runtime.complete(call())
