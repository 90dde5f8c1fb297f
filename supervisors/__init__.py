"""The supervisors: what keeps actors alive and on time. They import nothing of ours and no Pykka."""

from supervisors.clock import Clock, ManualClock, SystemClock
from supervisors.errors import RestartLimitReachedError, SupervisionError
from supervisors.outcome import Failure, Outcome, OutcomeKind, Reason
from supervisors.restarts import Restart
from supervisors.retries import Backoff, Retry
from supervisors.trace import TraceRecord

__all__ = [
    "Backoff",
    "Clock",
    "Failure",
    "ManualClock",
    "Outcome",
    "OutcomeKind",
    "Reason",
    "Restart",
    "RestartLimitReachedError",
    "Retry",
    "SupervisionError",
    "SystemClock",
    "TraceRecord",
]
