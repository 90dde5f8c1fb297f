"""What supervisors raise."""

from __future__ import annotations


class SupervisionError(Exception):
    """The base of every error that supervision itself raises."""


class BreakerOpenError(SupervisionError):
    """A child is left alone for a time, because it kept failing; nothing was asked of it.

    Attributes:
        child: Which child it is, such as `agent 'writer'`.
        detail: How its breaker is, and when the child is tried again.
    """

    def __init__(self, child: str, detail: str) -> None:
        """Keep the facts; they also make the error pickle."""
        super().__init__(child, detail)
        self.child = child
        self.detail = detail

    def __str__(self) -> str:
        """Say which child it is and when it is tried again."""
        return f"{self.child} is left alone: {self.detail}"


class RestartLimitReachedError(SupervisionError):
    """A child failed once more than its restart policy allows.

    Attributes:
        child: The name of the child.
        restarts: How often it had been restarted within the period.
        period: The length of the sliding window, in seconds.
    """

    def __init__(self, child: str, restarts: int, period: float) -> None:
        """Keep the facts; they also make the error pickle."""
        super().__init__(child, restarts, period)
        self.child = child
        self.restarts = restarts
        self.period = period

    def __str__(self) -> str:
        """Say which child it was and what happens to it now."""
        return f"child {self.child!r} failed again after {self.restarts} restarts in {self.period:g} s; stopping it"
