"""Churn: whole runtimes start, work, fail and stop again and again, and leave nothing.

The garbage collector is off, and called once after each. What it may be needed for: a failed run's exception holds its
traceback, whose frames hold what was called; an event loop and its transports refer to each other; and the parts of a
runtime know each other. The runs that ended ok go without it.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from actors import Agent, AgentContext, Branch, Event, Parallel, Run, Runtime, Sequential, State
from supervisors import Backoff, Restart, Retry
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher

WARM_UP, CYCLES = 3, 15
SHORT, RUNS = 0.05, 10
DESCRIPTORS = Path("/proc/self/fd")


class Counting(Agent):
    def on_start(self) -> None:
        self.count = 0

    def run(self, event: Event, state: State) -> None:
        self.count += 1
        state["count"] = self.count


class CountingAsync(Agent):
    async def run(self, event: Event, state: State) -> None:
        await asyncio.sleep(0)
        state["async"] = True


class Crashing(Agent):
    def run(self, event: Event, state: State) -> None:
        raise SystemExit("the misbehaviour")


def fails(event: Event, state: State) -> None:
    raise ValueError("on purpose")


def flaky(event: Event, state: State, context: AgentContext) -> None:
    if context.attempt == 1:
        raise ConnectionError("the first time only")


async def hangs(event: Event, state: State) -> None:
    await asyncio.sleep(3600)  # the agent: hangs until it is cancelled


async def stubborn(event: Event, state: State) -> None:
    try:
        await asyncio.sleep(3600)  # the agent: hangs until it is cancelled
    except asyncio.CancelledError:
        state["late"] = True  # the misbehaviour: an answer that nobody waits for


AGENTS: dict[str, Any] = {
    "counting": Counting,
    "counting-async": CountingAsync,
    "crashing": Crashing,
    "fails": fails,
    "flaky": flaky,
    "hangs": hangs,
    "stubborn": stubborn,
}
AT_ONCE = Backoff(initial=0.0)
AGAIN = Retry(attempts=2, backoff=AT_ONCE)
GOOD = Sequential(
    "counting",
    Parallel("counting-async", Branch("flaky", retry=AGAIN), Branch("fails", required=False)),
    name="good",
)
BAD = (("fails", None), ("crashing", None), ("hangs", SHORT), ("stubborn", SHORT))


@dataclass(frozen=True)
class Left:
    """What is there, of what a runtime could leave behind."""

    threads: frozenset[str]
    tasks: int
    descriptors: int
    objects: Counter[str]


def left(tasks: int) -> Left:
    """Count what is there; once the threads that are about to end have ended."""
    for thread in threading.enumerate():
        if thread.name.startswith("mixmode-"):
            thread.join(PATIENCE)
    gc.collect()
    kinds = (type(each) for each in gc.get_objects())
    ours = Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if _is_ours(kind))
    names = frozenset(thread.name for thread in threading.enumerate())
    return Left(names, tasks, len(list(DESCRIPTORS.iterdir())), ours)


def _is_ours(kind: type) -> bool:
    return str(kind.__module__).partition(".")[0] in {"actors", "supervisors"}


class Traces:
    """Weak references to what a runtime consists of, by name."""

    def __init__(self) -> None:
        self._made: list[tuple[str, weakref.ref[Any]]] = []

    def add(self, name: str, thing: object) -> None:
        self._made.append((name, weakref.ref(thing)))

    def alive(self) -> list[str]:
        return [name for name, made in self._made if made() is not None]


def furnish(runtime: Runtime, watcher: Watcher, traces: Traces) -> None:
    for name, agent in AGENTS.items():
        runtime.spawn(name, agent, restart=Restart(max_restarts=1_000, backoff=AT_ONCE))
    system = runtime._system
    for thing in (runtime, system, system.plane, system.delivery, system.threads, system.loops, watcher):
        traces.add(type(thing).__name__, thing)
    for name, cell in runtime._agents.items():
        traces.add(f"cell of {name}", cell)
        traces.add(f"ref of {name}", cell.actor_ref)


def submit_all(runtime: Runtime, traces: Traces) -> list[Run]:
    runs = [runtime.submit(GOOD) for _ in range(RUNS)]
    runs += [runtime.submit(name, timeout=timeout) for name, timeout in BAD for _ in range(RUNS)]
    runs += [runtime.submit("hangs") for _ in range(RUNS)]
    for run in runs:
        traces.add(f"run of {run.workflow}", run)
    for run in runs[-RUNS:]:
        run.cancel()
    return runs


def on_own_loop(traces: Traces) -> int:
    watcher = Watcher()
    with Runtime(observers=[watcher], abandon_after=SHORT, metrics_port=0) as runtime:
        furnish(runtime, watcher, traces)
        oks = [run.exception(PATIENCE) is None for run in submit_all(runtime, traces)]
        assert sum(oks) == RUNS
    return 0


def on_host_loop(traces: Traces) -> int:
    async def serve() -> int:
        before = asyncio.all_tasks()
        watcher = Watcher()
        async with Runtime(
            observers=[watcher], abandon_after=SHORT, loop=asyncio.get_running_loop(), metrics_port=0
        ) as runtime:
            furnish(runtime, watcher, traces)
            ended = await asyncio.gather(*submit_all(runtime, traces), return_exceptions=True)
            assert sum(not isinstance(each, BaseException) for each in ended) == RUNS
        if late := asyncio.all_tasks() - before:
            await asyncio.wait(late, timeout=PATIENCE)  # abandoned, where the machine is too busy to end them in time
        return len(asyncio.all_tasks() - before)

    return asyncio.run(serve())


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def no_records() -> Iterator[None]:
    """Have nothing logged: pytest keeps the records, with what they hold, until the end of the test."""
    logger = logging.getLogger("actors")
    logger.setLevel(logging.CRITICAL + 1)
    yield
    logger.setLevel(logging.NOTSET)


@pytest.mark.expects_errors
@pytest.mark.usefixtures("without_collector", "no_records")
@pytest.mark.parametrize("cycle", [on_own_loop, on_host_loop])
def test_runtimes_that_come_and_go_leave_nothing(cycle: Callable[[Traces], int]) -> None:
    def live(baseline: Left | None) -> Left:
        traces = Traces()
        tasks = cycle(traces)
        looks = [left(tasks)]

        def is_over() -> bool:
            """Look again: the machine may have been slow to end what is ending."""
            looks.append(left(tasks))
            return traces.alive() == [] and looks[-1] == (looks[-2] if baseline is None else baseline)

        assert eventually(is_over), (traces.alive(), looks[-1])
        return looks[-1]

    for _ in range(WARM_UP):
        baseline = live(None)

    assert [live(baseline) for _ in range(CYCLES)] == [baseline] * CYCLES
    assert baseline.tasks == 0


@pytest.mark.usefixtures("without_collector")
def test_runs_that_ended_ok_go_without_the_garbage_collector(runtime: Runtime) -> None:
    traces = Traces()
    for name in ("counting", "counting-async", "flaky"):
        runtime.spawn(name, AGENTS[name])
    runs = [runtime.submit(Sequential("counting", Parallel("counting", "counting-async"))) for _ in range(RUNS)]
    for run in runs:
        run.result(PATIENCE)
        traces.add("run", run)

    del run, runs

    assert eventually(lambda: len(traces.alive()) == 0)
