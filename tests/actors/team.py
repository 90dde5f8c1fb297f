"""A group whose agents' work is done by hand."""

from __future__ import annotations

from typing import Any

import pytest

from actors.cells.agent_cell import AgentCell
from actors.cells.group import Group
from supervisors.policies.child_spec import GroupSpec
from supervisors.policies.strategies import Strategy
from tests.actors.by_hand import Rig
from tests.actors.logged_agents import Logged


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
