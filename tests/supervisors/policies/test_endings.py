"""How work ends that was ended by time or by others."""

from __future__ import annotations

import pytest

from supervisors.names import qualified_name, qualified_names
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import Deadline
from supervisors.policies.endings import (
    as_met_by_agent,
    as_never_started,
    as_not_retried,
    error_types,
    has_named,
    is_named,
    out_of_time,
)

TIMED_OUT = Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE, budget="run", culprit="b")
CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.SIBLING_FAILED, culprit="b")
FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=Failure(("app.Lost", "builtins.Exception"), "Lost: it"))


def test_what_ran_out_of_time_names_the_budget() -> None:
    outcome = out_of_time(Deadline(3.0, "step"), Reason.NOT_STARTED)

    assert (outcome.kind, outcome.reason, outcome.budget) == (OutcomeKind.TIMED_OUT, Reason.NOT_STARTED, "step")


def test_what_was_asked_for_too_late_never_started_and_nobody_is_to_blame() -> None:
    outcome = as_never_started(TIMED_OUT)

    assert (outcome.reason, outcome.budget, outcome.culprit) == (Reason.NOT_STARTED, "run", "")


@pytest.mark.parametrize("ending", [CANCELLED, FAILED, COMPLETED])
def test_what_was_ended_otherwise_says_so_whether_it_started_or_not(ending: Outcome) -> None:
    assert as_never_started(ending) is ending
    assert as_met_by_agent(ending, begun=False, delayer="blocker") is ending


def test_whoever_blocked_the_loop_is_to_blame() -> None:
    outcome = as_met_by_agent(TIMED_OUT, begun=True, delayer="blocker")

    assert (outcome.reason, outcome.culprit, outcome.budget) == (Reason.LOOP_BLOCKED, "blocker", "run")
    assert outcome.detail == "agent 'blocker' blocked the event loop"


@pytest.mark.parametrize(("begun", "reason"), [(True, Reason.DEADLINE), (False, Reason.NOT_STARTED)])
def test_an_attempt_that_overran_says_whether_it_began(begun: bool, reason: Reason) -> None:
    assert as_met_by_agent(TIMED_OUT, begun=begun, delayer="").reason is reason


@pytest.mark.parametrize(
    ("outcome", "types"),
    [
        (FAILED, ("app.Lost", "builtins.Exception")),
        (TIMED_OUT, ("builtins.TimeoutError", "builtins.OSError", "builtins.Exception")),
        (CANCELLED, ("builtins.Exception",)),
        (
            Outcome(OutcomeKind.FAILED, Reason.CHILD_FAILED, budget="step"),
            ("builtins.TimeoutError", "builtins.OSError", "builtins.Exception"),
        ),
    ],
)
def test_a_retry_policy_knows_a_failure_by_the_names_of_its_types(outcome: Outcome, types: tuple[str, ...]) -> None:
    assert error_types(outcome) == types
    assert all(is_named(outcome, [name]) and has_named(outcome, [name]) for name in types)
    assert not is_named(outcome, ["app.Other"])


class Several(ExceptionGroup[Exception]):
    """A group of a class of its own."""


@pytest.mark.parametrize(
    ("group", "names", "all_named", "any_named"),
    [
        (ExceptionGroup, ["builtins.ConnectionError"], False, True),
        (ExceptionGroup, ["builtins.ConnectionError", "builtins.KeyError"], True, True),
        (ExceptionGroup, ["builtins.OSError", "builtins.LookupError"], True, True),
        (ExceptionGroup, ["builtins.ValueError"], False, False),
        (ExceptionGroup, ["builtins.Exception"], True, True),
        (ExceptionGroup, ["builtins.ExceptionGroup"], True, True),
        (ExceptionGroup, [qualified_name(Several)], False, False),
        (Several, [qualified_name(Several)], True, True),
        (Several, ["builtins.BaseExceptionGroup"], True, True),
    ],
)
def test_a_group_is_known_by_its_own_class_or_by_those_in_it(
    group: type, names: list[str], all_named: bool, any_named: bool
) -> None:
    leaves = (qualified_names(ConnectionResetError), qualified_names(KeyError))
    failure = Failure(qualified_names(group), "several", leaves=leaves)
    outcome = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=failure)

    assert (is_named(outcome, names), has_named(outcome, names)) == (all_named, any_named)


def test_that_a_group_is_some_exception_says_nothing_of_those_in_it() -> None:
    leaves = (qualified_names(KeyError), qualified_names(KeyboardInterrupt))
    failure = Failure(("app.Odd", *qualified_names(BaseExceptionGroup), "builtins.Exception"), "several", leaves=leaves)

    assert not is_named(Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=failure), ["builtins.Exception"])


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (FAILED, "Lost: it; "),
        (Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL, detail="full"), "full; "),
        (TIMED_OUT, ""),
    ],
)
def test_what_is_not_retried_says_why(outcome: Outcome, said: str) -> None:
    ended = as_not_retried(outcome)

    assert ended.detail == f"{said}not tried again: the retry budget of the workflow is used up"
    assert (ended.kind, ended.reason, ended.failure) == (outcome.kind, outcome.reason, outcome.failure)
