"""Cached: whoever computes and fails, is late or is cancelled is succeeded by another who waits."""

from __future__ import annotations

import asyncio
import threading

from actors import (
    Branch,
    Cached,
    Event,
    RunCancelledError,
    Runtime,
    RunTimeoutError,
    Sequential,
    State,
    WorkflowFailedError,
)
from supervisors import ManualClock, OutcomeKind, Reason
from tests.scenarios.computations import ANSWERS, Computation, ask, endings, kept, waiting
from tests.scenarios.timing import fastest, seconds_of
from tests.scenarios.watching import PATIENCE

# Failures


def test_each_failure_is_computed_anew_one_at_a_time(runtime: Runtime, computation: Computation) -> None:
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
    runtime: Runtime, computation: Computation
) -> None:
    runs = ask(runtime, 5)
    computation.next().fail()
    computation.next().finish()

    assert endings(runs) == ["child_failed", "completed", "cached", "cached", "cached"]
    assert computation.count == 2


def test_the_error_of_the_leader_is_its_own(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 2)
    computation.next().fail()
    computation.next().finish()

    error = runs[0].exception(PATIENCE)

    assert isinstance(error, WorkflowFailedError)
    assert isinstance(error.__cause__, ValueError)
    assert error.outcome.culprit == "answers/compute"


# Cancellation and time


def test_when_the_leader_is_cancelled_a_follower_takes_over(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 3)
    computation.next()

    runs[0].cancel()
    call = computation.next()
    call.finish()

    assert endings(runs) == ["requested", "completed", "cached"]
    assert call.asker == 1


def test_followers_that_are_cancelled_do_not_take_over(runtime: Runtime, computation: Computation) -> None:
    runs = ask(runtime, 4)
    first = computation.next()

    runs[1].cancel()
    assert isinstance(runs[1].exception(PATIENCE), RunCancelledError)
    runs[2].cancel()
    first.fail()
    second = computation.next()
    second.finish()

    assert endings(runs) == ["child_failed", "requested", "requested", "completed"]
    assert second.asker == 3


def test_when_the_leader_runs_out_of_time_a_follower_takes_over(
    clock: ManualClock, timeless: Runtime, timeless_computation: Computation
) -> None:
    hasty = ask(timeless, 1, timeout=2.0)
    patient = ask(timeless, 2, first=1, timeout=5.0)
    timeless_computation.next()

    clock.advance(2.0)
    call = timeless_computation.next()
    call.finish()

    assert endings(hasty + patient) == ["deadline", "completed", "cached"]
    assert isinstance(hasty[0].exception(), RunTimeoutError)
    assert call.asker == 1


def test_a_timeout_of_the_node_inside_is_a_failure_of_the_leader_only(
    clock: ManualClock, timeless: Runtime, timeless_computation: Computation
) -> None:
    workflow = Cached(Branch("compute", timeout=2.0), key="question")
    runs = ask(timeless, 2, workflow)
    timeless_computation.next()

    clock.advance(2.0)
    timeless_computation.next().finish()

    assert endings(runs) == ["child_failed", "completed"]


def test_a_follower_waits_within_its_own_deadline(
    clock: ManualClock, timeless: Runtime, timeless_computation: Computation
) -> None:
    patient = ask(timeless, 1)
    hasty = ask(timeless, 1, Sequential(Branch("step", ANSWERS, timeout=1.0), name="hasty"), first=1)
    call = timeless_computation.next()

    clock.advance(1.0)
    error = hasty[0].exception(PATIENCE)
    assert waiting(timeless) == 1
    call.finish()

    assert isinstance(error, WorkflowFailedError)
    assert (error.outcome.budget, error.outcome.culprit) == ("hasty/step", "hasty/step")
    assert error.trace is not None
    assert [(each.path, each.outcome.kind) for each in error.trace.walk()] == [
        ("hasty", OutcomeKind.FAILED),
        ("hasty/step", OutcomeKind.TIMED_OUT),
    ]
    assert endings(patient) == ["completed"]


def test_making_the_key_has_a_deadline(clock: ManualClock, timeless: Runtime, gate: threading.Event) -> None:
    began = threading.Event()

    def key(state: State) -> str:
        began.set()
        gate.wait(PATIENCE)  # the misbehaviour: only its deadline ends it
        return ""

    timeless.spawn("compute", lambda event, state: None)
    run = timeless.submit(Cached("compute", key=key, name="answers"))
    assert began.wait(PATIENCE)

    clock.advance(5.0)
    error = run.exception(PATIENCE)
    gate.set()

    assert isinstance(error, WorkflowFailedError)
    assert error.outcome.reason is Reason.KEY_ERROR
    assert error.outcome.budget == "key of answers"


def test_making_the_key_can_be_cancelled(runtime: Runtime, computation: Computation, gate: threading.Event) -> None:
    began = threading.Event()

    def key(state: State) -> str:
        began.set()
        gate.wait(PATIENCE)  # the misbehaviour: only the cancellation ends it
        return ""

    run = runtime.submit(Cached("compute", key=key))
    assert began.wait(PATIENCE)
    run.cancel()

    assert endings([run]) == ["requested"]
    gate.set()
    assert computation.count == 0


def test_a_blocking_callable_delays_no_deadline(runtime: Runtime, gate: threading.Event) -> None:
    def key(state: State) -> str:
        gate.wait(PATIENCE)  # the misbehaviour
        return ""

    async def hang(event: Event, state: State) -> None:
        await asyncio.sleep(PATIENCE)

    runtime.spawn("hang", hang)
    blocked = runtime.submit(Cached("hang", key=key))

    def time_out() -> float:
        return seconds_of(lambda: runtime.submit("hang", timeout=0.1).exception(PATIENCE))

    assert fastest(time_out, 0.3) < 0.3
    blocked.cancel()
    gate.set()
