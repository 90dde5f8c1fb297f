"""What all orchestrators have in common: what they are told, and what each has to make of it."""

from __future__ import annotations

import pytest

from actors import Sequential
from actors.conditions import Exists
from actors.control.cell import ControlCell
from actors.orchestrators.base import Orchestrator
from actors.runs.plan import PatternTarget, compile_workflow
from supervisors.signals import GroupEnded
from tests.actors.agents.test_invocation import Attempt, Supervisor
from tests.actors.by_hand import Rig


@pytest.fixture
def sequential() -> Orchestrator:
    target = compile_workflow(Sequential("a")).root.target
    assert isinstance(target, PatternTarget)
    orchestrator = target.pattern.orchestrator(target, Attempt(Supervisor()))
    assert isinstance(orchestrator, Orchestrator)
    return orchestrator


@pytest.fixture
def cell(sequential: Orchestrator) -> ControlCell:
    return ControlCell(sequential, Rig().system)


def test_the_end_of_a_group_is_for_those_that_have_groups_done(sequential: Orchestrator, cell: ControlCell) -> None:
    with pytest.raises(NotImplementedError):
        sequential.receive(GroupEnded((), met=True, culprit=None), cell)


def test_the_answer_of_a_condition_is_for_those_that_ask_some(sequential: Orchestrator, cell: ControlCell) -> None:
    with pytest.raises(NotImplementedError):
        sequential.ask(Exists("topic"), 0, cell)
