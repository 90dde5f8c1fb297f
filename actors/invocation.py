"""Invocations and hooks: the calls of an agent's code."""

from __future__ import annotations

import logging
from contextvars import Context as ContextVariables
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actors.agent import AgentDefinition, resolve
from actors.context import InvocationContext
from actors.errors import InvalidResultError, MissingKeysError, ProcessEndedError
from actors.event import Event
from actors.result import settle
from actors.state import Snapshot, State
from actors.wait_cycles import find_cycle, told
from actors.work import RenderedError, Work, failed, render
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.signals import Answer, Attempt

if TYPE_CHECKING:
    from actors.agent_cell import AgentCell
    from actors.instance import Instance
    from actors.timers import ScheduledMessage

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Assignment:
    """What a performer is handed: the payload of an attempt. Nobody changes it.

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
        "sent_at",
        "timer",
    )

    def __init__(
        self, cell: AgentCell, assignment: Assignment, number: int, deadline_at: float | None, sent_at: float
    ) -> None:
        self.agent = cell.name
        self.host = self.task = None
        self.delayed_by = ""
        self.is_abandoned = False
        self.variables = assignment.variables
        self.cell = cell
        self.assignment = assignment
        self.number = number
        self.deadline_at = deadline_at
        self.sent_at = sent_at
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

    @property
    def is_over(self) -> bool:
        """Whether nothing will come of it any more."""
        return self.ended_at is not None or (not self.is_live and self.begun_at is None)

    @property
    def is_told(self) -> bool:
        """Whether nobody waits for its answer: it was told to an agent, not asked."""
        return False

    @property
    def may_move(self) -> bool:
        """Whether it may be run on another event loop instead."""
        return self.begun_at is None and self.instance is None

    def begin(self) -> bool:
        """Say that it begins now; False if it is not wanted any more, or has begun already."""
        with self.cell.lock:
            if not self.is_live or self.begun_at is not None:
                return False
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

    def delayer(self) -> str:
        """Name the agent that keeps it from getting on; empty when none does."""
        return self.cell.dispatcher.delayer(self)

    def obstacle(self) -> str:
        """Say which agents wait for each other, if that is why it does not get on. Inside the control plane."""
        cycle = find_cycle(self) if self.cell.system.offspring else ()
        return told(cycle) if cycle else ""

    @property
    def step(self) -> Attempt | None:
        """The attempt at a step of a run that it is; None if it is a direct event."""
        return None


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

    @property
    def step(self) -> Attempt:
        """The attempt that it is."""
        return self._attempt

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


class StartWork(Work):
    """Makes an instance and calls its first hooks; before that, ends the one it replaces.

    Args:
        cell: The agent's cell.
        instance: What to fill.
        reason: Why it is restarted; empty for the first start.
        previous: The behaviour to end first, if its code is not running any more.
        product: A behaviour that was made already and only needs its hooks.
    """

    __slots__ = (
        "cell",
        "definition",
        "has_ended",
        "instance",
        "is_made_only",
        "previous",
        "product",
        "reason",
        "timer",
    )

    def __init__(
        self,
        cell: AgentCell,
        instance: Instance,
        *,
        reason: str = "",
        previous: Any = None,
        product: Any = None,
    ) -> None:
        super().__init__(cell.name)
        self.cell = cell
        self.definition: AgentDefinition = cell.definition
        self.instance = instance
        self.reason = reason
        self.previous = previous
        self.product = product
        self.timer: ScheduledMessage | None = None
        # Written inside the control plane: it was reported, or given up.
        self.has_ended = False
        # Whether the factory turned out to make async agents: the hooks are called elsewhere, by another work.
        self.is_made_only = False

    def begin(self) -> bool:
        """Begin, unless it was given up while it was queued."""
        return not self.has_ended

    def call(self) -> Any:
        """Make the instance and call its hooks."""
        return self._start_async() if self.definition.is_async else self._start()

    def done(self, value: Any, error: BaseException | None) -> None:
        """Report to the cell."""
        self.cell.lifecycle.start_ended(self, value, error)

    def refuse(self, outcome: Outcome) -> None:
        """Report that the dispatcher will not run it."""
        self.cell.lifecycle.start_ended(self, None, RuntimeError(str(outcome)))

    def _start(self) -> Any:
        if self.previous is not None:
            _survive(self.agent, self.previous.on_stop)
        product = self._make()
        self.definition = resolve(self.definition, product)
        if self.definition.is_async:
            self.is_made_only = True
            return product
        product.on_start()
        if self.reason:
            product.on_restart(self.reason)
        return product

    async def _start_async(self) -> Any:
        if self.previous is not None:
            await _survive_async(self.agent, self.previous.on_stop)
        product = self._make()
        await _finished(product.on_start())
        if self.reason:
            await _finished(product.on_restart(self.reason))
        return product

    def _make(self) -> Any:
        if self.product is not None:
            return self.product
        make = self.definition.make
        if make is None:
            raise AssertionError("a function has no instances")
        return make()


class StopWork(Work):
    """Calls the `on_stop` of an instance that is not needed any more."""

    __slots__ = ("behaviour", "cell", "is_async")

    def __init__(self, cell: AgentCell, behaviour: Any) -> None:
        super().__init__(cell.name)
        self.cell = cell
        self.is_async = cell.definition.is_async
        self.behaviour = behaviour

    def begin(self) -> bool:
        """Begin."""
        return True

    def call(self) -> Any:
        """Call the hook."""
        if self.is_async:
            return _survive_async(self.agent, self.behaviour.on_stop)
        return _survive(self.agent, self.behaviour.on_stop)

    def done(self, value: Any, error: BaseException | None) -> None:
        """Report to the cell."""
        self.cell.lifecycle.stop_hook_ended(self)

    def refuse(self, outcome: Outcome) -> None:
        """Report to the cell that the hook will not run."""
        self.cell.lifecycle.stop_hook_ended(self)


async def _finished(returned: Any) -> None:
    if returned is not None:
        await returned


def _survive(agent: str, hook: Any) -> None:
    try:
        hook()
    except BaseException as error:  # noqa: BLE001  # what a stop hook raises must not stop the stopping
        logger.warning("on_stop of agent %r raised %s", agent, render(error).text)


async def _survive_async(agent: str, hook: Any) -> None:
    try:
        await _finished(hook())
    except BaseException as error:  # noqa: BLE001  # what a stop hook raises must not stop the stopping
        logger.warning("on_stop of agent %r raised %s", agent, render(error).text)


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


def is_crash(outcome: Outcome) -> bool:
    """Return whether an outcome tells of a `BaseException` that is no ordinary one, or of the end of a process."""
    failure = outcome.failure
    if outcome.kind is not OutcomeKind.FAILED or failure is None:
        return False
    return "builtins.Exception" not in failure.types or has_lost_process(outcome)


def has_lost_process(outcome: Outcome) -> bool:
    """Return whether an outcome tells of the end of the process that an agent lived in."""
    return outcome.failure is not None and isinstance(outcome.failure.exception, ProcessEndedError)
