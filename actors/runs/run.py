"""The run: one execution of a workflow, as its caller holds it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.control.cell import ControlCell
from actors.control.latch import Latch, refuse_to_block
from actors.dispatchers.work import waiting_here
from actors.orchestrators.base import BranchReport, delta_of, reports_of
from actors.runs.admission import ARRIVE, RELEASE, Arrive, Release, Turn
from actors.values.arguments import check_callback, check_wait
from actors.values.errors import (
    ForkedRuntimeError,
    RunCancelledError,
    RunTimeoutError,
    WorkflowFailedError,
)
from actors.values.state import Snapshot, State
from supervisors.branches.branch_supervisor import BranchSupervisor
from supervisors.facts import RunEnded
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.signals import Close, Ended, Supervise
from supervisors.trace import TraceRecord

if TYPE_CHECKING:
    from actors.control.facilities import System

_ERRORS: Mapping[OutcomeKind, type[WorkflowFailedError]] = {
    OutcomeKind.TIMED_OUT: RunTimeoutError,
    OutcomeKind.CANCELLED: RunCancelledError,
}


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run that ended ok gave.

    Attributes:
        state: The state it ended with; the caller's own.
        outcome: Why it ended.
        trace: The records of all that was executed.
        duration: Seconds from submission to end.
    """

    state: State
    outcome: Outcome
    trace: TraceRecord
    duration: float


class _Ending:
    """How a run ended, from which results and errors are made."""

    __slots__ = ("duration", "outcome", "record", "reports", "snapshot")

    def __init__(
        self,
        outcome: Outcome,
        snapshot: Snapshot,
        reports: Mapping[str, BranchReport],
        record: TraceRecord | None,
        duration: float,
    ) -> None:
        self.outcome = outcome
        self.snapshot = snapshot
        self.reports = reports
        self.record = record
        self.duration = duration


class Run:
    """A run in progress or ended. Follows `concurrent.futures.Future`, and can be awaited on any event loop.

    Made by `Runtime.submit()`. Letting go of it changes nothing: the run goes on.

    Attributes:
        id: Its number within its runtime.
        workflow: The workflow's name.
    """

    def __init__(self, system: System, id: int, workflow: str) -> None:
        self.id = id
        self.workflow = workflow
        self._system = system
        self._latch = Latch()
        # Written once, by the control plane, before the latch opens.
        self._ending: _Ending | None = None
        self._result: RunResult | None = None
        # Set before it is submitted, dropped when it has ended.
        self.supervisor: ControlCell | None = None
        # Who has it begin when it is its turn; None when it does not wait for that. Set before it is in line.
        self.waiting: RunKeeper | None = None

    def __repr__(self) -> str:
        ending = self._ending
        status = "in progress" if ending is None else str(ending.outcome)
        return f"<Run {self.id} of {self.workflow!r}: {status}>"

    def done(self) -> bool:
        """Return whether it has ended."""
        return self._latch.is_open

    def running(self) -> bool:
        """Return whether it has not ended yet."""
        return not self._latch.is_open

    def cancelled(self) -> bool:
        """Return whether it ended by being cancelled."""
        ending = self._ending
        return ending is not None and ending.outcome.kind is OutcomeKind.CANCELLED

    def cancel(self) -> bool:
        """Ask for its end. What has been finished is kept as partial state.

        Returns:
            False if it had ended already.
        """
        if self._latch.is_open:
            return False
        self.close(Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED))
        return True

    def result(self, timeout: float | None = None) -> RunResult:
        """Wait for the end and return the result.

        Args:
            timeout: Seconds to wait at most; the run goes on if they are over. 0 and less look without waiting, None
                waits for the end.

        Raises:
            TimeoutError: If the run has not ended within `timeout`.
            WorkflowFailedError: If it did not end ok: a `RunTimeoutError` if its own time ran out, a
                `RunCancelledError` if it was cancelled.
            WouldDeadlockError: If it has not ended and this thread runs an event loop of a runtime.
            ForkedRuntimeError: If it has not ended and this is the child of a fork.
        """
        self._wait(timeout)
        return self._outcome()

    def exception(self, timeout: float | None = None) -> WorkflowFailedError | None:
        """Wait for the end and return what `result()` would raise of it; None if it ended ok."""
        self._wait(timeout)
        try:
            self._outcome()
        except WorkflowFailedError as error:
            return error
        return None

    def add_done_callback(self, callback: Callable[[Run], object]) -> None:
        """Have `callback(run)` called when it has ended, once, on the delivery thread; soon if it has already.

        Raises:
            TypeError: If it cannot be called, or is a coroutine function: nobody would await it.
        """
        check_callback(callback, "Run.add_done_callback():", "the run")
        delivery = self._system.delivery
        pending = [callback]

        def deliver() -> None:
            try:
                pending.pop()  # by one thread only
            except IndexError:
                return
            try:
                delivery.post(lambda: callback(self))
            except BaseException:  # an interrupt: it is told once more
                pending.append(callback)
                raise

        self._latch.when_open(deliver)

    def __await__(self) -> Generator[Any, None, RunResult]:
        """Wait for the end without blocking the loop. Cancelling the waiting task does not cancel the run."""
        yield from self._latch.__await__()
        return self._outcome()

    def close(self, outcome: Outcome) -> None:
        """End it with an outcome. Any thread; harmless when it has ended."""
        if self.supervisor is not None:
            self._system.plane.post_from_outside(self.supervisor, Close(outcome))
        if (keeper := self.waiting) is not None:
            self._system.plane.post_from_outside(keeper, RELEASE)  # it begins, and ends at once

    def resolve(self, ending: _Ending) -> None:
        """Let it end. Inside the control plane; the first ending counts."""
        if self._ending is None:
            self._ending = ending
        self.supervisor = self.waiting = None
        self._latch.open()

    def wait(self, timeout: float | None) -> bool:
        """Wait for the end at most `timeout` seconds; return whether it has ended."""
        return self._latch.wait(check_wait(timeout, "Run.wait():"), self._system.environment.clock)

    def _wait(self, timeout: float | None) -> None:
        seconds = check_wait(timeout, "Run.result():")
        if self._latch.is_open:
            return
        if self._system.is_forked:
            raise ForkedRuntimeError
        refuse_to_block("Run.result()")
        with waiting_here():
            has_ended = self._latch.wait(seconds, self._system.environment.clock)
        if not has_ended:
            raise TimeoutError(f"{self!r} did not end within {seconds:g} s; it goes on")

    def _outcome(self) -> RunResult:
        ending = self._ending
        if ending is None:
            raise AssertionError("the latch opens after the ending is set")
        if not ending.outcome.ok:
            raise self._error(ending)
        if self._result is None:
            if ending.record is None:
                raise AssertionError("what ended ok has a record")
            state = State._over(ending.snapshot)
            self._result = RunResult(state, ending.outcome, ending.record, ending.duration)
        return self._result

    def _error(self, ending: _Ending) -> WorkflowFailedError:
        kind = _ERRORS.get(ending.outcome.kind, WorkflowFailedError)
        state = State._over(ending.snapshot)
        error = kind(self.workflow, ending.outcome, state, ending.reports, ending.record)
        failure = ending.outcome.failure
        if failure is not None:
            error.__cause__ = failure.exception
        return error


