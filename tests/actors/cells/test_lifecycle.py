"""How an agent's instances start, and how they are replaced."""

from __future__ import annotations

import asyncio
import logging

import pytest

from actors.agents.hooks import StartWork
from actors.cells.agent_cell import AgentCell
from actors.cells.lifecycle_messages import Renew, Start, StartEnded
from actors.values.errors import AgentStoppedError
from supervisors.facts import AgentGivenUp, AgentRestarted
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.restarts import Restart
from tests.actors.by_hand import HOOK_TIMEOUT, Rig
from tests.actors.logged_agents import Logged, LoggedAsync, Quiet, ask, function, queued, spawned, withdraw


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def log() -> list[str]:
    return []


# Starting


def test_an_agent_takes_events_once_it_has_started(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: Logged(log))
    answer = queued(cell)

    rig.threads.perform()
    rig.threads.perform()

    assert answer.get(timeout=0).state == {}
    assert log == ["made", "on_start", "run"]
    assert rig.system.plane.armed_timers == 0


def test_a_function_with_a_concurrency_is_ready_at_once(rig: Rig) -> None:
    cell = rig.spawn(function, concurrency=2)

    assert [instance.is_ready for instance in cell.instances] == [True, True]
    assert len(cell.idle) == 2


def test_an_event_that_comes_before_a_function_is_ready_is_not_left_waiting(rig: Rig) -> None:
    cell = rig.cell(function, concurrency=2)
    answer = queued(cell)

    cell.lifecycle.begin()
    rig.threads.perform()

    assert answer.get(timeout=0).state == {}
    assert len(cell.idle) == 2


@pytest.mark.parametrize("fails_in", ["made", "on_start"])
def test_a_start_that_fails_rejects_what_is_queued_and_is_tried_again(rig: Rig, log: list[str], fails_in: str) -> None:
    failing = [fails_in]
    cell = rig.spawn(lambda: Logged(log, failing.pop() if failing else ""))
    rejected = queued(cell)

    rig.threads.perform()
    rig.threads.perform()
    answer = queued(cell)
    rig.threads.perform()

    with pytest.raises(AgentStoppedError, match=fails_in):
        rejected.get(timeout=0)
    assert answer.get(timeout=0).state == {}
    assert [fact.reason for fact in rig.told(AgentRestarted)] == ["start_failed"]
    assert log[-3:] == ["on_start", "on_restart start_failed", "run"]


def test_where_another_instance_is_ready_a_failed_start_rejects_nothing(rig: Rig, log: list[str]) -> None:
    fails = iter(["", "on_start"])
    cell = rig.spawn(lambda: Logged(log, next(fails, "")), concurrency=2)
    waiting = [queued(cell) for _ in range(2)]

    rig.threads.perform_all()

    assert [each.get(timeout=0).state for each in waiting] == [{}, {}]


def test_a_start_that_takes_too_long_is_given_up_and_its_late_end_counts_for_nothing(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: Logged(log))
    hanging = rig.threads.given.popleft()
    rejected = queued(cell)

    rig.advance(HOOK_TIMEOUT)
    hanging.done(Logged(log), None)

    with pytest.raises(AgentStoppedError, match="its start took longer than 4 s"):
        rejected.get(timeout=0)
    assert rig.threads.interrupted == rig.threads.abandoned == [hanging]
    assert [fact.reason for fact in rig.told(AgentRestarted)] == ["start_failed"]
    assert [instance.behaviour for instance in cell.instances] == [None]
    assert hanging.begin() is False


def test_a_start_that_ended_in_time_is_not_overdue(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: Logged(log))
    work = rig.threads.perform()
    assert isinstance(work, StartWork)

    rig.advance(HOOK_TIMEOUT)
    rig.inside(lambda: cell.lifecycle._on_start_overdue(type("Overdue", (), {"work": work})()))

    assert cell.instances[0].is_ready
    assert rig.facts == []


