"""What the branch supervisor remembers of a child."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from supervisors.behaviour import Timer
from supervisors.outcome import Outcome
from supervisors.policies.deadlines import Deadline
from supervisors.signals import Handle, Job, Supervise
from supervisors.trace import TraceRecord

if TYPE_CHECKING:
    from supervisors.branches.groups import Group


class Child:
    """One job that is being done; to its performer, the attempt.

    Invariant: while it is open, exactly one of these holds: an attempt is under way, a back-off timer runs, its
    fallback is among its children.

    Attributes:
        is_open: Whether it has not ended.
        is_trying: Whether an attempt is under way.
        is_told: Whether the figures of the last attempt were told already.
        is_queued: Whether the last attempt was put into an agent's queue.
        attempts: How many attempts were begun; the number of the last one fences late answers.
        handle: By what the attempt is taken back; None when what it consists of is supervised itself.
        children: The open children below it, in the order in which they were opened.
        ending: How it ends whatever its performer says: it ran out of time, or was cancelled.
        attempt_ending: How the attempt under way ends whatever its performer says.
        deadline: By when it has to end, its fallback included.
        node_deadline: By when all attempts have to be done; the same unless a fallback may follow.
        previous: How the last attempt failed, here or else in the nearest node above that made another one or fell
            back; None if none did. As text.
        records: What ended below it.
        dropped: How many records below it were not kept.
    """

    __slots__ = (
        "asker",
        "attempt_deadline",
        "attempt_ending",
        "attempt_timer",
        "attempts",
        "children",
        "deadline",
        "dropped",
        "ending",
        "group",
        "handle",
        "is_fallback",
        "is_open",
        "is_queued",
        "is_told",
        "is_trying",
        "job",
        "key",
        "node_deadline",
        "parent",
        "payload",
        "previous",
        "records",
        "retry_timer",
        "sent_at",
        "started",
        "supervisor",
        "timer",
    )

    def __init__(
        self,
        request: Supervise,
        parent: Child | None,
        deadline: Deadline,
        group: Group | None,
        started: float,
    ) -> None:
        self.asker = request.asker
        self.key = request.key
        self.job: Job = request.job
        self.payload = request.payload
        self.parent = parent
        self.deadline = self.node_deadline = self.attempt_deadline = deadline
        self.group = group
        self.started = self.sent_at = started
        self.is_open = True
        self.is_trying = self.is_fallback = self.is_queued = self.is_told = False
        self.attempts = self.dropped = 0
        self.supervisor: Any = None
        self.handle: Handle | None = None
        self.timer: Timer | None = None
        self.attempt_timer: Timer | None = None
        self.retry_timer: Timer | None = None
        self.children: dict[Child, None] | None = None
        self.ending: Outcome | None = None
        self.attempt_ending: Outcome | None = None
        self.previous: Outcome | None = None if parent is None else parent.previous
        self.records: list[TraceRecord] | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether it, or the attempt under way, has been ended already."""
        return self.ending is not None or self.attempt_ending is not None

    @property
    def needs_withdrawal(self) -> bool:
        """Whether it ends only if it is ended: an agent has it, or it waits for its next attempt."""
        return self.handle is not None or self.retry_timer is not None

    def subtree(self) -> Iterator[Child]:
        """Yield it and the open children below it, parents first."""
        pending = [self]
        while pending:
            child = pending.pop()
            yield child
            if child.children:
                pending.extend(reversed(child.children))

    def cancel_timers(self) -> None:
        """Drop every timer that it armed."""
        for timer in (self.timer, self.attempt_timer, self.retry_timer):
            if timer is not None:
                timer.cancel()
        self.timer = self.attempt_timer = self.retry_timer = None
