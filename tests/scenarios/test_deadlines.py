"""Deadlines hold whatever the agent does: it may block a thread, block the loop or swallow cancellation."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Agent,
    AgentContext,
    Branch,
    Event,
    Parallel,
    Run,
    Runtime,
    RunTimeoutError,
    State,
)
from supervisors import OutcomeKind, Reason, TraceRecord
from supervisors.facts import LoopBlocked
from tests.scenarios.timing import eventually, fastest, seconds_of
from tests.scenarios.watching import PATIENCE, Watcher

TIMEOUT = 0.2
NOTICED_WITHIN = 0.3
TOO_LONG = 1.0


async def blocks_the_loop(event: Event, state: State) -> None:
    time.sleep(TOO_LONG)  # the misbehaviour: a blocking call in a coroutine
    state["late"] = True


def blocks_a_thread(event: Event, state: State) -> None:
    time.sleep(TOO_LONG)  # the misbehaviour: longer than it may
    state["late"] = True


async def swallows_cancellation(event: Event, state: State) -> None:
    ends = time.monotonic() + TOO_LONG
    while time.monotonic() < ends:
        try:
            await asyncio.sleep(TOO_LONG)  # the misbehaviour: it goes on when it is cancelled
        except asyncio.CancelledError:
            continue
    state["late"] = True


async def quick_async(event: Event, state: State) -> None:
    state["async"] = "done"


def quick_sync(event: Event, state: State) -> None:
    state["sync"] = "done"


SLOW = [blocks_the_loop, blocks_a_thread, swallows_cancellation]
slow_agents = pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.__name__)


def record_of(run: Run, path: str) -> TraceRecord:
    error = run.exception()
    trace = error.trace if error is not None else run.result().trace
    assert trace is not None
    return next(record for record in trace.walk() if record.path == path)


@slow_agents
def test_another_thread_learns_of_a_timeout_on_time(slow: Callable[..., Any]) -> None:
    def time_out() -> float:
        with Runtime(grace=5.0) as runtime:
            runtime.spawn("slow", slow)
            run = runtime.submit("slow", timeout=TIMEOUT)
            seconds = seconds_of(run.exception)
            assert run.exception().outcome.kind is OutcomeKind.TIMED_OUT  # type: ignore[union-attr]  # it failed
            assert run.exception().outcome.reason is Reason.DEADLINE  # type: ignore[union-attr]  # the same
        return seconds

    assert fastest(time_out, NOTICED_WITHIN) < NOTICED_WITHIN


@slow_agents
def test_the_error_is_a_timeout_error_that_names_the_budget(runtime: Runtime, slow: Callable[..., Any]) -> None:
    runtime.spawn("slow", slow)

    with pytest.raises(RunTimeoutError) as caught:
        runtime.run("slow", timeout=TIMEOUT)

    assert caught.value.outcome.budget == "run"


@slow_agents
def test_a_late_answer_is_counted_and_never_merged(
    runtime: Runtime, watcher: Watcher, slow: Callable[..., Any]
) -> None:
    runtime.spawn("slow", slow)
    runtime.spawn("quick", quick_sync)
    optional = Branch("slow", required=False, timeout=TIMEOUT)

    result = runtime.run(Parallel(optional, "quick"))

    watcher.await_dead_letter("late_answer")
    assert dict(result.state) == {"sync": "done"}


@slow_agents
def test_an_optional_branch_out_of_time_leaves_the_results_of_the_others(
    runtime: Runtime, slow: Callable[..., Any]
) -> None:
    runtime.spawn("slow", slow)
    runtime.spawn("sync", quick_sync)
    runtime.spawn("async", quick_async)
    optional = Branch("slow", required=False, timeout=TIMEOUT)

    run = runtime.submit(Parallel("async", optional, "sync", name="all"))

    record = record_of(run, "all/slow")
    assert record.outcome.kind is OutcomeKind.TIMED_OUT
    assert record.outcome.budget == "all/slow"
    if slow is not blocks_the_loop:  # else the async one may have had to wait
        assert record.duration < TOO_LONG
    assert dict(run.result().state) == {"async": "done", "sync": "done"}


def test_a_metric_counts_the_late_answer(runtime: Runtime, watcher: Watcher) -> None:
    runtime.spawn("slow", blocks_a_thread)

    runtime.submit("slow", timeout=TIMEOUT).exception()

    watcher.await_dead_letter("late_answer")
    assert b'mixmode_dead_letters_total{reason="late_answer"} 1.0' in runtime.metrics_text()


def test_work_that_never_began_is_timed_out_as_not_started(runtime: Runtime, gate: threading.Event) -> None:
    began = threading.Event()

    def busy(event: Event, state: State) -> None:
        began.set()
        gate.wait(PATIENCE)  # the misbehaviour: it holds its only instance

    runtime.spawn("busy", busy, concurrency=1)
    first = runtime.submit("busy")
    assert began.wait(PATIENCE)

    error = runtime.submit("busy", timeout=0.05).exception()

    gate.set()
    assert first.result().outcome.ok
    assert error is not None
    assert (error.outcome.kind, error.outcome.reason) == (
        OutcomeKind.TIMED_OUT,
        Reason.NOT_STARTED,
    )


def test_no_timeout_means_none(runtime: Runtime) -> None:
    def told(event: Event, state: State, context: AgentContext) -> None:
        state["remaining"] = context.remaining

    runtime.spawn("told", told)

    assert runtime.run("told").state["remaining"] is None
    assert 0 < runtime.run("told", timeout=60).state["remaining"] <= 60


# One loop, two agents: the one that blocks it and the one that pays for it.


class Neighbours:
    """A blocker that blocks once its neighbour has begun, and the neighbour, which behaves."""

    def __init__(self, blocked_for: float) -> None:
        self.began = asyncio.Event()
        self.blocked_for = blocked_for

    async def block(self, event: Event, state: State) -> None:
        await self.began.wait()
        time.sleep(self.blocked_for)  # the misbehaviour: nobody else on the loop gets on

    async def behave(self, event: Event, state: State) -> None:
        self.began.set()
        await asyncio.sleep(0.02)  # what waits for a server or a database looks like this
        state["async"] = "done"


@pytest.fixture
def neighbours(runtime: Runtime) -> Neighbours:
    neighbours = Neighbours(blocked_for=0.5)
    runtime.spawn("blocker", neighbours.block)
    runtime.spawn("healthy", neighbours.behave)
    runtime.spawn("sync", quick_sync)
    return neighbours


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("order", [("blocker", "healthy", "sync"), ("sync", "healthy", "blocker")])
def test_a_plain_agent_is_not_delayed_by_a_blocked_loop(runtime: Runtime, order: tuple[str, ...]) -> None:
    def wait_for_sync() -> float:
        return record_of(runtime.submit(Parallel(*order, name="all")), "all/sync").duration

    assert fastest(wait_for_sync, 0.1) < 0.1


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("order", [("blocker", "healthy"), ("healthy", "blocker")])
def test_who_runs_out_of_time_on_a_blocked_loop_names_the_blocker(runtime: Runtime, order: tuple[str, ...]) -> None:
    branches = [Branch(name, timeout=0.3 if name == "healthy" else None) for name in order]

    run = runtime.submit(Parallel(*branches, name="all", on_failure="finish"))

    outcome = record_of(run, "all/healthy").outcome
    assert outcome.kind is OutcomeKind.TIMED_OUT
    assert outcome.reason is Reason.LOOP_BLOCKED
    assert outcome.culprit == "blocker"


@pytest.mark.usefixtures("neighbours")
@pytest.mark.parametrize("order", [("blocker", "healthy"), ("healthy", "blocker")])
def test_who_is_only_delayed_by_a_blocked_loop_says_by_whom(runtime: Runtime, order: tuple[str, ...]) -> None:
    run = runtime.submit(Parallel(*order, name="all"))

    assert record_of(run, "all/healthy").delayed_by == "blocker"
    assert record_of(run, "all/blocker").delayed_by == ""
    assert run.result().state["async"] == "done"


@pytest.mark.usefixtures("neighbours")
def test_the_seconds_of_a_blocked_loop_are_charged_to_the_blocker(runtime: Runtime, watcher: Watcher) -> None:
    runtime.run(Parallel("blocker", "healthy"))

    watcher.await_fact(LoopBlocked)
    assert {fact.agent for fact in watcher.all(LoopBlocked)} == {"blocker"}
    assert 0.2 < sum(fact.seconds for fact in watcher.all(LoopBlocked)) < 1.0


# What becomes of a loop that an agent never lets go of.


class Stuck:
    """An agent that holds its loop until the gate is opened."""

    def __init__(self, runtime: Runtime, gate: threading.Event) -> None:
        self.runtime = runtime
        self.holds = threading.Event()
        self.gate = gate
        runtime.spawn("stuck", self.hold)
        runtime.spawn("quick", quick_async)

    async def hold(self, event: Event, state: State) -> None:
        self.holds.set()
        self.gate.wait(PATIENCE)  # the misbehaviour: a blocking wait in a coroutine

    def block(self) -> None:
        """Block the loop; the runtime is not to have found out yet."""
        self.runtime.submit("stuck", timeout=0.05)
        assert self.holds.wait(PATIENCE)

    def await_replacement(self) -> None:
        """Wait until new work gets through again, with the old loop still blocked."""
        assert eventually(self._is_quick_done), "the loop was not replaced"
        assert not self.gate.is_set()

    def _is_quick_done(self) -> bool:
        return self.runtime.submit("quick", timeout=0.1).exception() is None


@pytest.fixture
def stuck(runtime: Runtime, gate: threading.Event) -> Stuck:
    return Stuck(runtime, gate)


def test_a_loop_that_stays_blocked_is_replaced_while_it_is_blocked(runtime: Runtime, stuck: Stuck) -> None:
    stuck.block()

    stuck.await_replacement()

    results = [runtime.run("quick", timeout=PATIENCE) for _ in range(10)]
    assert all(result.state["async"] == "done" for result in results)


def test_work_that_had_not_begun_on_a_replaced_loop_is_done_on_the_new_one(runtime: Runtime, stuck: Stuck) -> None:
    stuck.block()
    queued = runtime.submit("quick")

    stuck.await_replacement()

    assert queued.result(timeout=2.0).state["async"] == "done"


def test_what_waits_on_a_replaced_loop_goes_on_when_it_runs_again(runtime: Runtime, stuck: Stuck) -> None:
    waiting = threading.Event()

    async def bystander(event: Event, state: State) -> None:
        waiting.set()
        await asyncio.sleep(0.3)  # it is held up in here
        state["bystander"] = "done"

    runtime.spawn("bystander", bystander)
    held_up = runtime.submit("bystander")
    assert waiting.wait(PATIENCE)
    stuck.block()
    stuck.await_replacement()
    assert not held_up.done()

    stuck.gate.set()

    assert held_up.result(PATIENCE).state["bystander"] == "done"


@pytest.mark.parametrize("timeout", [0.05, 0.5], ids=["before", "after"])
def test_an_agent_whose_event_ran_out_around_a_replacement_handles_the_next(
    runtime: Runtime, stuck: Stuck, timeout: float
) -> None:
    class Counter(Agent):
        async def run(self, event: Event, state: State) -> None:
            state["handled"] = True

    runtime.spawn("counter", Counter)
    runtime.run("counter")
    stuck.block()
    overtaken = runtime.submit("counter", timeout=timeout)

    stuck.await_replacement()

    overtaken.exception()
    assert runtime.run("counter", timeout=2.0).state["handled"] is True
