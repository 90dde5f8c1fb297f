"""Endings: how work ends that was ended by time or by others, and by which names policies know it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import Deadline

_TIMEOUT_TYPES = ("builtins.TimeoutError", "builtins.OSError", "builtins.Exception")
_OTHER_TYPES = ("builtins.Exception",)
# Every group of exceptions is one of these: naming them says nothing about a group.
_ANY_GROUP = frozenset(("builtins.Exception", "builtins.BaseException"))


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

    What ran out of time, or failed because a part of it did, is a `TimeoutError`.
    """
    if outcome.failure is not None:
        return outcome.failure.types
    # Patterns hand on the budget of the part that ran out of it, and are `failed` themselves.
    return _TIMEOUT_TYPES if outcome.budget or outcome.kind is OutcomeKind.TIMED_OUT else _OTHER_TYPES


def is_named(outcome: Outcome, names: Collection[str]) -> bool:
    """Return whether a failure is one of those that a policy names.

    A group of exceptions is, if its own class is named, other than by `Exception` or `BaseException`, or if every
    exception in it is.

    Args:
        outcome: How the work ended.
        names: The qualified names of exception types; subclasses of theirs count too.
    """
    failure = outcome.failure
    if failure is None or not failure.leaves:
        return _names_any(names, error_types(outcome))
    own = [name for name in failure.types if name not in _ANY_GROUP]
    return _names_any(names, own) or all(_names_any(names, leaf) for leaf in failure.leaves)


def has_named(outcome: Outcome, names: Collection[str]) -> bool:
    """Return whether a failure is one of those that a policy names, or a group with one of those in it.

    Args:
        outcome: How the work ended.
        names: The qualified names of exception types; subclasses of theirs count too.
    """
    failure = outcome.failure
    leaves = () if failure is None else failure.leaves
    return is_named(outcome, names) or any(_names_any(names, leaf) for leaf in leaves)


def _names_any(names: Collection[str], types: Collection[str]) -> bool:
    return any(name in types for name in names)
