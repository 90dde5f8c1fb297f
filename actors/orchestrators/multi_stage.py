"""MultiStage: stages with prerequisites and success conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.orchestrators.base import Orchestrator, Part, Pattern, delta_of
from actors.orchestrators.loop import usable_condition
from actors.workflows.branch import Branch, Node, pattern_of
from actors.workflows.combinations import AnyCondition
from actors.workflows.flow import Flow, Gate, Given
from supervisors.model import first_repeated, wrong_type
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.retries import Retry
from supervisors.signals import Skip

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt, Ended


class MultiStageOrchestrator(Orchestrator):
    """Runs stages in order: prerequisites, the node, the success condition, and only then it is complete."""

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        super().__init__(target, attempt)
        pattern: MultiStage = target.pattern  # type: ignore[assignment]  # its own pattern
        self._stages = pattern.stages
        self._index = 0
        self._notes: dict[str, Any] = {"total_stages": len(self._stages)}
        # Which prerequisite of the stage is looked at next. Invariant: None while an answer is awaited.
        self._next: int | None = None
        # What the state was before the stage, for an optional one that fails its condition.
        self._before = (self.state, self.delta)

    def begin(self, context: ControlCell) -> None:
        """Start with the first stage."""
        self._enter_stage()
        self._go_on(context)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """Ask the success condition after a stage's node, or go on after a user's condition."""
        if isinstance(ended.key, tuple):
            self.on_condition(ended.key, ended.outcome, ended.value is True, context)
        elif not ended.outcome.ok:
            self._fail_stage(ended, context)
        else:
            self._before = (self.state, self.delta)
            self.take(delta_of(ended.value))
            check = self.target.checks.get(f"success of stage {self._index + 1}")
            if check is None:
                self._leave_stage(context, is_complete=True)
            else:
                self.ask(check, ("success", 0), context)
        self._go_on(context)

    def on_condition(self, key: Any, outcome: Outcome, holds: bool, context: ControlCell) -> None:
        """Have the next prerequisite or the node looked at, or complete the stage."""
        kind, number = key
        if not outcome.ok:
            self.fail_condition(outcome, context, notes=self._notes)
        elif kind == "success":
            self._judge(holds, context)
        elif holds:
            self._next = number + 1
        else:
            self._unmet(self._stages[self._index].prerequisites[number], context)

    def _enter_stage(self) -> None:
        self._notes[f"stage_{self._index + 1}_name"] = self._stages[self._index].name
        self._next = 0

    def _go_on(self, context: ControlCell) -> None:
        # A loop, because stock conditions answer at once: with recursion, some hundred of them would be too many.
        while self._next is not None:
            number, self._next = self._next, None
            prerequisites = self._stages[self._index].prerequisites
            if number == len(prerequisites):
                self.supervise(self._index, context)
            elif not isinstance(prerequisites[number], str):
                check = self.target.checks[f"prerequisite {number + 1} of stage {self._index + 1}"]
                self.ask(check, ("prerequisite", number), context)
            elif prerequisites[number] in self.state or prerequisites[number] in self.event.data:
                self._next = number + 1
            else:
                self._unmet(prerequisites[number], context)

    def _fail_stage(self, ended: Ended, context: ControlCell) -> None:
        if self._stages[self._index].required:
            self.fail_with(ended, self.jobs[self._index].path, context, notes=self._notes)
        else:
            self._leave_stage(context, is_complete=False)

    def _unmet(self, prerequisite: Any, context: ControlCell) -> None:
        """Skip the stage; a required one ends the workflow."""
        stage, job = self._stages[self._index], self.jobs[self._index]
        detail = f"stage {stage.name!r} needs {prerequisite!r}"
        skipped = Outcome(OutcomeKind.SKIPPED, Reason.UNMET_PREREQUISITE, detail=detail)
        context.send(self.attempt.supervisor, Skip(self.attempt, job, skipped))
        if stage.required:
            outcome = Outcome(OutcomeKind.FAILED, Reason.UNMET_PREREQUISITE, detail=detail, culprit=job.path)
            self.fail(context, outcome, notes=self._notes)
        else:
            self._leave_stage(context, is_complete=False)

    def _judge(self, holds: bool, context: ControlCell) -> None:
        stage, job = self._stages[self._index], self.jobs[self._index]
        if holds:
            self._leave_stage(context, is_complete=True)
        elif stage.required:
            detail = f"stage {stage.name!r} ended, but its success condition {stage.success!r} does not hold"
            outcome = Outcome(OutcomeKind.FAILED, Reason.CONDITION_NOT_MET, detail=detail, culprit=job.path)
            self.fail(context, outcome, notes=self._notes)
        else:
            self.state, self.delta = self._before
            self._leave_stage(context, is_complete=False)

    def _leave_stage(self, context: ControlCell, *, is_complete: bool) -> None:
        self._notes[f"stage_{self._index + 1}_complete"] = is_complete
        self._index += 1
        if self._index < len(self._stages):
            self._enter_stage()
        else:
            self.succeed(context, notes={**self._notes, "workflow_complete": True})


class Stage(Branch):
    """A stage of a `MultiStage`: a node, with what must hold before and after it.

    Args:
        name: What the stage is called.
        node: An agent's name, a pattern or a branch.
        prerequisites: Keys that must be in the state or in the event's data, conditions, or callables; asked in order.
            If one does not hold the stage is skipped, and the workflow fails unless the stage is optional.
        success: A condition or callable that must hold afterwards; the stage is complete only then.
        required: Whether the workflow fails with the stage; an optional one that fails leaves the state as it was.
        timeout: Seconds for the node, retries included; the fallback has what the workflow has left.
        retry: When to try the node again.
        fallback: A node or a branch that is run instead when the node failed for good.
    """

    stands_anywhere: ClassVar[bool] = False

    required: bool = True
    prerequisites: tuple[Any, ...] = ()
    success: Any = None

    def __init__(
        self,
        name: str,
        node: Node | Branch,
        *,
        prerequisites: Iterable[str | AnyCondition] = (),
        success: AnyCondition | None = None,
        required: bool = True,
        timeout: float | None = None,
        retry: Retry | None = None,
        fallback: Node | Branch | None = None,
    ) -> None:
        super().__init__(
            name,
            node,
            prerequisites=prerequisites,
            success=success,
            required=required,
            timeout=timeout,
            retry=retry,
            fallback=fallback,
        )

    @field_validator("prerequisites", mode="plain")
    @classmethod
    def _usable_prerequisites(cls, prerequisites: object) -> tuple[Any, ...]:
        if isinstance(prerequisites, str) or not isinstance(prerequisites, Iterable):
            raise wrong_type("must be a sequence of keys and conditions")
        return tuple([_usable_prerequisite(each) for each in prerequisites])

    @field_validator("success", mode="plain")
    @classmethod
    def _usable_success(cls, success: object) -> object:
        return None if success is None else usable_condition(success)


class MultiStage(Pattern):
    """Run stages in order; each may have prerequisites and a success condition.

    Args:
        stages: The stages; their names must differ.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for all stages together.
    """

    kind: ClassVar[str] = "multi_stage"
    orchestrator: ClassVar[Any] = MultiStageOrchestrator
    flow: ClassVar[Flow] = Flow.SEQUENCE

    stages: tuple[Stage, ...] = Field(min_length=1)

    def __init__(self, *stages: Stage, name: str | None = None, timeout: float | None = None) -> None:
        super().__init__(stages=stages, name=name, timeout=timeout)

    @field_validator("stages")
    @classmethod
    def _different_names(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        twice = first_repeated(stage.name for stage in stages)
        if twice is not None:
            raise ValueError(f"must have different names, and {twice!r} stands twice")
        return stages

    def parts(self) -> Sequence[Part]:
        """Return the stages' nodes in order."""
        return [
            stage.part(
                {
                    "phase": "stage",
                    "stage_name": stage.name,
                    "stage_step": number,
                    "execution_type": "multi_stage",
                    "pattern": pattern_of(stage),
                }
            )
            for number, stage in enumerate(self.stages, 1)
        ]

    def gates(self) -> Sequence[Gate]:
        """Return each stage's prerequisites and success condition."""
        return [
            Gate(tuple([Given(each) if isinstance(each, str) else each for each in stage.prerequisites]), stage.success)
            for stage in self.stages
        ]

    def checks(self) -> Mapping[str, Any]:
        """Return the stages' conditions."""
        checks: dict[str, Any] = {}
        for index, stage in enumerate(self.stages, 1):
            for number, prerequisite in enumerate(stage.prerequisites, 1):
                if not isinstance(prerequisite, str):
                    checks[f"prerequisite {number} of stage {index}"] = prerequisite
            if stage.success is not None:
                checks[f"success of stage {index}"] = stage.success
        return checks


def _usable_prerequisite(prerequisite: object) -> object:
    if isinstance(prerequisite, str):
        if not prerequisite:
            raise ValueError("must name keys, and one is empty")
        return prerequisite
    return usable_condition(prerequisite)
