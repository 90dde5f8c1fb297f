"""Wait cycles: agents whose events wait for each other by way of the runs that they started and of what they asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.agents.invocation import Invocation
    from actors.control.facilities import System

MOST_STEPS = 1_000
"""How many events are looked at before a search for a cycle ends without a result."""

MOST_DEPTH = 50
"""How many events in a row are followed before a search for a cycle ends without a result.

Each takes three frames of the stack, and a turn of the control plane may begin when `FRAMES_FOR_TURN` are left.
"""


def find_cycle(invocation: Invocation) -> tuple[Invocation, ...]:
    """Return the events that wait for each other, if an event waits for such; empty if it does not. Control plane only.

    An event that waits in a mailbox waits for those that its agent is handling: it is stuck if all of them are. An
    agent that has started runs waits for what is under way in them, and one that has asked others for their answers.
    What other runtimes do is not looked at: they change it meanwhile.
    """
    cycle = _Search(invocation.cell.system).follow(invocation)
    # The search takes no lock for long. An event that is put back into its mailbox meanwhile seems to wait for the one
    # that is taken instead, which waited for it: nobody waits there.
    return cycle if any(each.begun_at is not None for each in cycle) else ()


def told(cycle: tuple[Invocation, ...]) -> str:
    """Say who waits for whom, for people."""
    names = [invocation.agent for invocation in cycle[:-1] if invocation.begun_at is not None]
    return f"agent {names[0]!r} waits for itself: {' -> '.join([*names, names[0]])}"


def refuse_cycle(invocation: Invocation) -> Outcome | None:
    """Take an event back that waits for itself for ever, as nothing in the cycle has a deadline; say so.

    Returns:
        Why it was taken back; None if it may wait: it waits for nobody, or a deadline will end the cycle.
    """
    if invocation.deadline_at is not None or invocation.begun_at is not None:
        return None
    cycle = _endless_cycle(invocation)
    if not cycle:
        return None
    outcome = _refusal(cycle)
    invocation.withdraw(outcome)
    return outcome


def break_cycle(asked: Invocation) -> None:
    """Refuse an event that waits for itself for ever since an agent has asked for another. Control plane only.

    That is the one which was asked for, if it waits in a mailbox. If it has begun, its agent may have closed the cycle
    before this was known, and the event that this agent waits for is refused.
    """
    cycle = _endless_cycle(asked)
    if not cycle:
        return
    queued = next((index for index, each in enumerate(cycle) if each.begun_at is None), None)
    if queued is None:
        return  # it has begun meanwhile
    outcome = _refusal((*cycle[queued:-1], *cycle[: queued + 1]))
    refused = cycle[queued] if asked.begun_at is not None else asked
    refused.cell.cancel(refused, outcome)


def _endless_cycle(invocation: Invocation) -> tuple[Invocation, ...]:
    cycle = find_cycle(invocation)
    return () if any(each.deadline_at is not None for each in cycle) else cycle


def _refusal(cycle: tuple[Invocation, ...]) -> Outcome:
    return Outcome(OutcomeKind.REJECTED, Reason.WAIT_CYCLE, detail=told(cycle))


class _Search:
    """One search for a cycle, depth first."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._path: list[Invocation] = []
        self._known: dict[Invocation, tuple[Invocation, ...]] = {}

    def follow(self, invocation: Invocation) -> tuple[Invocation, ...]:
        """Return the first cycle that an event leads to, with its first event repeated at its end."""
        if invocation in self._path:
            return (*self._path[self._path.index(invocation) :], invocation)
        if invocation in self._known:
            return self._known[invocation]
        if len(self._path) >= MOST_DEPTH or len(self._known) >= MOST_STEPS:
            return ()
        if invocation.cell.system is not self._system:
            return ()
        self._path.append(invocation)
        found = self._beyond(invocation)
        self._path.pop()
        self._known[invocation] = found
        return found

    def _beyond(self, invocation: Invocation) -> tuple[Invocation, ...]:
        if invocation.begun_at is not None:
            return next((cycle for each in _awaited(invocation) if (cycle := self.follow(each))), ())
        cycles = [self.follow(holder) for holder in _holders(invocation)]
        return cycles[0] if cycles and all(cycles) else ()


def _awaited(invocation: Invocation) -> Iterator[Invocation]:
    """Yield what an agent has others do while it handles an event: in the runs that it has started, and by asking."""
    offspring = invocation.cell.system.offspring.get(invocation)
    return iter(()) if offspring is None else offspring.under_way()


def _holders(invocation: Invocation) -> list[Invocation]:
    """Return the events for which one that waits in a mailbox has to wait."""
    if invocation.instance is not None:
        return []  # it is about to begin
    cell = invocation.cell
    with cell.lock:  # an instance is between two events for a moment
        works = [instance.work for instance in cell.instances]
    busy = [work for work in works if work is not None]
    return busy if len(busy) == len(works) else []  # an instance that is being made will take an event
