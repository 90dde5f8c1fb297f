"""Offspring: what an agent has started while it handles one event, and what ends with that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from actors.cells.broods import Brood, bring_up
from actors.cells.wait_cycles import break_cycle
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.endings import as_met_by_agent
from supervisors.signals import ChildRunEnded

if TYPE_CHECKING:
    from actors.agents.invocation import Invocation
    from actors.cells.agent_cell import AgentCell
    from actors.runs.child_run_keeper import ChildRunKeeper
    from supervisors.trace import TraceRecord


class RunBegun(NamedTuple):
    """To an event's offspring: a run was started."""

    keeper: ChildRunKeeper


class AgentSpawned(NamedTuple):
    """To an event's offspring: an agent was spawned."""

    cell: AgentCell


class EventAsked(NamedTuple):
    """To an event's offspring: its agent has asked another, and that event was taken."""

    invocation: Invocation


class EventEnded(NamedTuple):
    """To an event's offspring: the agent is done with the event."""


_Message: TypeAlias = RunBegun | AgentSpawned | EventAsked | EventEnded


class Offspring:
    """The child runs of an event, the events that its agent asks others to handle, and the agents spawned for it.

    Most events have none. Everything but its making and `forget_ask()` happens inside the control plane, so whether the
    event goes on has one answer.

    Args:
        invocation: The event.
    """

    __slots__ = ("_asked", "_brood", "_invocation", "_is_over", "_runs")

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._runs: dict[ChildRunKeeper, None] = {}
        # What was asked and is not answered yet. Added to inside the control plane; single dict operations, as whoever
        # answers removes it, on any thread.
        self._asked: dict[Invocation, None] = {}
        self._brood = Brood()
        self._is_over = False

    def handle(self, message: _Message) -> None:
        """Handle one message. Handling it twice does no harm."""
        if isinstance(message, EventEnded):
            self.end(_done_with(self._invocation.agent))
        elif isinstance(message, RunBegun):
            self._take_run(message.keeper)
        elif isinstance(message, EventAsked):
            self._take_ask(message.invocation)
        else:
            self._take_agent(message.cell)

    def under_way(self) -> Iterator[Invocation]:
        """Yield what agents have been given in its runs, and what they were asked."""
        for keeper in self._runs:
            yield from keeper.under_way()
        yield from list(self._asked)

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
        for asked in list(self._asked):
            _recall(self._invocation, asked, outcome)
        brood, self._brood = self._brood, Brood()
        brood.stop()

    def _take_run(self, keeper: ChildRunKeeper) -> None:
        if not self._goes_on():
            keeper.refuse()
        elif keeper not in self._runs:
            self._runs[keeper] = None
            keeper.take_note()

    def _take_ask(self, asked: Invocation) -> None:
        if not self._goes_on():
            _recall(self._invocation, asked, _done_with(self._invocation.agent))
            return
        self._asked[asked] = None
        if not asked.is_live:  # after it was added: whoever answers first ends it and then removes it
            self.forget_ask(asked)
        elif asked.cell.system is self._invocation.cell.system:  # this is not the control plane of another runtime
            break_cycle(asked)

    def forget_ask(self, asked: Invocation) -> None:
        """Forget an event that was answered. Any thread."""
        self._asked.pop(asked, None)

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


def forget_ask(asker: Invocation, asked: Invocation) -> None:
    """Forget an event that was asked for, as it is being answered. Any thread."""
    offspring = asker.cell.system.offspring.get(asker)
    if offspring is not None:
        offspring.forget_ask(asked)


def _done_with(agent: str) -> Outcome:
    detail = f"agent {agent!r} was done with the event that it was for"
    return Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED, detail=detail, culprit=agent)


def _recall(asker: Invocation, asked: Invocation, ending: Outcome) -> None:
    """End an event that was asked for, as its asker has ended. Inside the asker's control plane."""
    cell = asked.cell
    outcome = as_met_by_agent(ending, asked.begun_at is not None, "")
    if cell.system is asker.cell.system:
        cell.cancel(asked, outcome)
    else:
        cell.system.plane.post(_Recall(asked, outcome), None)


class _Recall:
    """To the control plane of another runtime: end an event whose asker has ended."""

    def __init__(self, asked: Invocation, outcome: Outcome) -> None:
        self._asked = asked
        self._outcome = outcome

    def handle(self, message: None) -> None:
        """End it, if it has not ended. Handling it twice does no harm."""
        self._asked.cell.cancel(self._asked, self._outcome)
