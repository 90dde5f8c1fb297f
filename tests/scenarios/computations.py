"""Computations that are cached, and runs that wait for them, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from actors import Cached, Event, Run, Runtime, State
from actors.testing import Probe, VirtualRuntime
from tests.scenarios.watching import Watcher

ANSWERS = Cached("compute", key="question", name="answers")


@pytest.fixture(params=range(5), ids="seed {}".format)
def runtime(request: pytest.FixtureRequest, watcher: Watcher) -> Iterator[VirtualRuntime]:
    """A runtime in virtual time; the fixture `computation` is its agent "compute"."""
    with VirtualRuntime(seed=request.param, observers=[watcher]) as runtime:
        yield runtime


class Call:
    """One call of the agent, which ends as the test says."""

    def __init__(self, state: State) -> None:
        self.asker = state.get("asker")
        self._loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Any] = self._loop.create_future()

    def finish(self, answer: Any = "computed") -> None:
        self._loop.call_soon_threadsafe(self.answer.set_result, answer)

    def fail(self) -> None:
        self._loop.call_soon_threadsafe(self.answer.set_exception, ValueError("in vain"))


class Computation:
    """An agent that computes for as long as the test wants, and counts."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._begun = Probe()
        self._taken = 0
        self.at_once = self.most_at_once = 0

    @property
    def count(self) -> int:
        return len(self._calls)

    async def __call__(self, event: Event, state: State) -> None:
        call = Call(state)
        self._calls.append(call)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self._begun(event, state)
        try:
            state["answer"] = await call.answer
        finally:
            self.at_once -= 1

    def next(self) -> Call:
        """Wait for the next call; the test fails if it never comes."""
        self._taken += 1
        self._begun.wait_for(Event, count=self._taken)
        return self._calls[self._taken - 1]


def waiting(runtime: Runtime) -> int:
    """Count who waits for a value or computes one."""
    caches = [cache for _, cache in list(runtime._system.caches._caches.values())]
    return sum(len(tickets) for cache in caches for _, tickets in cache.flights())


def kept(runtime: Runtime) -> int:
    return sum(len(cache) for _, cache in list(runtime._system.caches._caches.values()))


def ask(runtime: VirtualRuntime, count: int, workflow: Any = ANSWERS, *, first: int = 0, **more: Any) -> list[Run]:
    """Submit runs that want the same; all are in the flight then."""
    before = waiting(runtime)
    runs = [
        runtime.submit(workflow, state={"question": "why", "asker": number}, **more)
        for number in range(first, first + count)
    ]
    runtime.settle()
    assert waiting(runtime) == before + count
    return runs


def endings(runs: list[Run]) -> list[str]:
    """Wait for the end of all and return how they ended."""
    ends = []
    for run in runs:
        error = run.exception()
        ends.append(str(run.result().outcome.reason if error is None else error.outcome.reason))
    return ends
