"""Stopping: of a runtime, which drains, and of an agent, which rejects what is queued."""

from __future__ import annotations

import asyncio
import threading
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
from supervisors import OutcomeKind, Reason
from tests.scenarios.timing import seconds_of
from tests.scenarios.watching import PATIENCE

ASKERS = 8
ASKS = 200


class Busy:
    """A plain agent that waits at a gate, once it has said that it began."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.gate = threading.Event()

    def work(self, event: Event, state: State) -> None:
        self.began.set()
        self.gate.wait(PATIENCE)
        state["worked"] = True


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


@pytest.mark.parametrize("agent", KINDS)
def test_leaving_drains_what_is_in_progress(agent: Any) -> None:
    with Runtime() as runtime:
        runtime.spawn("agent", agent)
        runs = [runtime.submit(Sequential(*["agent"] * 5)) for _ in range(50)]

    assert all(run.done() for run in runs)
    assert all(run.result().state["answer"] == 42 for run in runs)


def test_a_stopping_runtime_takes_no_new_work() -> None:
    busy = Busy()
    runtime = Runtime().start()
    runtime.spawn("busy", busy.work)
    run = runtime.submit("busy")
    stopping = threading.Thread(target=runtime.stop)
    stopping.start()

    refused = False
    while not refused:
        try:
            runtime.submit("busy", timeout=PATIENCE)
        except RuntimeNotRunningError:
            refused = True
    busy.gate.set()
    stopping.join(PATIENCE)

    assert run.result().state["worked"] is True
    for call in (lambda: runtime.submit("busy"), lambda: runtime.spawn("more", answers)):
        with pytest.raises(RuntimeNotRunningError):
            call()


def test_what_outlives_the_grace_is_cancelled_and_reported() -> None:
    busy = Busy()
    runtime = Runtime(abandon_after=0.05).start()
    runtime.spawn("busy", busy.work)
    run = runtime.submit("busy")
    assert busy.began.wait(PATIENCE)

    report = runtime.stop(timeout=0.1)

    assert isinstance(run.exception(), RunCancelledError)
    assert len(report.cancelled_runs) == 1
    busy.gate.set()


def test_stopping_again_reports_nothing() -> None:
    runtime = Runtime().start()
    runtime.stop()

    assert runtime.stop().cancelled_runs == ()


def test_a_runtime_is_not_started_twice() -> None:
    with Runtime() as runtime, pytest.raises(RuntimeNotRunningError):
        runtime.start()


def test_given_up_work_does_not_hold_up_the_end(gate: threading.Event) -> None:
    def hangs(event: Event, state: State) -> None:
        gate.wait(PATIENCE)  # the misbehaviour

    with Runtime(abandon_after=0.05, grace=5.0) as runtime:
        runtime.spawn("hangs", hangs)
        runtime.submit("hangs", timeout=0.05).exception()
        threading.Event().wait(0.2)  # longer than it takes to give it up

        assert seconds_of(runtime.stop) < 2
    gate.set()


# Stopping an agent.


@pytest.fixture
def busy(runtime: Runtime) -> Busy:
    busy = Busy()
    runtime.spawn("busy", busy.work, concurrency=1)
    return busy


def test_what_is_in_flight_may_finish_and_what_is_queued_is_rejected(runtime: Runtime, busy: Busy) -> None:
    running = runtime.submit("busy")
    assert busy.began.wait(PATIENCE)
    queued = [runtime.submit("busy") for _ in range(3)]
    asked = runtime.agent("busy").ask(Event(), block=False)

    stopped = runtime.stop_agent("busy", block=False)

    for run in queued:
        error = run.exception(PATIENCE)
        assert error is not None
        assert (error.outcome.kind, error.outcome.reason) == (
            OutcomeKind.REJECTED,
            Reason.AGENT_STOPPED,
        )
    with pytest.raises(AgentStoppedError):
        asked.get(timeout=PATIENCE)
    assert running.running()
    busy.gate.set()
    stopped.get(timeout=PATIENCE)
    assert running.result(PATIENCE).state["worked"] is True
    with pytest.raises(UnknownAgentError):
        runtime.submit("busy")


def test_what_outlives_the_grace_of_an_agent_is_cancelled(runtime: Runtime, busy: Busy) -> None:
    running = runtime.submit("busy")
    assert busy.began.wait(PATIENCE)

    runtime.stop_agent("busy", grace=0.05, timeout=PATIENCE)

    error = running.exception(PATIENCE)
    assert error is not None
    assert error.outcome.kind is OutcomeKind.CANCELLED
    assert error.outcome.reason is Reason.AGENT_STOPPED
    busy.gate.set()


def test_a_name_is_free_again_when_its_agent_has_stopped(runtime: Runtime) -> None:
    runtime.spawn("agent", answers)

    for _ in range(20):
        runtime.stop_agent("agent", timeout=PATIENCE)
        runtime.spawn("agent", Answerer)
        assert runtime.run("agent").state["answer"] == 42


def test_stopping_twice_answers_both(runtime: Runtime, busy: Busy) -> None:
    runtime.submit("busy")
    assert busy.began.wait(PATIENCE)

    replies = [runtime.stop_agent("busy", block=False) for _ in range(2)]
    busy.gate.set()

    for reply in replies:
        reply.get(timeout=PATIENCE)


def test_a_workflow_whose_agent_is_stopped_midway_ends(runtime: Runtime, busy: Busy) -> None:
    runtime.spawn("last", answers)
    run = runtime.submit(Sequential("busy", "last"))
    assert busy.began.wait(PATIENCE)

    runtime.stop_agent("last", timeout=PATIENCE)
    busy.gate.set()

    error = run.exception(PATIENCE)
    assert error is not None
    assert error.outcome.culprit == "sequential/last"
    assert error.state["worked"] is True


@pytest.mark.parametrize("agent", KINDS)
def test_whoever_asks_an_agent_that_stops_is_answered(runtime: Runtime, agent: Any) -> None:
    ref = runtime.spawn("agent", agent)
    started = threading.Barrier(ASKERS + 1)
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

    askers = [threading.Thread(target=ask) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    started.wait(PATIENCE)
    while len(answered) < ASKERS * ASKS / 10:
        threading.Event().wait(0.0005)

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

    kinds = {run.exception(PATIENCE) is None for run in runs}
    assert kinds <= {True, False}
    assert runtime.runs_in_progress == 0


def test_stop_async_does_not_block_the_loop() -> None:
    busy = Busy()

    async def host() -> None:
        runtime = Runtime().start()
        runtime.spawn("busy", busy.work)
        run = runtime.submit("busy")
        stopping = asyncio.create_task(runtime.stop_async())
        await asyncio.sleep(0.01)  # it has to wait now, and the loop does not
        assert not stopping.done()
        busy.gate.set()
        await stopping
        assert run.result().state["worked"] is True

    asyncio.run(host())
