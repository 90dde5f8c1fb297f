"""When a crashed child is started again, after how long, and when no more.

The limit is the restart intensity of Erlang/OTP's `supervisor`: more than `intensity` restarts
within the last `period` seconds, and it gives up
(https://www.erlang.org/doc/system/sup_princ.html#maximum-restart-intensity). Unlike there, it is
counted for each child by itself, and restarts after the first are delayed. The delays begin anew
after a quiet time, as with Pekko's `BackoffOpts.withAutoReset`
(https://pekko.apache.org/docs/pekko/current/general/supervision.html).
"""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Literal, TypeAlias

from pydantic import Field

from supervisors.model import Model
from supervisors.names import ErrorNames, ErrorTypes
from supervisors.outcome import Outcome
from supervisors.policies.endings import has_named
from supervisors.policies.retries import Backoff

RestartKind: TypeAlias = Literal["permanent", "transient", "temporary"]
"""Erlang/OTP's restart types (https://www.erlang.org/doc/system/sup_princ.html#child-specification)."""


class Restart(Model):
    """How often a child may be restarted, and after which of its errors.

    Attributes:
        kind: A "permanent" child is always restarted. A "transient" one is not when it ended normally, which an agent
            does by raising `SystemExit` without a code or with 0. A "temporary" one never is, not even together with
            its group. A child that is not restarted is stopped, as if on purpose; nobody else is concerned.
        max_restarts: How many restarts are made within the window; 0 never restarts.
        within: The length of the sliding window, in seconds.
        backoff: How long to wait before the second restart within the window, the third and
            so on; the first is immediate.
        reset_after: After how many seconds without a restart the next one is immediate again, and
            the back-off begins anew; None is as long as the window. Never more than that.
        on: The errors that restart the child beside those that always do, subclasses
            included. Given as exception types or their dotted names, kept as names. A group
            of exceptions restarts it if any that is in it would.
    """

    kind: RestartKind
    max_restarts: int = Field(ge=0)
    within: float = Field(gt=0)
    backoff: Backoff
    reset_after: float | None = Field(gt=0)
    on: ErrorNames

    def __init__(
        self,
        *,
        kind: RestartKind = "permanent",
        max_restarts: int = 3,
        within: float = 60.0,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        reset_after: float | None = None,
        on: ErrorTypes = (),
    ) -> None:
        """Check and keep the policy.

        Raises:
            TypeError: If a value is of a wrong type.
            ValueError: If a value is out of range or a name is no dotted name.
        """
        super().__init__(
            kind=kind,
            max_restarts=max_restarts,
            within=within,
            backoff=backoff,
            reset_after=reset_after,
            on=on,
        )

    def matches(self, outcome: Outcome) -> bool:
        """Say whether work ended by one of the errors in `on`, or by a group with one in it."""
        return has_named(outcome, self.on)

    def is_over(self, *, is_normal: bool) -> bool:
        """Say whether a child that ended is not to be started again.

        Args:
            is_normal: Whether it ended as it wanted to, and did not fail.
        """
        return self.kind == "temporary" or (self.kind == "transient" and is_normal)


class RestartWindow:
    """What one child has used of its restart policy."""

    def __init__(self, policy: Restart) -> None:
        """Start with no restarts."""
        self._policy = policy
        # Invariant: at most `max_restarts` moments, on the clock, in the order of the failures.
        self._restarted_at: deque[float] = deque()
        # Invariant: never more than the window holds.
        self._since_quiet = 0

    @property
    def restarts(self) -> int:
        """How many restarts the window held after the last failure."""
        return len(self._restarted_at)

    def next_delay(self, now: float, random: Random) -> float | None:
        """Note a failure and say how long to wait before the restart.

        A restart counts from the moment it is due, not from the failure: a child that waits
        for its restart is not yet doing well.

        Args:
            now: What the clock shows.
            random: Where the jitter of the back-off is drawn from.

        Returns:
            The delay in seconds, 0 for the first restart after a quiet time; None when the
            policy allows no further restart.
        """
        policy = self._policy
        if policy.reset_after is not None and self._restarted_at and self._restarted_at[-1] < now - policy.reset_after:
            self._since_quiet = 0
        self._forget_before(now - policy.within)
        if self.restarts >= policy.max_restarts:
            return None
        delay = policy.backoff.delay(self._since_quiet, random) if self._since_quiet else 0.0
        self._restarted_at.append(now + delay)
        self._since_quiet += 1
        return delay

    def _forget_before(self, moment: float) -> None:
        while self._restarted_at and self._restarted_at[0] < moment:
            self._restarted_at.popleft()
        self._since_quiet = min(self._since_quiet, len(self._restarted_at))
