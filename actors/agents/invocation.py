"""Invocations: the calls of an agent's `run`, and what its failures mean."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import Context as ContextVariables
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.agents.agent import AgentDefinition
from actors.agents.context import InvocationContext
from actors.cells.wait_cycles import find_cycle, told
from actors.dispatchers.work import Work, failed, work_here
from actors.values.errors import InvalidResultError, MissingKeysError, ProcessEndedError
from actors.values.event import Event
from actors.values.rendering import RenderedError
from actors.values.result import settle
from actors.values.state import Snapshot, State
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import Deadline
from supervisors.signals import Answer, Attempt

if TYPE_CHECKING:
    from actors.agents.instance import Instance
    from actors.cells.agent_cell import AgentCell
    from actors.control.timers import ScheduledMessage

_CANCELLATIONS = ("asyncio.exceptions.CancelledError", "builtins.GeneratorExit")
_NORMAL_EXITS = ("SystemExit", "SystemExit: 0", "SystemExit: None")


@dataclass(slots=True)
class Assignment:
    """What an agent is given: the payload of an attempt. Nobody changes it.

    Attributes:
        event: The event, as its parent got it.
        metadata: What to lay over the event's metadata; frozen.
        state: The state to start from.
        variables: The context variables to run in.
    """

    event: Event
    metadata: Any
    state: Snapshot
    variables: ContextVariables


class Invocation(Work):
    """One event, handed to one agent. It is also the handle by which the supervisor takes it back.

    Attributes:
        is_live: Whether the answer is still wanted. Under the cell's lock it turns false once: when the work is done,
            or when it is withdrawn.
        begun_at: When the agent began, on the clock. Written once, under the cell's lock.
        ended_at: When the agent was done, on the clock. Written once, under the cell's lock.
        instance: Which instance has it; None for a function without a concurrency.
    """

    __slots__ = (
        "_state",
        "assignment",
        "begun_at",
        "cell",
        "deadline_at",
        "ended_at",
        "instance",
        "is_live",
        "number",
        "previous",
        "sent_at",
        "timer",
    )

    def __init__(
        self, cell: AgentCell, assignment: Assignment, number: int, deadline_at: float | None, sent_at: float
    ) -> None:
        self.agent = cell.name
        self.host = self.task = self.home = None
        self.delayed_by = ""
        self.is_abandoned = False
        self.variables = assignment.variables
        self.cell = cell
        self.assignment = assignment
        self.number = number
        self.deadline_at = deadline_at
        self.sent_at = sent_at
        # How what was tried before failed; a later failure is not this one's.
        self.previous: Outcome | None = None
        self.begun_at: float | None = None
        self.ended_at: float | None = None
        self.is_live = True
        self.instance: Instance | None = None
        # Armed inside the control plane: the deadline of a direct event, or the grace of a withdrawn one.
        self.timer: ScheduledMessage | None = None
        self._state: State | None = None

    def answer(self, outcome: Outcome, value: Any) -> None:
        """Tell whoever waits how it ended; for ok, `value` is the delta and the metadata. Any thread; once."""
        raise NotImplementedError

    def arm(self, at: float, message: Any) -> None:
        """Have its cell told something at a moment, unless it is over by then. Inside the control plane."""
        self.timer = self.cell.system.plane.schedule(at, self.cell, message)
        if self.is_over:  # it ended just now; whoever ends it from now on sees the timer
            self.disarm()

    def disarm(self) -> None:
        """Drop its timer, and with it what that refers to. Inside the control plane."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    @property
    def deadline(self) -> Deadline:
        """Until when it has time, and whose allowance that is."""
        raise NotImplementedError

    @property
    def is_over(self) -> bool:
        """Whether nothing will come of it any more."""
        return self.ended_at is not None or (not self.is_live and self.begun_at is None)

    @property
    def is_told(self) -> bool:
        """Whether nobody waits for its answer: it was told to an agent, not asked."""
        return False

    @property
    def asker(self) -> Invocation | None:
        """The event whose agent asks for the answer; None if it is a step of a run, or was sent from elsewhere."""
        return None

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        return self.is_live

    @property
    def may_move(self) -> bool:
        """Whether it may be run on another event loop instead."""
        return self.begun_at is None and self.instance is None

    def begin(self) -> bool:
        """Say that it begins now; False if it is not wanted any more, or has begun already."""
        with self.cell.lock:
            if not self.is_live or self.begun_at is not None or (self.instance is None and self.cell.instances):
                return False  # the last: it has just been put back into the mailbox
            self.begun_at = self.cell.now()
            return True

    def call(self) -> Any:
        """Call the agent with its own event and its own state."""
        definition = self.cell.definition
        assignment = self.assignment
        snapshot = assignment.state
        self._state = state = State._over(snapshot)
        if definition.requires:
            check_keys(definition, "requires", snapshot)
        event = assignment.event.derived(self.agent, assignment.metadata)
        run = definition.function or self.instance.behaviour.run  # type: ignore[union-attr]  # what is no function has instances
        if definition.wants_context:
            return run(event, state, InvocationContext(self))
        return run(event, state)

    def digest(self, returned: Any) -> Any:
        """Take the delta of what the agent did to its state and what it returned."""
        state = self._state
        if state is None:
            raise AssertionError("call() comes before digest()")
        base = self.assignment.state
        delta, metadata = settle(self.agent, base, state, returned)
        definition = self.cell.definition
        if definition.produces:
            check_keys(definition, "produces", base.apply(delta))
        return delta, metadata

    def done(self, value: Any, error: BaseException | None) -> None:
        """Report to the cell."""
        self._state = None
        outcome = COMPLETED if error is None else failed(reason_of(error), error, is_task=self.task is not None)
        self.cell.finished(self, outcome, value)

    def refuse(self, outcome: Outcome) -> None:
        """Report that the dispatcher will not run it, or lost it."""
        if self.begun_at is None:
            if not self.is_live:
                return  # it was withdrawn meanwhile, which told of it
            self.cell.system.dead_letters.rejected(self, outcome)
        self.cell.finished(self, outcome, None)

    def withdraw(self, outcome: Outcome) -> None:
        """Take it back. Inside the control plane."""
        self.cell.withdraw(self, outcome)

    def waiting(self) -> AbstractContextManager[None]:
        """Have another thread compensate for this one, if it is one of the pool's, as long as its agent waits."""
        return self.cell.system.threads.waiting(self)

    def delayer(self) -> str:
        """Name the agent that delays it; empty when none does."""
        return self.cell.dispatcher.delayer(self)

    def obstacle(self) -> str:
        """Say what keeps it: its agent is not to begin yet, lacks a thread, or waits for itself. In the plane."""
        if self.begun_at is None and (reason := self.cell.lifecycle.held_up_by or self._shortage()):
            return reason
        cycle = find_cycle(self) if self.cell.system.offspring else ()
        return told(cycle) if cycle else ""

    @property
    def step(self) -> Attempt | None:
        """The attempt at a step of a run that it is; None if it is a direct event."""
        return None

    def _shortage(self) -> str:
        """Say what it lacks, unless it waits in the mailbox for what is handled before it."""
        cell = self.cell
        is_queued = self.instance is None and self not in cell.active
        if is_queued and any(instance.is_ready for instance in cell.instances):
            return ""
        return cell.dispatcher.shortage or cell.lifecycle.shortage


