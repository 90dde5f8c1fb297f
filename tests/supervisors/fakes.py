"""Fakes around the supervisors: time stands still until it is moved, and messages wait until they are handled."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any, NamedTuple, Protocol

from supervisors.behaviour import Behaviour
from supervisors.branch_policies import OnFailure
from supervisors.branch_supervisor import BranchSupervisor
from supervisors.clock import ManualClock
from supervisors.deadlines import Deadline
from supervisors.facts import AgentRan, BranchFailed, Fact, StageEnded, StageRetried, StageStarted, TimedOut
from supervisors.names import qualified_names
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.signals import (
    Answer,
    Attempt,
    Close,
    Ended,
    FanOutEnded,
    GroupEnded,
    Job,
    Skip,
    Supervise,
    SuperviseFanOut,
    SuperviseGroup,
)
from supervisors.trace import TraceRecord

WORKFLOW = "flow"
RUN = 7
START = 100.0
"""What the clock shows at first; all moments in tests are exact binary fractions."""

CANCELLED = Outcome(OutcomeKind.CANCELLED, Reason.REQUESTED)
REJECTED = Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL)


class Recipient(Protocol):
    """Whom messages are sent to."""

    def receive(self, message: Any) -> None: ...


class FakeTimer:
    """A message that is sent to `recipient` when it is `due`, unless it was cancelled before."""

    def __init__(self, due: float, recipient: Recipient, message: Any) -> None:
        self.due = due
        self.recipient = recipient
        self.message = message
        self.is_armed = True

    def cancel(self) -> None:
        self.is_armed = False


class DeadLetter(NamedTuple):
    reason: str
    detail: str


class FakeContext:
    """The context of one behaviour, its ref, and the world around it.

    Args:
        behaviour: What is tested.
        seed: Of the randomness.
        lag: By how many seconds the behaviour's timers are late.
    """

    def __init__(self, behaviour: Behaviour, *, seed: int = 0, lag: float = 0.0) -> None:
        self.behaviour = behaviour
        self.clock = ManualClock(START)
        self.random = Random(seed)
        self.lag = lag
        self.is_observed = True
        self.is_listened_to = True
        self.facts: list[Fact] = []
        self.dead_letters: list[DeadLetter] = []
        self._queue: deque[tuple[Recipient, Any]] = deque()
        self._timers: list[FakeTimer] = []
        self._is_settling = False

    # What a behaviour may do

    def now(self) -> float:
        return self.clock.now()

    @property
    def ref(self) -> FakeContext:
        return self

    def send(self, recipient: Recipient, message: Any) -> None:
        self._queue.append((recipient, message))

    def schedule(self, at: float, message: Any) -> FakeTimer:
        return self.later(at + self.lag, self, message)

    def observe(self, fact: Fact) -> None:
        self.facts.append(fact)

    def observe_stage(self, workflow: str, run: int, record: TraceRecord) -> None:
        self.facts.append(StageEnded(workflow, run, record))

    def dead_letter(self, reason: str, detail: str) -> None:
        self.dead_letters.append(DeadLetter(reason, detail))

    # What a test may do

    @property
    def armed(self) -> list[FakeTimer]:
        """The behaviour's timers that have neither fired nor been cancelled."""
        return [timer for timer in self._timers if timer.is_armed and timer.recipient is self]

    def receive(self, message: Any) -> None:
        self.behaviour.receive(message, self)

    def later(self, at: float, recipient: Recipient, message: Any) -> FakeTimer:
        """Have a message sent at a moment; equal moments fire in the order in which they were armed."""
        timer = FakeTimer(at, recipient, message)
        self._timers.append(timer)
        return timer

    def post(self, recipient: Recipient, message: Any) -> None:
        """Send a message and handle all that are queued, unless somebody is doing so."""
        self.send(recipient, message)
        self.settle()

    def settle(self) -> None:
        if self._is_settling:
            return
        self._is_settling = True
        while self._queue:
            recipient, message = self._queue.popleft()
            recipient.receive(message)
        self._is_settling = False

    def advance(self, seconds: float) -> None:
        """Let time pass; what becomes due meanwhile is handled at its moment."""
        end = self.now() + seconds
        while (moment := self._next_moment()) is not None and moment <= end:
            self.jump(max(0.0, moment - self.now()))
            self.fire()
        self.jump(end - self.now())

    def run_out(self) -> None:
        """Let time pass until nothing is due any more."""
        while (moment := self._next_moment()) is not None:
            self.advance(max(0.0, moment - self.now()))

    def jump(self, seconds: float) -> None:
        """Move the clock without firing what became due, as if all threads had been busy."""
        self.clock.advance(seconds)

    def fire(self) -> None:
        """Queue at once whatever is due, then handle it."""
        due = sorted(self._alive(self.now()), key=lambda timer: timer.due)
        self._timers = [timer for timer in self._timers if timer.is_armed and timer not in due]
        for timer in due:
            timer.is_armed = False
            self.send(timer.recipient, timer.message)
        self.settle()

    def _alive(self, until: float) -> list[FakeTimer]:
        return [timer for timer in self._timers if timer.is_armed and timer.due <= until]

    def _next_moment(self) -> float | None:
        return min((timer.due for timer in self._timers if timer.is_armed), default=None)


