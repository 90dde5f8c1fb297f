"""Stopping: of a runtime, which drains, and of an agent, which rejects what is queued."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from actors import (
    Agent,
    AgentStoppedError,
    Event,
    RunCancelledError,
    Runtime,
    RuntimeNotRunningError,
    Sequential,
    State,
    UnknownAgentError,
)
from actors.testing import AnswersAfter, Hangs, ScriptedThread, VirtualRuntime, sleep
from supervisors import OutcomeKind, Reason
from tests.scenarios.watching import PATIENCE

ASKERS = 8
ASKS = 200

WORKING_TIME = 60.0
"""Virtual seconds that a busy agent takes."""

seeds = pytest.mark.parametrize("seed", range(5))


@pytest.fixture
def seed() -> int:
    return 0


@pytest.fixture
def virtual(seed: int) -> Iterator[VirtualRuntime]:
    """A runtime that lets what it has begun come to its end."""
    with VirtualRuntime(seed=seed, abandon_after=1.0, grace=10 * WORKING_TIME) as runtime:
        yield runtime


@pytest.fixture
def busy(virtual: VirtualRuntime) -> ScriptedThread:
    """A plain agent that takes its time, with one event at once."""
    busy = ScriptedThread(AnswersAfter(WORKING_TIME, {"worked": True}))
    virtual.spawn("busy", busy, concurrency=1)
    return busy


def answers(event: Event, state: State) -> None:
    state["answer"] = 42


async def answers_async(event: Event, state: State) -> None:
    state["answer"] = 42


class Answerer(Agent):
    def run(self, event: Event, state: State) -> None:
        state["answer"] = 42


class AsyncAnswerer(Agent):
    async def run(self, event: Event, state: State) -> None:
        state["answer"] = 42


KINDS = [answers, answers_async, Answerer, AsyncAnswerer]


@seeds
@pytest.mark.parametrize("agent", KINDS)
def test_leaving_drains_what_is_in_progress(agent: Any, seed: int) -> None:
    with VirtualRuntime(seed=seed) as runtime:
        runtime.spawn("agent", agent)
        runs = [runtime.submit(Sequential(*["agent"] * 5)) for _ in range(50)]

    assert all(run.done() for run in runs)
    assert all(run.result().state["answer"] == 42 for run in runs)


@seeds
@pytest.mark.usefixtures("busy")
def test_a_stopping_runtime_takes_no_new_work(virtual: VirtualRuntime) -> None:
    refused: list[float] = []

    def submits(event: Event, state: State) -> None:
        for call in (lambda: virtual.submit("busy"), lambda: virtual.spawn("more", answers)):
            sleep(1.0)
            with pytest.raises(RuntimeNotRunningError):
                call()
            refused.append(virtual.now)

    virtual.spawn("submits", submits)
    runs = [virtual.submit(name) for name in ("busy", "submits")]
    virtual.settle()

    virtual.stop()

    assert refused == [1.0, 2.0]
    assert [run.result().duration for run in runs] == [WORKING_TIME, 2.0]
    for call in (lambda: virtual.submit("busy"), lambda: virtual.spawn("more", answers)):
        with pytest.raises(RuntimeNotRunningError):
            call()


def test_what_outlives_the_grace_is_cancelled_and_reported() -> None:
    with VirtualRuntime(abandon_after=1.0) as runtime:
        runtime.spawn("busy", ScriptedThread(Hangs()))
        run = runtime.submit("busy")
        runtime.settle()

        report = runtime.stop(timeout=60.0)

        assert isinstance(run.exception(), RunCancelledError)
        assert len(report.cancelled_runs) == 1


def test_stopping_again_reports_nothing() -> None:
    runtime = Runtime().start()
    runtime.stop()

    assert runtime.stop().cancelled_runs == ()


def test_a_runtime_is_not_started_twice() -> None:
    with Runtime() as runtime, pytest.raises(RuntimeNotRunningError):
        runtime.start()


def test_given_up_work_does_not_hold_up_the_end(virtual: VirtualRuntime) -> None:
    virtual.spawn("hangs", ScriptedThread(Hangs()))
    virtual.submit("hangs", timeout=1.0).exception()
    virtual.advance(2.0)  # longer than it takes to give it up
    before = virtual.now

    virtual.stop()

    assert virtual.now - before == 0


# Stopping an agent.


@seeds
@pytest.mark.usefixtures("busy")
def test_what_is_in_flight_may_finish_and_what_is_queued_is_rejected(virtual: VirtualRuntime) -> None:
    running = virtual.submit("busy")
    virtual.settle()
    queued = [virtual.submit("busy") for _ in range(3)]
    asked = virtual.agent("busy").ask(Event(), block=False)
    virtual.settle()

    stopped = virtual.stop_agent("busy", block=False)

    for run in queued:
        error = run.exception()
        assert error is not None
        assert (error.outcome.kind, error.outcome.reason) == (
            OutcomeKind.REJECTED,
            Reason.AGENT_STOPPED,
        )
    with pytest.raises(AgentStoppedError):
        asked.get()
    assert virtual.now == 0
    assert running.running()
    stopped.get()
    assert virtual.now == WORKING_TIME
    assert running.result().state["worked"] is True
    with pytest.raises(UnknownAgentError):
        virtual.submit("busy")


@pytest.mark.usefixtures("busy")
def test_what_outlives_the_grace_of_an_agent_is_cancelled(virtual: VirtualRuntime) -> None:
    running = virtual.submit("busy")
    virtual.settle()

    virtual.stop_agent("busy", grace=WORKING_TIME / 2)

    error = running.exception()
    assert error is not None
    assert error.outcome.kind is OutcomeKind.CANCELLED
    assert error.outcome.reason is Reason.AGENT_STOPPED
    assert error.trace is not None
    assert error.trace.duration == WORKING_TIME / 2


@seeds
def test_a_name_is_free_again_when_its_agent_has_stopped(virtual: VirtualRuntime) -> None:
    virtual.spawn("agent", answers)

    for _ in range(20):
        virtual.stop_agent("agent")
        virtual.spawn("agent", Answerer)
        assert virtual.run("agent").state["answer"] == 42


@seeds
@pytest.mark.usefixtures("busy")
def test_stopping_twice_answers_both(virtual: VirtualRuntime) -> None:
    virtual.submit("busy")
    virtual.settle()

    replies = [virtual.stop_agent("busy", block=False) for _ in range(2)]

    for reply in replies:
        reply.get()
        assert virtual.now == WORKING_TIME


@seeds
@pytest.mark.usefixtures("busy")
def test_a_workflow_whose_agent_is_stopped_midway_ends(virtual: VirtualRuntime) -> None:
    virtual.spawn("last", answers)
    run = virtual.submit(Sequential("busy", "last"))
    virtual.settle()

    virtual.stop_agent("last")

    error = run.exception()
    assert error is not None
    assert error.outcome.culprit == "sequential/last"
    assert error.state["worked"] is True


@pytest.mark.parametrize("agent", KINDS)
def test_whoever_asks_an_agent_that_stops_is_answered(runtime: Runtime, agent: Any) -> None:
    ref = runtime.spawn("agent", agent)
    started = threading.Barrier(ASKERS + 1)
    has_some = threading.Event()
    answered: list[str] = []
    unexpected: list[BaseException] = []

    def ask() -> None:
        started.wait(PATIENCE)
        for _ in range(ASKS):
            try:
                ref.ask(Event(), timeout=PATIENCE)
                answered.append("result")
            except AgentStoppedError:
                answered.append("stopped")
            except BaseException as error:  # noqa: BLE001  # whatever it is, it is shown
                answered.append(type(error).__name__)
                unexpected.append(error)
            if len(answered) > ASKERS * ASKS / 10:
                has_some.set()

    askers = [threading.Thread(target=ask) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    started.wait(PATIENCE)
    assert has_some.wait(PATIENCE)

    runtime.stop_agent("agent", timeout=PATIENCE)

    for asker in askers:
        asker.join(PATIENCE)
    assert len(answered) == ASKERS * ASKS
    assert set(answered) <= {"result", "stopped", "ActorDeadError"}, unexpected[:3]
    assert "result" in answered


def test_runs_of_an_agent_that_stops_all_end(runtime: Runtime) -> None:
    runtime.spawn("agent", AsyncAnswerer, concurrency=2)
    runs = [runtime.submit(Sequential(*["agent"] * 3)) for _ in range(300)]

    runtime.stop_agent("agent", timeout=PATIENCE)

    errors = [error for run in runs if (error := run.exception(PATIENCE)) is not None]
    for error in errors:
        assert error.trace is not None
        *_, last = error.trace.walk()
        assert last.outcome.kind is OutcomeKind.REJECTED
        assert last.outcome.reason in (Reason.AGENT_STOPPED, Reason.UNKNOWN_AGENT)  # the second when it has been
    assert runtime.runs_in_progress == 0


def test_stop_async_does_not_block_the_loop() -> None:
    gate = threading.Event()

    def waits(event: Event, state: State) -> None:
        state["worked"] = gate.wait(PATIENCE)

    async def host() -> None:
        runtime = Runtime().start()
        runtime.spawn("busy", waits)
        run = runtime.submit("busy")
        stopping = asyncio.create_task(runtime.stop_async())
        for _ in range(10):
            await asyncio.sleep(0)  # it begins to stop; then it has to wait, and the loop does not
        with pytest.raises(RuntimeNotRunningError):
            runtime.submit("busy")
        assert not stopping.done()
        gate.set()
        await stopping
        assert run.result().state["worked"] is True

    asyncio.run(host())
