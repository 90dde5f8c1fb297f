"""When a failed attempt is made again, and after how long."""

from __future__ import annotations

import sys
from random import Random
from typing import Final

from pydantic import Field

from supervisors.model import Model
from supervisors.names import ErrorNames, ErrorTypes
from supervisors.outcome import Outcome
from supervisors.policies.endings import is_named

LONGEST_DELAY: Final = 365 * 24 * 60 * 60.0


class Backoff(Model):
    """How long to wait before trying again: longer each time, up to a maximum.

    Attributes:
        initial: The delay before the first retry, in seconds.
        factor: How many times longer each delay is than the one before it.
        maximum: What no delay exceeds, jitter aside; at most a year.
        jitter: The fraction by which a delay is lengthened or shortened at random, so that
            those who failed together do not come back together.
    """

    initial: float = Field(default=0.1, ge=0)
    factor: float = Field(default=2.0, ge=1)
    maximum: float = Field(default=30.0, ge=0, le=LONGEST_DELAY)
    jitter: float = Field(default=0.1, ge=0, le=1)

    def delay(self, retry: int, random: Random) -> float:
        """Return the seconds to wait before a retry.

        Args:
            retry: Which one it is; 1 is the first.
            random: Where the jitter is drawn from.

        Raises:
            ValueError: If `retry` is less than 1.
        """
        if retry < 1:
            raise ValueError(f"retries are counted from 1, not {retry!r}")
        base = min(self.initial * self._growth(retry), self.maximum)
        return base * (1 + self.jitter * random.uniform(-1, 1))

    def _growth(self, retry: int) -> float:
        """Return how many times longer than the initial delay this one is, uncapped."""
        try:
            return self.factor ** (retry - 1)
        except OverflowError:  # also raised for 1.0, when the exponent does not fit a float
            return sys.float_info.max if self.factor > 1 else 1.0


class Retry(Model):
    """How often a branch is tried, after which errors, and at what intervals.

    Attributes:
        attempts: How many attempts are made at most; the first try is one of them.
        on: The errors after which another attempt is made, subclasses included. Given as
            exception types or their dotted names, kept as names: policies hold no code. What
            ran out of time is a `TimeoutError`; a pattern fails with the error of the node
            that made it fail. For a group of exceptions its own class counts, unless only
            `Exception` is named, or else all that are in it: one that is not named keeps the
            whole group from being retried.
        backoff: How long to wait before each retry.
        attempt_timeout: The allowance of each single attempt in seconds; None is no limit
            beside the branch's own.
    """

    attempts: int = Field(ge=1)
    on: ErrorNames = Field(min_length=1)
    backoff: Backoff
    attempt_timeout: float | None = Field(gt=0)

    def __init__(
        self,
        *,
        attempts: int = 3,
        on: ErrorTypes = ("builtins.Exception",),
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        attempt_timeout: float | None = None,
    ) -> None:
        """Check and keep the policy.

        Raises:
            TypeError: If a value is of a wrong type.
            ValueError: If a value is out of range or a name is no dotted name.
        """
        super().__init__(attempts=attempts, on=on, backoff=backoff, attempt_timeout=attempt_timeout)

    def allows(self, attempts_made: int, outcome: Outcome) -> bool:
        """Say whether another attempt is to be made.

        Args:
            attempts_made: How many there were, the failed one included.
            outcome: How the last one ended.
        """
        return attempts_made < self.attempts and is_named(outcome, self.on)

    def delay(self, retry: int, random: Random) -> float:
        """Return the seconds to wait before a retry; 1 is the first."""
        return self.backoff.delay(retry, random)
