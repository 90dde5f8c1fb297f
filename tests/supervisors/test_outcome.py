import pickle

import pytest

from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from tests.supervisors.outcomes import CANCELLED, REJECTED, failed, timed_out


@pytest.mark.parametrize("kind", list(OutcomeKind))
def test_only_ok_is_ok(kind: OutcomeKind) -> None:
    assert Outcome(kind, Reason.COMPLETED).ok is (kind is OutcomeKind.OK)


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (COMPLETED, "ok (completed)"),
        (CANCELLED, "cancelled (requested)"),
        (timed_out("run"), "timed_out (deadline), out of run"),
        (failed(KeyError), "failed (exception): KeyError: no"),
        (
            Outcome(OutcomeKind.CANCELLED, Reason.SIBLING_FAILED, culprit="p/a"),
            "cancelled (sibling_failed), because of 'p/a'",
        ),
        (
            Outcome(OutcomeKind.TIMED_OUT, Reason.LOOP_BLOCKED, "it slept", "p", "hog", Failure((), "hidden")),
            "timed_out (loop_blocked), out of p, because of 'hog': it slept",
        ),
    ],
)
def test_an_outcome_reads_as_a_sentence(outcome: Outcome, text: str) -> None:
    assert str(outcome) == text


def test_outcomes_are_values() -> None:
    assert failed() == failed()
    assert len({failed(), failed(), REJECTED}) == 2


def test_failures_are_equal_whoever_raised_the_exception() -> None:
    first = Failure(("builtins.ValueError",), "ValueError: no", exception=ValueError("no"))
    second = Failure(("builtins.ValueError",), "ValueError: no", exception=ValueError("no"))

    assert first == second
    assert "exception" not in repr(first)


def test_kinds_and_reasons_are_their_texts() -> None:
    reasons = {str(reason) for reason in Reason}

    assert (OutcomeKind.OK, Reason.NOT_STARTED) == ("ok", "not_started")
    assert len(reasons) == len(Reason)
    assert all(text.replace("_", "").islower() for text in reasons)


@pytest.mark.parametrize("name", [*OutcomeKind, *Reason])
def test_kinds_and_reasons_are_found_by_their_texts(name: OutcomeKind | Reason) -> None:
    assert {name: 1}[name] == 1
    assert hash(name) == hash(name.value)


def test_outcomes_may_travel() -> None:
    outcome = timed_out("run")

    assert pickle.loads(pickle.dumps(outcome)) == outcome


def test_a_failure_that_travels_leaves_its_exception_behind() -> None:
    leaves = (("builtins.OSError",),)
    failure = Failure(("builtins.ValueError",), "no", "Traceback ...", ValueError(lambda: None), leaves)

    arrived = pickle.loads(pickle.dumps(failure))

    assert arrived == failure
    assert arrived.exception is None