def test_a_start_that_the_dispatcher_refuses_has_failed(rig: Rig, log: list[str]) -> None:
    rig.spawn(lambda: Logged(log))

    rig.threads.given.popleft().refuse(Outcome(OutcomeKind.REJECTED, Reason.ABANDONED_LIMIT))

    [fact] = rig.told(AgentRestarted)
    assert "abandoned_limit" in fact.detail


def test_messages_of_a_start_may_be_handled_twice(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: Logged(log))
    work = rig.threads.given[0]
    assert isinstance(work, StartWork)

    rig.system.plane.post(cell, Start(work))
    rig.threads.perform()
    rig.system.plane.post(cell, StartEnded(work, Logged(log), None))

    assert rig.threads.given[0].begin() is False
    assert log == ["made", "on_start", "made"]
    assert rig.system.plane.armed_timers == 0


def test_a_start_that_ends_before_it_was_armed_needs_no_timer(rig: Rig, log: list[str]) -> None:
    cell = rig.cell(lambda: Logged(log))
    work = StartWork(cell, cell.instances[0])

    rig.system.plane.post(cell, StartEnded(work, Logged(log), None))

    assert cell.instances[0].is_ready


# Opaque factories


def test_what_a_factory_made_is_started_where_its_kind_runs(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: LoggedAsync(log))
    answer = queued(cell)

    rig.threads.perform()  # makes it, and finds that it is async
    rig.loops.perform()  # its hooks
    rig.loops.perform()

    assert answer.get(timeout=0).state == {}
    assert log == ["on_start", "run"]
    assert cell.instances[0].host is rig.loops.lane


def test_every_instance_that_a_factory_made_has_its_hooks_called(rig: Rig, log: list[str]) -> None:
    cell = rig.spawn(lambda: LoggedAsync(log), concurrency=3)

    rig.threads.perform_all()
    rig.loops.perform_all()

    assert log == ["on_start"] * 3
    assert [instance.host for instance in cell.instances] == [rig.loops.lane] * 3


# Restarts


def crash(rig: Rig, cell: AgentCell, *, reason: str = "abandoned") -> None:
    cell.lifecycle.report_failure(cell.instances[0], reason, "it crashed")
    rig.threads.perform_all()
    rig.loops.perform_all()


def test_an_instance_that_is_replaced_is_ended_first(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log))

    crash(rig, cell)

    assert log == ["made", "on_start", "on_stop", "made", "on_start", "on_restart abandoned"]
    assert [instance.number for instance in cell.instances] == [0]
    assert cell.idle == cell.instances


def test_an_async_instance_that_is_replaced_is_ended_first(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: LoggedAsync(log))

    crash(rig, cell)

    assert log == ["on_start", "on_stop", "on_start", "on_restart abandoned"]


def test_a_start_that_raised_is_logged_with_what_it_raised(
    rig: Rig, log: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    spawned(rig, lambda: Logged(log, "on_start"))

    record = next(record for record in caplog.records if record.exc_info)
    assert record.getMessage() == "the start of agent 'agent' raised SystemExit: on_start"
    assert "in on_start" in (record.exc_text or "")


def test_what_its_end_raises_keeps_nobody_from_replacing_it(
    rig: Rig, log: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    fails = iter(["on_stop"])
    cell = spawned(rig, lambda: Logged(log, next(fails, "")))

    crash(rig, cell)

    assert "on_stop of agent 'agent' raised SystemExit: on_stop" in caplog.text
    assert cell.instances[0].is_ready


def test_an_instance_that_was_replaced_already_is_not_replaced_again(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log))
    instance = cell.instances[0]
    crash(rig, cell)
    made = log.count("made")

    rig.inside(lambda: cell.lifecycle.restart(instance, "abandoned"))

    assert not rig.threads.given
    assert log.count("made") == made


@pytest.mark.expects_errors
def test_an_agent_that_crashes_too_often_is_given_up(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log), restart=Restart(max_restarts=0))

    crash(rig, cell)

    with pytest.raises(AgentStoppedError, match="failed again after 0 restarts"):
        queued(cell).get(timeout=0)
    assert len(rig.told(AgentGivenUp)) == 1


