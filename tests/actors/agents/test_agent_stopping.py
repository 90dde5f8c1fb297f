"""How an agent stops: its hooks, its grace, and who is answered."""

from __future__ import annotations

import pytest

from actors.agents.hooks import StopWork
from actors.cells.lifecycle_messages import Drained
from actors.control.reply import Reply
from actors.values.errors import AgentFailedError
from supervisors.facts import AgentRestarted, DeadLettered
from supervisors.outcome import Outcome, OutcomeKind, Reason
from tests.actors.by_hand import GRACE, Rig
from tests.actors.logged_agents import Logged, LoggedAsync, Quiet, function, queued, spawned


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def log() -> list[str]:
    return []


def test_stopping_calls_the_hook_of_every_instance_and_answers_when_they_are_done(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log), concurrency=2)
    reply = Reply()

    cell.request_stop(reply)
    was_answered = reply.wait(0)
    rig.threads.perform_all()

    assert (was_answered, reply.wait(0), cell.is_stopped) == (False, True, True)
    assert log[-2:] == ["on_stop", "on_stop"]
    assert rig.system.agents == {}


def test_an_agent_without_the_hook_stops_at_once(rig: Rig) -> None:
    cell = spawned(rig, Quiet)

    cell.request_stop()

    assert cell.is_stopped


def test_whoever_asks_for_the_stop_is_answered_however_often(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log))
    first, second, late = Reply(), Reply(), Reply()

    for reply in (first, first, second, None):
        cell.request_stop(reply)
    rig.threads.perform_all()
    cell.request_stop(late)
    cell.request_stop()

    assert [reply.wait(0) for reply in (first, second, late)] == [True, True, True]
    assert log.count("on_stop") == 1


def test_an_instance_that_is_being_made_is_waited_for(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: Logged(log))
    cell.request_stop()
    was_stopped = cell.is_stopped

    rig.threads.perform_all()

    assert (was_stopped, cell.is_stopped) == (False, True)
    assert log == ["made", "on_start", "on_stop"]


def test_what_was_made_for_a_stopped_agent_and_has_not_been_started_is_let_go(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: LoggedAsync(log))
    cell.request_stop(grace=0)
    rig.advance(0)

    rig.threads.perform()  # makes it, and finds that it is to be started on an event loop

    assert cell.is_stopped
    assert (log, list(rig.threads.given), list(rig.loops.given)) == ([], [], [])


def test_an_instance_whose_start_fails_meanwhile_is_not_waited_for(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: Logged(log, "on_start"))
    cell.request_stop()

    rig.threads.perform()

    assert cell.is_stopped
    assert rig.told(AgentRestarted) == []


def test_what_does_not_end_within_the_grace_is_cancelled(rig: Rig) -> None:
    cell = rig.spawn(function)
    answer = queued(cell)
    assert rig.threads.given.popleft().begin()

    cell.request_stop()
    rig.advance(GRACE)

    with pytest.raises(AgentFailedError, match="agent_stopped"):
        answer.get(timeout=0)
    assert cell.is_stopped
    assert cell.abandoned_count == 1


def test_a_hook_that_hangs_is_counted_once_the_agent_has_stopped(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log))
    cell.request_stop(grace=1.0)
    hook = rig.threads.given.popleft()
    before = cell.abandoned_count

    rig.advance(1.0)
    counted = cell.abandoned_count
    hook.done(None, None)

    assert isinstance(hook, StopWork)
    assert (before, counted, cell.abandoned_count) == (0, 1, 0)


def test_a_hook_that_the_dispatcher_refuses_is_not_waited_for(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log))
    cell.request_stop()

    rig.threads.given.popleft().refuse(Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN))

    assert cell.is_stopped


def test_the_grace_of_an_agent_that_stopped_in_time_means_nothing(rig: Rig) -> None:
    cell = spawned(rig, Quiet)
    cell.request_stop()

    rig.advance(GRACE)
    rig.system.plane.post(cell, Drained())

    assert cell.is_stopped
    assert rig.told(DeadLettered) == []


def test_its_name_may_have_been_given_to_another_meanwhile(rig: Rig) -> None:
    cell = spawned(rig, Quiet)
    other = rig.system.agents["agent"] = rig.cell(function)

    cell.request_stop()

    assert rig.system.agents == {"agent": other}


def test_forgetting_an_instance_twice_does_no_harm(rig: Rig) -> None:
    cell = spawned(rig, Quiet)
    instance = cell.instances[0]

    cell.lifecycle._forget(instance)
    cell.lifecycle._forget(instance)

    assert (cell.instances, instance.is_ready) == ([], False)
