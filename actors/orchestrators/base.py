"""What all patterns and their orchestrators have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple

from pydantic import Field, PrivateAttr, field_validator

from actors.agents.invocation import Assignment
from actors.orchestrators.evaluations import evaluation_failed
from actors.values.errors import ActorError
from actors.values.state import NO_CHANGE, Delta
from actors.workflows.condition import Condition, Situation
from actors.workflows.flow import OPEN, Flow, Gate
from supervisors.model import Model, wrong_type
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import check_timeout
from supervisors.policies.retries import Retry
from supervisors.signals import Answer, Attempt, Ended, GroupEnded, Job, Supervise

if TYPE_CHECKING:
    from actors.control.cell import ControlCell
    from actors.runs.plan import PatternTarget
    from actors.workflows.branch import Branch

MAX_NESTING: Final = 60
"""How many patterns, branches and agents may stand within each other, in programs as in files and bytes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A child of a pattern, before it is compiled.

    Attributes:
        node: An agent's name, a pattern or a branch.
        label: Its name within its parent; the last part of its path.
        metadata: What its event's metadata says of its place, in the tutorial's names.
        timeout: The seconds for the node with its retries; a fallback has what is left after them.
        limits: Timeouts of its place, for the fallback too, each with a format of whose it is, taking the path.
        retry: When to try again.
        fallback: What to do instead.
        required: Whether its parent fails with it.
        is_branch: Whether the user gave it a policy of its own.
    """

    node: str | Pattern | Branch
    label: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    limits: tuple[tuple[float, str], ...] = ()
    retry: Retry | None = None
    fallback: str | Pattern | Branch | None = None
    required: bool = True
    is_branch: bool = False

    def limited(self, limit: tuple[float, str]) -> Part:
        """Return it with one more timeout."""
        return replace(self, limits=(*self.limits, limit))


class Pattern(Model):
    """The base of all patterns: an immutable node of a workflow.

    Attributes:
        name: What it is called in paths, traces and metrics; the pattern's kind if not given.
        timeout: Seconds for the whole node, queueing, retries and back-off included; None is no limit.
        flow: In which order it runs its children.
    """

    kind: ClassVar[str] = "pattern"
    orchestrator: ClassVar[Any]
    flow: ClassVar[Flow] = Flow.UNKNOWN

    name: str | None = Field(default=None, min_length=1)
    timeout: float | None = None

    # How deep it is; kept, as what is built of it has to know.
    _depth: int = PrivateAttr(default=1)

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        self._depth = checked_depth(self, self.label)

    @field_validator("name")
    @classmethod
    def _usable_name(cls, name: str | None) -> str | None:
        return None if name is None else usable_name(name)

    @field_validator("timeout", mode="plain")
    @classmethod
    def _usable_timeout(cls, timeout: object) -> float | None:
        return usable_timeout(timeout)

    @property
    def label(self) -> str:
        """Its name, or the pattern's kind."""
        return self.name or self.kind

    @abstractmethod
    def parts(self) -> Sequence[Part]:
        """Return its children in declared order."""

    def checks(self) -> Mapping[str, Any]:
        """Return the conditions and mergers that it asks, by name."""
        return {}

    def gates(self) -> Sequence[Gate]:
        """Return what it asks about each child, in the order of `parts()`."""
        return [OPEN] * len(self.parts())

    @property
    def quorum(self) -> int | None:
        """How many children must be ok; None for all that are required."""
        return None

    def completion_notes(self, labels: Sequence[str]) -> Mapping[str, Any]:
        """Return what is noted in `state.meta` when it has ended ok."""
        return {}


def checked_depth(node: Model, label: str) -> int:
    """Return how many nodes stand within each other in a new one: patterns, branches and the agent at the end.

    Raises:
        ValueError: If they are more than may.
    """
    depth = 1 + max([_deepest(getattr(node, name)) for name in type(node).model_fields])
    if depth > MAX_NESTING:
        raise ValueError(
            f"{label!r} nests deeper than {MAX_NESTING} levels of patterns, branches and agents; "
            "have an agent run the inner workflow with context.run()"
        )
    return depth


