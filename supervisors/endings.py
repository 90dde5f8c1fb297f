"""Endings: how work ends that was ended by time or by others."""

from __future__ import annotations

from dataclasses import replace

from supervisors.deadlines import Deadline
from supervisors.errors import BreakerOpenError
from supervisors.names import qualified_names
from supervisors.outcome import Outcome, OutcomeKind, Reason

_TIMEOUT_TYPES = ("builtins.TimeoutError", "builtins.OSError", "builtins.Exception")
_OTHER_TYPES = ("builtins.Exception",)
_BREAKER_TYPES = qualified_names(BreakerOpenError)


def out_of_time(deadline: Deadline, reason: Reason) -> Outcome:
    """Return how work ends whose deadline has passed."""
    return Outcome(OutcomeKind.TIMED_OUT, reason, budget=deadline.budget)


def as_never_started(ending: Outcome) -> Outcome:
    """Return how work ends that was asked for when its parent had been ended already."""
    if ending.kind is OutcomeKind.TIMED_OUT:
        return replace(ending, reason=Reason.NOT_STARTED, culprit="")
    return ending


def as_met_by_agent(ending: Outcome, begun: bool, delayer: str) -> Outcome:
    """Return the outcome of an agent's attempt that time ended: whether it began, and who held it up."""
    if ending.kind is not OutcomeKind.TIMED_OUT:
        return ending
    if delayer:
        detail = f"agent {delayer!r} blocked the event loop"
        return replace(ending, reason=Reason.LOOP_BLOCKED, culprit=delayer, detail=detail)
    return ending if begun else replace(ending, reason=Reason.NOT_STARTED)


def as_not_retried(outcome: Outcome) -> Outcome:
    """Return the outcome of an attempt that would have been made again, had the workflow's retry budget allowed it."""
    text = outcome.detail or (outcome.failure.text if outcome.failure is not None else "")
    detail = f"{text}; not tried again: the retry budget of the workflow is used up"
    return replace(outcome, detail=detail.removeprefix("; "))


def error_types(outcome: Outcome) -> tuple[str, ...]:
    """Return the names by which a retry policy knows a failure.

    What ran out of time is a `TimeoutError`, and what an open breaker did not let through is a `BreakerOpenError`.
    """
    if outcome.failure is not None:
        return outcome.failure.types
    if outcome.reason is Reason.BREAKER_OPEN:
        return _BREAKER_TYPES
    return _TIMEOUT_TYPES if outcome.kind is OutcomeKind.TIMED_OUT else _OTHER_TYPES
