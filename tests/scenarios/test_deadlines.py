"""Deadlines hold whatever the agent does: it may block a thread, block the loop or swallow cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import (
    AgentContext,
    Branch,
    Event,
    Parallel,
    Runtime,
    RunTimeoutError,
    State,
)
from actors.testing import AnswersAfter, Probe, Returns, Scripted, ScriptedThread, VirtualRuntime, sleep
from supervisors import OutcomeKind, Reason
from supervisors.facts import DeadLettered
from tests.scenarios.timing import fastest, seconds_of
from tests.scenarios.virtual_runs import HOUR, both_kinds, record_of

TIMEOUT = 0.2
TOO_LONG = 1.0
ABANDON_AFTER = 0.1


# These misbehave in virtual time and in real time alike.


async def blocks_the_loop(event: Event, state: State) -> None:
    sleep(TOO_LONG)  # the agent: a blocking call in a coroutine
    state["late"] = True


def blocks_a_thread(event: Event, state: State) -> None:
    sleep(TOO_LONG)  # the agent: longer than it may
    state["late"] = True


async def swallows_cancellation(event: Event, state: State) -> None:
    now = asyncio.get_running_loop().time
    ends = now() + TOO_LONG
    while (left := ends - now()) > 0:
        try:
            await asyncio.sleep(left)  # the agent: it goes on when it is cancelled
        except asyncio.CancelledError:
            continue
    state["late"] = True


SLOW = [blocks_the_loop, blocks_a_thread, swallows_cancellation]
slow_agents = pytest.mark.parametrize("slow", SLOW, ids=lambda slow: slow.__name__)


@pytest.fixture
def probe() -> Probe:
    return Probe()


@pytest.fixture(params=range(5))
def runtime(request: pytest.FixtureRequest, probe: Probe) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param, observers=[probe], abandon_after=ABANDON_AFTER) as runtime:
        runtime.spawn("sync", ScriptedThread(Returns({"sync": "done"})))
        runtime.spawn("async", Scripted(Returns({"async": "done"})))
        yield runtime


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

    assert fastest(time_out, TOO_LONG) < TOO_LONG  # before the agent is done


@slow_agents
def test_the_error_is_a_timeout_error_that_names_the_budget(runtime: VirtualRuntime, slow: Callable[..., Any]) -> None:
    runtime.spawn("slow", slow)

    with pytest.raises(RunTimeoutError) as caught:
        runtime.run("slow", timeout=TIMEOUT)

    assert caught.value.outcome.budget == "run"
    assert runtime.now == TIMEOUT


@slow_agents
def test_a_late_answer_is_counted_and_never_merged(
    runtime: VirtualRuntime, probe: Probe, slow: Callable[..., Any]
) -> None:
    runtime.spawn("slow", slow)
    optional = Branch("slow", required=False, timeout=TIMEOUT)

    result = runtime.run(Parallel(optional, "sync"))

    assert probe.all(DeadLettered) == []
    runtime.advance(HOUR)
    assert [letter.reason for letter in probe.all(DeadLettered)] == ["late_answer"]
    assert (dict(result.state), result.duration) == ({"sync": "done"}, TIMEOUT)


@slow_agents
def test_an_optional_branch_out_of_time_leaves_the_results_of_the_others(
    runtime: VirtualRuntime, slow: Callable[..., Any]
) -> None:
    runtime.spawn("slow", slow)
    optional = Branch("slow", required=False, timeout=TIMEOUT)

    run = runtime.submit(Parallel("async", optional, "sync", name="all"))

    record = record_of(run, "all/slow")
    assert record.outcome.kind is OutcomeKind.TIMED_OUT
    assert record.outcome.budget == "all/slow"
    assert record.duration == TIMEOUT
    assert dict(run.result().state) == {"async": "done", "sync": "done"}


def test_a_metric_counts_the_late_answer(runtime: VirtualRuntime) -> None:
    runtime.spawn("slow", blocks_a_thread)

    runtime.submit("slow", timeout=TIMEOUT).exception()

    runtime.advance(TOO_LONG)
    assert b'mixmode_dead_letters_total{reason="late_answer"} 1.0' in runtime.metrics_text()


@both_kinds
def test_work_that_never_began_is_timed_out_as_not_started(runtime: VirtualRuntime, scripted: type[Scripted]) -> None:
    runtime.spawn("busy", scripted(AnswersAfter(TOO_LONG)), concurrency=1)
    first = runtime.submit("busy")
    runtime.settle()

    error = runtime.submit("busy", timeout=TIMEOUT).exception()

    assert runtime.now == TIMEOUT
    assert first.result().outcome.ok
    assert error is not None
    assert (error.outcome.kind, error.outcome.reason) == (
        OutcomeKind.TIMED_OUT,
        Reason.NOT_STARTED,
    )


def test_no_timeout_means_none(runtime: VirtualRuntime) -> None:
    def told(event: Event, state: State, context: AgentContext) -> None:
        state["remaining"] = context.remaining

    runtime.spawn("told", told)
    runtime.spawn("takes-a-day", Scripted(AnswersAfter(24 * HOUR)))

    assert runtime.run("told").state["remaining"] is None
    assert runtime.run("told", timeout=60).state["remaining"] == 60
    assert runtime.run("takes-a-day").duration == 24 * HOUR
