"""A run of one job by a supervisor that is tested."""

from __future__ import annotations

from supervisors.branches.branch_supervisor import BranchSupervisor
from supervisors.facts import AgentRan, BranchFailed, FellBack, StageEnded, StageRetried, StageStarted, TimedOut
from supervisors.outcome import Outcome, OutcomeKind
from supervisors.policies.deadlines import Deadline
from supervisors.signals import Close, Ended, Job, Supervise
from supervisors.trace import TraceRecord
from tests.supervisors.fakes import START, FakeContext
from tests.supervisors.outcomes import CANCELLED

WORKFLOW = "flow"
RUN = 7


class FakeRun:
    """A run of one job, and whoever asked for it.

    Args:
        job: The root.
        timeout: Seconds for the run.
        lag: By how many seconds timers are late.
    """

    def __init__(self, job: Job, *, timeout: float | None = None, lag: float = 0.0) -> None:
        self.supervisor = BranchSupervisor(WORKFLOW, RUN)
        self.context = FakeContext(self.supervisor, lag=lag)
        self.job = job
        self.deadline = None if timeout is None else Deadline(START + timeout, "run")
        self.endings: list[Ended] = []

    def start(self) -> FakeRun:
        request = Supervise(None, self, "root", self.job, "payload", self.deadline)
        self.context.post(self.context, request)
        return self

    def receive(self, ended: Ended) -> None:
        self.endings.append(ended)

    def close(self, outcome: Outcome = CANCELLED) -> None:
        self.context.post(self.context, Close(outcome))

    @property
    def has_ended(self) -> bool:
        return bool(self.endings)

    @property
    def ended(self) -> Ended:
        """How it ended, which it did once."""
        (ended,) = self.endings
        return ended

    @property
    def outcome(self) -> Outcome:
        return self.ended.outcome

    @property
    def record(self) -> TraceRecord:
        record = self.ended.record
        assert record is not None
        return record

    @property
    def records(self) -> dict[str, TraceRecord]:
        """The last record of each path."""
        return {record.path: record for record in self.record.walk()}

    @property
    def timeouts(self) -> list[tuple[str, str]]:
        """The path and the budget of every budget that was reported to have run out."""
        return [(fact.path, fact.budget) for fact in self.context.facts if isinstance(fact, TimedOut)]

    @property
    def retries(self) -> list[StageRetried]:
        return [fact for fact in self.context.facts if isinstance(fact, StageRetried)]

    @property
    def branch_failures(self) -> list[BranchFailed]:
        return [fact for fact in self.context.facts if isinstance(fact, BranchFailed)]

    @property
    def fallbacks(self) -> list[FellBack]:
        return [fact for fact in self.context.facts if isinstance(fact, FellBack)]

    @property
    def agent_runs(self) -> list[tuple[OutcomeKind, float, float | None]]:
        """How each attempt at an agent was told to have ended, how long it waited and ran: as the metrics count."""
        told: list[tuple[OutcomeKind, float, float | None]] = []
        for fact in self.context.facts:
            if isinstance(fact, AgentRan):
                told.append((fact.outcome.kind, fact.queue_wait, fact.run_time))
            elif isinstance(fact, StageEnded) and fact.record.agent and fact.record.attempts:
                record = fact.record
                told.append((record.outcome.kind, record.queue_wait, record.run_time if record.has_begun else None))
        return told

    @property
    def started_paths(self) -> list[str]:
        return [fact.path for fact in self.context.facts if isinstance(fact, StageStarted)]

    @property
    def ended_paths(self) -> list[str]:
        return [fact.record.path for fact in self.context.facts if isinstance(fact, StageEnded)]
