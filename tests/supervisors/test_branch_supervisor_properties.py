"""What holds for every tree of patterns, whatever its agents do and however late timers are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from supervisors.branch_policies import OnFailure
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.retries import Backoff, Retry
from supervisors.signals import Attempt, Job
from supervisors.trace import TraceRecord
from tests.supervisors.fakes import (
    CANCELLED,
    REJECTED,
    START,
    FakeAgent,
    FakeContext,
    FakeFanOut,
    FakeGroup,
    FakeHandle,
    FakePattern,
    FakeRun,
    FakeSequence,
    FanOutOrchestrator,
    failed,
    job,
)

LAST_CLOSE = Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN)
OUTCOMES = [COMPLETED, COMPLETED, COMPLETED, failed(), failed(TimeoutError), REJECTED, CANCELLED]

many = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
some = settings(many, max_examples=200)

# Halves of seconds: exact, and often equal to each other.
seconds = st.integers(min_value=0, max_value=6).map(lambda halves: halves / 2)
timeouts = st.none() | st.integers(min_value=1, max_value=8).map(lambda halves: halves / 2)


@dataclass(frozen=True)
class Script:
    """What an agent does with an attempt: when it begins, how long it runs; None is for ever."""

    wait: float | None
    run: float | None
    outcome: Outcome
    is_stubborn: bool
    blocker: str


class ScriptedHandle(FakeHandle):
    """An attempt that is handled by a script. One that was withdrawn is not begun, but may yet be answered."""

    def __init__(self, attempt: Attempt, context: FakeContext, script: Script) -> None:
        super().__init__(attempt, context)
        self.script = script
        self.blocker = script.blocker
        self.context = context
        if script.wait is not None:
            context.later(self.sent_at + script.wait, self, "begin")

    def receive(self, message: str) -> None:
        script = self.script
        if message == "answer":
            if script.is_stubborn or not self.withdrawals:
                self.answer(script.outcome, self.attempt.job.path)
        elif not self.withdrawals:
            self.begin()
            if script.run == 0:
                self.receive("answer")
            elif script.run is not None:
                self.context.later(self.context.now() + script.run, self, "answer")


class ScriptedAgent(FakeAgent):
    """An agent that follows one script after another, the last one for good; None is a rejection."""

    def __init__(self, scripts: list[Script | None], timeout: float | None) -> None:
        super().__init__(timeout=timeout)
        self.scripts = scripts
        self.rejections = 0

    def perform(self, attempt: Attempt, context: FakeContext) -> FakeHandle | None:
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        if script is None:
            self.rejection = REJECTED
            self.rejections += 1
            return super().perform(attempt, context)
        self.rejection = None
        handle = ScriptedHandle(attempt, context, script)
        self.handles.append(handle)
        return handle


@dataclass
class Scenario:
    """A run, and what becomes of it from outside."""

    job: Job
    timeout: float | None
    lag: float
    close_after: float | None
    agents: list[ScriptedAgent]
    patterns: list[FakePattern]

    def __repr__(self) -> str:
        tree = described(self.job)
        return f"timeout={self.timeout} lag={self.lag} close_after={self.close_after}\n{tree}"


def described(job: Job, depth: int = 1) -> str:
    target: Any = job.target
    policy = f"limits={[limit for limit, _ in job.limits]} retry={job.retry} required={job.required}"
    if isinstance(target, ScriptedAgent):
        lines = [f"{job.path}: {policy} timeout={target.timeout} {target.scripts}"]
    else:
        group = ""
        if isinstance(target, FakeGroup | FakeFanOut):
            group = f" quorum={target.quorum} {target.on_failure}"
        if isinstance(target, FakeFanOut):
            group += f" size={target.size} concurrency={target.concurrency}"
        lines = [f"{job.path}: {type(target).__name__}{group} {policy}"]
        lines += [described(child, depth + 1) for child in target.jobs]
    if job.fallback is not None:
        lines.append(described(job.fallback, depth + 1))
    return ("\n" + "  " * depth).join(lines)


@dataclass
class Story:
    """What came of a scenario."""

    scenario: Scenario
    run: FakeRun
    armed_at_end: int = 0
    ended_at: float = START
    records: list[TraceRecord] = field(default_factory=list)

    @property
    def handles(self) -> list[FakeHandle]:
        return [handle for agent in self.scenario.agents for handle in agent.handles]

    @property
    def orchestrators(self) -> list[Any]:
        return [each for pattern in self.scenario.patterns for each in pattern.orchestrators]


scripts = st.builds(
    Script,
    wait=st.none() | seconds,
    run=st.none() | seconds,
    outcome=st.sampled_from(OUTCOMES),
    is_stubborn=st.booleans(),
    blocker=st.sampled_from(["", "", "hog"]),
)
retries = st.builds(
    Retry,
    attempts=st.integers(min_value=1, max_value=3),
    on=st.sampled_from([Exception, TimeoutError]),
    backoff=st.builds(Backoff, initial=seconds, jitter=st.just(0.0)),
    attempt_timeout=timeouts,
)


ways_to_fail: st.SearchStrategy[OnFailure] = st.sampled_from(["cancel", "finish"])


class Forest:
    """Draws trees of jobs."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.agents: list[ScriptedAgent] = []
        self.patterns: list[FakePattern] = []

    def job(self, path: str, height: int, *, may_fall_back: bool = True) -> Job:
        draw = self.draw
        has_policy = draw(st.booleans())
        target = self.pattern(path, height - 1) if height and draw(st.booleans()) else self.agent()
        if not has_policy:
            return job(path, target)
        fallback = None
        if may_fall_back and draw(st.integers(min_value=0, max_value=3)) == 0:
            fallback = self.job(f"{path}/fallback", min(height, 1), may_fall_back=False)
        return job(
            path,
            target,
            timeout=draw(timeouts),
            retry=draw(st.none() | retries),
            required=draw(st.booleans()),
            fallback=fallback,
            is_branch=True,
        )

    def agent(self) -> ScriptedAgent:
        draw = self.draw
        chosen = draw(st.lists(scripts | st.none(), min_size=1, max_size=3))
        agent = ScriptedAgent(list(chosen), draw(st.none() | timeouts))
        self.agents.append(agent)
        return agent

    def pattern(self, path: str, height: int) -> FakePattern:
        draw = self.draw
        pattern: FakePattern
        if draw(st.integers(min_value=0, max_value=2)) == 0:
            pattern = self.fan_out(path, height)
            self.patterns.append(pattern)
            return pattern
        count = draw(st.integers(min_value=1, max_value=3))
        jobs = [self.job(f"{path}/{index}", height) for index in range(count)]
        if draw(st.booleans()):
            pattern = FakeSequence(*jobs)
        else:
            quorum = draw(st.none() | st.integers(min_value=1, max_value=count))
            pattern = FakeGroup(*jobs, quorum=quorum, on_failure=draw(ways_to_fail))
        self.patterns.append(pattern)
        return pattern

    def fan_out(self, path: str, height: int) -> FakeFanOut:
        draw = self.draw
        size = draw(st.integers(min_value=1, max_value=5))
        return FakeFanOut(
            self.job(f"{path}/each", height),
            size,
            concurrency=draw(st.none() | st.integers(min_value=1, max_value=3)),
            quorum=draw(st.none() | st.integers(min_value=1, max_value=size)),
            on_failure=draw(ways_to_fail),
        )


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    forest = Forest(draw)
    root = forest.job("root", 3)
    return Scenario(
        root,
        draw(timeouts),
        draw(st.sampled_from([0.0, 0.0, 0.25, 1.0])),
        draw(st.none() | seconds),
        forest.agents,
        forest.patterns,
    )


