"""What the branch supervisor remembers of a child, and of a group of children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from supervisors.behaviour import Timer
from supervisors.branch_policies import GroupTally
from supervisors.deadlines import Deadline
from supervisors.outcome import Outcome
from supervisors.signals import Ended, Handle, Job, SuperviseGroup
from supervisors.trace import TraceRecord


class Group:
    """Children that are done at once and judged together."""

    __slots__ = (
        "asker",
        "endings",
        "has_ended",
        "jobs",
        "on_failure",
        "parent",
        "sealed",
        "tally",
        "unfinished",
    )

    def __init__(self, parent: Child, request: SuperviseGroup) -> None:
        self.parent = parent
        self.asker = request.asker
        self.jobs = request.jobs
        self.on_failure = request.on_failure
        self.tally = GroupTally([job.required for job in request.jobs], request.quorum)
        self.endings: list[Ended | None] = [None] * len(request.jobs)
        self.unfinished = len(request.jobs)
        self.has_ended = False
        # What branches that have not started yet are ended with, once the verdict is sealed.
        self.sealed: Outcome | None = None


class Child:
    """One job that is being done.

    Invariant: while it is open, exactly one of these holds: an attempt is under way, a back-off timer runs, its
    fallback is among its children.
    """

    __slots__ = (
        "asker",
        "attempt",
        "attempt_deadline",
        "attempt_ending",
        "attempt_timer",
        "attempts",
        "children",
        "deadline",
        "dropped",
        "ending",
        "failed",
        "group",
        "handle",
        "id",
        "is_fallback",
        "job",
        "key",
        "parent",
        "payload",
        "records",
        "retry_timer",
        "sent_at",
        "started",
        "timer",
    )

    def __init__(  # noqa: PLR0913  # one record, made in one place
        self,
        id: int,
        *,
        parent: Child | None,
        asker: Any,
        key: Any,
        job: Job,
        payload: Any,
        deadline: Deadline,
        group: Group | None,
        started: float,
    ) -> None:
        self.id = id
        self.parent = parent
        self.asker = asker
        self.key = key
        self.job = job
        self.payload = payload
        self.deadline = deadline
        self.group = group
        self.started = started
        self.sent_at = started
        self.attempts = 0
        # The id of the attempt under way; 0 when none is. It fences late answers.
        self.attempt = 0
        self.handle: Handle | None = None
        self.attempt_deadline = deadline
        self.timer: Timer | None = None
        self.attempt_timer: Timer | None = None
        self.retry_timer: Timer | None = None
        self.children: dict[int, Child] | None = None
        # How it ends whatever its performer says: it ran out of time, or was cancelled.
        self.ending: Outcome | None = None
        # How the attempt under way ends whatever its performer says.
        self.attempt_ending: Outcome | None = None
        self.is_fallback = False
        # The outcome after which its fallback was started.
        self.failed: Outcome | None = None
        self.records: list[TraceRecord] | None = None
        self.dropped = 0

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
                pending.extend(reversed(child.children.values()))

    def cancel_timers(self) -> None:
        """Drop every timer that it armed."""
        for timer in (self.timer, self.attempt_timer, self.retry_timer):
            if timer is not None:
                timer.cancel()
        self.timer = self.attempt_timer = self.retry_timer = None