class FakeHandle:
    """An attempt that an agent was given: the test says when it begins and what it answers."""

    def __init__(self, attempt: Attempt, context: FakeContext) -> None:
        self.attempt = attempt
        self.number = attempt.attempts
        self.deadline = attempt.attempt_deadline
        self.payload = attempt.payload
        self.sent_at = context.now()
        self.begun_at: float | None = None
        self.withdrawals: list[Outcome] = []
        self.withdrawn_at: float | None = None
        self.answers = 0
        self.blocker = ""
        self._context = context

    def withdraw(self, outcome: Outcome) -> None:
        self.withdrawals.append(outcome)
        self.withdrawn_at = self._context.now()

    def delayer(self) -> str:
        return self.blocker

    def begin(self) -> FakeHandle:
        self.begun_at = self._context.now()
        return self

    def answer(self, outcome: Outcome = COMPLETED, value: Any = None, **more: Any) -> None:
        """Answer now; `more` are further fields of the `Answer`."""
        if self.begun_at is None:
            self.begin()
        fields: dict[str, Any] = {"begun_at": self.begun_at, "ended_at": self._context.now(), **more}
        self.answers += 1
        answer = Answer(self.attempt, self.number, outcome, value, **fields)
        self._context.post(self.attempt.supervisor, answer)


class FakeAgent:
    """An agent as a target. It keeps what it is given, or rejects it."""

    name = "fake"

    def __init__(self, *, timeout: float | None = None, rejection: Outcome | None = None) -> None:
        self.timeout = timeout
        self.rejection = rejection
        self.handles: list[FakeHandle] = []

    def allowance(self, _context: FakeContext) -> tuple[float | None, str]:
        return self.timeout, f"agent {self.name}"

    def perform(self, attempt: Attempt, context: FakeContext) -> FakeHandle | None:
        handle = FakeHandle(attempt, context)
        if self.rejection is not None:
            context.send(attempt.supervisor, Answer(attempt, attempt.attempts, self.rejection, None))
            return None
        self.handles.append(handle)
        return handle

    @property
    def handle(self) -> FakeHandle:
        """The last attempt it was given."""
        return self.handles[-1]


