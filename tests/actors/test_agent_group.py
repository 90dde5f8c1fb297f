"""Groups, step by step: how they take agents in, hold them back, halt and stop them."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Runtime
from actors.agent_cell import AgentCell
from actors.agent_group import Group
from actors.errors import AgentFailedError, AgentStoppedError, GroupExistsError, GroupStoppedError
from actors.reply import Reply
from actors.state import NO_CHANGE
from supervisors.child_spec import GroupSpec
from supervisors.facts import AgentRestarted
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.restarts import Restart
from supervisors.signals import ChildAdded, GroupStopped
from supervisors.strategies import Strategy
from tests.actors.by_hand import ABANDON_AFTER, GRACE, HOOK_TIMEOUT, Rig
from tests.actors.logged_agents import Logged, Quiet, ask, function, queued

CRASHED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)


class Team:
    """A group whose agents' work is done by hand."""

    def __init__(self, strategy: Strategy = Strategy.ONE_FOR_ALL) -> None:
        self.rig = Rig()
        self.log: list[str] = []
        self.group = Group(GroupSpec(name="team", strategy=strategy), self.rig.system, self._spawn).register()

    def _spawn(self, name: str, agent: object, *, group: Group, **more: Any) -> Any:
        cell = self.rig.cell(agent, name=name, **more)
        self.rig.system.agents[name] = cell
        group.adopt(cell)
        return cell

    def spawn(self, name: str, agent: object = None, **more: Any) -> AgentCell:
        log = self.log

        class Named(Logged):
            def __init__(self) -> None:
                super().__init__([])

            def _note(self, deed: str) -> None:
                log.append(f"{name} {deed}")

        cell: AgentCell = self.group.spawn(name, agent or Named, **more)  # type: ignore[assignment]  # see _spawn
        return cell

    def perform(self) -> None:
        self.rig.threads.perform_all()
        self.rig.loops.perform_all()

    def up(self, **members: Any) -> list[AgentCell]:
        """Spawn agents, have them started, and forget about it."""
        cells = [self.spawn(name, **more) for name, more in members.items()]
        self.perform()
        self.log.clear()
        return cells

    def crash(self, cell: AgentCell) -> None:
        self.rig.inside(lambda: cell.lifecycle.report_failure(cell.instances[0], "base_exception", "it fell"))


@pytest.fixture
def team() -> Team:
    return Team()


def test_each_agent_is_made_when_the_one_before_is_ready(team: Team) -> None:
    for name in "ab":
        team.spawn(name)

    assert len(team.rig.threads.given) == 1
    team.rig.threads.perform()

    assert team.log == ["a made", "a on_start"]
    assert len(team.rig.threads.given) == 1
    assert team.group.agents == ("a", "b")
    assert team.group.name == "team"


def test_an_agent_with_several_instances_is_ready_when_all_are(team: Team) -> None:
    team.spawn("a", concurrency=2)
    team.spawn("b")

    team.rig.threads.perform()
    after_one = list(team.log)
    team.perform()

    assert after_one == ["a made", "a on_start"]
    assert team.log[-2:] == ["b made", "b on_start"]


def test_a_function_in_a_group_has_nothing_to_start_or_to_restart(team: Team) -> None:
    a, b = team.up(a={}, b={"agent": function, "concurrency": 1})

    team.crash(a)
    team.perform()
    _, reply = ask(b)
    team.perform()

    assert team.log == ["a on_stop", "a made", "a on_start", "a on_restart base_exception"]
    assert reply.get(timeout=0).state == {}


def test_in_a_block_nothing_is_made_before_its_end(team: Team) -> None:
    with team.group:
        cell = team.spawn("a")
        team.spawn("b")
        assert not team.rig.threads.given
        answer = queued(cell)

    team.perform()

    assert team.log == ["a made", "a on_start", "a run", "b made", "b on_start"]
    assert answer.get(timeout=0).state == {}


def test_a_block_that_fails_leaves_nothing_behind(team: Team) -> None:
    with pytest.raises(ZeroDivisionError), team.group:
        cell = team.spawn("a")
        raise ZeroDivisionError

    assert cell.is_stopped
    assert (team.rig.system.agents, team.log) == ({}, [])
    team.up(b={})


def test_a_group_that_is_stopped_inside_its_block_starts_nothing(team: Team) -> None:
    with team.group:
        cell = team.spawn("a")
        reply = team.group.stop(block=False)

    assert (cell.is_stopped, reply.wait(0)) == (True, True)
    assert team.log == []


def test_a_stopped_group_takes_no_agents_and_its_name_is_free(team: Team) -> None:
    team.group.stop()

    with pytest.raises(GroupStoppedError, match="'team'"):
        team.spawn("a")

    assert team.rig.system.agents == {}
    assert team.rig.system.groups == {}
    assert team.rig.system.control_cells == set()


def test_whoever_asks_for_the_stop_of_a_group_is_answered_however_late(team: Team) -> None:
    team.up(a={}, b={})
    first, second = team.group.stop(block=False), team.group.stop(grace=0.5, block=False)
    before = first.wait(0), second.wait(0)

    team.perform()
    late = team.group.stop()

    assert before == (False, False)
    assert [reply.wait(0) for reply in (first, second, late)] == [True, True, True]
    assert team.log == ["b on_stop", "a on_stop"]


def test_a_name_of_a_group_is_taken_once(team: Team) -> None:
    with pytest.raises(GroupExistsError, match="'team' exists already"):
        Group(GroupSpec(name="team"), team.rig.system, team._spawn).register()


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
    cell.request_stop(grace=0)
    team.rig.advance(0)
    was_stopped = cell.is_stopped

    making.perform()
    team.perform()

    assert was_stopped
    assert team.log == ["a made", "a on_start", "a on_stop"]
    assert cell.abandoned_count == 0


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


# At a runtime


def test_groups_are_made_by_a_runtime_that_runs() -> None:
    with Runtime(metrics=False, grace=3.0) as runtime:
        group = runtime.group("team", strategy="rest_for_one", restart=Restart(max_restarts=7))

        assert group.spec == GroupSpec(
            name="team", strategy=Strategy.REST_FOR_ONE, restart=Restart(max_restarts=7), grace=3.0
        )
        assert runtime.group("other", grace=1).spec.grace == 1
        with pytest.raises(GroupExistsError):
            runtime.group("team")
        with pytest.raises(ValueError, match="one_for_one"):
            runtime.group("third", strategy="none")


def test_an_agent_of_a_group_has_the_groups_grace_and_supervisor() -> None:
    with Runtime(metrics=False) as runtime:
        group = runtime.group("team", grace=2.5)
        group.spawn("a", function, concurrency=2)
        runtime.spawn("b", function, group=group)
        runtime.spawn("c", function)

        assert runtime._agents.cell("a").spec.grace == 2.5
        assert group.agents == ("a", "b")
        group.stop()
        assert runtime.agents == ("c",)


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
