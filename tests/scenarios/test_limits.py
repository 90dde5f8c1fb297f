"""Limits: what is one too many is refused, and says so."""

from __future__ import annotations

import threading

import pytest

from actors import (
    Branch,
    Event,
    MailboxFullError,
    OverloadedError,
    Parallel,
    Runtime,
    State,
)
from supervisors import OutcomeKind, Reason
from tests.scenarios.timing import eventually
from tests.scenarios.watching import PATIENCE


class Busy:
    def __init__(self, gate: threading.Event) -> None:
        self.began = threading.Semaphore(0)
        self.gate = gate
        self.handled = 0

    def work(self, event: Event, state: State) -> None:
        self.began.release()
        self.gate.wait(PATIENCE)
        self.handled += 1


@pytest.fixture
def busy(gate: threading.Event) -> Busy:
    return Busy(gate)


def test_one_run_more_than_max_runs_is_refused(busy: Busy) -> None:
    with Runtime(max_runs=3) as runtime:
        runtime.spawn("busy", busy.work)
        runs = [runtime.submit("busy") for _ in range(3)]

        with pytest.raises(OverloadedError, match="3 runs are in progress"):
            runtime.submit("busy")

        assert runtime.runs_in_progress == 3
        busy.gate.set()
        for run in runs:
            run.result(PATIENCE)
        assert runtime.run("busy", timeout=PATIENCE).outcome.ok


def test_a_refused_run_leaves_nothing_behind(busy: Busy) -> None:
    with Runtime(max_runs=1) as runtime:
        runtime.spawn("busy", busy.work)
        run = runtime.submit("busy")
        for _ in range(100):
            with pytest.raises(OverloadedError):
                runtime.submit("busy")

        busy.gate.set()

        run.result(PATIENCE)
        assert eventually(lambda: runtime.runs_in_progress == 0)
    assert busy.handled == 1


def test_a_full_mailbox_rejects_the_step(runtime: Runtime, busy: Busy) -> None:
    runtime.spawn("busy", busy.work, concurrency=1, mailbox=2)
    runs = [runtime.submit("busy")]
    assert busy.began.acquire(timeout=PATIENCE)
    runs += [runtime.submit("busy") for _ in range(2)]

    error = runtime.submit(Parallel(Branch("busy"), name="group")).exception(PATIENCE)

    assert error is not None
    outcome = error.branches["group/busy"].outcome
    assert (outcome.kind, outcome.reason) == (OutcomeKind.REJECTED, Reason.MAILBOX_FULL)
    assert "holds 2 events" in str(error)
    busy.gate.set()
    assert all(run.result(PATIENCE).outcome.ok for run in runs)


def test_telling_and_asking_a_full_mailbox_raise(runtime: Runtime, busy: Busy) -> None:
    ref = runtime.spawn("busy", busy.work, concurrency=1, mailbox=1)
    ref.tell(Event())
    assert busy.began.acquire(timeout=PATIENCE)
    ref.tell(Event())

    with pytest.raises(MailboxFullError):
        ref.tell(Event())
    with pytest.raises(MailboxFullError):
        ref.ask(Event())

    busy.gate.set()
    assert eventually(lambda: busy.handled == 2)


def test_a_stop_goes_through_a_full_mailbox(runtime: Runtime, busy: Busy) -> None:
    ref = runtime.spawn("busy", busy.work, concurrency=1, mailbox=1)
    ref.tell(Event())
    assert busy.began.acquire(timeout=PATIENCE)
    ref.tell(Event())

    stopping = ref.stop(block=False)
    busy.gate.set()

    assert stopping.get(timeout=PATIENCE) is True
    assert busy.handled == 1


def test_a_withdrawn_event_makes_room(runtime: Runtime, busy: Busy) -> None:
    runtime.spawn("busy", busy.work, concurrency=1, mailbox=1)
    first = runtime.submit("busy")
    assert busy.began.acquire(timeout=PATIENCE)

    for _ in range(50):
        waiting = runtime.submit("busy")
        waiting.cancel()
        error = waiting.exception(PATIENCE)
        assert error is not None
        assert error.outcome.kind is OutcomeKind.CANCELLED

    busy.gate.set()
    assert first.result(PATIENCE).outcome.ok


def test_a_function_takes_no_more_at_once_than_its_mailbox_holds(runtime: Runtime, busy: Busy) -> None:
    runtime.spawn("busy", busy.work, mailbox=2)
    runs = [runtime.submit("busy") for _ in range(2)]

    error = runtime.submit("busy").exception(PATIENCE)

    assert error is not None
    assert error.outcome.reason is Reason.MAILBOX_FULL
    busy.gate.set()
    assert all(run.result(PATIENCE).outcome.ok for run in runs)


def test_more_work_than_threads_waits_its_turn(busy: Busy) -> None:
    with Runtime(max_threads=2) as runtime:
        runtime.spawn("busy", busy.work)
        runs = [runtime.submit("busy") for _ in range(10)]
        for _ in range(2):
            assert busy.began.acquire(timeout=PATIENCE)
        assert not busy.began.acquire(blocking=False)

        busy.gate.set()

        assert all(run.result(PATIENCE).outcome.ok for run in runs)


def test_with_too_many_abandoned_threads_work_for_threads_is_refused(busy: Busy) -> None:
    with Runtime(max_abandoned=2, abandon_after=0.02) as runtime:
        runtime.spawn("busy", busy.work)
        for _ in range(2):
            runtime.submit("busy", timeout=0.02).exception(PATIENCE)

        def is_refused() -> bool:
            error = runtime.submit("busy", timeout=0.02).exception(PATIENCE)
            return error is not None and error.outcome.reason is Reason.ABANDONED_LIMIT

        assert eventually(is_refused)
        busy.gate.set()
        assert eventually(lambda: runtime.submit("busy").exception(PATIENCE) is None)


def test_an_abandoned_thread_is_replaced(busy: Busy) -> None:
    with Runtime(max_threads=1, abandon_after=0.02) as runtime:
        runtime.spawn("busy", busy.work)
        runtime.spawn("quick", lambda event, state: {"quick": True})
        runtime.submit("busy", timeout=0.02).exception(PATIENCE)

        result = runtime.run("quick", timeout=PATIENCE / 2)

        assert result.state["quick"] is True
        assert not busy.gate.is_set()
        busy.gate.set()
