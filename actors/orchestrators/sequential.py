"""Sequential: one after another, each with the state that the one before left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.orchestrators.base import Orchestrator, Part, Pattern, delta_of
from actors.workflows.branch import Branch, Node, part_of, usable_steps
from actors.workflows.flow import Flow

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt, Ended


class SequentialOrchestrator(Orchestrator):
    """Runs the steps of a sequence."""

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        super().__init__(target, attempt)
        self._index = 0

    def begin(self, context: ControlCell) -> None:
        """Start with the first step."""
        self.supervise(0, context)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """Go on with the next step, or end. An optional step that failed leaves the state as it was."""
        job = self.jobs[self._index]
        if ended.outcome.ok:
            self.take(delta_of(ended.value))
        elif job.required:
            self.fail_with(ended, job.path, context)
            return
        self._index += 1
        if self._index < len(self.jobs):
            self.supervise(self._index, context)
        else:
            self.succeed(context)


class Sequential(Pattern):
    """Run nodes one after another; each starts with the state that the one before left.

    The first step that does not end ok ends the sequence, unless it is a `Branch` with `required=False`: then the
    state stays as it was before that step.

    Args:
        steps: Agents' names, patterns or branches; at least one.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for all steps together.
    """

    kind: ClassVar[str] = "sequential"
    orchestrator: ClassVar[Any] = SequentialOrchestrator
    flow: ClassVar[Flow] = Flow.SEQUENCE

    steps: tuple[Any, ...] = Field(min_length=1)

    def __init__(self, *steps: Node | Branch, name: str | None = None, timeout: float | None = None) -> None:
        super().__init__(steps=steps, name=name, timeout=timeout)

    @field_validator("steps")
    @classmethod
    def _usable_steps(cls, steps: tuple[Any, ...]) -> tuple[Any, ...]:
        return usable_steps(steps)

    def parts(self) -> Sequence[Part]:
        """Return the steps in order."""
        return [
            part_of(
                step,
                {
                    "phase": "sequential",
                    "step": number,
                    "execution_type": "sequential",
                    "pattern": self.kind,
                },
            )
            for number, step in enumerate(self.steps, 1)
        ]

    def completion_notes(self, labels: Sequence[str]) -> Mapping[str, Any]:
        """Return the names of the steps, and that they are complete."""
        notes: dict[str, Any] = {f"sequential_step_{number}_agent": label for number, label in enumerate(labels, 1)}
        return {**notes, "sequential_phase_complete": True}
