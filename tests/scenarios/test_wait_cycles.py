"""Cycles of agents that wait for each other: ended by their deadlines, and reported as what they are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from actors import (
    AgentContext,
    Branch,
    Event,
    RunTimeoutError,
    Sequential,
    State,
)
from actors.testing import AnswersAfter, Scripted, VirtualRuntime
from supervisors import OutcomeKind, Reason, Retry
from tests.scenarios.orchestrating import (
    BOTH,
    SHORT,
    Orchestrate,
    awaiting,
    failure_of,
    nothing_is_left,
    trace_of,
)
from tests.scenarios.watching import PATIENCE


@pytest.fixture
def virtual() -> Iterator[VirtualRuntime]:
    """A runtime in virtual time: its deadlines come when nothing else is left to happen."""
    with VirtualRuntime(seed=1, abandon_after=1.0) as runtime:
        yield runtime


@BOTH
def test_an_agent_that_waits_for_itself_ends_at_its_deadline_and_is_told_of(
    virtual: VirtualRuntime, orchestrating: Callable[..., Orchestrate]
) -> None:
    virtual.spawn("alone", orchestrating(Sequential("alone")), concurrency=1)

    error = failure_of(virtual.submit("alone", timeout=SHORT))

    leaf = [*trace_of(error).walk()][-1]
    cycle = "agent 'alone' waits for itself: alone -> alone"
    assert (error.outcome.reason, error.outcome.budget, error.outcome.detail) == (Reason.DEADLINE, "run", cycle)
    assert (leaf.outcome.reason, leaf.outcome.detail) == (Reason.NOT_STARTED, cycle)
    virtual.settle()
    assert nothing_is_left(virtual)


@BOTH
def test_two_agents_that_wait_for_each_other_are_told_of(
    virtual: VirtualRuntime, orchestrating: Callable[..., Orchestrate]
) -> None:
    virtual.spawn("a", orchestrating("b"), concurrency=1)
    virtual.spawn("b", orchestrating(Sequential("a")), concurrency=1)

    error = failure_of(virtual.submit(Sequential("a"), timeout=SHORT))

    assert isinstance(error, RunTimeoutError)
    assert error.outcome.detail == "agent 'a' waits for itself: a -> b -> a"


def test_runs_that_wait_for_each_others_agents_are_told_of(virtual: VirtualRuntime) -> None:
    def meeting(workflow: str) -> Orchestrate:
        async def orchestrate(event: Event, state: State, context: AgentContext) -> None:
            if event.data.get("meets"):
                await asyncio.sleep(SHORT / 2)  # the agent: takes virtual time, until both have begun
                await context.run(workflow)

        return orchestrate

    virtual.spawn("a", meeting("b"), concurrency=1)
    virtual.spawn("b", meeting("a"), concurrency=1)

    runs = [
        virtual.submit("a", {"meets": True}, timeout=SHORT),
        virtual.submit("b", {"meets": True}, timeout=PATIENCE),
    ]

    assert failure_of(runs[0]).outcome.detail == "agent 'a' waits for itself: a -> b -> a"
    assert runs[1].result(PATIENCE).outcome.ok


def test_a_busy_agent_is_no_cycle(virtual: VirtualRuntime) -> None:
    virtual.spawn("waits", Scripted(AnswersAfter(2 * SHORT)), concurrency=1)
    virtual.spawn("asks", awaiting("waits"))
    held = virtual.submit("waits")

    error = failure_of(virtual.submit("asks", timeout=SHORT))

    assert error.outcome.detail == ""
    assert held.result(PATIENCE).outcome.ok


def test_a_second_instance_that_will_be_free_is_no_cycle(virtual: VirtualRuntime) -> None:
    def descends(event: Event, state: State, context: AgentContext) -> None:
        if event.data["level"]:
            context.run("descends", {"level": event.data["level"] - 1})

    virtual.spawn("descends", descends, concurrency=2)

    assert virtual.run("descends", {"level": 1}, timeout=PATIENCE).outcome.ok
    error = failure_of(virtual.submit("descends", {"level": 2}, timeout=SHORT))
    assert "descends -> descends" in error.outcome.detail


def test_the_time_of_one_attempt_tells_of_the_cycle_too(virtual: VirtualRuntime) -> None:
    virtual.spawn("alone", awaiting("alone"), concurrency=1)
    once = Retry(attempts=1, attempt_timeout=SHORT)

    error = failure_of(virtual.submit(Sequential(Branch("tried", Sequential("alone"), retry=once))))

    assert "agent 'alone' waits for itself: alone -> alone" in error.outcome.detail


def test_a_cycle_without_any_deadline_is_refused_at_once(virtual: VirtualRuntime) -> None:
    virtual.spawn("a", awaiting("b"), concurrency=1)
    virtual.spawn("b", awaiting("a"), concurrency=1)

    error = failure_of(virtual.submit("a"))

    leaf = [*trace_of(error).walk()][-1]
    assert (leaf.path, leaf.outcome.kind, leaf.outcome.reason) == ("a", OutcomeKind.REJECTED, Reason.WAIT_CYCLE)
    assert leaf.outcome.detail == "agent 'a' waits for itself: a -> b -> a"
    virtual.settle()
    assert nothing_is_left(virtual)
