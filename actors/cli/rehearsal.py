"""The rehearsal: a runtime that is told of agents and makes none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pykka

from actors.cells.spec import specify
from actors.checks.keys import Start
from actors.control.reply import Reply
from actors.orchestrators.base import Pattern
from actors.runtime.runtime import Runtime
from actors.values.findings import Finding
from actors.workflows.branch import Branch
from supervisors.outcome import Outcome, OutcomeKind, Reason

_NOT_RUN = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED, detail="a workflow is checked, and no agent is run")


class _Rehearsal(Runtime):
    """Never started: what `spawn` is given is understood and kept, and an event sent to it is rejected."""

    def spawn(self, name: str, agent: object, **options: Any) -> pykka.ActorRef[Any]:
        """Take note of an agent as `Runtime.spawn()` does, and make no instance of it."""
        cell = specify(name, agent, **options).cell(self._system, self.settings.grace)
        cell.closed = _NOT_RUN
        self._agents.add(cell)
        return cell.actor_ref

    def stop_agent(
        self, name: str, *, grace: float | None = None, block: bool = True, timeout: float | None = None
    ) -> Reply:
        """Let go of an agent; there is nothing to wait for."""
        del self._agents[self._agents.cell(name).name]
        reply = Reply()
        reply.answer(None)
        return reply

    def check(
        self,
        workflow: str | Pattern | Branch,
        *,
        state: Iterable[str] | None = None,
        data: Iterable[str] | None = None,
    ) -> tuple[Finding, ...]:
        """Find mistakes in a workflow, given the agents that were noted."""
        return self._plans.findings(workflow, Start.of(state, data))

    def forget(self) -> None:
        """Let go of the agents."""
        self._agents.clear()


@contextmanager
def rehearsal() -> Iterator[Runtime]:
    """Yield a runtime in which agents can be spawned and workflows checked, and nothing runs."""
    runtime = _Rehearsal(metrics=False)
    try:
        yield runtime
    finally:
        runtime.forget()
