"""Loop: the same node again and again, until a condition holds or the maximum is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, field_validator

from actors.orchestrators.base import Orchestrator, Part, Pattern, delta_of, usable_timeout
from actors.values.freezing import FrozenDict
from actors.workflows.branch import Branch, Node, part_of, usable_step
from actors.workflows.combinations import AnyCondition, Equals, check_condition
from actors.workflows.flow import Flow, Gate
from supervisors.model import wrong_type
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from supervisors.signals import Attempt, Ended

_BODY = 0
_UNTIL = "until"
_COMPLETE = Equals("loop_complete", True)
_CONDITION_MET = Outcome(OutcomeKind.OK, Reason.CONDITION_MET)
_MAX_ITERATIONS = Outcome(OutcomeKind.OK, Reason.MAX_ITERATIONS)


class LoopOrchestrator(Orchestrator):
    """Runs the body and asks the condition after every iteration, the last one included."""

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        super().__init__(target, attempt)
        self._pattern: Loop = target.pattern  # type: ignore[assignment]  # its own pattern
        self._iteration = 0

    def begin(self, context: ControlCell) -> None:
        """Start the first iteration."""
        self._iterate(context)

    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """Ask the condition after an iteration, or go on after a user's condition."""
        if ended.key == _UNTIL:
            self.on_condition(_UNTIL, ended.outcome, ended.value is True, context)
        elif ended.outcome.ok or not self.jobs[_BODY].required:
            if ended.outcome.ok:
                self.take(delta_of(ended.value))
            self.ask(self.target.checks[_UNTIL], _UNTIL, context)
        else:
            path = self.jobs[_BODY].path
            notes = self._notes(is_complete=False)
            self.fail_with(ended, path, context, notes=notes, iterations=self._iteration)

    def on_condition(self, key: Any, outcome: Outcome, holds: bool, context: ControlCell) -> None:
        """End, or start the next iteration."""
        if not outcome.ok:
            notes = self._notes(is_complete=False)
            self.fail_condition(outcome, context, notes=notes, iterations=self._iteration)
        elif holds:
            self._complete(_CONDITION_MET, context)
        elif self._iteration >= self._pattern.max_iterations:
            self._complete(_MAX_ITERATIONS, context)
        else:
            self._iterate(context)

    def _iterate(self, context: ControlCell) -> None:
        self._iteration += 1
        metadata = FrozenDict({**self.target.metadata[_BODY], "iteration": self._iteration})
        self.supervise(_BODY, context, metadata)

    def _complete(self, outcome: Outcome, context: ControlCell) -> None:
        notes = self._notes(is_complete=True)
        self.succeed(context, outcome, notes=notes, iterations=self._iteration)

    def _notes(self, *, is_complete: bool) -> Mapping[str, Any]:
        return {
            "loop_iteration": self._iteration,
            "loop_completed": is_complete,
            "total_iterations": self._iteration,
        }


class Loop(Pattern):
    """Run a node again and again; reaching the maximum is ok, and the outcome's reason tells.

    Args:
        node: An agent's name, a pattern or a branch.
        max_iterations: How many iterations at most.
        until: A condition, or a callable of `(state)`, `(event, state)` or `(event, state, previous_outcome)`; asked
            after every iteration, the last one included. Without it the loop ends when the state's key `loop_complete`
            is True.
        iteration_timeout: Seconds for each iteration.
        name: What it is called in paths, traces and metrics.
        timeout: Seconds for all iterations together.
    """

    kind: ClassVar[str] = "loop"
    orchestrator: ClassVar[Any] = LoopOrchestrator
    flow: ClassVar[Flow] = Flow.LOOP

    node: Any
    max_iterations: int = Field(default=5, ge=1)
    until: Any = _COMPLETE
    iteration_timeout: float | None = None

    def __init__(
        self,
        node: Node | Branch,
        *,
        max_iterations: int = 5,
        until: AnyCondition | None = None,
        iteration_timeout: float | None = None,
        name: str | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(
            node=node,
            max_iterations=max_iterations,
            until=_COMPLETE if until is None else until,
            iteration_timeout=iteration_timeout,
            name=name,
            timeout=timeout,
        )

    @field_validator("node", mode="plain")
    @classmethod
    def _usable_node(cls, node: object) -> object:
        return usable_step(node)

    @field_validator("until", mode="plain")
    @classmethod
    def _usable_until(cls, until: object) -> object:
        return usable_condition(until)

    @field_validator("iteration_timeout", mode="plain")
    @classmethod
    def _usable_iteration_timeout(cls, timeout: object) -> float | None:
        return usable_timeout(timeout)

    def parts(self) -> Sequence[Part]:
        """Return the body."""
        metadata = {"phase": "loop", "execution_type": "loop", "pattern": self.kind}
        part = part_of(self.node, metadata)
        if self.iteration_timeout is None:
            return [part]
        limit = (self.iteration_timeout, "iteration of {parent}")
        return [part.limited(limit)]

    def gates(self) -> Sequence[Gate]:
        """Return how often the body is run, and what is asked after each time."""
        return [Gate(after=self.until, times=self.max_iterations)]

    def checks(self) -> Mapping[str, Any]:
        """Return the condition."""
        return {_UNTIL: self.until}


def usable_condition(condition: object) -> object:
    """Validate a condition field: the error's text follows the field's name."""
    try:
        return check_condition(condition, "condition")
    except TypeError:
        raise wrong_type(
            "must be a condition such as Exists('key'), or a callable of (state), (event, state) or "
            "(event, state, previous_outcome)"
        ) from None
