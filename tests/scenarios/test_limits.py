"""Limits: what is one too many is refused, and says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from actors import (
    Branch,
    Event,
    MailboxFullError,
    OverloadedError,
    Parallel,
)
from actors.testing import AnswersAfter, Hangs, Returns, ScriptedThread, VirtualRuntime
from supervisors import OutcomeKind, Reason
from tests.scenarios.virtual_runs import HOUR

MINUTE = 60.0
ABANDON_AFTER = 5.0

some_seeds = pytest.mark.parametrize("seed", range(5))


@pytest.fixture(params=range(5))
def runtime(request: pytest.FixtureRequest) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param, grace=HOUR) as runtime:
        yield runtime


@pytest.fixture
def busy() -> ScriptedThread:
    return ScriptedThread(AnswersAfter(MINUTE))


@some_seeds
def test_one_run_more_than_max_runs_is_refused(busy: ScriptedThread, seed: int) -> None:
    with VirtualRuntime(seed=seed, max_runs=3) as runtime:
        runtime.spawn("busy", busy)
        runs = [runtime.submit("busy") for _ in range(3)]

        with pytest.raises(OverloadedError, match="3 runs are in progress"):
            runtime.submit("busy")

        assert runtime.runs_in_progress == 3
        for run in runs:
            run.result()
        assert runtime.run("busy").outcome.ok


@some_seeds
def test_a_refused_run_leaves_nothing_behind(busy: ScriptedThread, seed: int) -> None:
    with VirtualRuntime(seed=seed, max_runs=1) as runtime:
        runtime.spawn("busy", busy)
        run = runtime.submit("busy")
        for _ in range(100):
            with pytest.raises(OverloadedError):
                runtime.submit("busy")

        run.result()

        assert runtime.runs_in_progress == 0
        runtime.advance(HOUR)
    assert len(busy.calls) == 1


def test_a_full_mailbox_rejects_the_step(runtime: VirtualRuntime, busy: ScriptedThread) -> None:
    runtime.spawn("busy", busy, concurrency=1, mailbox=2)
    runs = [runtime.submit("busy")]
    runtime.settle()
    runs += [runtime.submit("busy") for _ in range(2)]

    error = runtime.submit(Parallel(Branch("busy"), name="group")).exception()

    assert error is not None
    outcome = error.branches["group/busy"].outcome
    assert (outcome.kind, outcome.reason) == (OutcomeKind.REJECTED, Reason.MAILBOX_FULL)
    assert "holds 2 events" in str(error)
    assert runtime.now == 0.0
    assert [run.result().duration for run in runs] == [MINUTE, 2 * MINUTE, 3 * MINUTE]


def test_telling_and_asking_a_full_mailbox_raise(runtime: VirtualRuntime, busy: ScriptedThread) -> None:
    ref = runtime.spawn("busy", busy, concurrency=1, mailbox=1)
    ref.tell(Event())
    runtime.settle()
    ref.tell(Event())

    with pytest.raises(MailboxFullError):
        ref.tell(Event())
    with pytest.raises(MailboxFullError):
        ref.ask(Event())

    runtime.advance(HOUR)
    assert [call.at for call in busy.calls] == [0.0, MINUTE]


def test_a_stop_goes_through_a_full_mailbox(runtime: VirtualRuntime, busy: ScriptedThread) -> None:
    ref = runtime.spawn("busy", busy, concurrency=1, mailbox=1)
    ref.tell(Event())
    runtime.settle()
    ref.tell(Event())

    stopping = ref.stop(block=False)

    assert stopping.get() is True
    assert runtime.now == MINUTE  # what it was at was finished
    runtime.advance(HOUR)
    assert len(busy.calls) == 1


@pytest.mark.parametrize("is_queued", [True, False])
def test_a_withdrawn_event_makes_room(runtime: VirtualRuntime, busy: ScriptedThread, is_queued: bool) -> None:
    runtime.spawn("busy", busy, concurrency=1, mailbox=4)
    runs = [runtime.submit("busy")]
    runtime.settle()
    runs += [runtime.submit("busy") for _ in range(3)]

    for _ in range(50):
        waiting = runtime.submit("busy")
        if is_queued:
            runtime.settle()
        waiting.cancel()
        error = waiting.exception()
        assert error is not None
        assert error.outcome.kind is OutcomeKind.CANCELLED

    assert all(run.result().outcome.ok for run in runs)
    assert len(busy.calls) == len(runs)


def test_a_function_takes_no_more_at_once_than_its_mailbox_holds(runtime: VirtualRuntime, busy: ScriptedThread) -> None:
    runtime.spawn("busy", busy, mailbox=2)
    runs = [runtime.submit("busy") for _ in range(2)]

    error = runtime.submit("busy").exception()

    assert error is not None
    assert error.outcome.reason is Reason.MAILBOX_FULL
    assert [run.result().duration for run in runs] == [MINUTE, MINUTE]


@some_seeds
def test_more_work_than_threads_waits_its_turn(busy: ScriptedThread, seed: int) -> None:
    with VirtualRuntime(seed=seed, max_threads=2) as runtime:
        runtime.spawn("busy", busy)
        runs = [runtime.submit("busy") for _ in range(10)]
        runtime.settle()
        assert len(busy.calls) == 2

        durations = [run.result().duration for run in runs]

    assert sorted(durations) == [MINUTE * number for number in range(1, 6) for _ in range(2)]


@some_seeds
def test_with_too_many_abandoned_threads_work_for_threads_is_refused(seed: int) -> None:
    busy = ScriptedThread(AnswersAfter(HOUR), AnswersAfter(HOUR), Returns())
    with VirtualRuntime(seed=seed, max_abandoned=2, abandon_after=ABANDON_AFTER) as runtime:
        runtime.spawn("busy", busy)
        runs = [runtime.submit("busy", timeout=MINUTE) for _ in range(2)]
        assert [run.exception() is None for run in runs] == [False, False]
        runtime.advance(ABANDON_AFTER)

        error = runtime.submit("busy").exception()

        assert error is not None
        assert error.outcome.reason is Reason.ABANDONED_LIMIT
        assert len(busy.calls) == 2
        runtime.advance(HOUR)
        assert runtime.run("busy").duration == 0.0


@some_seeds
def test_an_abandoned_thread_is_replaced(seed: int) -> None:
    with VirtualRuntime(seed=seed, max_threads=1, abandon_after=ABANDON_AFTER) as runtime:
        runtime.spawn("busy", ScriptedThread(Hangs()))
        runtime.spawn("quick", ScriptedThread(Returns({"quick": True})))
        assert runtime.submit("busy", timeout=MINUTE).exception() is not None

        result = runtime.run("quick")

    assert result.state["quick"] is True
    assert result.duration == ABANDON_AFTER
