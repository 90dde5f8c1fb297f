"""The agent cell, step by step: what it gives up, and how it is repaired when an interrupt left it half-done."""

from __future__ import annotations

from typing import Any

import pytest

from actors.agents.invocation import Invocation
from actors.cells.agent_cell import AgentCell, _Returned
from actors.control.reply import Reply
from actors.values.errors import AgentTimeoutError
from supervisors.facts import AgentRestarted
from tests.actors.by_hand import ABANDON_AFTER, Rig
from tests.actors.logged_agents import CANCELLED, Quiet, ask, function, queued, reasons, spawned, withdraw


@pytest.fixture
def rig() -> Rig:
    return Rig()


# Giving up


def overrun(rig: Rig, cell: AgentCell) -> tuple[Any, Reply]:
    """Let an event begin and overrun its deadline and the time to stop in."""
    future = queued(cell)
    work = rig.threads.given.popleft()
    assert work.begin()
    rig.advance(cell.timeout or 0.0)
    rig.advance(ABANDON_AFTER)
    return work, future


def test_work_that_does_not_stop_when_told_to_is_given_up_and_its_instance_replaced(rig: Rig) -> None:
    cell = spawned(rig, Quiet, timeout=4.0)
    instance = cell.instances[0]

    work, future = overrun(rig, cell)
    counted = cell.abandoned_count
    work.done(({}, {}), None)

    with pytest.raises(AgentTimeoutError):
        future.get(timeout=0)
    assert rig.threads.interrupted == rig.threads.abandoned == [work]
    assert (counted, cell.abandoned_count) == (1, 0)
    assert instance not in cell.instances
    assert [fact.reason for fact in rig.told(AgentRestarted)] == ["abandoned"]
    assert reasons(rig) == ["late_answer"]


def test_the_place_of_a_function_is_free_again_at_once(rig: Rig) -> None:
    cell = rig.spawn(function, concurrency=1, timeout=4.0)

    overrun(rig, cell)
    _, reply = ask(cell)
    rig.threads.perform()

    assert reply.get(timeout=0).state == {}


def test_a_function_without_places_is_only_counted(rig: Rig) -> None:
    cell = rig.spawn(function, timeout=4.0)

    overrun(rig, cell)

    assert (cell.abandoned_count, list(cell.running())) == (1, [])


def test_what_has_ended_or_was_given_up_is_not_given_up_again(rig: Rig) -> None:
    cell = rig.spawn(function, timeout=4.0)
    work, _ = overrun(rig, cell)

    rig.inside(lambda: cell._ask_to_stop(work))
    rig.advance(ABANDON_AFTER)
    work.done(({}, {}), None)
    rig.inside(lambda: cell._ask_to_stop(work))
    rig.advance(ABANDON_AFTER)

    assert rig.threads.abandoned == [work]


def test_that_it_returned_may_be_told_twice(rig: Rig) -> None:
    cell = rig.spawn(function, timeout=4.0)
    queued(cell)
    invocation = rig.threads.perform()
    assert isinstance(invocation, Invocation)

    rig.system.plane.post(cell, _Returned(invocation))

    assert (invocation.timer, rig.system.plane.armed_timers) == (None, 0)


def test_an_agent_that_is_stopping_is_not_restarted_for_what_it_gave_up(rig: Rig) -> None:
    cell = spawned(rig, Quiet, timeout=4.0)
    queued(cell)
    assert rig.threads.given.popleft().begin()
    cell.request_stop(grace=60.0)

    rig.advance(4.0)
    rig.advance(ABANDON_AFTER)

    assert cell.is_stopped
    assert rig.told(AgentRestarted) == []


def test_work_whose_instance_was_replaced_meanwhile_frees_no_other(rig: Rig) -> None:
    cell = spawned(rig, Quiet)
    invocation, _ = ask(cell)
    instance = cell.instances[0]
    work = rig.threads.given.popleft()
    assert work.begin()
    instance.work = None

    withdraw(rig, cell, invocation)
    rig.advance(ABANDON_AFTER)
    work.done(({}, {}), None)

    assert (instance.work, instance.is_ready) == (None, True)
    assert cell.idle == []


def test_what_has_not_begun_when_the_agent_is_given_up_on_is_not_abandoned(rig: Rig) -> None:
    cell = rig.spawn(function)
    ask(cell)

    rig.inside(cell.give_up_running)

    assert cell.abandoned_count == 0


# Repair


def test_what_was_assigned_and_not_handed_over_is_handed_over(rig: Rig) -> None:
    cell = rig.spawn(function, concurrency=1)
    _, reply = ask(cell)
    rig.threads.given.clear()

    rig.inside(cell.repair)
    rig.threads.perform()

    assert reply.get(timeout=0).state == {}
    assert cell.idle == cell.instances


def test_what_was_assigned_is_taken_out_of_the_mailbox(rig: Rig) -> None:
    cell = rig.spawn(function, concurrency=1)
    first, reply = ask(cell)
    cell.mailbox.put_back(first)

    rig.inside(cell.repair)

    assert cell.depth == 0
    rig.threads.perform_all()
    assert reply.get(timeout=0).state == {}


@pytest.mark.parametrize("concurrency", [None, 1])
def test_what_is_over_is_let_go_of_and_the_instance_takes_the_next(rig: Rig, concurrency: int | None) -> None:
    cell = rig.spawn(function, concurrency=concurrency)
    done, _ = ask(cell)
    _, waiting = ask(cell)
    done.ended_at = done.begun_at = rig.clock.now()
    rig.threads.given.clear()

    rig.inside(cell.repair)
    rig.threads.perform_all()

    assert waiting.get(timeout=0).state == {}
    assert not list(cell.running())


def test_what_runs_and_is_not_wanted_is_asked_to_stop(rig: Rig) -> None:
    cell = rig.spawn(function)
    wanted, unwanted = ask(cell)[0], ask(cell)[0]
    assert wanted.begin()
    assert unwanted.begin()
    unwanted.is_live = False

    rig.inside(cell.repair)
    rig.inside(cell.repair)

    assert rig.threads.interrupted == [unwanted]


def test_a_closed_agent_takes_nothing_when_it_is_repaired(rig: Rig) -> None:
    cell = rig.spawn(function, concurrency=1)
    cell.closed = CANCELLED

    rig.inside(cell.repair)

    assert cell.idle == []
