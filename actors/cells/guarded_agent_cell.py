"""The guarded agent cell: one with a circuit breaker, or with an overflow rule other than to reject."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from actors.agents.agent import AgentDefinition
from actors.agents.invocation import Invocation
from actors.agents.mailbox import MailboxPolicy
from actors.cells.agent_cell import AgentCell
from actors.cells.breaker import AgentBreaker
from actors.cells.senders import Senders
from actors.dispatchers.work import waiting_here
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.breaker import Breaker
from supervisors.policies.child_spec import ChildSpec

if TYPE_CHECKING:
    from actors.control.facilities import System

_TOO_LATE = Outcome(OutcomeKind.TIMED_OUT, Reason.DEADLINE)


class GuardedAgentCell(AgentCell):
    """An agent's cell that does more for each event than the plain one, which steps without guards do not pay for.

    Args:
        system: The runtime's parts.
        definition: What the user spawned.
        spec: Its name and restart policy.
        concurrency: How many instances; None for a function that is not limited.
        mailbox: How many events may wait, and what becomes of one more.
        timeout: Seconds for each event, waiting included; None is no limit.
        breaker: When it is left alone; None is never.
    """

    def __init__(
        self,
        system: System,
        definition: AgentDefinition,
        spec: ChildSpec,
        *,
        concurrency: int | None,
        mailbox: MailboxPolicy,
        timeout: float | None,
        breaker: Breaker | None,
    ) -> None:
        super().__init__(system, definition, spec, concurrency=concurrency, capacity=mailbox.capacity, timeout=timeout)
        self.breaker = None if breaker is None else AgentBreaker(breaker, spec.name, system)
        self._policy = mailbox
        self._senders = Senders(self.submit, self._may_try)
        # Appended to under the cell's lock, popped by anyone: what gave way to newer events and is to be answered.
        self._dropped: deque[Any] = deque()

    # Taking events

    def submit(self, invocation: Invocation) -> Outcome | None:
        """Take an event, or say why not. Any thread; never blocks."""
        breaker = self.breaker
        if breaker is not None and not breaker.admit(invocation):
            return breaker.refusal()
        rejection = super().submit(invocation)
        if rejection is not None and breaker is not None:
            breaker.judge(invocation, rejection)
        self._answer_dropped()
        return rejection

    def reconsider(self, invocation: Invocation, rejection: Outcome, within: float | None) -> Outcome | None:
        """Have the sender of a direct event wait for room, if that is the rule and its thread may block."""
        seconds = self._policy.wait
        if seconds is None or rejection.reason is not Reason.MAILBOX_FULL or not self._may_block():
            return rejection
        if invocation.deadline_at is not None:
            seconds = min(seconds, max(0.0, invocation.deadline_at - self.now()))
        if within is not None:
            seconds = min(seconds, within)
        with waiting_here():
            return self._senders.wait(invocation, rejection, seconds, self.system.environment.clock)

    def _may_block(self) -> bool:
        return asyncio._get_running_loop() is None and not self.system.plane.is_inside()

    def _may_try(self) -> bool:
        with self.lock:
            if self.closed is not None or self.idle:
                return True
            waiting = len(self.mailbox) if self.instances else len(self.active)
            return waiting < self.mailbox.capacity

    def _overflow(self, invocation: Invocation) -> Outcome | None:
        """Let the oldest event that waits give way, if that is the rule. Under the lock."""
        oldest: Any = self.mailbox.head() if self._policy.overflow == "drop_oldest" else None
        if oldest is None:
            return super()._overflow(invocation)
        self.mailbox.drop_head()
        oldest.is_live = False
        self._dropped.append(oldest)
        self.mailbox.put(invocation)
        return None

    def _answer_dropped(self) -> None:
        while self._dropped:
            try:
                oldest = self._dropped.popleft()
            except IndexError:
                return  # another thread was faster
            detail = f"it gave way to a newer event: the mailbox of agent {self.name!r} holds {self.capacity}"
            self.reject([oldest], Outcome(OutcomeKind.REJECTED, Reason.DROPPED, detail=detail))

    # Ending events

    def finished(self, invocation: Invocation, outcome: Outcome, value: Any) -> None:
        """Take note that an agent is done with an event. Any thread."""
        if self.breaker is not None:
            at = invocation.deadline_at
            is_late = outcome.ok and at is not None and self.now() >= at
            self.breaker.judge(invocation, _TOO_LATE if is_late else outcome)
        try:
            super().finished(invocation, outcome, value)
        finally:
            self._senders.let_in()

    def withdraw(self, invocation: Invocation, outcome: Outcome) -> None:
        """Take an event back: nobody waits for its answer. Inside the control plane."""
        if self.breaker is not None:
            self.breaker.judge(invocation, outcome)
        super().withdraw(invocation, outcome)
        self._senders.let_in()

    def reject(self, letters: list[Any], outcome: Outcome) -> None:
        """Answer events that were taken out of the mailbox. Not under the lock."""
        if self.breaker is not None:
            for letter in letters:
                self.breaker.judge(letter, outcome)
        super().reject(letters, outcome)
        self._senders.let_in()

    # Inside the control plane

    def handle(self, message: Any) -> None:
        """Handle one message, which may make room. Handling it twice does no harm."""
        super().handle(message)
        self._senders.let_in()

    def repair(self) -> None:
        """Make good what an interrupt may have left half-done."""
        super().repair()
        self._answer_dropped()
        self._senders.let_in()
