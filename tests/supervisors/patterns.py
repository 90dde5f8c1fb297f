"""Fake patterns: sequences, groups and fan-outs of jobs, and their orchestrators."""

from __future__ import annotations

from typing import Any

from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.branch_policies import OnFailure
from supervisors.signals import (
    Answer,
    Attempt,
    Ended,
    FanOutEnded,
    GroupEnded,
    Job,
    Skip,
    Supervise,
    SuperviseFanOut,
    SuperviseGroup,
)
from tests.supervisors.fakes import FakeContext


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
