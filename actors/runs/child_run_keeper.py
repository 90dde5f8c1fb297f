"""The keeper of a child run: one that an agent has started, and that ends with the agent's event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from actors.agents.invocation import Invocation
from actors.control.cell import ControlCell
from actors.runs.run import Run, RunKeeper
from supervisors.branches.cutting import cut
from supervisors.facts import RunStarted
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import Deadline
from supervisors.signals import Supervise
from supervisors.trace import TraceRecord

if TYPE_CHECKING:
    from actors.cells.offspring import Offspring
    from actors.orchestrators.base import BranchReport
    from actors.values.state import Snapshot


class _ChildRunCell(ControlCell):
    """The cell of a child run's supervisor.

    A run that is cut does not unwind. A pattern that has a message on its way then asks for its next child, and is
    retired instead.
    """

    def handle(self, message: Any) -> None:
        """Give a message to the supervisor, as long as there is a run."""
        if not self.is_stopped:
            super().handle(message)
            return
        asker = getattr(message, "asker", None)
        if isinstance(asker, ControlCell):
            asker.retire()


class ChildRunKeeper(RunKeeper):
    """Who asks for a child run's root, and ends the run: when it is told how that ended, or with the agent's event.

    Args:
        run: The run.
        runs: Where it is kept while it is in progress.
        snapshot: The state that it starts from.
        parent: The event.
        offspring: What belongs to the event.
        depth: How many child runs deep it is.
    """

    __slots__ = ("_offspring", "depth", "parent")

    def __init__(
        self,
        run: Run,
        runs: dict[int, RunKeeper],
        snapshot: Snapshot,
        *,
        parent: Invocation,
        offspring: Offspring,
        depth: int,
    ) -> None:
        system = parent.cell.system
        super().__init__(system, run, runs, snapshot)
        self.supervisor = run.supervisor = _ChildRunCell(self._branches, system, run.id)
        self.parent = parent
        self.depth = depth
        self._offspring = offspring

    def begin(self, request: Supervise) -> None:
        """Have the root begin: it waits for no turn, as its parent has had its own. Any thread; once."""
        self._system.plane.post_from_outside(self.supervisor, request)

    def place_below(self, inherited: Deadline) -> None:
        """Make it a part of its parent, whose deadline ends it, and from whose start its records count."""
        self._branches.inherited = inherited
        step = self.parent.step
        if step is not None:
            self._branches.recorder.is_part = True
            self._branches.recorder.epoch = step.supervisor.behaviour.recorder.epoch

    def take_note(self) -> None:
        """Count it as in progress. Inside the control plane."""
        self._runs[self.run.id] = self
        self._system.telemetry.observe(RunStarted(self.run.workflow, self.run.id))

    def under_way(self) -> Iterator[Invocation]:
        """Yield what agents have been given. Inside the control plane."""
        root = self._branches.root
        for child in () if root is None else root.subtree():
            if isinstance(child.handle, Invocation):
                yield child.handle

    def refuse(self) -> None:
        """End it before it begins: the event is over."""
        detail = "the event of the agent that started it was over"
        self._end(Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED, detail=detail), self._input, {}, None)

    def cut(self, outcome: Outcome) -> None:
        """End it now, and all that is below it; its record is complete when this returns. Inside the control plane."""
        root, self._branches.root = self._branches.root, None
        record = None
        if root is not None:
            askers = [child.asker for child in root.subtree()]
            record = cut(root, outcome, self._branches.recorder, self.supervisor)
            for asker in askers:
                if isinstance(asker, ControlCell):
                    asker.retire()
        self._end(outcome if record is None else record.outcome, self._input, {}, record)

    def _end(
        self,
        outcome: Outcome,
        snapshot: Snapshot,
        reports: Mapping[str, BranchReport],
        record: TraceRecord | None,
    ) -> None:
        self._offspring.note_ended(self, record, self._branches.recorder.kept)
        super()._end(outcome, snapshot, reports, record)
