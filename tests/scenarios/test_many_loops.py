"""Several event loops at once: no async agent waits for a wake-up that was lost. In real time, under load."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from actors import Event, Runtime, RunTimeoutError, State
from supervisors.facts import WakeupLost
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE, Watcher

BATCH = 50
"""How many runs of a runtime are in progress at once."""

BLOCKED_FOR_LONG = 600.0
STALLED = 60.0
"""Seconds after which a run that takes microseconds is taken to have been forgotten."""

pytestmark = pytest.mark.usefixtures("hasty_threads")


async def echo(event: Event, state: State) -> dict[str, int]:
    return {"number": event.data["number"]}


@contextmanager
def loop_of_a_host() -> Iterator[asyncio.AbstractEventLoop]:
    """Run an event loop on a thread of its own, as a host does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="host-loop", daemon=True)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


@contextmanager
def runtimes(count: int, *, are_hosted: bool) -> Iterator[list[tuple[Runtime, Watcher]]]:
    """Start runtimes, each with an event loop of its own or on that of a host."""
    with ExitStack() as stack:
        made = []
        for _ in range(count):
            watcher = Watcher()
            loop = stack.enter_context(loop_of_a_host()) if are_hosted else None
            runtime = stack.enter_context(Runtime(loop=loop, observers=[watcher], metrics=False, switch_interval=None))
            runtime.spawn("echo", echo)
            made.append((runtime, watcher))
        yield made


def answers(runtime: Runtime, runs: int) -> int:
    """Have so many runs done, some at a time; return how many gave what they should."""
    right = 0
    for first in range(0, runs, BATCH):
        batch = [(number, runtime.submit("echo", {"number": number})) for number in range(first, first + BATCH)]
        right += sum(run.result(STALLED).state == {"number": number} for number, run in batch)
    return right


def at_once(calls: list[Callable[[], int]]) -> list[int]:
    """Call each on a thread of its own; return what they gave, -1 for one that raised."""
    given = [-1] * len(calls)

    def call(place: int) -> None:
        given[place] = calls[place]()

    threads = [threading.Thread(target=call, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def all_are_answered(count: int, runs: int, *, are_hosted: bool) -> None:
    with runtimes(count, are_hosted=are_hosted) as made:
        given = at_once([lambda runtime=runtime: answers(runtime, runs) for runtime, _ in made])  # type: ignore[misc]
        lost = [fact for _, watcher in made for fact in watcher.all(WakeupLost)]

    assert given == [runs] * count
    assert lost == []


@pytest.mark.parametrize("are_hosted", [False, True], ids=["own", "hosted"])
@pytest.mark.parametrize("count", [2, 4])
def test_runtimes_beside_each_other_answer_every_run(count: int, are_hosted: bool) -> None:
    all_are_answered(count, 1_000, are_hosted=are_hosted)


@pytest.mark.soak
@pytest.mark.parametrize("are_hosted", [False, True], ids=["own", "hosted"])
@pytest.mark.parametrize("count", [2, 4])
def test_runtimes_beside_each_other_answer_half_a_million_runs(count: int, are_hosted: bool) -> None:
    all_are_answered(count, 500_000 // count, are_hosted=are_hosted)


# Loops that are replaced


def all_are_answered_on_new_loops(gate: threading.Event, replacements: int, runs: int) -> None:
    """Have the loop of one runtime replaced again and again while another one works."""

    async def block(event: Event, state: State) -> None:
        gate.wait(BLOCKED_FOR_LONG)

    right, watcher = 0, Watcher()
    with (
        runtimes(1, are_hosted=False) as [(other, _)],
        Runtime(abandon_after=0.02, grace=1.0, metrics=False, observers=[watcher]) as runtime,
    ):
        runtime.spawn("echo", echo)
        for number in range(replacements):
            old = runtime._system.loops.lane
            runtime.spawn(f"block {number}", block)
            with pytest.raises(RunTimeoutError):
                runtime.run(f"block {number}", timeout=0.02)
            assert eventually(lambda old=old: runtime._system.loops.lane is not old)  # type: ignore[misc]
            right += sum(at_once([lambda: answers(runtime, runs), lambda: answers(other, runs)]))
        gate.set()

    assert right == 2 * replacements * runs
    assert watcher.all(WakeupLost) == []


@pytest.mark.leaves_abandoned_work
def test_a_runtime_whose_loops_are_replaced_answers_every_run(gate: threading.Event) -> None:
    all_are_answered_on_new_loops(gate, replacements=3, runs=200)


@pytest.mark.soak
@pytest.mark.leaves_abandoned_work
def test_a_runtime_whose_loop_is_replaced_forty_times_answers_every_run(gate: threading.Event) -> None:
    all_are_answered_on_new_loops(gate, replacements=40, runs=2_000)


# Healing


def test_a_lost_wakeup_heals_by_itself_and_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    watcher = Watcher()
    with Runtime(observers=[watcher]) as runtime:
        runtime.spawn("echo", echo)
        runtime._system.loops.lane._is_waking = True  # as if it had been called, and the call had been lost

        run = runtime.submit("echo", {"number": 7})
        watcher.await_fact(WakeupLost)
        result = run.result(PATIENCE)

        assert eventually(lambda: runtime.health.is_ok)
        assert runtime.run("echo", {"number": 8}).state == {"number": 8}
    assert result.state == {"number": 7}
    assert "an event loop lost a wake-up" in caplog.text


def test_health_is_bad_while_the_loop_is_not_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    watcher = Watcher()
    with Runtime(observers=[watcher]) as runtime:
        runtime.spawn("echo", echo)
        lane = runtime._system.loops.lane
        monkeypatch.setattr(lane, "wake", lambda: None)
        monkeypatch.setattr(lane, "rouse", lambda _overdue: None)
        run = runtime.submit("echo", {"number": 7})
        watcher.await_fact(WakeupLost)
        while_it_lasts = runtime.health
        monkeypatch.undo()

        assert run.result(PATIENCE).state == {"number": 7}
        assert eventually(lambda: runtime.health.is_ok)
    assert while_it_lasts.reasons[0].startswith("async agents are not started: an event loop was not woken")
