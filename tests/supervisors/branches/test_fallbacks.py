"""How a job ends whose fallback ended."""

from __future__ import annotations

import pytest

from supervisors.branches.fallbacks import LONGEST_DETAIL, after_fallback
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.signals import Job
from tests.supervisors.fakes import FakeAgent
from tests.supervisors.jobs import job
from tests.supervisors.outcomes import CANCELLED, failed, timed_out

NEEDED, OPTIONAL = job("a/fallback", FakeAgent()), job("a/fallback", FakeAgent(), required=False)
JOB = job("a", FakeAgent())


def test_a_fallback_that_was_cancelled_is_all_there_is_to_tell() -> None:
    assert after_fallback(JOB, NEEDED, failed(), CANCELLED) == CANCELLED


def test_a_fallback_that_ran_out_of_time_tells_what_failed_before() -> None:
    outcome = after_fallback(JOB, NEEDED, failed(), timed_out("run"))

    assert str(outcome) == "timed_out (deadline), out of run: instead of 'a': failed (exception): ValueError: no"


@pytest.mark.parametrize("ended", [COMPLETED, failed(), timed_out("run")])
@pytest.mark.parametrize("fallback", [NEEDED, OPTIONAL], ids=["needed", "optional"])
def test_what_is_told_is_bounded_however_much_failed(ended: Outcome, fallback: Job) -> None:
    much = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, detail="x" * LONGEST_DETAIL)

    outcome = after_fallback(JOB, fallback, much, ended)

    assert LONGEST_DETAIL <= len(outcome.detail) < LONGEST_DETAIL + 100
