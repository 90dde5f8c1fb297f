"""The health of a runtime: whether all that it was given to do can be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from supervisors.outcome import Reason

if TYPE_CHECKING:
    from actors.agent_cell import AgentCell
    from actors.dispatchers.loop import LoopDispatcher
    from actors.dispatchers.threads import ThreadDispatcher


@dataclass(frozen=True, slots=True)
class Health:
    """How a runtime is, at one moment.

    It is well again when the causes are gone: a failed agent, for one, when it has been stopped.

    Attributes:
        reasons: What is wrong, one sentence each; empty when nothing is.
    """

    reasons: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["ok", "degraded"]:
        """Either "ok" or "degraded" when some work is refused until somebody does something about it."""
        return "degraded" if self.reasons else "ok"

    @property
    def is_ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.reasons

    def __str__(self) -> str:
        return "; ".join([self.status, *self.reasons]) if self.reasons else self.status


def examine(cells: Iterable[AgentCell], threads: ThreadDispatcher, loops: LoopDispatcher) -> Health:
    """Return how the runtime is that has these agents and these dispatchers. Any thread."""
    reasons = [f"agent {name!r} is marked failed: {detail}" for name, detail in failed_agents(cells).items()]
    if threads.refusal:
        reasons.append(f"plain functions are refused: {threads.refusal}")
    if trouble := loops.trouble:
        reasons.append(f"async agents are not started: {trouble}")
    return Health(tuple(reasons))


def failed_agents(cells: Iterable[AgentCell]) -> dict[str, str]:
    """Return why the agents that are marked failed are, by name. Any thread."""
    closed = [(cell.name, cell.closed) for cell in cells]
    return {
        name: outcome.detail
        for name, outcome in closed
        if outcome is not None and outcome.reason is Reason.AGENT_FAILED
    }
