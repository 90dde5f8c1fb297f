"""How a piece of supervised work ended: its kind, its reason and what to blame."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from supervisors.excerpt import shown


class OutcomeKind(StrEnum):
    """The six ways in which work can end."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    SKIPPED = "skipped"

    # Enum's own hash is a Python function, and outcomes are keys of what every step adds to.
    __hash__ = str.__hash__


_OK = OutcomeKind.OK  # looking up an enum's member costs more than comparing it, and every step asks


class Reason(StrEnum):
    """Why work ended as it did. The list is closed: dashboards may rely on it."""

    # ok
    COMPLETED = "completed"
    CONDITION_MET = "condition_met"
    MAX_ITERATIONS = "max_iterations"
    FALLBACK_USED = "fallback_used"
    CACHED = "cached"
    # failed
    EXCEPTION = "exception"
    INVALID_RESULT = "invalid_result"
    MISSING_INPUT = "missing_input"
    INVALID_INPUT = "invalid_input"
    MISSING_OUTPUT = "missing_output"
    CHILD_FAILED = "child_failed"
    REQUIRED_BRANCH_FAILED = "required_branch_failed"
    QUORUM_NOT_MET = "quorum_not_met"
    MERGE_CONFLICT = "merge_conflict"
    MERGE_ERROR = "merge_error"
    CONDITION_NOT_MET = "condition_not_met"
    CONDITION_ERROR = "condition_error"
    KEY_ERROR = "key_error"
    NO_ROUTE = "no_route"
    INTERNAL_ERROR = "internal_error"
    # timed_out
    DEADLINE = "deadline"
    NOT_STARTED = "not_started"
    LOOP_BLOCKED = "loop_blocked"
    # cancelled
    REQUESTED = "requested"
    SIBLING_FAILED = "sibling_failed"
    QUORUM_MET = "quorum_met"
    SHUTDOWN = "shutdown"
    LOOP_CLOSED = "loop_closed"
    # rejected
    MAILBOX_FULL = "mailbox_full"
    DROPPED = "dropped"
    BREAKER_OPEN = "breaker_open"
    START_FAILED = "start_failed"
    AGENT_STOPPED = "agent_stopped"
    AGENT_FAILED = "agent_failed"
    UNKNOWN_AGENT = "unknown_agent"
    WAIT_CYCLE = "wait_cycle"
    ABANDONED_LIMIT = "abandoned_limit"
    # skipped
    UNMET_PREREQUISITE = "unmet_prerequisite"

    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that was rendered where it was caught, so that nobody else runs its code.

    Attributes:
        types: The qualified names of its class and bases, most derived first.
        text: `TypeName: message`, as the exception printed itself.
        traceback: The formatted traceback, cut to a bounded length; empty when there is none.
        exception: The exception itself, only where it becomes the `__cause__` of an error, or the answer to an `ask()`:
            it keeps alive what its frames hold. None in traces, facts, reports and results that are ok, and after a
            trip through the codec or pickle.
        leaves: If it is a group of exceptions, the qualified names of the classes of those in it, at any depth, with
            their bases; each class once. Empty if it is none.
    """

    types: tuple[str, ...]
    text: str
    traceback: str = field(default="", repr=False)
    exception: BaseException | None = field(default=None, repr=False, compare=False)
    leaves: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out the exception, which may not survive: the rest says it all."""
        return Failure, (self.types, self.text, self.traceback, None, self.leaves)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one piece of work ended.

    Attributes:
        kind: One of the six kinds.
        reason: One of the closed list of reasons.
        detail: A sentence for people; empty where kind and reason say it all.
        budget: Whose time ran out, when it was time that ran out.
        culprit: The path of the node, or the name of the agent, that caused it, when it was another.
        failure: The exception behind it, rendered to text.
    """

    kind: OutcomeKind
    reason: Reason
    detail: str = ""
    budget: str = ""
    culprit: str = ""
    failure: Failure | None = None

    @property
    def ok(self) -> bool:
        """Whether the work ended well."""
        return self.kind is _OK

    def without_exception(self) -> Outcome:
        """Return the outcome without the exception itself, which would keep alive what its frames hold."""
        failure = self.failure
        if failure is None or failure.exception is None:
            return self
        return replace(self, failure=replace(failure, exception=None))

    def __str__(self) -> str:
        parts = [f"{self.kind.value} ({self.reason.value})"]
        if self.budget:
            parts.append(f"out of {self.budget}")
        if self.culprit:
            parts.append(f"because of {self.culprit!r}")
        text = self.detail or (self.failure.text if self.failure else "")
        return shown(", ".join(parts) + (f": {text}" if text else ""))


COMPLETED = Outcome(OutcomeKind.OK, Reason.COMPLETED)
"""The one outcome of work that simply went well."""