def _deepest(value: object) -> int:
    """Return the same for what a field holds."""
    if isinstance(value, tuple | Mapping):
        held = value if isinstance(value, tuple) else value.values()
        return max(map(_deepest, held), default=1)
    if not isinstance(value, Model):
        return 1
    known = getattr(value, "_depth", None)
    return known or max([_deepest(getattr(value, name)) for name in type(value).model_fields], default=1)


def usable_name(name: str) -> str:
    """Validate a field that becomes a part of a path: the error's text follows the field's name."""
    if "/" in name:
        raise ValueError("must not contain '/', which separates the parts of a path")
    return name


def usable_timeout(timeout: object) -> float | None:
    """Validate a timeout field: the error's text follows the field's name."""
    try:
        return check_timeout(timeout, "")
    except TypeError as error:
        raise wrong_type(_clause(error)) from None
    except ValueError as error:
        raise ValueError(_clause(error)) from None


def _clause(error: Exception) -> str:
    text = str(error)
    return text[text.index("must") : text.rindex(" or None, not")]  # the field says that None is allowed


class Begin(NamedTuple):
    """To a new orchestrator: begin."""


BEGIN = Begin()


class BranchReport(NamedTuple):
    """How a branch ended, and what it had changed by itself."""

    outcome: Outcome
    delta: Mapping[str, Any]


class Product(NamedTuple):
    """What a pattern gives its parent: its change, and the reports of groups below that failed."""

    delta: Delta
    reports: Mapping[str, BranchReport]


_NO_REPORTS: Mapping[str, BranchReport] = {}


def delta_of(value: Any) -> Delta:
    """Return the change in what a child gave; no change if it gave nothing."""
    if type(value) is Delta:
        return value
    return value.delta if value is not None else NO_CHANGE


def reports_of(value: Any) -> Mapping[str, BranchReport]:
    """Return the reports in what a child gave."""
    return value.reports if type(value) is Product else _NO_REPORTS


