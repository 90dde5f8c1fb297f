"""Facts: what happened to a run, a stage or an agent, told to whoever observes."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from supervisors.outcome import Outcome
from supervisors.trace import TraceRecord


class RunStarted(NamedTuple):
    """A run was accepted."""

    workflow: str
    run: int


class RunEnded(NamedTuple):
    """A run ended, after `duration` seconds. When a Ctrl-C strikes the very moment, it may be told twice."""

    workflow: str
    run: int
    outcome: Outcome
    duration: float


class StageStarted(NamedTuple):
    """A node of a workflow was started. Told to listeners only, not to the metrics."""

    workflow: str
    run: int
    path: str
    pattern: str


class StageEnded(NamedTuple):
    """A node of a workflow ended."""

    workflow: str
    run: int
    record: TraceRecord


class StageRetried(NamedTuple):
    """An attempt at a node failed with `outcome`, and another one will be made."""

    workflow: str
    run: int
    path: str
    outcome: Outcome


class TimedOut(NamedTuple):
    """A budget ran out: told once, of the node whose budget it was."""

    workflow: str
    run: int
    path: str
    budget: str


class BranchFailed(NamedTuple):
    """A branch did not end ok."""

    workflow: str
    run: int
    branch: str
    required: bool
    outcome: Outcome


class FellBack(NamedTuple):
    """What a branch does failed for good with `outcome`, and its fallback was started."""

    workflow: str
    run: int
    branch: str
    outcome: Outcome


class AgentRan(NamedTuple):
    """An agent was done with an event, or was given up on.

    Not told of the last attempt at a node of a workflow: that one's figures are in its `StageEnded`.

    Attributes:
        agent: Its name.
        outcome: How it ended.
        queue_wait: Seconds that the event waited.
        run_time: Seconds that the agent ran; None if it never began.
    """

    agent: str
    outcome: Outcome
    queue_wait: float
    run_time: float | None


class AgentRestarted(NamedTuple):
    """An agent's instance was replaced."""

    agent: str
    reason: str
    detail: str


class AgentGivenUp(NamedTuple):
    """An agent needed more restarts than it is granted: it is marked failed."""

    agent: str
    detail: str


class GroupRestarted(NamedTuple):
    """All agents of a group are started anew, because one of them has used up its own restarts."""

    group: str
    detail: str


class LoopBlocked(NamedTuple):
    """An agent kept an event loop from running for another `seconds`; told again and again while it does."""

    agent: str
    seconds: float


class LoopBlockNoticed(NamedTuple):
    """An agent was found to keep an event loop from running, for `seconds` by then; told once for each time."""

    agent: str
    seconds: float


class WakeupLost(NamedTuple):
    """An event loop did not start so many `works` within `seconds` though it answered; it is woken again."""

    works: int
    seconds: float


class CacheHit(NamedTuple):
    """A `Cached` node took over what was computed elsewhere, or earlier."""

    workflow: str
    run: int
    path: str


class CacheMissed(NamedTuple):
    """A `Cached` node found nothing to take over or wait for, and began to compute."""

    workflow: str
    run: int
    path: str


class BreakerChanged(NamedTuple):
    """The circuit breaker of an agent opened, or closed again; `state` is `open` or `closed`."""

    agent: str
    state: str
    detail: str


class DeadLettered(NamedTuple):
    """A message that nobody wants any more."""

    reason: str
    detail: str


class FactsMissed(NamedTuple):
    """An observer did not keep up, and `facts` that waited for it were dropped, the oldest first. Told to it alone."""

    observer: str
    facts: int


Fact: TypeAlias = (
    RunStarted
    | RunEnded
    | StageStarted
    | StageEnded
    | StageRetried
    | TimedOut
    | BranchFailed
    | FellBack
    | AgentRan
    | AgentRestarted
    | AgentGivenUp
    | GroupRestarted
    | LoopBlocked
    | LoopBlockNoticed
    | WakeupLost
    | CacheHit
    | CacheMissed
    | BreakerChanged
    | DeadLettered
    | FactsMissed
)
