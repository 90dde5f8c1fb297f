"""Direct events: what is answered to whoever told or asked an agent without a workflow."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from actors.errors import AgentFailedError, AgentStoppedError, AgentTimeoutError, MailboxFullError
from actors.result import AgentResult
from actors.state import Snapshot, State
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.invocation import Invocation
    from actors.reply import Reply
    from actors.system import System


class DirectReply:
    """Answers the future of an ask; the failure of a tell is logged."""

    __slots__ = ("_reply", "_system")

    def __init__(self, system: System, reply: Reply | None) -> None:
        self._system = system
        self._reply = reply

    def answer(self, invocation: Invocation, outcome: Outcome, value: Any) -> None:
        """Take the answer. Any thread; once."""
        reply = self._reply
        if outcome.ok:
            if reply is not None:
                delta, metadata = value
                snapshot: Snapshot = invocation.assignment.state.apply(delta)
                reply.set(AgentResult(state=State._over(snapshot), metadata=metadata))
            return
        if reply is not None:
            reply.fail(_error(invocation, outcome))
            return
        if outcome.kind is OutcomeKind.REJECTED:
            detail = f"a told event for agent {invocation.agent!r}: {outcome}"
            self._system.dead_letter(outcome.reason.value, detail)
        self._system.delivery.log(
            logging.WARNING, "agent %r did not handle an event that it was told: %s", invocation.agent, outcome
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
    if outcome.reason is Reason.MAILBOX_FULL:
        return MailboxFullError(agent, capacity)
    if outcome.kind is OutcomeKind.REJECTED:
        return AgentStoppedError(agent, outcome.detail or str(outcome))
    return AgentFailedError(agent, outcome)
