"""The settings of a runtime."""

from __future__ import annotations

from pydantic import Field, field_validator

from actors.control.switch_interval import LONGEST, LOWERED, SHORTEST
from actors.orchestrators.base import usable_timeout
from supervisors.model import Model
from supervisors.policies.retry_budget import RetryBudget


class RuntimeSettings(Model):
    """What `Runtime(...)` can be told, checked.

    Attributes:
        default_timeout: Seconds for runs that are submitted without a timeout; None is no limit.
        max_runs: How many runs are executed at once.
        waiting: How many more may wait for their turn; one more is refused.
        metrics: Whether metrics are kept.
        metrics_port: The port on loopback that serves `/metrics`, 0 for any free one; None listens nowhere.
        grace: Seconds that `stop()` waits for runs in progress and then for agents.
        abandon_after: Seconds between asking work to stop and abandoning it.
        hook_timeout: Seconds for a constructor and hooks of an agent.
        max_threads: How many threads plain functions run on at once.
        max_abandoned: How many abandoned threads may still run before work for threads is refused.
        retry_budget: How many retries a workflow may make, all its runs together; None is no limit.
        switch_interval: The interpreter's switch interval in seconds while busy threads make deadlines late; None
            leaves it alone.
    """

    default_timeout: float | None = None
    max_runs: int = Field(default=10_000, ge=1)
    waiting: int = Field(default=0, ge=0)
    metrics: bool = True
    metrics_port: int | None = Field(default=None, ge=0, le=65_535)
    grace: float = Field(default=10.0, ge=0)
    abandon_after: float = Field(default=1.0, gt=0)
    hook_timeout: float = Field(default=30.0, gt=0)
    max_threads: int = Field(default=128, ge=1)
    max_abandoned: int = Field(default=1_000, ge=1)
    retry_budget: RetryBudget | None = None
    switch_interval: float | None = Field(default=LOWERED, ge=SHORTEST, le=LONGEST)

    @field_validator("default_timeout", mode="plain")
    @classmethod
    def _usable_timeout(cls, timeout: object) -> float | None:
        return usable_timeout(timeout)
