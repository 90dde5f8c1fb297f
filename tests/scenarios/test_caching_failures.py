"""Cached: whoever computes and fails, is late or is cancelled is succeeded by another who waits."""

from __future__ import annotations

from actors import (
    Branch,
    Cached,
    RunCancelledError,
    RunTimeoutError,
    Sequential,
    State,
    WorkflowFailedError,
)
from actors.testing import Hangs, Scripted, VirtualRuntime, hang, sleep
from supervisors import OutcomeKind, Reason
from tests.scenarios.computations import ANSWERS, Computation, ask, endings, kept, runtime, waiting
from tests.scenarios.virtual_runs import HOUR

__all__ = ["runtime"]  # a fixture

# Failures


def test_each_failure_is_computed_anew_one_at_a_time(runtime: VirtualRuntime, computation: Computation) -> None:
    runs = ask(runtime, 11)

    askers = []
    for _ in runs:
        call = computation.next()
        askers.append(call.asker)
        call.fail()

    assert endings(runs) == ["child_failed"] * 11
    assert askers == list(range(11))
    assert (computation.count, computation.most_at_once) == (11, 1)
    assert (kept(runtime), waiting(runtime)) == (0, 0)


def test_what_a_follower_computed_after_a_failure_is_told_to_the_rest(
    runtime: VirtualRuntime, computation: Computation
) -> None:
    runs = ask(runtime, 5)
    computation.next().fail()
    computation.next().finish()

    assert endings(runs) == ["child_failed", "completed", "cached", "cached", "cached"]
    assert computation.count == 2


def test_the_error_of_the_leader_is_its_own(runtime: VirtualRuntime, computation: Computation) -> None:
    runs = ask(runtime, 2)
    computation.next().fail()
    computation.next().finish()

    error = runs[0].exception()

    assert isinstance(error, WorkflowFailedError)
    assert isinstance(error.__cause__, ValueError)
    assert error.outcome.culprit == "answers/compute"


# Cancellation and time


def test_when_the_leader_is_cancelled_a_follower_takes_over(runtime: VirtualRuntime, computation: Computation) -> None:
    runs = ask(runtime, 3)
    computation.next()

    runs[0].cancel()
    call = computation.next()
    call.finish()

    assert endings(runs) == ["requested", "completed", "cached"]
    assert call.asker == 1


def test_followers_that_are_cancelled_do_not_take_over(runtime: VirtualRuntime, computation: Computation) -> None:
    runs = ask(runtime, 4)
    first = computation.next()

    runs[1].cancel()
    assert isinstance(runs[1].exception(), RunCancelledError)
    runs[2].cancel()
    first.fail()
    second = computation.next()
    second.finish()

    assert endings(runs) == ["child_failed", "requested", "requested", "completed"]
    assert second.asker == 3


def test_when_the_leader_runs_out_of_time_a_follower_takes_over(
    runtime: VirtualRuntime, computation: Computation
) -> None:
    hasty = ask(runtime, 1, timeout=2.0)
    patient = ask(runtime, 2, first=1, timeout=5.0)
    computation.next()

    runtime.advance(2.0)
    call = computation.next()
    call.finish()

    assert endings(hasty + patient) == ["deadline", "completed", "cached"]
    assert isinstance(hasty[0].exception(), RunTimeoutError)
    assert call.asker == 1


def test_a_timeout_of_the_node_inside_is_a_failure_of_the_leader_only(
    runtime: VirtualRuntime, computation: Computation
) -> None:
    workflow = Cached(Branch("compute", timeout=2.0), key="question")
    runs = ask(runtime, 2, workflow)
    computation.next()

    runtime.advance(2.0)
    computation.next().finish()

    assert endings(runs) == ["child_failed", "completed"]


def test_a_follower_waits_within_its_own_deadline(runtime: VirtualRuntime, computation: Computation) -> None:
    patient = ask(runtime, 1)
    hasty = ask(runtime, 1, Sequential(Branch("step", ANSWERS, timeout=1.0), name="hasty"), first=1)
    call = computation.next()

    runtime.advance(1.0)
    error = hasty[0].exception()
    assert waiting(runtime) == 1
    call.finish()

    assert isinstance(error, WorkflowFailedError)
    assert (error.outcome.budget, error.outcome.culprit) == ("hasty/step", "hasty/step")
    assert error.trace is not None
    assert [(each.path, each.outcome.kind) for each in error.trace.walk()] == [
        ("hasty", OutcomeKind.FAILED),
        ("hasty/step", OutcomeKind.TIMED_OUT),
    ]
    assert endings(patient) == ["completed"]


def test_making_the_key_has_a_deadline(runtime: VirtualRuntime, computation: Computation) -> None:
    def key(state: State) -> str:
        hang()
        return ""

    error = runtime.submit(Cached("compute", key=key, name="answers")).exception()

    assert isinstance(error, WorkflowFailedError)
    assert error.outcome.reason is Reason.KEY_ERROR
    assert error.outcome.budget == "key of answers"
    assert (runtime.now, computation.count) == (5.0, 0)


def test_making_the_key_can_be_cancelled(runtime: VirtualRuntime, computation: Computation) -> None:
    began = []

    def key(state: State) -> str:
        began.append(state)
        sleep(2.0)
        return ""

    run = runtime.submit(Cached("compute", key=key))
    runtime.settle()
    assert len(began) == 1
    run.cancel()

    assert endings([run]) == ["requested"]
    assert runtime.now == 0.0
    runtime.advance(2.0)
    assert computation.count == 0


def test_a_blocking_callable_delays_no_deadline(runtime: VirtualRuntime) -> None:
    def key(state: State) -> str:
        sleep(HOUR)
        return ""

    runtime.spawn("hang", Scripted(Hangs()))
    blocked = runtime.submit(Cached("hang", key=key))
    runtime.settle()

    error = runtime.submit("hang", timeout=1.0).exception()

    assert isinstance(error, RunTimeoutError)
    assert (runtime.now, blocked.done()) == (1.0, False)
    blocked.cancel()
