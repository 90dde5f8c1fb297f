"""The run, as its caller holds it, and its keeper, who ends it."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from actors.control.cell import ControlCell
from actors.control.latch import forget_loop, note_loop
from actors.control.plane import ControlPlane
from actors.dispatchers.work import failed
from actors.runs.plan import compile_workflow
from actors.runs.run import ABORT, Run, RunKeeper, _Ending
from actors.values.errors import (
    ForkedRuntimeError,
    RunCancelledError,
    RunTimeoutError,
    WorkflowFailedError,
    WouldDeadlockError,
)
from actors.values.state import EMPTY_SNAPSHOT, Snapshot
from supervisors.facts import RunEnded
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import UNLIMITED
from supervisors.signals import Ended, Supervise
from supervisors.trace import TraceRecord
from tests.actors.agents.test_invocation import Attempt, Supervisor
from tests.actors.by_hand import Rig
from tests.limits import PATIENCE

RECORD = TraceRecord("flow", "sequential", COMPLETED, 0.0, 0.0, 1, 0, 0.0, 0.0)
CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED)


class Life:
    """A run with its keeper, and the parts around them."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.run = Run(self.rig.system, 1, "flow")
        self.runs: dict[int, RunKeeper] = {}
        self.keeper = RunKeeper(self.rig.system, self.run, self.runs, Snapshot.of({"n": 1}))
        self.runs[1] = self.keeper

    @property
    def plane(self) -> ControlPlane:
        return self.rig.system.plane

    def end(self, outcome: Outcome = COMPLETED, record: TraceRecord | None = RECORD) -> None:
        self.plane.post(self.keeper, Ended(0, outcome, None, record))


class Silent:
    """A behaviour that does nothing."""

    def receive(self, message: Any, context: Any) -> None:
        """Do nothing."""


@pytest.fixture
def life() -> Life:
    return Life()


# Ending


async def awaited_by_nobody(run: Run) -> None:
    """Do nothing."""


def test_it_is_in_progress_until_it_ends(life: Life) -> None:
    run = life.run
    before = (run.done(), run.running(), run.cancelled(), repr(run))

    life.end()

    assert before == (False, True, False, "<Run 1 of 'flow': in progress>")
    assert (run.done(), run.running(), run.cancelled()) == (True, False, False)
    assert repr(run) == "<Run 1 of 'flow': ok (completed)>"


def test_its_result_is_made_once(life: Life) -> None:
    life.rig.clock.advance(2.0)

    life.end()

    result = life.run.result(0)
    assert result.state == {"n": 1}
    assert (result.outcome, result.trace, result.duration) == (COMPLETED, RECORD, 2.0)
    assert life.run.result() is result
    assert life.run.exception(0) is None


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Outcome(OutcomeKind.FAILED, Reason.CHILD_FAILED), WorkflowFailedError),
        (Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE), RunTimeoutError),
        (CANCELLED, RunCancelledError),
    ],
)
def test_one_that_did_not_end_ok_raises_how_it_ended(life: Life, outcome: Outcome, error: type[Exception]) -> None:
    life.end(outcome)

    with pytest.raises(error) as raised:
        life.run.result(0)
    assert type(life.run.exception(0)) is type(raised.value) is error
    assert life.run.cancelled() is (outcome is CANCELLED)


def test_the_exception_that_failed_it_is_its_cause(life: Life) -> None:
    cause = ValueError("no")

    life.end(failed(Reason.EXCEPTION, cause))

    error = life.run.exception(0)
    assert error is not None
    assert error.__cause__ is cause


def test_its_end_is_told_once_and_the_first_counts(life: Life) -> None:
    life.end()
    life.end(CANCELLED)

    assert life.run.result(0).outcome is COMPLETED
    assert [fact.outcome for fact in life.rig.told(RunEnded)] == [COMPLETED]
    assert life.runs == {}


def test_a_defect_of_the_runtime_ends_it_with_what_it_started_from(life: Life) -> None:
    life.rig.inside(lambda: life.keeper.fail("ValueError: a defect"))

    error = life.run.exception(0)

    assert error is not None
    assert (error.outcome.reason, error.outcome.detail) == (Reason.INTERNAL_ERROR, "ValueError: a defect")
    assert error.state == {"n": 1}


def test_a_run_whose_submission_was_interrupted_is_ended(life: Life) -> None:
    life.plane.post(life.keeper, ABORT)

    error = life.run.exception(0)

    assert error is not None
    assert error.outcome.detail == "its submission was interrupted"


