"""Groups, step by step: how they take agents in, hold them back and stop them."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Runtime
from actors.cells.group import Group
from actors.values.errors import GroupExistsError, GroupStoppedError
from supervisors.policies.child_spec import GroupSpec
from supervisors.policies.restarts import Restart
from supervisors.policies.strategies import Strategy
from tests.actors.logged_agents import ask, function, queued
from tests.actors.team import Team, team

__all__ = ["team"]  # a fixture


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


def test_in_a_block_its_agents_say_what_holds_them_up(team: Team) -> None:
    with team.group:
        held, free = team.spawn("a"), team.spawn("b", function)
        inside = [cell.lifecycle.held_up_by for cell in (held, free)]

    assert inside == ["agent 'a' is started only when the `with` block of its group 'team' is left", ""]
    assert held.lifecycle.held_up_by == ""


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


def test_a_group_is_shown_with_its_strategy_and_its_agents(team: Team) -> None:
    empty = repr(team.group)

    team.up(a={}, b={})

    assert empty == "<group 'team' (one_for_all): no agents>"
    assert repr(team.group) == "<group 'team' (one_for_all): 'a', 'b'>"


@pytest.mark.parametrize("wrong", [{"timeout": "x"}, {"block": "no"}, {"grace": "x"}])
def test_a_group_that_is_stopped_wrongly_goes_on(team: Team, wrong: dict[str, Any]) -> None:
    team.up(a={})

    with pytest.raises(TypeError):
        team.group.stop(**wrong)

    assert team.group.agents == ("a",)
    team.spawn("b")


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
