"""Offspring: what an agent has started while it handles one event, and what ends with that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from actors.broods import Brood, bring_up
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import ChildRunEnded

if TYPE_CHECKING:
    from actors.agent_cell import AgentCell
    from actors.child_run_keeper import ChildRunKeeper
    from actors.invocation import Invocation
    from supervisors.trace import TraceRecord


class RunBegun(NamedTuple):
    """To an event's offspring: a run was started."""

    keeper: ChildRunKeeper


class AgentSpawned(NamedTuple):
    """To an event's offspring: an agent was spawned."""

    cell: AgentCell


class EventEnded(NamedTuple):
    """To an event's offspring: the agent is done with the event."""


_Message: TypeAlias = RunBegun | AgentSpawned | EventEnded


class Offspring:
    """The child runs of an event, and the agents that were spawned for it; most events have none.

    Everything but its making happens inside the control plane, so it is never in two minds whether the event goes on.

    Args:
        invocation: The event.
    """

    __slots__ = ("_brood", "_invocation", "_is_over", "_runs")

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._runs: dict[ChildRunKeeper, None] = {}
        self._brood = Brood()
        self._is_over = False

    def handle(self, message: _Message) -> None:
        """Handle one message. Handling it twice does no harm."""
        if isinstance(message, EventEnded):
            agent = self._invocation.agent
            detail = f"agent {agent!r} was done with the event that it was for"
            self.end(Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED, detail=detail, culprit=agent))
        elif isinstance(message, RunBegun):
            self._take_run(message.keeper)
        else:
            self._take_agent(message.cell)

    def under_way(self) -> Iterator[Invocation]:
        """Yield what agents have been handed in its runs."""
        for keeper in self._runs:
            yield from keeper.under_way()

    def note_ended(self, keeper: ChildRunKeeper, record: TraceRecord | None, size: int) -> None:
        """Take note that a run has ended: its record goes below that of the event."""
        if keeper not in self._runs:
            return
        step = self._invocation.step
        if step is not None and record is not None and not step.supervisor.is_stopped:
            # At once: the record of the event may be made next.
            step.supervisor.handle(ChildRunEnded(step, self._invocation.number, record, size))
        self._runs.pop(keeper, None)

    def end(self, outcome: Outcome) -> None:
        """End all of it, with an outcome."""
        self._is_over = True
        self._forget()
        for keeper in list(self._runs):
            keeper.cut(outcome)
        brood, self._brood = self._brood, Brood()
        brood.stop()

    def _take_run(self, keeper: ChildRunKeeper) -> None:
        if not self._goes_on():
            keeper.refuse()
        elif keeper not in self._runs:
            self._runs[keeper] = None
            keeper.take_note()

    def _take_agent(self, agent: AgentCell) -> None:
        invocation = self._invocation
        if not self._goes_on():
            agent.request_stop(None, 0.0)
        elif invocation.instance is None or invocation.cell.definition.make is None:
            self._brood.add(agent)
        else:
            bring_up(invocation.cell, invocation.instance, agent)

    def _goes_on(self) -> bool:
        if self._invocation.is_live and not self._is_over:
            return True
        self._forget()  # it was made when the event was ending
        return False

    def _forget(self) -> None:
        self._invocation.cell.system.offspring.pop(self._invocation, None)


def offspring_of(invocation: Invocation) -> Offspring:
    """Return what belongs to an event, for it to be added to. Any thread."""
    known = invocation.cell.system.offspring
    return known.get(invocation) or known.setdefault(invocation, Offspring(invocation))


def leave_offspring(invocation: Invocation) -> None:
    """End what belongs to an event that its agent is done with, before that is told. Any thread."""
    system = invocation.cell.system
    offspring = system.offspring.get(invocation)
    if offspring is not None:
        system.plane.post(offspring, EventEnded())
