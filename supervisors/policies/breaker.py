"""When a child is left alone because it keeps failing, and when it is tried again.

The circuit breaker of Michael Nygard's "Release It!", with the three states that Pekko's `CircuitBreaker` has: closed,
it counts failures in a row; open, it lets nothing through; half-open, it lets a few through to see how they fare.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from supervisors.model import Model


class BreakerState(StrEnum):
    """Whether work is let through."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"

    @property
    def level(self) -> int:
        """A number for gauges: 0 is closed, 1 is half-open, 2 is open."""
        return _LEVELS[self]


_LEVELS = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}


class Breaker(Model):
    """After how many failures in a row a child is left alone, and for how long.

    What counts is whether the child did what it was asked: that it failed, or was not done in time. That work was
    cancelled or rejected says nothing about the child, and counts neither way.

    Attributes:
        failures: With so many failures in a row it opens; a success in between starts the count afresh.
        reset_after: Seconds that it stays open. Then it is half-open.
        trials: How many pieces of work are let through at once while it is half-open. When so many in a row went well
            it closes; the first that fails opens it again.
    """

    failures: int = Field(default=5, ge=1)
    reset_after: float = Field(default=30.0, gt=0)
    trials: int = Field(default=1, ge=1)


class Circuit:
    """The state of one breaker. It has no lock and no clock: one thread at a time, which says what time it is.

    Every piece of work that is let through belongs to the period in which it was: what it has to tell counts only as
    long as that period lasts. So what was begun before it opened does not close it when it is half-open.

    Args:
        policy: When it opens, and for how long.

    Attributes:
        failures: How many failures in a row were counted since it was closed; 0 while it is open or half-open.
    """

    def __init__(self, policy: Breaker) -> None:
        self.policy = policy
        self.failures = 0
        # The number of the period; every change of the state begins another one.
        self._period = 0
        # When it opened, on the clock; None when it is not open.
        self._opened_at: float | None = None
        self._is_half_open = False
        # Invariant: while it is half-open, no more than `trials` are under way or have gone well, together.
        self._under_way = 0
        self._went_well = 0

    def state(self, now: float) -> BreakerState:
        """Return the state; an open one is half-open as soon as its time is over."""
        if self._is_half_open or (self._opened_at is not None and self.reopens_in(now) == 0):
            return BreakerState.HALF_OPEN
        return BreakerState.CLOSED if self._opened_at is None else BreakerState.OPEN

    def reopens_in(self, now: float) -> float:
        """Return the seconds until something is let through again; 0 unless it is open."""
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + self.policy.reset_after - now)

    def admit(self, now: float) -> int | None:
        """Let a piece of work through, or not.

        Returns:
            The period that it belongs to, to be given back once, with what became of it; None if it is not let through.
        """
        if self.state(now) is BreakerState.CLOSED:
            return self._period
        if self.state(now) is BreakerState.OPEN:
            return None
        if not self._is_half_open:
            self._begin_trials()
        if self._under_way + self._went_well >= self.policy.trials:
            return None
        self._under_way += 1
        return self._period

    def succeed(self, period: int) -> bool:
        """Note that a piece of work went well; return whether that closed the breaker."""
        if period != self._period:
            return False
        self.failures = 0
        if not self._is_half_open:
            return False
        self._under_way -= 1
        self._went_well += 1
        if self._went_well < self.policy.trials:
            return False
        self.reset()
        return True

    def fail(self, period: int, now: float) -> bool:
        """Note that a piece of work failed or was not done in time; return whether that opened the breaker."""
        if period != self._period:
            return False
        self.failures += 1
        if not self._is_half_open and self.failures < self.policy.failures:
            return False
        self.reset()
        self._opened_at = now
        return True

    def forget(self, period: int) -> None:
        """Note that a piece of work ended in a way that says nothing about the child; another may take its place."""
        if period == self._period and self._is_half_open:
            self._under_way -= 1

    def reset(self) -> None:
        """Close it and forget what was counted; what is still under way counts no more."""
        self._period += 1
        self._opened_at = None
        self._is_half_open = False
        self.failures = self._under_way = self._went_well = 0

    def _begin_trials(self) -> None:
        self.reset()
        self._is_half_open = True
