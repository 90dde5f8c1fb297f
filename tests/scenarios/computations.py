"""Computations that are cached, and runs that wait for them."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

from actors import Cached, Event, Run, Runtime, State
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE

ANSWERS = Cached("compute", key="question", name="answers")


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
        self._calls: queue.Queue[Call] = queue.Queue()
        self.count = self.at_once = self.most_at_once = 0

    async def __call__(self, event: Event, state: State) -> None:
        call = Call(state)
        self.count += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._calls.put(call)
        try:
            state["answer"] = await call.answer
        finally:
            self.at_once -= 1

    def next(self) -> Call:
        """Wait for the next call; the test fails if it never comes."""
        return self._calls.get(timeout=PATIENCE)


def waiting(runtime: Runtime) -> int:
    """Count who waits for a value or computes one."""
    caches = [cache for _, cache in list(runtime._system.caches._caches.values())]
    return sum(len(tickets) for cache in caches for _, tickets in cache.flights())


def kept(runtime: Runtime) -> int:
    return sum(len(cache) for _, cache in list(runtime._system.caches._caches.values()))


def ask(runtime: Runtime, count: int, workflow: Any = ANSWERS, *, first: int = 0, **more: Any) -> list[Run]:
    """Submit runs that want the same, and wait until all are in the flight."""
    before = waiting(runtime)
    runs = [
        runtime.submit(workflow, state={"question": "why", "asker": number}, **more)
        for number in range(first, first + count)
    ]
    assert eventually(lambda: waiting(runtime) == before + count)
    return runs


def endings(runs: list[Run]) -> list[str]:
    """Wait for the end of all and return how they ended."""
    ends = []
    for run in runs:
        error = run.exception(PATIENCE)
        ends.append(str(run.result().outcome.reason if error is None else error.outcome.reason))
    return ends