def test_a_closed_agent_reports_no_failures_and_is_not_restarted(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log))
    instance = cell.instances[0]
    closed = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED)
    cell.closed = closed

    crash(rig, cell)
    rig.inside(lambda: cell.lifecycle.restart(instance, "abandoned"))
    rig.inside(lambda: cell.lifecycle.give_up("too often"))

    assert cell.closed is closed
    assert cell.instances == [instance]
    assert rig.facts == []


# Loops that are replaced


def replace_loop(rig: Rig, cell: AgentCell) -> None:
    lost, rig.loops.lane = rig.loops.lane, rig.loops.new_lane()
    rig.inside(lambda: cell.lifecycle.leave(lost))
    rig.loops.perform_all()


def test_instances_on_a_loop_that_was_replaced_are_renewed(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: LoggedAsync(log), concurrency=2)
    before = list(cell.instances)

    replace_loop(rig, cell)

    assert not set(before) & set(cell.instances)
    assert [instance.is_ready for instance in cell.instances] == [True, True]
    assert log.count("on_restart loop_replaced") == 2


def test_events_that_were_not_begun_there_are_done_by_those_that_follow(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: LoggedAsync(log))
    answer = queued(cell)

    replace_loop(rig, cell)

    assert answer.get(timeout=0).state == {}


def test_an_instance_that_is_at_an_event_is_renewed_when_that_is_done(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: LoggedAsync(log))
    answer, instance = queued(cell), cell.instances[0]
    work = rig.loops.given.popleft()
    assert work.begin()

    replace_loop(rig, cell)
    was_renewed = instance not in cell.instances
    work.done(None, ValueError("no"))
    rig.loops.perform_all()

    assert (was_renewed, instance in cell.instances) == (False, False)
    with pytest.raises(ValueError, match="no"):
        answer.get(timeout=0)


def test_an_instance_whose_event_is_withdrawn_is_renewed_once_it_has_stopped(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: LoggedAsync(log))
    invocation, _ = ask(cell)
    instance, work = cell.instances[0], rig.loops.given[0]
    assert work.begin()
    replace_loop(rig, cell)

    withdraw(rig, cell, invocation)
    was_renewed = instance not in cell.instances
    work.done(None, asyncio.CancelledError())
    rig.loops.perform_all()

    assert (was_renewed, instance in cell.instances) == (False, False)
    assert log == ["on_start", "on_stop", "on_start", "on_restart loop_replaced"]


def test_an_event_of_an_instance_that_is_cancelled_before_it_begins_goes_to_an_idle_one(
    rig: Rig, log: list[str]
) -> None:
    cell = spawned(rig, lambda: LoggedAsync(log), concurrency=2)
    answer = queued(cell)
    [lost] = [instance for instance in cell.instances if instance.work is not None]
    rig.loops.given.clear()

    cell.lifecycle.note_cancelled(lost)
    taken = [instance.work for instance in cell.instances if instance is not lost]
    rig.loops.perform_all()

    assert taken[0] is not None
    assert answer.get(timeout=0).state == {}


def test_a_renewal_that_comes_too_late_renews_nothing(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: LoggedAsync(log))
    instance = cell.instances[0]
    replace_loop(rig, cell)
    started = len(log)

    rig.system.plane.post(cell, Renew(instance))

    assert (len(log), len(rig.loops.given)) == (started, 0)


@pytest.mark.parametrize("agent", [function, Quiet])
def test_who_did_not_live_there_stays(rig: Rig, agent: object) -> None:
    cell = rig.spawn(agent, concurrency=1)
    rig.threads.perform_all()
    before = list(cell.instances)

    replace_loop(rig, cell)

    assert cell.instances == before


def test_a_started_agent_logs_nothing(rig: Rig, log: list[str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    spawned(rig, lambda: Logged(log))

    assert caplog.records == []