class WatchedRun(FakeRun):
    """A run that looks around at the moment of its end."""

    armed_at_end = 0
    ended_at = START

    def receive(self, ended: Any) -> None:
        super().receive(ended)
        self.armed_at_end = len(self.context.armed)
        self.ended_at = self.context.now()


def play(scenario: Scenario) -> Story:
    """Let a scenario happen; what is left when nothing is due any more hangs, and is closed."""
    run = WatchedRun(scenario.job, timeout=scenario.timeout, lag=scenario.lag)
    if scenario.close_after is not None:
        run.context.later(START + scenario.close_after, Closer(run), None)
    run.start()
    run.context.run_out()
    if not run.has_ended:
        run.close(LAST_CLOSE)
    run.context.run_out()
    story = Story(scenario, run, run.armed_at_end, run.ended_at)
    story.records = list(run.record.walk())
    return story


class Closer:
    """Closes a run when its time comes."""

    def __init__(self, run: FakeRun) -> None:
        self.run = run

    def receive(self, _message: None) -> None:
        self.run.close(CANCELLED)


@many
@given(scenarios())
def test_the_root_and_all_below_it_end_exactly_once(scenario: Scenario) -> None:
    story = play(scenario)

    assert len(story.run.endings) == 1
    attempts: list[Any] = [each.attempt for each in [*story.handles, *story.orchestrators]]
    assert not any(attempt.is_open or attempt.is_trying for attempt in attempts)
    for orchestrator in story.orchestrators:
        assert orchestrator.has_answered
        if isinstance(orchestrator, FanOutOrchestrator):
            assert len(orchestrator.fan_outs) == orchestrator.asked
            continue
        assert len(orchestrator.endings) + len(orchestrator.groups) == orchestrator.asked
        for ended in orchestrator.groups:
            assert [each.key for each in ended.endings] == list(range(len(ended.endings)))


