"""The recorder: makes a run's trace records and tells observers what happened."""

from __future__ import annotations

from typing import Any

from supervisors.behaviour import Context
from supervisors.branches.child import Child
from supervisors.facts import AgentRan, BranchFailed, FellBack, StageRetried, StageStarted, TimedOut
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind
from supervisors.policies.deadlines import Deadline
from supervisors.signals import Answer, Job
from supervisors.trace import TraceRecord

MAX_RECORDS = 10_000
"""How many trace records one run keeps; what is beyond is only counted."""

_NO_METADATA: dict[str, Any] = {}
_NO_ANSWER = Answer(None, 0, COMPLETED, None)


class Recorder:
    """Keeps the records of one run, and tells its facts.

    Args:
        workflow: The workflow's name.
        run: The run's number.

    Attributes:
        epoch: When the run started, on the clock; of a run that is a part of another, when that one did.
        is_part: Whether the run is a part of another.
    """

    def __init__(self, workflow: str, run: int) -> None:
        self._workflow = workflow
        self._run = run
        self._records_left = MAX_RECORDS
        self.epoch = 0.0
        self.is_part = False

    def begin(self, now: float) -> None:
        """Note that the run starts."""
        if not self.is_part:
            self.epoch = now

    @property
    def kept(self) -> int:
        """How many records were kept."""
        return MAX_RECORDS - self._records_left

    def adopt(self, child: Child, record: TraceRecord, size: int) -> None:
        """Keep the record of a run that was a part of a child, with the `size` records below it, if there is room."""
        if self._records_left <= size:
            child.dropped += 1 + size + record.dropped
            return
        self._records_left -= 1 + size
        if child.records is None:
            child.records = []
        child.records.append(record)

    def start(self, child: Child, context: Context) -> None:
        """Tell listeners that a child was started."""
        if context.is_listened_to and not child.job.is_internal:
            job = child.job
            context.observe(StageStarted(self._workflow, self._run, job.path, job.pattern))

    def attempt(self, child: Child, answer: Answer, context: Context) -> None:
        """Tell of an attempt that is followed by another; the last one is told with its stage."""
        agent, begun_at, now = child.job.agent, answer.begun_at, context.now()
        if agent and context.is_observed and answer.outcome.kind is not OutcomeKind.REJECTED:
            waited = (now if begun_at is None else begun_at) - child.sent_at
            ended_at = now if answer.ended_at is None else answer.ended_at
            ran = None if begun_at is None else ended_at - begun_at
            child.is_told = True
            context.observe(AgentRan(agent, answer.outcome.without_exception(), waited, ran))

    def retry(self, child: Child, outcome: Outcome, context: Context) -> None:
        """Tell that an attempt failed and another one will be made."""
        if context.is_observed:
            context.observe(StageRetried(self._workflow, self._run, child.job.path, outcome.without_exception()))

    def branch(self, child: Child, outcome: Outcome, context: Context) -> None:
        """Tell that a branch did not end ok."""
        if context.is_observed:
            job, told = child.job, outcome.without_exception()
            context.observe(BranchFailed(self._workflow, self._run, job.path, job.required, told))

    def timeout(self, child: Child, deadline: Deadline, context: Context) -> None:
        """Tell that a budget ran out, of the child whose budget it was."""
        if context.is_observed:
            path = child.job.path
            context.observe(TimedOut(self._workflow, self._run, path, deadline.budget))

    def fall_back(self, child: Child, outcome: Outcome, answer: Answer, context: Context) -> None:
        """Tell that a fallback is started, and keep below the child a record of what failed, with all below that."""
        path = child.job.path
        if context.is_observed:
            context.observe(FellBack(self._workflow, self._run, path, outcome))
        record = self._made(child, node_path(path), outcome, answer, context)
        record.agent = child.job.agent
        child.records, child.dropped = None, 0
        self._place(child, record)

    def record(self, child: Child, outcome: Outcome, answer: Answer | None, context: Context) -> TraceRecord:
        """Make the record of a child that ended, keep it below its parent, and tell of it."""
        record = self._made(child, child.job.path, outcome, answer or _NO_ANSWER, context)
        self.keep(child.parent, record, context)
        return record

    def skip(self, parent: Child, job: Job, outcome: Outcome, context: Context) -> TraceRecord:
        """Note in the trace that a job below a node was not done, and why."""
        record = TraceRecord(job.path, job.pattern, outcome, context.now() - self.epoch, 0.0, 0, 0, 0.0, 0.0)
        self.keep(parent, record, context)
        return record

    def keep(self, parent: Child | None, record: TraceRecord, context: Context) -> None:
        """Tell of a record and keep it below its parent, as long as the run may keep more."""
        if context.is_observed:
            context.observe_stage(self._workflow, self._run, record)
        if parent is not None:
            self._place(parent, record)

    def _made(self, child: Child, path: str, outcome: Outcome, answer: Answer, context: Context) -> TraceRecord:
        now, started, job = context.now(), child.started, child.job
        waited, ran = (now - child.sent_at if child.is_queued else 0.0), 0.0
        if outcome.failure is not None:
            outcome = outcome.without_exception()
        begun_at = answer.begun_at
        if begun_at is not None:
            ended_at = answer.ended_at
            waited, ran = begun_at - child.sent_at, (now if ended_at is None else ended_at) - begun_at
        return TraceRecord(
            path,
            job.pattern,
            outcome,
            started - self.epoch,
            now - started,
            child.attempts,
            answer.iterations,
            waited,
            ran,
            answer.delayed_by,
            answer.metadata or _NO_METADATA,
            tuple(child.records) if child.records else (),
            child.dropped,
            "" if child.is_told else job.agent,
            begun_at is not None,
        )

    def _place(self, parent: Child, record: TraceRecord) -> None:
        if self._records_left <= 0 and not record.children:  # those below would be lost with it
            parent.dropped += 1 + record.dropped
            return
        self._records_left -= 1
        if parent.records is None:
            parent.records = []
        parent.records.append(record)


def node_path(path: str) -> str:
    """Return what the trace calls what failed before the fallback of a path: `report/search[node]`."""
    return f"{path}[node]"