class FakeOrchestrator:
    """A pattern's orchestrator. This one does nothing of its own accord; it keeps what it is told."""

    def __init__(self, attempt: Attempt, context: FakeContext) -> None:
        self.attempt = attempt
        self.number = attempt.attempts
        self.context = context
        self.endings: list[Ended] = []
        self.groups: list[GroupEnded] = []
        self.asked = 0
        self.has_answered = False

    def receive(self, message: Any) -> None:
        assert not self.has_answered, "told something after its end"
        if isinstance(message, Ended):
            self.endings.append(message)
            self.on_ended(message)
        elif isinstance(message, GroupEnded):
            self.groups.append(message)
            self.on_group_ended(message)
        else:
            self.begin()

    def begin(self) -> None:
        """Start with the first child."""

    def on_ended(self, ended: Ended) -> None:
        """Go on after a child ended."""

    def on_group_ended(self, ended: GroupEnded) -> None:
        """Go on after a group ended."""

    def supervise(self, job: Job, key: Any = 0) -> None:
        self.asked += 1
        request = Supervise(self.attempt, self, key, job, self.attempt.payload)
        self.context.post(self.attempt.supervisor, request)

    def supervise_group(self, *jobs: Job, quorum: int | None = None, on_failure: OnFailure = "cancel") -> None:
        self.asked += 1
        payloads = tuple([self.attempt.payload] * len(jobs))
        request = SuperviseGroup(self.attempt, self, jobs, payloads, quorum, on_failure)
        self.context.post(self.attempt.supervisor, request)

    def skip(self, job: Job, outcome: Outcome) -> None:
        self.context.post(self.attempt.supervisor, Skip(self.attempt, job, outcome))

    def answer(self, outcome: Outcome = COMPLETED, value: Any = None, **more: Any) -> None:
        self.has_answered = True
        answer = Answer(self.attempt, self.number, outcome, value, **more)
        self.context.post(self.attempt.supervisor, answer)

    def fail(self, path: str, outcome: Outcome, value: Any = None) -> None:
        """Answer that a child did not end ok."""
        failed = Outcome(
            OutcomeKind.FAILED, Reason.CHILD_FAILED, budget=outcome.budget, culprit=path, failure=outcome.failure
        )
        self.answer(failed, value)


class SequenceOrchestrator(FakeOrchestrator):
    """Has jobs done one after another; fails with the first required one that fails."""

    def __init__(self, attempt: Attempt, context: FakeContext, jobs: tuple[Job, ...]) -> None:
        super().__init__(attempt, context)
        self.jobs = jobs

    def begin(self) -> None:
        self.supervise(self.jobs[0])

    def on_ended(self, ended: Ended) -> None:
        done = len(self.endings)
        job = self.jobs[done - 1]
        if job.required and not ended.outcome.ok:
            self.fail(job.path, ended.outcome, ended.value)
        elif done < len(self.jobs):
            self.supervise(self.jobs[done], done)
        else:
            self.answer(value=[each.value for each in self.endings])


class GroupOrchestrator(FakeOrchestrator):
    """Has jobs done at once."""

    def __init__(self, attempt: Attempt, context: FakeContext, pattern: FakeGroup) -> None:
        super().__init__(attempt, context)
        self.pattern = pattern

    def begin(self) -> None:
        pattern = self.pattern
        self.supervise_group(*pattern.jobs, quorum=pattern.quorum, on_failure=pattern.on_failure)

    def on_group_ended(self, ended: GroupEnded) -> None:
        values = [each.value for each in ended.endings]
        if ended.met:
            self.answer(value=values)
            return
        assert ended.culprit is not None
        culprit = ended.endings[ended.culprit]
        self.fail(self.pattern.jobs[ended.culprit].path, culprit.outcome, values)


class FanOutOrchestrator(FakeOrchestrator):
    """Has one job done for each of many payloads."""

    def __init__(self, attempt: Attempt, context: FakeContext, pattern: FakeFanOut) -> None:
        super().__init__(attempt, context)
        self.pattern = pattern
        self.fan_outs: list[FanOutEnded] = []
        # Whenever a child began: how many there were then, and whether there was time for it.
        self.in_progress: list[int] = []
        self.had_time: list[bool] = []

    def receive(self, message: Any) -> None:
        if isinstance(message, FanOutEnded):
            assert not self.has_answered, "told something after its end"
            self.fan_outs.append(message)
            self.on_fan_out_ended(message)
        else:
            super().receive(message)

    def begin(self) -> None:
        pattern = self.pattern
        self.asked += 1
        request = SuperviseFanOut(
            self.attempt,
            self,
            pattern.job,
            pattern.size,
            self.payload_of,
            pattern.concurrency,
            pattern.quorum,
            pattern.on_failure,
        )
        self.context.post(self.attempt.supervisor, request)

    def payload_of(self, index: int) -> str:
        node: Any = self.attempt
        self.in_progress.append(len(node.children or ()) + 1)
        self.had_time.append(not node.is_stopping)
        self.pattern.payloads_made.append(index)
        return str(index)

    def on_fan_out_ended(self, ended: FanOutEnded) -> None:
        values = {each.key: each.value for each in self.endings}
        if ended.culprit is None:
            self.answer(value=values)
            return
        outcomes = {each.key: each.outcome for each in self.endings}
        outcome = outcomes.get(ended.culprit, ended.rest)
        assert outcome is not None
        self.fail(f"{self.pattern.job.path}[{ended.culprit}]", outcome, values)


