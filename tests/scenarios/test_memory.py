"""Memory, threads, timers and cells: flat over any number of runs."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from pathlib import Path

import pytest

from actors import Event, Runtime, Sequential, State
from tests.limits import LONG

WARM_UP = 10_000
MANY, VERY_MANY = 20_000, 100_000
AT_ONCE = 500
LIMIT_BYTES = 5_000_000
TIMEOUT = LONG


async def step(event: Event, state: State) -> None:
    state["n"] = state.get("n", 0) + 1


def _resident_bytes() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def _many(runtime: Runtime, runs: int) -> None:
    workflow = Sequential("step", "step", timeout=TIMEOUT)
    for _ in range(runs // AT_ONCE):
        await asyncio.gather(*[_one(runtime, workflow) for _ in range(AT_ONCE)])


async def _one(runtime: Runtime, workflow: Sequential) -> None:
    await runtime.submit(workflow, timeout=TIMEOUT)


def _growth_bytes(runs: int) -> int:
    """Return by how much memory grows over so many runs, after some others."""

    async def main() -> int:
        async with Runtime(loop=asyncio.get_running_loop()) as runtime:
            runtime.spawn("step", step, timeout=TIMEOUT)
            await _many(runtime, WARM_UP)
            before = _resident_bytes()
            await _many(runtime, runs)
            return _resident_bytes() - before

    return asyncio.run(main())


@pytest.mark.slow
def test_memory_is_flat_over_many_runs_with_long_timeouts() -> None:
    assert _growth_bytes(MANY) < LIMIT_BYTES


@pytest.mark.soak
def test_memory_is_flat_over_a_hundred_thousand_runs_with_long_timeouts() -> None:
    growth = _growth_bytes(VERY_MANY)

    print(f"\n{VERY_MANY:,} runs: resident memory grew by {growth / 1e6:.2f} MB after the first {WARM_UP:,}")  # noqa: T201  # the figure, for `pytest -s`
    assert growth < LIMIT_BYTES


def test_nothing_is_left_when_the_runs_have_ended() -> None:
    async def main() -> None:
        tasks, threads = len(asyncio.all_tasks()), threading.active_count()
        async with Runtime(loop=asyncio.get_running_loop()) as runtime:
            runtime.spawn("step", step, timeout=TIMEOUT)
            await _many(runtime, 2 * AT_ONCE)
            system = runtime._system
            deadline = time.monotonic() + LONG
            while system.loops.lane.is_watched and time.monotonic() < deadline:
                await asyncio.sleep(0)  # the heartbeat finds that there is no work, and ends
            assert runtime.runs_in_progress == 0
            assert system.orchestrators == {}
            assert system.plane.armed_timers == 0
            assert len(asyncio.all_tasks()) == tasks
        for thread in [each for each in threading.enumerate() if each.name.startswith("mixmode-")]:
            thread.join(LONG)
        assert threading.active_count() <= threads

    asyncio.run(main())
