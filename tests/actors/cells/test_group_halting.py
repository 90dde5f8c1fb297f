"""Groups, step by step: how their agents are halted, whatever these are doing."""

from __future__ import annotations

import pytest

from actors.cells.group import Group
from actors.control.reply import Reply
from actors.values.errors import AgentFailedError, AgentStoppedError
from actors.values.state import NO_CHANGE
from supervisors.facts import AgentRestarted
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.child_spec import GroupSpec
from supervisors.signals import ChildAdded, GroupStopped
from tests.actors.by_hand import ABANDON_AFTER, GRACE, HOOK_TIMEOUT
from tests.actors.logged_agents import Quiet, queued
from tests.actors.team import Team, team

__all__ = ["team"]  # a fixture

CRASHED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)


# Halting


def test_a_halted_agent_keeps_what_is_queued_for_its_next_instance(team: Team) -> None:
    a, b = team.up(a={}, b={})
    team.crash(a)

    answer = queued(b)
    team.perform()

    assert answer.get(timeout=0).state == {}
    assert team.log == [
        "b on_stop",
        "a on_stop",
        "a made",
        "a on_start",
        "a on_restart base_exception",
        "b made",
        "b on_start",
        "b on_restart group_restarted",
        "b run",
    ]
    assert [fact.agent for fact in team.rig.told(AgentRestarted)] == ["a", "b"]


def test_what_is_in_flight_may_end_and_the_next_event_waits_for_the_next_instance(team: Team) -> None:
    a, b = team.up(a={}, b={})
    in_flight, queue = queued(b), queued(b)
    work = team.rig.threads.given.popleft()
    assert work.begin()

    team.crash(a)
    before = list(team.log)
    work.done((NO_CHANGE, {}), None)
    team.perform()

    assert before == []
    assert in_flight.get(timeout=0).state == queue.get(timeout=0).state == {}
    assert team.log[0] == "b on_stop"
    assert team.log[-1] == "b run"


def test_what_crashes_while_its_agent_is_being_halted_counts_for_nothing(team: Team) -> None:
    a, b = team.up(a={}, b={})
    in_flight = queued(b)
    work = team.rig.threads.given.popleft()
    assert work.begin()
    team.crash(a)

    work.done(None, SystemExit(1))
    team.perform()

    with pytest.raises(AgentFailedError):
        in_flight.get(timeout=0)
    assert [fact.reason for fact in team.rig.told(AgentRestarted)] == ["base_exception", "group_restarted"]


def test_what_does_not_end_within_the_grace_is_cancelled_and_later_abandoned(team: Team) -> None:
    a, b = team.up(a={}, b={})
    in_flight = queued(b)
    work = team.rig.threads.given.popleft()
    assert work.begin()
    team.crash(a)

    team.rig.advance(GRACE)
    team.perform()
    answer = queued(b)
    team.perform()
    team.rig.advance(ABANDON_AFTER)

    with pytest.raises(AgentFailedError, match="stopped together with its group"):
        in_flight.get(timeout=0)
    assert answer.get(timeout=0).state == {}
    assert team.rig.threads.abandoned == [work]
    assert b.abandoned_count == 1
    assert len(team.rig.told(AgentRestarted)) == 2


def test_a_stop_hook_that_hangs_is_given_up_after_the_grace(team: Team) -> None:
    a, b = team.up(a={}, b={})
    team.crash(a)
    hook = team.rig.threads.given.popleft()

    team.rig.advance(GRACE)
    counted = b.abandoned_count
    team.perform()
    hook.perform()

    assert team.rig.threads.abandoned == [hook]
    assert (counted, b.abandoned_count) == (1, 0)
    assert team.log[:2] == ["a on_stop", "a made"]


def test_a_start_that_is_under_way_when_its_agent_is_halted_is_ended_by_its_stop_hook(team: Team) -> None:
    (a,) = team.up(a={})
    team.spawn("b")  # its start waits at the dispatcher

    team.crash(a)
    team.perform()

    assert team.log[:4] == ["b made", "b on_start", "b on_stop", "a on_stop"]
    assert team.log[-1] == "b on_restart group_restarted"


def test_a_start_that_fails_while_its_agent_is_halted_counts_for_nothing(team: Team) -> None:
    (a,) = team.up(a={})
    team.spawn("b")
    team.crash(a)

    team.rig.threads.given.popleft().refuse(CRASHED)
    team.perform()

    assert [fact.reason for fact in team.rig.told(AgentRestarted)] == ["base_exception", "group_restarted"]
    assert team.log[-1] == "b on_restart group_restarted"


