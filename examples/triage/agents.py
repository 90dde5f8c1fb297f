"""The agents: who reads tickets, and who takes care of them.

Each ticket is the data of an event; what is found out about it is the state. Reading and filing take less than a
millisecond, so they are done on the event loop: a thread for each would cost more. An investigation may take longer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors import Agent, Event, State
from examples.triage.desk import Desk
from examples.triage.desks import BUILD, CRASH, DOCUMENTATION, GENERAL, PACKAGING, SECURITY, TRANSLATION, UPSTREAM
from examples.triage.history import History
from examples.triage.investigation import Investigation, opened, searched_on
from examples.triage.reading import bugs_of, topics_of
from examples.triage.source import intake_from
from examples.triage.ticket import ticket_of

_PRIORITIES = {"emergency": 1, "critical": 1, "high": 1, "medium": 2}
_LOWEST_PRIORITY = 3


async def read(event: Event, state: State) -> None:
    """Find out what the ticket is about and how pressing it is."""
    state["topics"] = topics_of(event.data["changes"], event.data["distribution"])
    state["bugs"] = bugs_of(event.data["changes"])
    state["priority"] = _PRIORITIES.get(event.data["urgency"], _LOWEST_PRIORITY)


def desk_of(desk: Desk) -> Callable[[Event, State], Any]:
    """Return an agent that files tickets at `desk`, with the facts that it takes down."""

    async def file(event: Event, state: State) -> None:
        state["desk"] = desk.name
        state["facts"] = desk.facts_of(event.data["changes"])
        state["status"] = "filed"

    return file


crash_desk = desk_of(CRASH)
build_desk = desk_of(BUILD)
packaging_desk = desk_of(PACKAGING)
translation_desk = desk_of(TRANSLATION)
documentation_desk = desk_of(DOCUMENTATION)
upstream_desk = desk_of(UPSTREAM)
general_desk = desk_of(GENERAL)


class SecurityDesk(Agent):
    """Makes one round of an investigation each time it is asked, until the ticket is resolved or escalated.

    Args:
        history: Where later versions are looked up; the changelogs of this machine, or the sample, if not given.
    """

    def __init__(self, history: History | None = None) -> None:
        super().__init__()
        self._history = History(intake_from().tickets) if history is None else history

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        """Search on; the status is set when there is nothing left to find."""
        ticket = ticket_of(event.data)
        known: Investigation = state["investigation"] if "investigation" in state else opened(ticket)
        found = searched_on(known, self._history.later(ticket.package, ticket.version))
        state["desk"] = SECURITY.name
        state["investigation"] = found
        if found.is_over:
            state["facts"] = {"settled": dict(found.settled), "open": dict(found.open), "searched": found.searched}
            state["reason"] = found.reason
            state["status"] = found.status
