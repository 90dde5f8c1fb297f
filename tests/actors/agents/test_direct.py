"""Events that are told or asked without a workflow, and the inbox through which they come."""

from __future__ import annotations

import logging
from typing import Any

import pykka
import pytest
from pykka.messages import ProxyCall

from actors.agents.direct import DirectInvocation, rejection_error
from actors.agents.invocation import Assignment
from actors.cells.agent_cell import AgentCell
from actors.values.errors import (
    AgentFailedError,
    AgentStoppedError,
    AgentTimeoutError,
    ForkedRuntimeError,
    MailboxFullError,
)
from actors.values.event import Event
from actors.values.result import AgentResult
from actors.values.state import EMPTY_SNAPSHOT, State
from supervisors.facts import AgentRan, DeadLettered
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from tests.actors.by_hand import Rig


def agent(event: Event, state: State) -> dict[str, Any]:
    if event.data.get("raises"):
        raise ValueError("no")
    return dict(event.data)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def cell(rig: Rig) -> AgentCell:
    return rig.spawn(agent, capacity=1)


# Answers


def test_an_asked_event_is_answered_with_the_result(rig: Rig, cell: AgentCell) -> None:
    future = cell.actor_ref.ask(Event(data={"n": 1}), block=False)

    rig.threads.perform()

    result = future.get(timeout=0)
    assert isinstance(result, AgentResult)
    assert result.state == {"n": 1}


def test_an_asked_event_that_fails_raises_what_the_agent_raised(rig: Rig, cell: AgentCell) -> None:
    future = cell.actor_ref.ask(Event(data={"raises": True}), block=False)

    rig.threads.perform()

    with pytest.raises(ValueError, match="no"):
        future.get(timeout=0)


def test_a_told_event_answers_nobody(rig: Rig, cell: AgentCell, caplog: pytest.LogCaptureFixture) -> None:
    cell.actor_ref.tell(Event())

    rig.threads.perform()

    assert caplog.records == []
    assert [fact.outcome.ok for fact in rig.told(AgentRan)] == [True]


def test_the_failure_of_a_told_event_is_logged(rig: Rig, cell: AgentCell, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    cell.actor_ref.tell(Event(data={"raises": True}))

    rig.threads.perform()

    assert "agent 'agent' did not handle an event that it was told" in caplog.text
    assert [record.exc_info is not None for record in caplog.records] == [True]
    assert rig.told(DeadLettered) == []


def test_a_told_event_that_is_rejected_afterwards_is_a_dead_letter(rig: Rig) -> None:
    cell = rig.spawn(agent, concurrency=1, capacity=5)
    for _ in range(2):
        cell.actor_ref.tell(Event())

    cell.request_stop()

    [letter] = rig.told(DeadLettered)
    assert letter.reason == "agent_stopped"
    assert "an event told to agent 'agent': rejected" in letter.detail


def test_nobody_is_told_of_it_where_nobody_observes(rig: Rig, cell: AgentCell) -> None:
    rig.system.telemetry.is_observed = False
    cell.actor_ref.tell(Event())

    rig.threads.perform()

    assert rig.facts == []


def test_an_observer_is_told_how_long_it_waited_and_ran(rig: Rig) -> None:
    def slow(event: Event, state: State) -> None:
        rig.clock.advance(2.0)

    cell = rig.spawn(slow)
    cell.actor_ref.tell(Event())
    rig.clock.advance(1.0)

    rig.threads.perform()

    [fact] = rig.told(AgentRan)
    assert (fact.queue_wait, fact.run_time) == (1.0, 2.0)


def test_of_an_event_that_never_began_it_is_told_how_long_it_waited(rig: Rig) -> None:
    cell = rig.spawn(agent, timeout=3.0)
    future = cell.actor_ref.ask(Event(), block=False)

    rig.advance(3.0)

    with pytest.raises(AgentTimeoutError, match="not_started"):
        future.get(timeout=0)
    [fact] = rig.told(AgentRan)
    assert (fact.queue_wait, fact.run_time) == (3.0, None)


# Errors for outcomes


def outcome(kind: OutcomeKind, reason: Reason, detail: str = "") -> Outcome:
    return Outcome(kind, reason, detail=detail)


@pytest.mark.parametrize(
    ("ended", "error"),
    [
        (outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE), AgentTimeoutError),
        (outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL), MailboxFullError),
        (outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED, "it was stopped"), AgentStoppedError),
        (outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED), AgentStoppedError),
        (outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN), AgentFailedError),
    ],
)
def test_a_sender_is_told_by_an_error_why_it_was_not_handled(ended: Outcome, error: type[Exception]) -> None:
    assert type(rejection_error("agent", ended, 5)) is error


def test_what_is_no_ordinary_exception_is_not_raised_by_the_asker(rig: Rig, cell: AgentCell) -> None:
    def leave(event: Event, state: State) -> None:
        raise SystemExit(3)

    future = rig.spawn(leave, name="leaver").actor_ref.ask(Event(), block=False)

    rig.threads.perform()

    with pytest.raises(AgentFailedError):
        future.get(timeout=0)


def test_a_failure_that_came_without_its_exception_is_told_by_an_error_of_ours(rig: Rig, cell: AgentCell) -> None:
    future = cell._create_future()
    invocation = DirectInvocation(cell, Event(), future)
    failure = Failure(("builtins.ValueError", "builtins.Exception"), "ValueError: no")

    invocation.answer(Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=failure), None)

    with pytest.raises(AgentFailedError):
        future.get(timeout=0)


def test_it_starts_from_an_empty_state_and_frozen_metadata(cell: AgentCell) -> None:
    assignment = DirectInvocation(cell, Event(), None).assignment

    assert isinstance(assignment, Assignment)
    assert (assignment.state, assignment.metadata) == (EMPTY_SNAPSHOT, {})


# The inbox


def test_anything_but_an_event_is_refused_to_its_sender(cell: AgentCell) -> None:
    with pytest.raises(TypeError, match=r"agent 'agent' takes an actors.Event, not ProxyCall"):
        cell.actor_ref.tell(ProxyCall(("run",), (), {}))


def test_in_the_child_of_a_fork_it_takes_nothing(rig: Rig, cell: AgentCell) -> None:
    rig.system.is_forked = True

    with pytest.raises(ForkedRuntimeError):
        cell.actor_ref.tell(Event())


def test_it_says_how_full_it_is_and_cannot_be_read(rig: Rig) -> None:
    cell = rig.spawn(agent, concurrency=1, capacity=1)
    cell.actor_ref.tell(Event())
    was_empty = cell.actor_inbox.empty()
    cell.actor_ref.tell(Event())

    with pytest.raises(pykka.ActorDeadError, match="reads its mailbox itself"):
        cell.actor_inbox.get()
    assert (was_empty, cell.actor_inbox.empty()) == (True, False)


def test_a_full_mailbox_is_told_to_tellers_and_askers(rig: Rig, cell: AgentCell) -> None:
    cell.actor_ref.tell(Event())

    future = cell.actor_ref.ask(Event(), block=False)

    with pytest.raises(MailboxFullError):
        future.get(timeout=0)
    with pytest.raises(MailboxFullError):
        cell.actor_ref.tell(Event())


def test_a_stop_that_is_sent_through_it_stops_the_agent(rig: Rig, cell: AgentCell) -> None:
    future = cell.actor_ref.stop(block=False)

    assert future.get(timeout=0) is True
    assert not cell.actor_ref.is_alive()