class FakePattern:
    """A pattern as a target; the test plays its orchestrators."""

    def __init__(self) -> None:
        self.orchestrators: list[FakeOrchestrator] = []

    def allowance(self, _context: FakeContext) -> tuple[float | None, str]:
        return None, ""

    def perform(self, attempt: Attempt, context: FakeContext) -> None:
        orchestrator = self.make(attempt, context)
        self.orchestrators.append(orchestrator)
        context.send(orchestrator, "begin")

    def make(self, attempt: Attempt, context: FakeContext) -> FakeOrchestrator:
        return FakeOrchestrator(attempt, context)

    @property
    def orchestrator(self) -> FakeOrchestrator:
        """The last one that was started."""
        return self.orchestrators[-1]


class FakeSequence(FakePattern):
    """A sequence of jobs as a target."""

    def __init__(self, *jobs: Job) -> None:
        super().__init__()
        self.jobs = jobs

    def make(self, attempt: Attempt, context: FakeContext) -> FakeOrchestrator:
        return SequenceOrchestrator(attempt, context, self.jobs)


class FakeGroup(FakePattern):
    """A group of jobs as a target."""

    def __init__(self, *jobs: Job, quorum: int | None = None, on_failure: OnFailure = "cancel") -> None:
        super().__init__()
        self.jobs = jobs
        self.quorum = quorum
        self.on_failure = on_failure

    def make(self, attempt: Attempt, context: FakeContext) -> FakeOrchestrator:
        return GroupOrchestrator(attempt, context, self)

    @property
    def ended(self) -> GroupEnded:
        """How the group of its last orchestrator ended."""
        (ended,) = self.orchestrator.groups
        return ended


class FakeFanOut(FakePattern):
    """A fan-out of one job over payloads, which are the texts of their indexes."""

    def __init__(
        self,
        job: Job,
        size: int,
        *,
        concurrency: int | None = None,
        quorum: int | None = None,
        on_failure: OnFailure = "cancel",
    ) -> None:
        super().__init__()
        self.jobs = (job,)
        self.job = job
        self.size = size
        self.concurrency = concurrency
        self.quorum = quorum
        self.on_failure = on_failure
        self.payloads_made: list[int] = []

    def make(self, attempt: Attempt, context: FakeContext) -> FakeOrchestrator:
        return FanOutOrchestrator(attempt, context, self)

    @property
    def ended(self) -> FanOutEnded:
        """How the fan-out of its last orchestrator ended."""
        orchestrator = self.orchestrator
        assert isinstance(orchestrator, FanOutOrchestrator)
        (ended,) = orchestrator.fan_outs
        return ended

    @property
    def endings(self) -> list[Ended]:
        """What its last orchestrator was told of the children, in the order in which it was told."""
        return self.orchestrator.endings


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


def job(path: str, target: Any, **policy: Any) -> Job:
    """A job of an agent or a pattern; `timeout` is short for the one limit of the node itself."""
    timeout = policy.pop("timeout", None)
    if timeout is not None:
        policy["limits"] = ((timeout, path),)
    if isinstance(target, FakeAgent):
        return Job(path, "agent", target, agent=target.name, **policy)
    return Job(path, "pattern", target, **policy)


def failed(error: type[BaseException] = ValueError) -> Outcome:
    """How an attempt ends that raised."""
    failure = Failure(qualified_names(error), f"{error.__name__}: no")
    return Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=failure)


def timed_out(budget: str, reason: Reason = Reason.DEADLINE) -> Outcome:
    """How something ends that ran out of time."""
    return Outcome(OutcomeKind.TIMED_OUT, reason, budget=budget)


def sibling_failed(culprit: str) -> Outcome:
    """How a branch ends because of another."""
    return Outcome(OutcomeKind.CANCELLED, Reason.SIBLING_FAILED, culprit=culprit)
