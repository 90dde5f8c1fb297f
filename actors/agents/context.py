"""The context of an event: what its agent is told about it, and what the agent can start while it handles it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pykka

if TYPE_CHECKING:
    from actors.agents.invocation import Invocation
    from actors.orchestrators.base import Pattern
    from actors.values.event import Event
    from actors.values.state import State
    from actors.workflows.branch import Branch
    from supervisors.outcome import Outcome


class InvocationContext:
    """The `AgentContext` of an invocation."""

    __slots__ = ("_invocation",)

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    @property
    def remaining(self) -> float | None:
        """The seconds that are left until the deadline; None when there is none."""
        at = self._invocation.deadline_at
        return None if at is None else max(0.0, at - self._invocation.cell.now())

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return not self._invocation.is_live

    @property
    def attempt(self) -> int:
        """Which try this is; 1 is the first."""
        return self._invocation.number

    @property
    def previous_outcome(self) -> Outcome | None:
        """How what was tried before this failed; None if nothing was, as at the beginning of a run by `run()`."""
        return self._invocation.previous

    def run(
        self,
        workflow: str | Pattern | Branch,
        event: Event | Mapping[str, Any] | None = None,
        state: State | Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Run a workflow as a part of this event; an agent on an event loop awaits what is returned."""
        invocation = self._invocation
        child_runs = invocation.cell.system.child_runs
        if invocation.cell.definition.is_async:
            return child_runs.run_awaited(invocation, workflow, event, state, timeout)
        return child_runs.run_here(invocation, workflow, event, state, timeout)

    def spawn(self, name: str, agent: object, **options: Any) -> pykka.ActorRef[Any]:
        """Spawn an agent that stops with the one that calls this."""
        invocation = self._invocation
        return invocation.cell.system.child_runs.spawn(invocation, name, agent, options)
