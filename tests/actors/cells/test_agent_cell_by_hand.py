"""The agent cell, step by step: who gets an event, and what becomes of it when it is late, withdrawn or given up."""

from __future__ import annotations

import asyncio

import pytest

from actors.agents.agent import Agent
from actors.agents.direct import DirectInvocation
from actors.agents.invocation import Invocation
from actors.cells.inbox import ArmDirect
from actors.values.errors import AgentFailedError
from actors.values.event import Event
from actors.values.state import State
from supervisors.facts import AgentRestarted
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.restarts import Restart
from tests.actors.by_hand import Rig
from tests.actors.logged_agents import CANCELLED, ask, function, queued, reasons, spawned, withdraw


class Raiser(Agent):
    """Raises what the event says."""

    def run(self, event: Event, state: State) -> None:
        if "raises" in event.metadata:
            raise RAISED[event.metadata["raises"]]


RAISED: dict[str, BaseException] = {
    "exit": SystemExit(3),
    "cancelled": asyncio.CancelledError(),
    "ordinary": ConnectionError("lost"),
}


@pytest.fixture
def rig() -> Rig:
    return Rig()


# Taking events


def test_the_least_busy_instance_takes_the_next_event(rig: Rig) -> None:
    cell = spawned(rig, Raiser, concurrency=2)

    asked = [ask(cell) for _ in range(3)]
    given, waiting = len(rig.threads.given), cell.depth
    rig.threads.perform_all()

    assert (given, waiting, cell.depth) == (2, 1, 0)
    assert all(reply.wait(0) for _, reply in asked)


@pytest.mark.parametrize(("concurrency", "taken"), [(None, 2), (1, 3)])
def test_a_full_cell_says_so(rig: Rig, concurrency: int | None, taken: int) -> None:
    cell = rig.spawn(function, concurrency=concurrency, capacity=2)
    for _ in range(taken):
        ask(cell)

    refusal = cell.submit(DirectInvocation(cell, Event(), None))

    assert refusal is not None
    assert (refusal.kind, refusal.reason) == (OutcomeKind.REJECTED, Reason.MAILBOX_FULL)
    assert refusal.detail == "the mailbox of agent 'agent' holds 2 events"


def test_a_closed_cell_says_why(rig: Rig) -> None:
    cell = rig.spawn(function)
    cell.request_stop()

    refusal = cell.submit(DirectInvocation(cell, Event(), None))

    assert refusal is not None
    assert refusal.reason is Reason.AGENT_STOPPED
    assert str(cell) == "agent 'agent'"


# Ending events


def test_an_event_ends_once(rig: Rig) -> None:
    cell = rig.spawn(function)
    invocation, reply = ask(cell)
    rig.threads.perform()

    invocation.refuse(CANCELLED)

    assert reply.get(timeout=0).state == {}
    assert reasons(rig) == []


def test_an_answer_that_nobody_waits_for_is_a_dead_letter(rig: Rig) -> None:
    cell = rig.spawn(function)
    invocation, reply = ask(cell)
    work = rig.threads.given.popleft()
    assert work.begin()
    withdraw(rig, cell, invocation)

    work.done(({}, {}), None)

    assert reasons(rig) == ["late_answer"]
    assert not reply.wait(0)
    assert rig.system.plane.armed_timers == 0


def test_that_it_was_cancelled_as_it_was_asked_to_is_no_dead_letter(rig: Rig) -> None:
    cell = rig.spawn(function)
    invocation, _ = ask(cell)
    work = rig.threads.given.popleft()
    assert work.begin()
    withdraw(rig, cell, invocation)

    work.done(None, asyncio.CancelledError())

    assert reasons(rig) == []


def test_a_crash_replaces_the_instance_and_the_next_event_goes_to_the_new_one(rig: Rig) -> None:
    cell = spawned(rig, Raiser)
    crashed, waiting = ask(cell, raises="exit")[1], ask(cell)[1]

    rig.threads.perform_all()

    with pytest.raises(AgentFailedError):
        crashed.get(timeout=0)
    assert waiting.get(timeout=0).state == {}
    assert [fact.reason for fact in rig.told(AgentRestarted)] == ["base_exception"]


def test_an_exception_that_the_policy_names_replaces_it_too(rig: Rig) -> None:
    cell = spawned(rig, Raiser, restart=Restart(on=(OSError,)))
    ask(cell, raises="ordinary")

    rig.threads.perform_all()

    assert [fact.reason for fact in rig.told(AgentRestarted)] == ["exception"]


