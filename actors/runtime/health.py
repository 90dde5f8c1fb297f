"""The health of a runtime: whether all that it was given to do can be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from supervisors.outcome import Reason

if TYPE_CHECKING:
    from actors.cells.agent_cell import AgentCell
    from actors.control.facilities import System


@dataclass(frozen=True, slots=True)
class Health:
    """How a runtime is, at one moment.

    It is well again when the causes are gone: a failed agent, for one, when it has been stopped; a lack of threads when
    the machine has some again.

    Attributes:
        reasons: What is wrong, one sentence each; empty when nothing is.
    """

    reasons: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["ok", "degraded"]:
        """Either "ok" or "degraded" when some work is refused, or waits for what the machine has no more of."""
        return "degraded" if self.reasons else "ok"

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reasons

    def __str__(self) -> str:
        return "; ".join([self.status, *self.reasons]) if self.reasons else self.status


def examine(system: System) -> Health:
    """Return how the runtime is that has these parts. Any thread."""
    cells = list(system.agents.values())
    reasons = [f"agent {name!r} is marked failed: {detail}" for name, detail in failed_agents(cells).items()]
    shortages = {cell.name: cell.lifecycle.shortage for cell in cells}
    reasons += [f"agent {name!r} cannot be started yet: {shortage}" for name, shortage in shortages.items() if shortage]
    troubles = {
        "plain functions are refused": system.threads.refusal,
        "plain functions wait": system.threads.shortage,
        "plain agents wait for a thread of their own": system.pinned.waiting,
        "agents in processes wait": system.processes.shortage,
        "async agents are not started": system.loops.trouble,
        "an event loop that is blocked cannot be replaced": system.loops.shortage,
        "an observer does not keep up": system.telemetry.trouble,
    }
    reasons += [f"{what}: {trouble}" for what, trouble in troubles.items() if trouble]
    return Health(tuple(reasons))


def failed_agents(cells: Iterable[AgentCell]) -> dict[str, str]:
    """Return why the agents that are marked failed are, by name. Any thread."""
    closed = [(cell.name, cell.closed) for cell in cells]
    return {
        name: outcome.detail
        for name, outcome in closed
        if outcome is not None and outcome.reason is Reason.AGENT_FAILED
    }
