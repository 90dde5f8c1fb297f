"""The supervisors: what keeps actors alive and on time. They import nothing of ours and no Pykka."""

from supervisors.clock import Clock, ManualClock, SystemClock
from supervisors.errors import BreakerOpenError, RestartLimitReachedError, SupervisionError
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.policies.breaker import Breaker, BreakerState
from supervisors.policies.restarts import Restart
from supervisors.policies.retries import Backoff, Retry
from supervisors.policies.retry_budget import RetryBudget
from supervisors.policies.strategies import Strategy
from supervisors.trace import TraceRecord

__all__ = [
    "Backoff",
    "Breaker",
    "BreakerOpenError",
    "BreakerState",
    "Clock",
    "Failure",
    "ManualClock",
    "Outcome",
    "OutcomeKind",
    "Reason",
    "Restart",
    "RestartLimitReachedError",
    "Retry",
    "RetryBudget",
    "Strategy",
    "SupervisionError",
    "SystemClock",
    "TraceRecord",
]