def test_a_run_that_is_abandoned_leaves_no_cells_and_no_work_behind(life: Life) -> None:
    cell = life.rig.spawn(lambda event, state: None, name="writer")
    attempt = Attempt(Supervisor())
    plan = compile_workflow("writer")
    life.plane.post(life.keeper.supervisor, Supervise(None, life.keeper, 0, plan.root, attempt.payload, UNLIMITED))
    own, other = (ControlCell(Silent(), life.rig.system, number) for number in (life.run.id, life.run.id + 1))
    for orchestrator in (own, other):
        life.rig.inside(orchestrator.enroll)

    life.rig.inside(lambda: life.keeper.fail("a defect"))

    assert life.rig.system.orchestrators == {other.run: {other}}
    assert (own.is_stopped, other.is_stopped) == (True, False)
    assert not list(cell.running())
    assert life.rig.threads.given[0].begin() is False


def test_cancelling_asks_its_supervisor_to_end_it(life: Life) -> None:
    was_asked = life.run.cancel()
    attempt = Attempt(Supervisor())
    plan = compile_workflow("writer")

    life.plane.post(life.keeper.supervisor, Supervise(None, life.keeper, 0, plan.root, attempt.payload, UNLIMITED))

    assert was_asked
    assert life.run.cancelled()


def test_cancelling_what_has_ended_changes_nothing(life: Life) -> None:
    life.end()

    assert life.run.cancel() is False
    life.run.close(CANCELLED)
    assert life.run.result(0).outcome is COMPLETED


def test_no_ending_is_made_up() -> None:
    run = Run(Rig().system, 1, "flow")
    run._latch.open()

    with pytest.raises(AssertionError, match="the latch opens after the ending is set"):
        run.result(0)


def test_what_ended_ok_has_a_record() -> None:
    run = Run(Rig().system, 1, "flow")
    run.resolve(_Ending(COMPLETED, EMPTY_SNAPSHOT, {}, None, 0.0))

    with pytest.raises(AssertionError, match="what ended ok has a record"):
        run.result(0)


# Waiting


def test_waiting_ends_with_the_run(life: Life) -> None:
    results = list[Any]()
    thread = threading.Thread(target=lambda: results.append(life.run.result(PATIENCE)))
    life.rig.clock.advance(1.0)
    thread.start()

    life.end()

    thread.join(PATIENCE)
    assert [result.state for result in results] == [{"n": 1}]


def test_waiting_that_takes_too_long_says_that_the_run_goes_on(life: Life) -> None:
    with pytest.raises(TimeoutError, match=r"did not end within 0 s; it goes on"):
        life.run.result(0)

    assert life.run.running()


def test_in_the_child_of_a_fork_nobody_waits_for_what_has_not_ended(life: Life) -> None:
    life.rig.system.is_forked = True

    with pytest.raises(ForkedRuntimeError):
        life.run.result(0)


def test_a_thread_that_does_the_runtimes_work_must_not_wait(life: Life) -> None:
    async def wait() -> None:
        note_loop(asyncio.get_running_loop())
        try:
            life.run.result(0)
        finally:
            forget_loop(asyncio.get_running_loop())

    with pytest.raises(WouldDeadlockError):
        asyncio.run(wait())


def test_it_can_be_awaited_and_letting_go_of_that_does_not_cancel_it(life: Life) -> None:
    async def wait() -> Any:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_ended(life.run), 0)
        asyncio.get_running_loop().call_soon(life.end)
        return await life.run

    assert asyncio.run(wait()).state == {"n": 1}


async def _ended(run: Run) -> None:
    await run


# Callbacks


def test_callbacks_are_called_when_it_has_ended_or_at_once_if_it_has(life: Life) -> None:
    called = list[tuple[str, Run]]()
    life.run.add_done_callback(lambda run: called.append(("before", run)))
    early = list(called)

    life.end()
    life.run.add_done_callback(lambda run: called.append(("after", run)))

    assert (early, called) == ([], [("before", life.run), ("after", life.run)])


def test_a_callback_is_called_once_though_its_waiter_is_twice(life: Life) -> None:
    called = list[Run]()
    life.run.add_done_callback(called.append)
    waiters = life.run._latch._waiters
    assert waiters is not None
    waiters.append(waiters[0])

    life.end()

    assert called == [life.run]


@pytest.mark.parametrize("wrong", [None, 3, awaited_by_nobody])
def test_what_cannot_be_called_back_is_refused(life: Life, wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^Run.add_done_callback\(\): callback must be .*callable with the run"):
        life.run.add_done_callback(wrong)
