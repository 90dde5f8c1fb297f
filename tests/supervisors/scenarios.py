"""Scenarios: trees of jobs by chance, whose agents follow scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from supervisors.outcome import COMPLETED, Outcome
from supervisors.policies.branch_policies import OnFailure
from supervisors.policies.retries import Backoff, Retry
from supervisors.signals import Attempt, Job
from tests.supervisors.fakes import FakeAgent, FakeContext, FakeHandle
from tests.supervisors.jobs import job
from tests.supervisors.outcomes import CANCELLED, REJECTED, failed
from tests.supervisors.patterns import FakeFanOut, FakeGroup, FakePattern, FakeSequence

OUTCOMES = [COMPLETED, COMPLETED, COMPLETED, failed(), failed(TimeoutError), REJECTED, CANCELLED]

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
    limits, node_limits = [[limit for limit, _ in each] for each in (job.limits, job.node_limits)]
    policy = f"limits={limits} node_limits={node_limits} retry={job.retry} required={job.required}"
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
        fallback, node_timeout = None, None
        if may_fall_back and draw(st.integers(min_value=0, max_value=2)) == 0:
            fallback = self.job(f"{path}/fallback", min(height, 1), may_fall_back=draw(st.booleans()))
            node_timeout = draw(timeouts)
        return job(
            path,
            target,
            timeout=draw(timeouts),
            node_timeout=node_timeout,
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
