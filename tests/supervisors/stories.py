"""Stories: what came of a scenario."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.trace import TraceRecord
from tests.supervisors.fakes import START, FakeHandle
from tests.supervisors.outcomes import CANCELLED
from tests.supervisors.patterns import FakeFanOut, FanOutOrchestrator
from tests.supervisors.runs import FakeRun
from tests.supervisors.scenarios import Scenario

LAST_CLOSE = Outcome(OutcomeKind.CANCELLED, Reason.SHUTDOWN)


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


def declared(path: str) -> str:
    """The path of a node, whichever payload of a fan-out it was done for."""
    return path.partition("[")[0]


def is_node(record: TraceRecord) -> bool:
    """Whether it is of what failed before a fallback, and not of a job."""
    return record.path.endswith("[node]")


def story_record(story: Story, path: str) -> list[TraceRecord]:
    """The records below a path, of all its attempts in a row."""
    return [child for record in story.records if declared(record.path) == path for child in record.children]


def fan_outs_of(story: Story) -> list[tuple[FakeFanOut, FanOutOrchestrator]]:
    """Every fan-out that was begun, with each of its orchestrators."""
    return [
        (pattern, orchestrator)
        for pattern in story.scenario.patterns
        if isinstance(pattern, FakeFanOut)
        for orchestrator in pattern.orchestrators
        if isinstance(orchestrator, FanOutOrchestrator)
    ]
