"""Direct events: what is answered to whoever told or asked an agent without a workflow.

What an agent asks while it handles an event is a part of that event: bounded by its deadline, and withdrawn with it.
"""

from __future__ import annotations

import logging
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from actors.agents.invocation import Assignment, Invocation, asker_here
from actors.cells.offspring import forget_ask
from actors.values.errors import AgentFailedError, AgentStoppedError, AgentTimeoutError, MailboxFullError
from actors.values.event import Event
from actors.values.freezing import FrozenDict
from actors.values.result import AgentResult
from actors.values.state import EMPTY_SNAPSHOT, State
from supervisors.errors import BreakerOpenError
from supervisors.facts import AgentRan
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import UNLIMITED, Deadline

if TYPE_CHECKING:
    from actors.cells.agent_cell import AgentCell
    from actors.control.reply import Reply

_NO_METADATA = FrozenDict()


class DirectInvocation(Invocation):
    """An invocation that was told or asked without a workflow: it answers a future; a tell's failure is logged."""

    __slots__ = ("_asker", "_deadline", "_is_told", "_reply")

    def __init__(self, cell: AgentCell, event: Event, reply: Reply | None) -> None:
        self._asker = None if reply is None else asker_here()
        now = cell.now()
        self._deadline = self._inherited(cell, now).narrowed(cell.timeout, cell.budget, now)
        assignment = Assignment(event, _NO_METADATA, EMPTY_SNAPSHOT, copy_context())
        super().__init__(cell, assignment, 1, self._deadline.at, now)
        # Dropped when it is answered: the answer may be an exception whose frames hold this.
        self._reply = reply
        self._is_told = reply is None

    def _inherited(self, cell: AgentCell, now: float) -> Deadline:
        asker = self._asker
        if asker is None or asker.deadline.at is None:
            return UNLIMITED
        if asker.cell.system is cell.system:
            return asker.deadline
        # The asker lives by another runtime's clock.
        return Deadline(now + asker.deadline.at - asker.cell.now(), asker.deadline.budget)

    @property
    def asker(self) -> Invocation | None:
        """The event whose agent asks for the answer; None if it was told, or sent by no agent."""
        return self._asker

    @property
    def deadline(self) -> Deadline:
        """Until when it has time, and whose allowance that is."""
        return self._deadline

    @property
    def has_own_deadline(self) -> bool:
        """Whether its deadline has to be watched: it is not the asker's, which withdraws it when that has come."""
        asker = self._asker
        return self.deadline_at is not None and (asker is None or self._deadline is not asker.deadline)

    @property
    def is_told(self) -> bool:
        """Whether it was told, not asked."""
        return self._is_told

    def _observe(self, outcome: Outcome) -> None:
        telemetry, now, begun_at = self.cell.system.telemetry, self.cell.now(), self.begun_at
        if telemetry.is_observed:
            waited = (now if begun_at is None else begun_at) - self.sent_at
            ran = None if begun_at is None else (self.ended_at or now) - begun_at
            telemetry.observe(AgentRan(self.agent, outcome.without_exception(), waited, ran))

    def answer(self, outcome: Outcome, value: Any) -> None:
        """Answer the future, if there is one."""
        self._observe(outcome)
        if self._asker is not None:
            forget_ask(self._asker, self)
        reply, self._reply = self._reply, None
        if reply is None:
            if self._is_told and not outcome.ok:
                self._report(outcome)
        elif outcome.ok:
            delta, metadata = value
            state = State._over(self.assignment.state.apply(delta))
            reply.answer(AgentResult(state=state, metadata=metadata))
        else:
            reply.fail(_error(self, outcome))

    def _report(self, outcome: Outcome) -> None:
        if outcome.reason is Reason.DROPPED:
            return  # that is what the mailbox was told to do; the dead letter tells of it
        self.cell.system.delivery.log(
            logging.WARNING,
            "agent %r did not handle an event that it was told: %s",
            self.agent,
            outcome,
            error=None if outcome.failure is None else outcome.failure.exception,
        )


def _error(invocation: Invocation, outcome: Outcome) -> BaseException:
    failure = outcome.failure
    if failure is not None and isinstance(failure.exception, Exception):
        return failure.exception
    return rejection_error(invocation.agent, outcome, invocation.cell.capacity)


def rejection_error(agent: str, outcome: Outcome, capacity: int) -> Exception:
    """Return the error that tells a sender why its event was not handled."""
    if outcome.kind is OutcomeKind.TIMED_OUT:
        return AgentTimeoutError(agent, outcome)
    if outcome.reason is Reason.MAILBOX_FULL or outcome.reason is Reason.DROPPED:
        return MailboxFullError(agent, capacity)
    if outcome.reason is Reason.BREAKER_OPEN:
        return BreakerOpenError(f"agent {agent!r}", outcome.detail)
    if outcome.kind is OutcomeKind.REJECTED and outcome.reason is not Reason.WAIT_CYCLE:
        return AgentStoppedError(agent, outcome.detail or str(outcome))
    return AgentFailedError(agent, outcome)