@many
@given(scenarios())
def test_every_attempt_is_either_answered_or_taken_back(scenario: Scenario) -> None:
    story = play(scenario)

    for handle in story.handles:
        assert len(handle.withdrawals) <= 1
        assert handle.withdrawals or handle.answers == 1
    late = sum(handle.answers for handle in story.handles if handle.withdrawals)
    letters = Counter(letter.detail for letter in story.run.context.dead_letters)
    assert letters["an answer came after its attempt had ended"] == late
    assert {letter.reason for letter in story.run.context.dead_letters} <= {"late_answer"}


@many
@given(scenarios())
def test_no_work_outlives_its_deadline(scenario: Scenario) -> None:
    story = play(scenario)

    for handle in story.handles:
        at = handle.deadline.at
        if at is None:
            continue
        assert handle.withdrawn_at is None or handle.withdrawn_at <= at + scenario.lag
        if handle.answers and not handle.withdrawals:
            assert handle.begun_at is not None
            assert handle.begun_at <= at + scenario.lag
    if scenario.timeout is not None:
        assert story.ended_at <= START + scenario.timeout + scenario.lag


@some
@given(scenarios())
def test_deadlines_only_get_narrower_on_the_way_down(scenario: Scenario) -> None:
    story = play(scenario)

    for handle in story.handles:
        node: Any = handle.attempt
        at = handle.deadline.at
        while node is not None:
            if node.deadline.at is not None:
                assert at is not None
                assert at <= node.deadline.at
            node = node.parent


@some
@given(scenarios())
def test_nothing_is_sent_after_its_deadline(scenario: Scenario) -> None:
    story = play(replace(scenario, lag=0.0))

    for handle in story.handles:
        assert handle.deadline.at is None or handle.sent_at < handle.deadline.at


@some
@given(scenarios())
def test_records_lie_within_their_parents_and_follow_the_declared_order(scenario: Scenario) -> None:
    story = play(scenario)

    for record in story.records:
        for child in record.children:
            assert record.started <= child.started
            assert child.started + child.duration <= record.started + record.duration
            assert child.path.startswith(f"{declared(record.path)}/")
        assert record.dropped == 0
    for pattern in scenario.patterns:
        if isinstance(pattern, FakeGroup):
            for orchestrator in pattern.orchestrators:
                parent = story_record(story, orchestrator.attempt.job.path)
                told = [each.record for ended in orchestrator.groups for each in ended.endings]
                positions = [index for index, child in enumerate(parent) if any(child is each for each in told)]
                assert [parent[index] for index in positions] == told


def declared(path: str) -> str:
    """The path of a node, whichever payload of a fan-out it was done for."""
    return path.partition("[")[0]