def test_a_start_that_hangs_while_its_agent_is_halted_is_given_up_like_any_other(team: Team) -> None:
    (a,) = team.up(a={})
    team.spawn("b")
    hanging = team.rig.threads.given.popleft()
    team.crash(a)

    team.rig.advance(HOOK_TIMEOUT)
    team.perform()
    hanging.perform()

    assert team.rig.threads.abandoned == [hanging]
    assert team.log[-1] == "b on_restart group_restarted"


def test_what_was_made_for_an_agent_that_has_stopped_meanwhile_is_stopped_too(team: Team) -> None:
    cell = team.spawn("a")
    making = team.rig.threads.given.popleft()
    assert making.begin()
    product = making.call()
    cell.request_stop(grace=0)
    team.rig.advance(0)
    was_stopped, abandoned = cell.is_stopped, cell.abandoned_count

    making.done(product, None)
    team.perform()

    assert (was_stopped, abandoned) == (True, 1)
    assert team.log == ["a made", "a on_start", "a on_stop"]
    assert cell.abandoned_count == 0


def test_what_was_not_begun_to_be_made_for_an_agent_that_has_stopped_is_not_made(team: Team) -> None:
    cell = team.spawn("a")
    making = team.rig.threads.given.popleft()
    cell.request_stop(grace=0)
    team.rig.advance(0)

    making.perform()
    team.perform()

    assert (team.log, cell.is_stopped, cell.abandoned_count) == ([], True, 0)


def test_an_opaque_factory_of_async_agents_may_be_halted_between_its_two_steps(team: Team) -> None:
    (a,) = team.up(a={})

    def factory() -> Quiet:
        return Quiet()

    cell = team.spawn("b", factory)
    assert not cell.definition.is_resolved

    team.crash(a)
    team.perform()

    assert cell.instances[0].is_ready


def test_an_agent_may_be_stopped_while_it_is_halted(team: Team) -> None:
    a, b = team.up(a={}, b={})
    in_flight = queued(b)
    work = team.rig.threads.given.popleft()
    assert work.begin()
    team.crash(a)
    reply = Reply()

    b.request_stop(reply)
    before = reply.wait(0)
    team.rig.advance(GRACE)
    team.perform()

    assert (before, reply.wait(0), b.is_stopped) == (False, True, True)
    with pytest.raises((AgentFailedError, AgentStoppedError)):
        in_flight.get(timeout=0)
    assert team.log[-1] == "a on_restart base_exception"


# What an interrupt may have handled twice


def test_signals_of_a_group_may_be_handled_twice(team: Team) -> None:
    a, b = team.up(a={}, b={})
    supervisor = team.group._supervisor
    team.crash(a)
    for again in (
        lambda: supervisor.handle(ChildAdded(a.lifecycle)),
        lambda: b.lifecycle.halt(GRACE),
    ):
        team.rig.inside(again)
    team.rig.threads.perform()
    team.rig.threads.perform()
    team.rig.inside(lambda: a.lifecycle.start("base_exception"))
    team.perform()

    assert [deed for deed in team.log if "on_restart" not in deed] == [
        "b on_stop",
        "a on_stop",
        "a made",
        "a on_start",
        "b made",
        "b on_start",
    ]
    team.group.stop(block=False)
    team.perform()
    other = Group(GroupSpec(name="team"), team.rig.system, team._spawn).register()
    team.rig.inside(lambda: team.group.handle(GroupStopped()))
    assert team.rig.system.groups == {"team": other}


def test_an_agent_of_a_group_that_is_stopped_by_itself_is_not_started_or_halted_any_more(team: Team) -> None:
    a, b = team.up(a={}, b={})
    b.request_stop()
    team.crash(a)

    team.rig.inside(lambda: b.lifecycle.start("late"))
    team.perform()

    assert team.log == ["b on_stop", "a on_stop", "a made", "a on_start", "a on_restart base_exception"]
    assert team.group.agents == ("a",)


def test_an_agent_whose_stop_has_no_grace_takes_its_halt_along(team: Team) -> None:
    a, b = team.up(a={}, b={})
    in_flight = queued(b)
    assert team.rig.threads.given.popleft().begin()
    team.crash(a)

    b.request_stop(grace=0)
    team.rig.advance(0)
    team.perform()

    assert b.is_stopped
    with pytest.raises(AgentFailedError):
        in_flight.get(timeout=0)
    assert team.log[-1] == "a on_restart base_exception"