class SupervisedInvocation(Invocation):
    """An invocation that is one attempt at a step of a run.

    Args:
        cell: The agent's cell.
        attempt: The attempt, which is answered to its supervisor.
    """

    __slots__ = ("_attempt",)

    def __init__(self, cell: AgentCell, attempt: Attempt) -> None:
        super().__init__(cell, attempt.payload, attempt.attempts, attempt.attempt_deadline.at, attempt.sent_at)
        self._attempt = attempt
        self.previous = attempt.previous

    @property
    def step(self) -> Attempt:
        """The attempt that it is."""
        return self._attempt

    @property
    def deadline(self) -> Deadline:
        """Until when the attempt has time, and whose allowance that is."""
        deadline: Deadline = self._attempt.attempt_deadline
        return deadline

    def answer(self, outcome: Outcome, value: Any) -> None:
        """Post the answer to the supervisor."""
        delta, metadata = value if value is not None else (None, None)
        answer = Answer(
            self._attempt,
            self.number,
            outcome,
            delta,
            self.begun_at,
            self.ended_at,
            0,
            self.delayed_by,
            metadata,
        )
        self.cell.system.plane.post(self._attempt.supervisor, answer)


def asker_here() -> Invocation | None:
    """Return the event that the code which runs here handles, tasks that it created included.

    None if there is no such event, or its agent is done with it.
    """
    work = work_here()
    return work if isinstance(work, Invocation) and work.ended_at is None else None


def check_keys(definition: AgentDefinition, declared: str, snapshot: Snapshot) -> None:
    """Refuse a state that lacks keys which an agent declares that it `requires`, or `produces`.

    Raises:
        MissingKeysError: If it does.
    """
    keys = definition.requires if declared == "requires" else definition.produces
    missing = tuple(key for key in keys if key not in snapshot)
    if missing:
        raise MissingKeysError(definition.name, declared, missing)


def reason_of(error: BaseException) -> Reason:
    """Return why an event failed, by what was raised."""
    if isinstance(error, RenderedError):
        return error.reason
    if isinstance(error, InvalidResultError):
        return Reason.INVALID_RESULT
    if isinstance(error, MissingKeysError):
        missing_before = error.declared == "requires"
        return Reason.MISSING_INPUT if missing_before else Reason.MISSING_OUTPUT
    return Reason.EXCEPTION


def is_cancellation(outcome: Outcome) -> bool:
    """Return whether an outcome tells of a coroutine that was cancelled or closed."""
    failure = outcome.failure
    return failure is not None and failure.types[0] in _CANCELLATIONS


def is_crash(outcome: Outcome) -> bool:
    """Return whether an outcome tells of a `BaseException` that is no ordinary one, or of the end of a process."""
    failure = outcome.failure
    if outcome.kind is not OutcomeKind.FAILED or failure is None:
        return False
    return "builtins.Exception" not in failure.types or has_lost_process(outcome)


def has_lost_process(outcome: Outcome) -> bool:
    """Return whether an outcome tells of the end of the process that an agent lived in."""
    return outcome.failure is not None and isinstance(outcome.failure.exception, ProcessEndedError)


def is_normal_exit(outcome: Outcome) -> bool:
    """Return whether an outcome tells of a `SystemExit` by which the agent says that it is done, as a program would."""
    failure = outcome.failure
    if failure is None or failure.types[0] != "builtins.SystemExit":
        return False
    if isinstance(failure.exception, SystemExit):
        code = failure.exception.code
        return code is None or (isinstance(code, int) and code == 0)
    return failure.text in _NORMAL_EXITS  # it was raised in a process of its own
