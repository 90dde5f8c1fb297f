"""Memory over millions: runs of plain functions, and agents that come and go."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from actors import Agent, Event, Runtime, Sequential, State
from tests.scenarios.watching import PATIENCE

LIMIT_BYTES = 2_000_000
AT_ONCE = 500
LONG = 600.0


def step(event: Event, state: State) -> None:
    state["n"] = state.get("n", 0) + 1


class Belongings:
    """What a factory closes over."""

    def __init__(self) -> None:
        self.room = bytearray(10_000)


class Holder(Agent):
    def __init__(self, belongings: Belongings) -> None:
        self.belongings = belongings

    def run(self, event: Event, state: State) -> None:
        """Do nothing."""


def resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def objects() -> Counter[str]:
    """Count what there is that the collector knows, by class."""
    gc.collect()
    return Counter(type(each).__qualname__ for each in gc.get_objects())


def run_many(runtime: Runtime, runs: int) -> None:
    workflow = Sequential("step", "step", "step")
    for _ in range(runs // AT_ONCE):
        for run in [runtime.submit(workflow) for _ in range(AT_ONCE)]:
            run.result()


def come_and_go(runtime: Runtime, agents: int, alive: weakref.WeakSet[Belongings]) -> None:
    """Spawn agents and stop each before the next; every tenth is asked first."""
    for number in range(agents):
        belongings = Belongings()
        alive.add(belongings)
        ref = runtime.spawn("agent", partial(Holder, belongings))
        del belongings
        if number % 10 == 0:
            ref.ask(Event(), timeout=PATIENCE)
        runtime.stop_agent("agent", timeout=PATIENCE)


# Short


def test_no_object_is_left_over_many_runs_of_plain_functions() -> None:
    with Runtime(max_threads=8) as runtime:  # all of them are there before it is counted
        runtime.spawn("step", step)
        run_many(runtime, 4 * AT_ONCE)
        before = objects()

        run_many(runtime, 4 * AT_ONCE)
        more = objects() - before

    assert sum(more.values()) < AT_ONCE, more.most_common(5)


def test_no_object_is_left_over_many_agents_that_come_and_go() -> None:
    alive: weakref.WeakSet[Belongings] = weakref.WeakSet()
    agents = 2_500
    with Runtime(grace=LONG) as runtime:
        come_and_go(runtime, agents, alive)
        before = objects()

        come_and_go(runtime, agents, alive)
        more, timers = objects() - before, runtime._system.plane.armed_timers

    assert sum(more.values()) < agents // 10, more.most_common(5)
    assert timers == 0
    assert len(alive) == 0


# Long


@pytest.mark.soak
def test_memory_is_flat_over_a_million_runs_of_plain_functions() -> None:
    with Runtime() as runtime:
        runtime.spawn("step", step)
        run_many(runtime, 100_000)
        before = resident_bytes()
        run_many(runtime, 900_000)
        grown = resident_bytes() - before

    print(f"\n1,000,000 runs: resident memory grew by {grown / 1e6:.2f} MB after the first tenth")  # noqa: T201  # the figure, for `pytest -s`
    assert grown < LIMIT_BYTES


@pytest.mark.soak
def test_memory_is_flat_over_a_million_agents_that_come_and_go() -> None:
    alive: weakref.WeakSet[Belongings] = weakref.WeakSet()
    with Runtime(grace=LONG) as runtime:
        come_and_go(runtime, 100_000, alive)
        before = resident_bytes()
        come_and_go(runtime, 900_000, alive)
        grown = resident_bytes() - before

    print(f"\n1,000,000 agents: resident memory grew by {grown / 1e6:.2f} MB after the first tenth")  # noqa: T201  # the figure, for `pytest -s`
    assert grown < LIMIT_BYTES
    assert len(alive) == 0
