"""How many retries a workflow may make beside its first tries, so that an outage is not multiplied.

A bucket of tokens as in Finagle's `RetryBudget` (https://twitter.github.io/finagle/guide/Clients.html#retries) and in
gRPC's retry throttling: first tries pay in, retries take out, and when nothing is left a failure is final.
"""

from __future__ import annotations

from typing import Final

from pydantic import Field

from supervisors.model import Model

MAX_WORKFLOWS: Final = 1_000
"""How many workflows have a bucket of their own; those beyond share one."""

_ALMOST_NOTHING: Final = 1e-9
"""What adding up fractions may lose."""


class RetryBudget(Model):
    """How many retries a workflow may make, all its runs together.

    Attributes:
        ratio: How many retries each first try pays for: with 0.2, a fifth as many retries as first tries. What counts
            are the first tries of nodes that have a retry policy.
        reserve: How many retries may be saved up; as many are there at the start, so that the first failures of a
            workflow that is seldom run are retried.
        per_second: How many retries each second pays for, for the same reason.
    """

    ratio: float = Field(default=0.2, ge=0)
    reserve: int = Field(default=10, ge=1)
    per_second: float = Field(default=0.1, ge=0)


class RetryTokens:
    """What one workflow has left of its budget. One thread at a time, which says what time it is.

    Args:
        policy: What is paid in.
        now: What the clock shows.
    """

    def __init__(self, policy: RetryBudget, now: float) -> None:
        self._policy = policy
        # Invariant: from nothing to the reserve.
        self._tokens = float(policy.reserve)
        self._filled_at = now

    @property
    def left(self) -> int:
        """How many retries could be made at once, as of when it was last asked for one."""
        return int(self._tokens + _ALMOST_NOTHING)

    def deposit(self) -> None:
        """Pay in for a first try."""
        self._add(self._policy.ratio)

    def withdraw(self, now: float) -> bool:
        """Take out a retry; False if none is left."""
        self._add((now - self._filled_at) * self._policy.per_second)
        self._filled_at = now
        if not self.left:
            return False
        self._tokens = max(0.0, self._tokens - 1)
        return True

    def _add(self, tokens: float) -> None:
        self._tokens = min(float(self._policy.reserve), self._tokens + tokens)


class RetryBudgets:
    """The budgets of a runtime's workflows, by name. Any thread may ask for one.

    Args:
        policy: What each workflow may do.
    """

    def __init__(self, policy: RetryBudget) -> None:
        self._policy = policy
        # Single dict operations.
        self._tokens: dict[str, RetryTokens] = {}

    def of(self, workflow: str, now: float) -> RetryTokens:
        """Return what a workflow has left; all beyond `MAX_WORKFLOWS` share what is left."""
        tokens = self._tokens.get(workflow)
        if tokens is None:
            name = workflow if len(self._tokens) < MAX_WORKFLOWS else ""
            tokens = self._tokens.setdefault(name, RetryTokens(self._policy, now))
        return tokens
