"""Tickets, and runtimes that handle them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from actors import Runtime
from examples.triage.dispatch import Dispatch
from examples.triage.handled import Handled
from examples.triage.history import History
from examples.triage.ticket import Ticket
from examples.triage.workflow import spawn_agents
from tests.limits import PATIENCE

TIMEOUT = PATIENCE
SAMPLE = Path(__file__).parents[3] / "examples" / "triage" / "sample"


def ticket(
    *changes: str, package: str = "oven", version: str = "1.0-1", distribution: str = "unstable", urgency: str = "low"
) -> Ticket:
    """Return a ticket that says these changes."""
    return Ticket(f"{package}/{version}", package, version, distribution, urgency, changes)


def triage(tickets: Iterable[Ticket], *, max_runs: int = 10) -> list[Handled]:
    """Return what becomes of tickets, in their order."""
    given = list(tickets)
    with Runtime(max_runs=max_runs) as runtime:
        spawn_agents(runtime, History(given))
        return sorted(Dispatch(runtime, timeout=TIMEOUT).handle(given), key=lambda handled: handled.number)