class Abort:
    """To a run's keeper: end it, whether it has begun or not; nobody holds it."""


ABORT = Abort()


class RunKeeper:
    """Who asks for a run's root node, and ends the run when it is told how that ended.

    Args:
        system: The runtime's parts.
        run: The run.
        runs: Where it is kept while it is in progress.
        snapshot: The state that it starts from.
    """

    __slots__ = ("_branches", "_input", "_request", "_runs", "_started", "_system", "run", "supervisor")

    def __init__(self, system: System, run: Run, runs: dict[int, RunKeeper], snapshot: Snapshot) -> None:
        self._started = now = system.plane.now()
        budgets = system.retry_budgets
        tokens = None if budgets is None else budgets.of(run.workflow, now)
        self._branches = BranchSupervisor(run.workflow, run.id, tokens)
        self._system = system
        self._runs = runs
        # What has the root begin, for as long as the run waits for its turn.
        self._request: Supervise | None = None
        self._input = snapshot
        self.run = run
        self.supervisor = run.supervisor = ControlCell(self._branches, system, run.id)

    def begin(self, request: Supervise) -> None:
        """Have the root begin, as soon as it is the run's turn. Any thread; once."""
        plane = self._system.plane
        if self._system.line is None:
            plane.post_from_outside(self.supervisor, request)
            return
        self._request = request
        self.run.waiting = self
        plane.post_from_outside(self, ARRIVE)

    def handle(self, message: Ended | Abort | Arrive | Turn | Release) -> None:
        """Take how the root ended, or what concerns the run's turn. Inside the control plane."""
        match message:
            case Ended(_, outcome, value, record):
                self._end(outcome, self._input.apply(delta_of(value)), reports_of(value), record)
            case Abort():
                detail = "its submission was interrupted"
                self._abandon(Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED, detail=detail))
            case _:
                self._take_turn(message)

    def _take_turn(self, message: Arrive | Turn | Release) -> None:
        """Get in line, or begin: because it is the run's turn, or because it has been ended while it waited."""
        line, request = self._system.line, self._request
        if line is None or request is None:
            return  # it began
        if isinstance(message, Arrive):
            deadline: Any = request.deadline
            line.arrive(self, request.payload.metadata["session_id"], deadline.at)
            return
        if isinstance(message, Release):
            line.release(self.run.id)
        self._request = self.run.waiting = None
        self._system.plane.send(self.supervisor, request)

    def fail(self, detail: str) -> None:
        """End the run because of a defect of the runtime's. Inside the control plane."""
        outcome = Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR, detail=detail)
        self._abandon(outcome)

    def _abandon(self, outcome: Outcome) -> None:
        """End the run at once, without anybody's answer."""
        self._branches.abandon(outcome)
        for cell in self._system.orchestrators.pop(self.run.id, ()):
            cell.retire()
        self._end(outcome, self._input, {}, None)

    def _end(
        self,
        outcome: Outcome,
        snapshot: Snapshot,
        reports: Mapping[str, BranchReport],
        record: TraceRecord | None,
    ) -> None:
        run = self.run
        duration = self._system.plane.now() - self._started
        self.supervisor.retire()
        if run.id in self._runs:
            # In this order: after an interrupt it may be told twice, but it is told.
            self._system.telemetry.observe(RunEnded(run.workflow, run.id, outcome.without_exception(), duration))
            self._runs.pop(run.id, None)
        if self._system.line is not None:
            self._request = None
            self._system.line.leave(run.id)
        run.resolve(_Ending(outcome, snapshot, reports, record, duration))
