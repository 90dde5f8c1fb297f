"""Agents that note what happens to them, and how they are spawned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actors.agents.agent import Agent
from actors.agents.direct import DirectInvocation
from actors.agents.invocation import Invocation
from actors.cells.agent_cell import AgentCell
from actors.control.reply import Reply
from actors.values.event import Event
from actors.values.state import State
from supervisors.facts import DeadLettered
from supervisors.outcome import Outcome, OutcomeKind, Reason
from tests.actors.by_hand import Rig

CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED)


class Logged(Agent):
    """Notes what happens to it."""

    def __init__(self, log: list[str], fails_in: str = "") -> None:
        self.log, self._fails_in = log, fails_in
        self._note("made")

    def run(self, event: Event, state: State) -> None:
        self._note("run")

    def on_start(self) -> None:
        self._note("on_start")

    def on_restart(self, reason: str) -> None:
        self._note(f"on_restart {reason}")

    def on_stop(self) -> None:
        self._note("on_stop")

    def _note(self, deed: str) -> None:
        self.log.append(deed)
        if deed == self._fails_in:
            raise SystemExit(deed)


class LoggedAsync(Agent):
    """Notes what happens to it, on an event loop."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    async def run(self, event: Event, state: State) -> None:
        self.log.append("run")

    async def on_start(self) -> None:
        self.log.append("on_start")

    async def on_restart(self, reason: str) -> None:
        self.log.append(f"on_restart {reason}")

    async def on_stop(self) -> None:
        self.log.append("on_stop")


class Quiet(Agent):
    """Has no hooks."""

    def run(self, event: Event, state: State) -> None:
        """Do nothing."""


def function(event: Event, state: State) -> None:
    """Do nothing."""


def spawned(rig: Rig, make: Callable[[], Any], **more: Any) -> AgentCell:
    """Spawn an agent and have it started."""
    cell = rig.spawn(make, **more)
    rig.threads.perform_all()
    rig.loops.perform_all()
    return cell


def queued(cell: AgentCell) -> Reply:
    return cell.actor_ref.ask(Event(), block=False)  # type: ignore[return-value]  # it is the cell's


def ask(cell: AgentCell, **metadata: Any) -> tuple[Invocation, Reply]:
    """Submit an event without its deadline being armed; return it and the future that it answers."""
    reply = Reply()
    invocation = DirectInvocation(cell, Event(metadata=metadata), reply)
    assert cell.submit(invocation) is None
    return invocation, reply


def withdraw(rig: Rig, cell: AgentCell, invocation: Invocation) -> None:
    rig.inside(lambda: cell.withdraw(invocation, CANCELLED))


def reasons(rig: Rig) -> list[str]:
    return [fact.reason for fact in rig.told(DeadLettered)]
