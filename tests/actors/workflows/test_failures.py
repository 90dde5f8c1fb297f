"""Conditions over how what was tried before failed."""

from __future__ import annotations

from typing import Any, cast

import pytest

from actors.conditions import All, FailedWith, Not, OutcomeIs
from actors.conditions import Any as AnyOf
from actors.values.state import Snapshot
from actors.workflows.condition import Condition, Situation
from supervisors import Retry
from supervisors.errors import BreakerOpenError
from supervisors.names import qualified_names
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason


def failed(error: type[BaseException], *leaves: type[BaseException]) -> Outcome:
    failure = Failure(qualified_names(error), "no", leaves=tuple(qualified_names(leaf) for leaf in leaves))
    return Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=failure)


REFUSED = failed(ConnectionRefusedError)
LATE = Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE, budget="a")
LATE_BELOW = Outcome(OutcomeKind.FAILED, Reason.CHILD_FAILED, budget="a")
OPEN = Outcome(OutcomeKind.REJECTED, Reason.BREAKER_OPEN, failure=Failure(qualified_names(BreakerOpenError), "no"))
UNTYPED = Outcome(OutcomeKind.FAILED, Reason.CHILD_FAILED)


def holds(condition: Condition, previous: Outcome | None) -> bool:
    return condition.holds(Situation(Snapshot(), previous=previous))


@pytest.mark.parametrize(
    ("condition", "previous", "expected"),
    [
        (FailedWith(ConnectionError), REFUSED, True),
        (FailedWith("builtins.ConnectionError"), REFUSED, True),
        (FailedWith(KeyError, OSError), REFUSED, True),
        (FailedWith((KeyError, OSError)), REFUSED, True),
        (FailedWith(KeyError), REFUSED, False),
        (FailedWith(TimeoutError), LATE, True),
        (FailedWith(TimeoutError), LATE_BELOW, True),
        (OutcomeIs("timed_out"), LATE_BELOW, False),
        (FailedWith(BreakerOpenError), OPEN, True),
        (FailedWith(Exception), UNTYPED, True),
        (FailedWith(OSError), failed(ExceptionGroup, OSError, TimeoutError), True),
        (FailedWith(OSError), failed(ExceptionGroup, OSError, KeyError), False),
        (FailedWith(ExceptionGroup), failed(ExceptionGroup, KeyError), True),
        (FailedWith(Exception), None, False),
        (OutcomeIs("timed_out"), LATE, True),
        (OutcomeIs(OutcomeKind.TIMED_OUT), LATE, True),
        (OutcomeIs("failed", "rejected"), OPEN, True),
        (OutcomeIs("failed", "rejected"), LATE, False),
        (OutcomeIs("failed"), None, False),
        (Not(OutcomeIs("failed")), LATE, True),
        (All(OutcomeIs("failed"), FailedWith(OSError)), REFUSED, True),
        (AnyOf(OutcomeIs("timed_out"), FailedWith(KeyError)), REFUSED, False),
    ],
    ids=repr,
)
def test_what_was_tried_before_is_asked_how_it_failed(
    condition: Condition, previous: Outcome | None, expected: bool
) -> None:
    assert holds(condition, previous) is expected


@pytest.mark.parametrize(
    "outcome", [REFUSED, LATE, LATE_BELOW, OPEN, UNTYPED, failed(ExceptionGroup, OSError, KeyError)], ids=str
)
@pytest.mark.parametrize("error", [Exception, OSError, TimeoutError, KeyError, ExceptionGroup, BreakerOpenError])
def test_the_errors_are_those_after_which_a_retry_is_made(outcome: Outcome, error: type[BaseException]) -> None:
    assert holds(FailedWith(error), outcome) is Retry(attempts=2, on=error).allows(1, outcome)


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (FailedWith, ValueError, "errors must have at least 1 item"),
        (lambda: FailedWith("Timeout"), ValueError, "errors must hold dotted names"),
        (lambda: FailedWith(cast("Any", 5)), TypeError, "errors must name exception types; 5 is not one"),
        (OutcomeIs, ValueError, "kinds must have at least 1 item"),
        (lambda: OutcomeIs(cast("Any", "ok")), ValueError, "'failed', 'timed_out' or 'rejected'"),
    ],
)
def test_wrong_arguments_are_refused_when_they_are_given(make: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        make()
