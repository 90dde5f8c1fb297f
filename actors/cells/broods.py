"""Broods: the agents that agents have spawned, which stop with whoever spawned them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors.agents.instance import Instance
    from actors.cells.agent_cell import AgentCell

_FIRST_LIMIT = 16


class Brood:
    """The agents that one instance, or one event, has spawned. Control plane only."""

    __slots__ = ("_agents", "_limit")

    def __init__(self) -> None:
        self._agents: dict[AgentCell, None] = {}
        # At how many those are dropped that have stopped by themselves.
        self._limit = _FIRST_LIMIT

    def add(self, agent: AgentCell) -> None:
        """Take in an agent. Twice does no harm."""
        if len(self._agents) >= self._limit:
            self._agents = {each: None for each in self._agents if not each.is_stopped}
            self._limit = max(_FIRST_LIMIT, 2 * len(self._agents))
        self._agents[agent] = None

    def stop(self) -> None:
        """Have all of them stop, the last spawned first; what they are handling is cancelled."""
        for agent in reversed(self._agents):
            agent.request_stop(None, 0.0)


def bring_up(parent: AgentCell, instance: Instance, agent: AgentCell) -> None:
    """Have an agent stop with an instance of another. Inside the control plane."""
    parent.system.broods.setdefault(parent, {}).setdefault(instance, Brood()).add(agent)


def orphan(parent: AgentCell) -> None:
    """Stop what instances have spawned that an agent has not any more. Inside the control plane."""
    broods = parent.system.broods.get(parent)
    if broods is None:
        return
    for instance in list(broods):
        if parent.closed is not None or instance not in parent.instances:
            broods.pop(instance).stop()
    if not broods:
        parent.system.broods.pop(parent, None)
