"""A ticket that was handled, as the caller of the workflow sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors import Run, State, WorkflowFailedError
from examples.triage.desks import GENERAL
from examples.triage.ticket import Ticket

NO_DESK = "no desk"


@dataclass(frozen=True)
class Handled:
    """What became of one ticket.

    Attributes:
        number: Which ticket of its source it is, from 0.
        desk: Whose it is; `no desk` if it failed before that was known.
        status: `filed`, `resolved`, `escalated`, or `failed`.
        reason: Why, where the status does not say it all.
        notes: What was found out: priority, bugs, topics and the desk's facts.
        duration: Seconds from its submission to its end; None if it was refused.
    """

    number: int
    ticket: Ticket
    desk: str
    status: str
    reason: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    duration: float | None = None

    def as_json(self) -> str:
        """Return it as a line of JSON, which is the same in every run: it tells no times."""
        told = {
            "id": self.ticket.id,
            "package": self.ticket.package,
            "version": self.ticket.version,
            "desk": self.desk,
            "status": self.status,
            "reason": self.reason,
            **self.notes,
        }
        return json.dumps(told)


def handled_by(run: Run, number: int, ticket: Ticket) -> Handled:
    """Return what a run that has ended made of its ticket."""
    try:
        result = run.result(timeout=0)
    except WorkflowFailedError as error:
        duration = error.trace.duration if error.trace else None
        return Handled(number, ticket, _desk_of(error.state), "failed", str(error.outcome), duration=duration)
    state = result.state
    return Handled(
        number,
        ticket,
        state["desk"],
        state["status"],
        state.get("reason", ""),
        {key: state[key] for key in ("priority", "topics", "bugs", "facts")},
        result.trace.duration,
    )


def _desk_of(state: State) -> str:
    """Return where a ticket that failed was routed to, as far as it was read."""
    if "topics" not in state:
        return NO_DESK
    return str(next(iter(state["topics"]), GENERAL.name))


def refused(number: int, ticket: Ticket, error: Exception) -> Handled:
    """Return a ticket that the runtime did not take."""
    return Handled(number, ticket, NO_DESK, "failed", f"refused: {error}")