def story_record(story: Story, path: str) -> list[TraceRecord]:
    """The records below a path, of all its attempts in a row."""
    return [child for record in story.records if declared(record.path) == path for child in record.children]


@some
@given(scenarios())
def test_every_stage_that_started_is_told_to_have_ended_once(scenario: Scenario) -> None:
    story = play(scenario)

    started, ended = Counter(story.run.started_paths), Counter(story.run.ended_paths)
    assert started <= ended
    assert ended == Counter(declared(record.path) for record in story.records)


@many
@given(scenarios())
def test_every_budget_that_ran_out_is_reported(scenario: Scenario) -> None:
    story = play(replace(scenario, lag=1.0, timeout=scenario.timeout or 2.0, close_after=None))

    reported = {budget for _, budget in story.run.timeouts}
    pending = [story.run.record]
    while pending:
        record = pending.pop()
        if record.outcome.kind is OutcomeKind.TIMED_OUT:
            assert record.outcome.budget in reported
        if record.outcome.kind is not OutcomeKind.CANCELLED:  # else it had no time to run out of its own
            pending.extend(record.children)


@many
@given(scenarios())
def test_no_timer_is_armed_once_the_root_has_ended(scenario: Scenario) -> None:
    story = play(scenario)

    assert story.armed_at_end == 0


@many
@given(scenarios())
def test_no_attempt_is_told_twice(scenario: Scenario) -> None:
    story = play(scenario)

    rejections = sum(agent.rejections for agent in scenario.agents)
    assert len(story.run.agent_runs) <= len(story.handles) + rejections


def fan_outs_of(story: Story) -> list[tuple[FakeFanOut, FanOutOrchestrator]]:
    """Every fan-out that was begun, with each of its orchestrators."""
    return [
        (pattern, orchestrator)
        for pattern in story.scenario.patterns
        if isinstance(pattern, FakeFanOut)
        for orchestrator in pattern.orchestrators
        if isinstance(orchestrator, FanOutOrchestrator)
    ]


@many
@given(scenarios())
def test_a_fan_out_never_has_more_in_progress_than_it_may(scenario: Scenario) -> None:
    story = play(scenario)

    for pattern, orchestrator in fan_outs_of(story):
        assert max(orchestrator.in_progress, default=0) <= (pattern.concurrency or pattern.size)
        assert all(orchestrator.had_time)


@many
@given(scenarios())
def test_every_child_of_a_fan_out_is_told_of_once_or_never_began(scenario: Scenario) -> None:
    story = play(scenario)

    begun: Counter[int] = Counter()
    for pattern, orchestrator in fan_outs_of(story):
        (ended,) = orchestrator.fan_outs
        begun[id(pattern)] += ended.begun
        assert sorted(each.key for each in orchestrator.endings) == list(range(ended.begun))
        assert (ended.rest is None) == (ended.begun == pattern.size)
        assert ended.rest is None or not ended.rest.ok
    for pattern, _ in fan_outs_of(story):
        assert len(pattern.payloads_made) == begun[id(pattern)]


@many
@given(scenarios())
def test_a_fan_out_is_judged_as_its_policy_says(scenario: Scenario) -> None:
    story = play(scenario)

    for pattern, orchestrator in fan_outs_of(story):
        (ended,) = orchestrator.fan_outs
        oks = sum(each.outcome.ok for each in orchestrator.endings)
        failures = {each.key for each in orchestrator.endings if not each.outcome.ok}
        unfinished = pattern.size - ended.begun
        if ended.culprit is not None:
            assert ended.culprit in failures or ended.culprit == ended.begun
        elif pattern.quorum is None:
            assert not unfinished
            assert not (failures and pattern.job.required)
        else:
            assert oks >= pattern.quorum
            assert not (failures and pattern.job.required)


@some
@given(scenarios())
def test_the_records_of_a_fan_out_are_in_the_order_of_its_payloads(scenario: Scenario) -> None:
    story = play(scenario)

    for pattern, _ in fan_outs_of(story):
        for record in story.records:
            if declared(record.path) == pattern.job.path.rpartition("/")[0] and record.attempts == 1:
                places = [each.path for each in record.children if declared(each.path) == pattern.job.path]
                assert places == sorted(places)