@pytest.mark.parametrize(
    ("raises", "on_host_loop", "restarts"),
    [("cancelled", False, 1), ("cancelled", True, 0), ("exit", True, 1), ("ordinary", False, 0)],
)
def test_a_cancellation_is_a_crash_unless_the_host_ends_its_loop(
    rig: Rig, raises: str, on_host_loop: bool, restarts: int
) -> None:
    rig.loops.is_on_host_loop = on_host_loop
    cell = spawned(rig, Raiser)
    ask(cell, raises=raises)

    rig.threads.perform_all()

    assert len(rig.told(AgentRestarted)) == restarts


@pytest.mark.parametrize("concurrency", [None, 1])
def test_a_function_never_crashes(rig: Rig, concurrency: int | None) -> None:
    def leave(event: Event, state: State) -> None:
        raise SystemExit(3)

    cell = rig.spawn(leave, concurrency=concurrency)
    first, second = ask(cell)[1], ask(cell)[1]

    rig.threads.perform_all()

    assert (first.wait(0), second.wait(0), rig.told(AgentRestarted)) == (True, True, [])


def test_an_event_that_the_dispatcher_refuses_is_no_crash(rig: Rig) -> None:
    cell = spawned(rig, Raiser)
    _, reply = ask(cell)

    rig.threads.given.popleft().refuse(Outcome(OutcomeKind.REJECTED, Reason.ABANDONED_LIMIT))
    ask(cell)
    rig.threads.perform()

    assert (reply.wait(0), rig.told(AgentRestarted)) == (True, [])


def test_an_agent_that_stops_takes_nothing_more_after_what_it_is_at(rig: Rig) -> None:
    cell = spawned(rig, Raiser)
    _, reply = ask(cell)
    cell.request_stop()

    rig.threads.perform()

    assert (reply.wait(0), cell.is_stopped) == (True, True)


# Taking events back


@pytest.mark.parametrize("concurrency", [None, 1])
def test_an_event_that_was_not_begun_is_never_begun(rig: Rig, concurrency: int | None) -> None:
    cell = rig.spawn(function, concurrency=concurrency)
    invocation, reply = ask(cell)
    _, following = ask(cell)

    withdraw(rig, cell, invocation)
    withdraw(rig, cell, invocation)
    rig.threads.perform_all()

    assert (reply.wait(0), following.wait(0)) == (False, True)
    assert reasons(rig) == ["requested"]
    assert not list(cell.running())


def test_an_event_in_the_mailbox_makes_room_when_it_is_withdrawn(rig: Rig) -> None:
    cell = rig.spawn(function, concurrency=1)
    ask(cell)
    invocation, _ = ask(cell)

    withdraw(rig, cell, invocation)

    assert cell.depth == 0


def test_the_deadline_of_an_event_that_was_withdrawn_is_disarmed(rig: Rig) -> None:
    cell = rig.spawn(function, timeout=4.0)
    queued(cell)
    invocation = rig.threads.given[0]
    assert isinstance(invocation, Invocation)
    armed = rig.system.plane.armed_timers

    withdraw(rig, cell, invocation)

    assert (armed, rig.system.plane.armed_timers) == (1, 0)


def test_an_event_that_is_answered_before_its_deadline_is_armed_needs_none(rig: Rig) -> None:
    cell = rig.spawn(function, timeout=4.0)
    invocation, _ = ask(cell)
    rig.threads.perform()

    rig.system.plane.post(cell, ArmDirect(invocation))  # type: ignore[arg-type]  # it is a direct one

    assert rig.system.plane.armed_timers == 0


def test_a_deadline_that_comes_with_the_answer_changes_nothing(rig: Rig) -> None:
    cell = rig.spawn(function)
    invocation, reply = ask(cell)
    rig.threads.perform()

    rig.inside(lambda: cell.cancel(invocation, CANCELLED))

    assert reply.get(timeout=0).state == {}


def test_an_instance_that_is_to_be_renewed_is_so_when_its_event_is_withdrawn(rig: Rig) -> None:
    cell = spawned(rig, Raiser)
    invocation, _ = ask(cell)
    instance = cell.instances[0]
    instance.is_stale = True

    withdraw(rig, cell, invocation)

    assert instance not in cell.instances
    assert not instance.is_ready
