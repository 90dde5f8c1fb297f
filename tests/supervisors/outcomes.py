"""How things end in the tests of the supervisors."""

from __future__ import annotations

from supervisors.names import qualified_names
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.signals import GroupEnded

CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED)
REJECTED = Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL)
QUORUM_MET = Outcome(OutcomeKind.CANCELLED, Reason.QUORUM_MET)


def failed(error: type[BaseException] = ValueError) -> Outcome:
    """How an attempt ends that raised."""
    failure = Failure(qualified_names(error), f"{error.__name__}: no")
    return Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=failure)


def timed_out(budget: str, reason: Reason = Reason.DEADLINE) -> Outcome:
    """How something ends that ran out of time."""
    return Outcome(OutcomeKind.TIMED_OUT, reason, budget=budget)


def sibling_failed(culprit: str) -> Outcome:
    """How a branch ends because of another."""
    return Outcome(OutcomeKind.CANCELLED, Reason.SIBLING_FAILED, culprit=culprit)


def kinds(ended: GroupEnded) -> list[str]:
    return [each.outcome.kind.value for each in ended.endings]
