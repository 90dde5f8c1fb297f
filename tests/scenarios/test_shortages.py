"""A machine that runs out of threads or descriptors: work waits, says why, and goes on by itself; a start is undone."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from actors import Agent, Event, Run, Runtime, RunTimeoutError, Sequential, State, StopReport
from actors.control.environment import Environment
from supervisors import Reason
from tests.scenarios.watching import PATIENCE
from tests.shortage import ScarceThreads

LACK = "no thread can be started (the test has no more)"
PARTS = 3
"""How many threads a runtime has from its start: for deadlines, for deliveries, and for its event loop."""


def plain(event: Event, state: State) -> dict[str, int]:
    return {"plain": 1}


async def quick(event: Event, state: State) -> dict[str, int]:
    return {"quick": 1}


@pytest.fixture
def threads() -> ScarceThreads:
    return ScarceThreads()


@pytest.fixture
def runtime(threads: ScarceThreads) -> Iterator[Runtime]:
    """A runtime that has all its own threads, and can start no other one."""
    with Runtime(environment=Environment(threads=threads), grace=5.0) as runtime:
        runtime.spawn("plain", plain)
        runtime.spawn("quick", quick)
        threads.left = 0
        yield runtime
        threads.left = None


def waiting_run(runtime: Runtime, threads: ScarceThreads) -> Run:
    """Submit a run without a deadline that finds no thread."""
    run = runtime.submit("plain")
    assert threads.refused.wait(PATIENCE)
    return run


def health_in_time(runtime: Runtime, *, is_ok: bool) -> str:
    """Wait until the health is good, or bad, and return it as text."""
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if runtime.health.is_ok is is_ok:
            break
        tick.wait(0.01)
    return str(runtime.health)


def test_a_run_that_found_no_thread_goes_on_by_itself_when_there_are_some(
    runtime: Runtime, threads: ScarceThreads
) -> None:
    run = waiting_run(runtime, threads)
    threads.refused.clear()
    assert threads.refused.wait(PATIENCE)  # it is tried again, in vain

    threads.left = None

    assert run.result(PATIENCE).state == {"plain": 1}


def test_a_run_whose_time_ran_out_before_there_was_a_thread_says_so(runtime: Runtime) -> None:
    outcomes = []
    for workflow in ("plain", Sequential("quick", "plain")):
        with pytest.raises(RunTimeoutError) as raised:
            runtime.run(workflow, timeout=0.2)
        outcomes.append(raised.value.outcome)

    assert outcomes[0].reason is Reason.NOT_STARTED
    assert [outcome.detail for outcome in outcomes] == [LACK, LACK]


def test_health_is_bad_as_long_as_work_waits_for_a_thread(runtime: Runtime, threads: ScarceThreads) -> None:
    before = runtime.health
    run = waiting_run(runtime, threads)

    short = health_in_time(runtime, is_ok=False)
    threads.left = None
    run.result(PATIENCE)

    assert before.is_ok
    assert short == f"degraded; plain functions wait: {LACK}"
    assert health_in_time(runtime, is_ok=True) == "ok"


def test_a_shortage_is_logged_once(runtime: Runtime, threads: ScarceThreads, caplog: pytest.LogCaptureFixture) -> None:
    runs = [waiting_run(runtime, threads) for _ in range(5)]
    threads.left = None
    for run in runs:
        run.result(PATIENCE)
    runtime.stop()

    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert warnings == [f"work waits: {LACK}; it is tried again until it succeeds"]


def test_async_agents_do_not_notice(runtime: Runtime, threads: ScarceThreads) -> None:
    waiting_run(runtime, threads)

    assert runtime.run("quick", timeout=PATIENCE).state == {"quick": 1}


# Starting


def threads_of_ours() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("mixmode-")]


@pytest.mark.parametrize("left", range(PARTS))
def test_a_start_that_lacks_a_thread_leaves_nothing_and_may_be_tried_again(left: int) -> None:
    threads, before = ScarceThreads(), threads_of_ours()
    runtime = Runtime(environment=Environment(threads=threads), metrics_port=0)
    threads.left = left

    with pytest.raises(OSError, match="the runtime cannot be started: no thread can be started"):
        runtime.start()

    assert (threads_of_ours(), runtime.metrics_port) == (before, None)
    threads.left = None
    with runtime:
        runtime.spawn("plain", plain)
        assert runtime.run("plain", timeout=PATIENCE).state == {"plain": 1}


@pytest.mark.parametrize("port", [None, 0])
def test_a_start_that_lacks_descriptors_leaves_nothing_and_may_be_tried_again(
    monkeypatch: pytest.MonkeyPatch, port: int | None
) -> None:
    before, runtime = threads_of_ours(), Runtime(metrics_port=port)

    def refuse(*_: Any) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socketpair", refuse)
        with pytest.raises(OSError, match=r"cannot .*: Too many open files; .*again later"):
            runtime.start()

    assert (threads_of_ours(), runtime.metrics_port) == (before, None)
    with runtime:
        runtime.spawn("quick", quick)
        assert runtime.run("quick", timeout=PATIENCE).state == {"quick": 1}


# Stopping


def test_a_stop_that_is_awaited_waits_for_a_thread() -> None:
    threads = ScarceThreads()

    async def main() -> bool:
        runtime = Runtime(environment=Environment(threads=threads)).start()
        threads.left = 0
        stopping = asyncio.create_task(runtime.stop_async())
        while not threads.refused.is_set():
            await asyncio.sleep(0)
        was_done = stopping.done()
        threads.left = None
        await asyncio.wait_for(stopping, PATIENCE)
        return was_done

    assert asyncio.run(main()) is False


def test_a_stop_that_was_cancelled_before_it_had_a_thread_may_be_made_again() -> None:
    threads = ScarceThreads()

    async def main() -> Runtime:
        runtime = Runtime(environment=Environment(threads=threads)).start()
        threads.left = 0
        stopping = asyncio.create_task(runtime.stop_async())
        while not threads.refused.is_set():
            await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        return runtime

    runtime = asyncio.run(main())
    was_ok = runtime.health.is_ok
    threads.left = None
    runtime.stop()

    assert was_ok
    assert not runtime.health.is_ok


# Stacks


def at_depth(frames: int, call: Callable[[], Any]) -> Any:
    return call() if frames == 0 else at_depth(frames - 1, call)


def frames_in_use() -> int:
    frame, number = sys._getframe(), 0
    while (below := frame.f_back) is not None:
        frame, number = below, number + 1
    return number


@pytest.mark.parametrize("left", range(10, 150, 10))
def test_a_caller_whose_stack_is_almost_used_up_harms_no_run(left: int) -> None:
    with Runtime() as runtime:
        runtime.spawn("plain", plain)
        runtime.spawn("quick", quick)
        workflow = Sequential("quick", "plain", "quick")
        runtime.run(workflow)
        others = [runtime.submit(workflow) for _ in range(20)]

        try:
            deep = at_depth(sys.getrecursionlimit() - frames_in_use() - left, lambda: runtime.submit(workflow))
        except RecursionError:
            deep = None  # it did not come so far as to take the run

        for run in others:
            assert run.result(PATIENCE).outcome.ok
        if deep is not None:
            assert deep.result(PATIENCE).outcome.ok


class Plain(Agent):
    def run(self, event: Event, state: State) -> dict[str, int]:
        return {"plain": 1}


class Quick(Agent):
    async def run(self, event: Event, state: State) -> dict[str, int]:
        return {"quick": 1}


@pytest.mark.parametrize("agent", [Plain, Quick, quick])
def test_an_event_is_sent_whole_or_not_at_all_where_the_stack_is_almost_used_up(agent: Any) -> None:
    with Runtime() as runtime:
        ref = runtime.spawn("agent", agent)
        runtime.run("agent")
        depth = sys.getrecursionlimit() - frames_in_use()

        for left in range(10, 130):
            with suppress(RecursionError):
                at_depth(depth - left, partial(ref.ask, Event("question"), block=False)).get(timeout=PATIENCE)

        assert runtime.run("agent", timeout=PATIENCE).outcome.ok


def test_a_runtime_is_neither_started_nor_stopped_in_part_where_the_stack_is_almost_used_up() -> None:
    runtime = Runtime()
    depth = sys.getrecursionlimit() - frames_in_use() - 100

    with pytest.raises(RecursionError, match=r"Runtime.start\(\) needs"):
        at_depth(depth, runtime.start)
    runtime.start()
    with pytest.raises(RecursionError, match=r"Runtime.stop\(\) needs"):
        at_depth(depth, runtime.stop)

    assert runtime.health.is_ok
    assert runtime.stop() == StopReport((), {})
