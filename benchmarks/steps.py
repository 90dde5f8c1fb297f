"""What a supervised step costs against bare asyncio: a task and an `asyncio.timeout` for each step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from actors import Event, Runtime, Sequential, State
from benchmarks.measure import Comparison, compare

STEPS = 10
CONCURRENT = 1_000
LONE = 1_000
MANY = 10_000
SLEEP = 0.05
TIMEOUT = 60.0


async def step(event: Event, state: State) -> None:
    """Do next to nothing, and leave a trace of it."""
    state["n"] = 1


async def sleep(event: Event, state: State) -> None:
    """Wait as an agent does for its model."""
    await asyncio.sleep(SLEEP)


async def _bare(agent: object, steps: int) -> None:
    event, state = Event(), State()
    for _ in range(steps):
        async with asyncio.timeout(TIMEOUT):
            await asyncio.create_task(agent(event, state))  # type: ignore[operator]  # one of the two above


async def _gather(coroutines: list[object]) -> None:
    await asyncio.gather(*coroutines)  # type: ignore[call-overload]  # coroutines all


def _spawned(runtime: Runtime) -> Runtime:
    runtime.spawn("step", step, timeout=TIMEOUT, mailbox=2 * MANY)
    runtime.spawn("sleep", sleep, timeout=TIMEOUT, mailbox=2 * MANY)
    return runtime


async def _wait(runtime: Runtime, workflow: str | Sequential) -> None:
    await runtime.submit(workflow)


async def _lone(runtime: Runtime) -> None:
    for _ in range(LONE):
        await runtime.submit("step")


async def _lone_bare() -> None:
    for _ in range(LONE):
        await _bare(step, 1)


async def step_costs(*, metrics: bool) -> AsyncIterator[Comparison]:
    """Yield the three comparisons that the project has promised bars for."""
    note = "metrics on" if metrics else "metrics off"
    loop = asyncio.get_running_loop()
    ten, three = Sequential(*["step"] * STEPS), Sequential(*["sleep"] * 3)
    async with Runtime(loop=loop, max_runs=2 * MANY, metrics=metrics) as runtime:
        _spawned(runtime)
        yield await compare(
            f"a step, {CONCURRENT:,} concurrent runs of {STEPS}, {note}",
            lambda: _gather([_bare(step, STEPS) for _ in range(CONCURRENT)]),
            lambda: _gather([_wait(runtime, ten) for _ in range(CONCURRENT)]),
            bar=2.5,
            units=CONCURRENT * STEPS,
        )
        yield await compare(f"a lone run of one step, {note}", _lone_bare, lambda: _lone(runtime), bar=5.0, units=LONE)
        yield await compare(
            f"{MANY:,} concurrent runs of 3 steps of {SLEEP * 1e3:g} ms, {note}",
            lambda: _gather([_bare(sleep, 3) for _ in range(MANY)]),
            lambda: _gather([_wait(runtime, three) for _ in range(MANY)]),
            bar=3.0,
            units=MANY * 3,
            repetitions=3,
        )


async def metrics_cost() -> Comparison:
    """Compare metrics off with metrics on."""
    loop = asyncio.get_running_loop()
    ten = Sequential(*["step"] * STEPS)
    async with (
        Runtime(loop=loop, max_runs=2 * MANY, metrics=False) as without,
        Runtime(loop=loop, max_runs=2 * MANY) as with_metrics,
    ):
        _spawned(without)
        _spawned(with_metrics)
        return await compare(
            "metrics on against metrics off",
            lambda: _gather([_wait(without, ten) for _ in range(CONCURRENT)]),
            lambda: _gather([_wait(with_metrics, ten) for _ in range(CONCURRENT)]),
            bar=1.1,
            units=CONCURRENT * STEPS,
            repetitions=15,
        )
