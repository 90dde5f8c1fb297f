"""The halt of an agent, step by step: how its grace ends, and what is under way then."""

from __future__ import annotations

import pytest

from actors.cells.agent_cell import AgentCell
from tests.actors.by_hand import GRACE, HOOK_TIMEOUT, Rig
from tests.actors.logged_agents import Logged, spawned

SOON = 1.0
"""A grace that is over before a start takes too long."""


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def log() -> list[str]:
    return []


def halt(rig: Rig, cell: AgentCell, grace: float = GRACE) -> None:
    rig.inside(lambda: cell.lifecycle.halt(grace))


def test_a_start_that_outlasts_the_grace_is_not_waited_for_and_ended_by_its_stop_hook(rig: Rig, log: list[str]) -> None:
    assert SOON < HOOK_TIMEOUT
    cell = rig.spawn(lambda: Logged(log))
    halt(rig, cell, SOON)

    rig.advance(SOON)
    cell.request_stop()
    was_stopped = cell.is_stopped
    rig.threads.perform_all()

    assert was_stopped
    assert log == ["made", "on_start", "on_stop"]
    assert rig.defects == []


def test_the_grace_of_a_halt_that_ended_in_time_does_not_cut_the_next_one(rig: Rig, log: list[str]) -> None:
    cell = spawned(rig, lambda: Logged(log))
    halt(rig, cell)
    rig.threads.perform_all()
    rig.inside(lambda: cell.lifecycle.start("group_restarted"))
    rig.threads.perform_all()
    rig.advance(GRACE / 2)
    halt(rig, cell)
    hook = rig.threads.given[0]

    rig.advance(GRACE / 2)
    before = list(rig.threads.abandoned)
    rig.advance(GRACE / 2)

    assert (before, rig.threads.abandoned) == ([], [hook])
