"""Choice: what patterns share that run one of their nodes, picked by asking in declared order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from actors.orchestrators.base import Orchestrator, delta_of
from actors.orchestrators.evaluations import evaluation_failed
from supervisors.outcome import Outcome, Reason

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt, Ended


class ChoiceOrchestrator(Orchestrator):
    """Asks one question after another, and runs the node of the first that holds; the node after the last if none does.

    Args:
        target: The compiled pattern.
        attempt: What it is to do.
        questions: What is asked, in declared order: each a condition, a job, or whatever `ask` takes.

    Attributes:
        note: Under which key `state.meta` says what was chosen.
    """

    note: ClassVar[str]

    def __init__(self, target: PatternTarget, attempt: Attempt, questions: Sequence[Any]) -> None:
        super().__init__(target, attempt)
        self._questions = questions
        # Invariant: None while an answer is awaited, and once a node was chosen.
        self._next: int | None = 0
        self._chosen: int | None = None

    def begin(self, context: ControlCell) -> None:
        """Ask the first question."""
        self._go_on(context)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """End with the chosen node, or go on after a user's callable. An optional node that failed changes nothing."""
        if self._chosen is None:
            self.on_condition(ended.key, ended.outcome, ended.value is True, context)
            self._go_on(context)
            return
        job = self.jobs[self._chosen]
        notes = {self.note: self.target.labels[self._chosen]}
        if ended.outcome.ok:
            self.take(delta_of(ended.value))
        elif job.required:
            self.fail_with(ended, job.path, context, notes=notes)
            return
        self.succeed(context, notes=notes)

    def on_condition(self, key: Any, outcome: Outcome, holds: bool, context: ControlCell) -> None:
        """Choose the node, or have the next question asked."""
        if not outcome.ok:
            self._fail_asking(key, outcome, context)
        elif holds:
            self.choose(key, context)
        else:
            self._next = key + 1

    def choose(self, number: int, context: ControlCell) -> None:
        """Run a node; the number after the last question's is that of what is done if none holds."""
        self._chosen = number
        self.supervise(number, context)

    def _go_on(self, context: ControlCell) -> None:
        # A loop, because stock conditions answer at once: with recursion, some hundred of them would be too many.
        while self._next is not None:
            number, self._next = self._next, None
            if number < len(self._questions):
                self.ask(self._questions[number], number, context)
            else:
                self.choose(number, context)

    def _fail_asking(self, number: int, outcome: Outcome, context: ControlCell) -> None:
        failed = evaluation_failed(outcome, Reason.CONDITION_ERROR, self.attempt.job.path)
        if failed.failure is not None:  # only a job raises: say which one did
            failed = replace(failed, detail=f"{self._questions[number].path}: {failed.failure.text}")
        self.fail(context, failed)
