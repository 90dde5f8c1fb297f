"""Cached: how long values are kept, and how many."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from actors import Cached, Event, Runtime, State
from actors.testing import Returns, Scripted, VirtualRuntime
from supervisors import Reason
from tests.scenarios.computations import Computation, kept, runtime, waiting

__all__ = ["runtime"]  # a fixture


def test_a_value_expires_so_long_after_it_was_computed(runtime: VirtualRuntime, computation: Computation) -> None:
    workflow = Cached("compute", key="question", ttl=10.0)

    def answered() -> str:
        return str(runtime.run(workflow, {"question": "why"}).state["answer"])

    run = runtime.submit(workflow, {"question": "why"})
    call = computation.next()
    runtime.advance(100.0)  # computing took its time
    call.finish("old")
    run.result()

    runtime.advance(9.75)
    assert answered() == "old"
    runtime.advance(0.25)
    anew = runtime.submit(workflow, {"question": "why"})
    computation.next().finish("new")
    assert anew.result().state["answer"] == "new"
    assert answered() == "new"


def test_what_has_expired_does_not_stay(runtime: VirtualRuntime) -> None:
    runtime.spawn("work", Scripted(Returns({"answer": 1})))
    workflow = Cached("work", key="question", ttl=10.0)
    for number in range(20):
        runtime.run(workflow, {"question": number})
        runtime.advance(0.25)
    assert kept(runtime) == 20

    counts = []
    for seconds in (5.0, 2.375, 2.375):
        runtime.advance(seconds)
        counts.append((runtime.now, kept(runtime)))

    assert counts == [(10.0, 19), (12.375, 10), (14.75, 0)]
    assert runtime._system.plane.armed_timers == 0


def test_the_value_that_was_not_used_for_longest_goes(runtime: VirtualRuntime) -> None:
    runtime.spawn("work", Scripted(Returns({"answer": 1})))
    workflow = Cached("work", key="question", max_entries=2)

    outcomes = [runtime.run(workflow, {"question": q}).outcome.reason for q in ("a", "b", "a", "c", "a", "b")]

    computed, taken = Reason.COMPLETED, Reason.CACHED
    assert outcomes == [computed, computed, taken, computed, taken, computed]
    assert kept(runtime) == 2


KEYS, WARM_UP, LIMIT_BYTES = 12_000, 4_000, 5_000_000


def _resident_bytes() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.slow
def test_memory_is_flat_over_many_keys() -> None:
    async def work(event: Event, state: State) -> None:
        state["answer"] = "x" * 1_000

    async def ask_for(runtime: Runtime, keys: range) -> None:
        workflow = Cached("work", key="question", max_entries=100, ttl=60.0)
        for first in range(keys.start, keys.stop, 100):
            await asyncio.gather(*[_ask(runtime, workflow, key) for key in range(first, first + 100)])

    async def main() -> tuple[int, int, tuple[int, int]]:
        async with Runtime(loop=asyncio.get_running_loop()) as runtime:
            runtime.spawn("work", work)
            await ask_for(runtime, range(WARM_UP))
            before = _resident_bytes()
            await ask_for(runtime, range(WARM_UP, KEYS))
            return before, _resident_bytes(), (kept(runtime), waiting(runtime))

    before, after, left = asyncio.run(main())

    assert after - before < LIMIT_BYTES
    assert left == (100, 0)


async def _ask(runtime: Runtime, workflow: Cached, key: int) -> None:
    await runtime.submit(workflow, {"question": key})