class Orchestrator(ABC):
    """A behaviour that knows one pattern. It asks its supervisor to have children done, and is told how they ended.

    Args:
        target: The compiled pattern.
        attempt: What it is to do.
    """

    def __init__(self, target: PatternTarget, attempt: Attempt) -> None:
        assignment: Assignment = attempt.payload
        self.target = target
        self.attempt = attempt
        self.number = attempt.attempts
        self.jobs = target.jobs
        self.variables = assignment.variables
        self.event = assignment.event.derived(target.pattern.label, assignment.metadata)
        self.input = assignment.state
        # Invariant: state is input with delta applied.
        self.state = assignment.state
        self.delta = NO_CHANGE
        self.reports: Mapping[str, BranchReport] = _NO_REPORTS

    def receive(self, message: Any, context: ControlCell) -> None:
        """Handle one signal."""
        if type(message) is Ended:
            self.on_ended(message, context)
        elif type(message) is GroupEnded:
            self.on_group_ended(message, context)
        else:
            self.begin(context)

    @abstractmethod
    def begin(self, context: ControlCell) -> None:
        """Start with the first child."""

    @abstractmethod
    def on_ended(self, ended: Ended, context: ControlCell) -> None:
        """Go on after a child, or a condition or merger, ended."""

    def on_group_ended(self, ended: GroupEnded, context: ControlCell) -> None:
        """Go on after a group ended; for those that have groups done."""
        raise NotImplementedError

    def supervise(self, index: int, context: ControlCell, metadata: Mapping[str, Any] | None = None) -> None:
        """Have a child done; `on_ended` is told with its index as key."""
        payload = Assignment(self.event, metadata or self.target.metadata[index], self.state, self.variables)
        attempt = self.attempt
        request = Supervise(attempt, context, index, self.jobs[index], payload)
        context.send(attempt.supervisor, request)

    def call(self, job: Job, key: Any, payload: Any, context: ControlCell) -> None:
        """Have a user's callable called; `on_ended` is told with `key`."""
        attempt = self.attempt
        context.send(attempt.supervisor, Supervise(attempt, context, key, job, payload))

    def ask(self, condition: Condition | Job, key: Any, context: ControlCell) -> None:
        """Have a condition evaluated over the state; `on_condition` is told."""
        situation = self.situation()
        if isinstance(condition, Job):
            self.call(condition, key, situation, context)
            return
        try:
            holds = condition.holds(situation)
        except ActorError as error:
            outcome = Outcome(OutcomeKind.FAILED, Reason.CONDITION_ERROR, detail=str(error))
            self.on_condition(key, outcome, False, context)
            return
        self.on_condition(key, COMPLETED, holds, context)

    def situation(self) -> Situation:
        """Return what its conditions are asked about now."""
        return Situation(self.state, self.event, self.attempt.previous, self.variables)

    def on_condition(self, key: Any, outcome: Outcome, holds: bool, context: ControlCell) -> None:
        """Go on after a condition was evaluated; for those that ask conditions."""
        raise NotImplementedError

    def take(self, delta: Delta) -> None:
        """Let a child's change take effect."""
        if delta is not NO_CHANGE:
            self.delta = self.delta.then(delta)
            self.state = self.state.apply(delta)

    def succeed(
        self,
        context: ControlCell,
        outcome: Outcome = COMPLETED,
        *,
        notes: Mapping[str, Any] | None = None,
        iterations: int = 0,
    ) -> None:
        """End ok."""
        noted = self.target.completion_notes if notes is None else notes
        delta = self.delta.noted(self.attempt.job.path, noted) if noted else self.delta
        self._end(context, outcome, delta, iterations)

    def fail(
        self,
        context: ControlCell,
        outcome: Outcome,
        *,
        notes: Mapping[str, Any] | None = None,
        iterations: int = 0,
    ) -> None:
        """End not ok; what was achieved so far goes up as partial state."""
        delta = self.delta.noted(self.attempt.job.path, notes) if notes else self.delta
        self._end(context, outcome, delta, iterations)

    def fail_with(
        self,
        ended: Ended,
        path: str,
        context: ControlCell,
        *,
        notes: Mapping[str, Any] | None = None,
        iterations: int = 0,
    ) -> None:
        """End because a child did not end ok; what that one achieved counts as partial state too."""
        self.take(delta_of(ended.value))
        self.reports = reports_of(ended.value)
        self.fail(context, child_failed(ended.outcome, path), notes=notes, iterations=iterations)

    def fail_condition(self, outcome: Outcome, context: ControlCell, **more: Any) -> None:
        """End because a condition could not be evaluated."""
        path = self.attempt.job.path
        self.fail(context, evaluation_failed(outcome, Reason.CONDITION_ERROR, path), **more)

    def _end(self, context: ControlCell, outcome: Outcome, delta: Delta, iterations: int) -> None:
        attempt = self.attempt
        product = Product(delta, self.reports)
        context.retire()
        context.send(
            attempt.supervisor,
            Answer(attempt, self.number, outcome, product, iterations=iterations),
        )


def child_failed(outcome: Outcome, path: str) -> Outcome:
    """Return how a pattern ends whose child did not end ok; the innermost culprit is kept."""
    is_inherited = outcome.reason in (Reason.CHILD_FAILED, Reason.REQUIRED_BRANCH_FAILED)
    return Outcome(
        OutcomeKind.FAILED,
        Reason.CHILD_FAILED,
        detail=outcome.detail if is_inherited else f"{path!r} {outcome}",
        budget=outcome.budget,
        culprit=(outcome.culprit if is_inherited else "") or path,
        failure=outcome.failure,
    )
