"""Thousands of armed deadlines: each fires in its turn, never early, and hardly late."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from statistics import median, quantiles

import pytest

from actors import Event, Run, Runtime, State, WorkflowFailedError
from actors.testing import Hangs, Scripted, VirtualRuntime
from supervisors import OutcomeKind
from supervisors.facts import RunEnded
from tests.scenarios.watching import PATIENCE, Watcher

ARMED = 10_000
SOON, SPREAD = 4.0, 10.0
"""Seconds until the first deadline, by when all are armed, and from the first to the last."""


async def hangs(event: Event, state: State) -> None:
    await asyncio.sleep(3600)  # the agent: hangs until it is cancelled


def failed(run: Run) -> WorkflowFailedError:
    error = run.exception()
    assert error is not None
    return error


def seconds_of(run: Run) -> float:
    trace = failed(run).trace
    assert trace is not None
    return trace.duration


def test_thousands_of_deadlines_in_any_order_fire_each_at_its_moment() -> None:
    timeouts = [1.0 + number / 8 for number in range(ARMED // 4)]  # what floats hold exactly
    random.Random(7).shuffle(timeouts)
    order: list[float] = []

    def note(timeout: float) -> Callable[[Run], object]:
        return lambda _run: order.append(timeout)

    with VirtualRuntime(metrics=False) as runtime:
        runtime.spawn("hangs", Scripted(Hangs()))
        runs = [runtime.submit("hangs", timeout=timeout) for timeout in timeouts]
        for run, timeout in zip(runs, timeouts, strict=True):
            run.add_done_callback(note(timeout))
        runtime.advance(max(timeouts))

    assert [seconds_of(run) for run in runs] == timeouts
    assert {failed(run).outcome.kind for run in runs} == {OutcomeKind.TIMED_OUT}
    assert order == sorted(timeouts)


def test_deadlines_that_are_not_needed_any_more_leave_those_between_them_in_place(watcher: Watcher) -> None:
    with VirtualRuntime(observers=[watcher]) as runtime:
        runtime.spawn("hangs", Scripted(Hangs()))
        runs = [runtime.submit("hangs", timeout=1.0 + number) for number in range(1_000)]
        cancelled = [run for number, run in enumerate(runs) if number % 10]
        for run in cancelled:
            run.cancel()
        runtime.settle()
        armed = runtime._system.plane.armed_timers
        runtime.advance(1_001.0)

    assert armed == len(runs) - len(cancelled)
    ended = [fact.duration for fact in watcher.all(RunEnded) if fact.outcome.kind is OutcomeKind.TIMED_OUT]
    assert ended == [1.0 + number for number in range(0, 1_000, 10)]


@pytest.mark.bench
def test_how_late_ten_thousand_armed_deadlines_are() -> None:
    with Runtime(metrics=False) as runtime:
        runtime.spawn("hangs", hangs)
        now = runtime._system.plane.now
        start, timeouts, runs = now(), [], []
        for number in range(ARMED):
            timeouts.append(start + SOON + SPREAD * (number * 7919 % ARMED) / ARMED - now())
            runs.append(runtime.submit("hangs", timeout=timeouts[-1]))
        armed = runtime._system.plane.armed_timers
        for run in runs:
            run.exception(SOON + SPREAD + PATIENCE)

    late = [seconds_of(run) - timeout for run, timeout in zip(runs, timeouts, strict=True)]
    p99 = quantiles(late, n=100)[-1]
    print(  # noqa: T201  # the figures, for `pytest -s`
        f"\n{armed:,} armed deadlines, {ARMED / SPREAD:,.0f} a second due, are late by "
        f"{median(late) * 1e3:.2f} ms (median), {p99 * 1e3:.2f} ms (p99), {max(late) * 1e3:.2f} ms (worst)"
    )
    assert armed >= ARMED  # and the heartbeat of the event loop
    assert p99 < 0.01
