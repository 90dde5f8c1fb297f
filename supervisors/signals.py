"""Signals: what a child, its supervisor and whoever asked for it tell each other.

They are generic in their payload: what is handed to a child, and what it gives back, are opaque to supervisors. Those
that every step sends are slotted dataclasses, which cost a third of frozen ones; nobody changes a signal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from supervisors.outcome import Outcome
from supervisors.policies.branch_policies import OnFailure
from supervisors.policies.child_spec import ChildSpec
from supervisors.policies.deadlines import Deadline
from supervisors.policies.retries import Retry
from supervisors.trace import TraceRecord


class Handle(Protocol):
    """What the supervisor holds of work that is being done by an agent."""

    @property
    def begun_at(self) -> float | None:
        """When the work left its queue, on the clock; None as long as it waits."""

    def withdraw(self, outcome: Outcome) -> None:
        """Take the work back: never begin it, or ask it to stop. Its answer is not wanted any more."""

    def delayer(self) -> str:
        """Name the agent that keeps the work from getting on; empty when none does."""

    def obstacle(self) -> str:
        """Say, for people, why the work can never get on; empty when it may. Asked when it has run out of time."""


class Target(Protocol):
    """Who performs a job; opaque to supervisors."""

    def perform(self, attempt: Attempt, context: Any) -> Handle | None:
        """Begin an attempt without blocking; the answer comes as an `Answer` to the supervisor.

        Returns:
            A handle by which to take the attempt back; None when what it consists of is supervised itself.
        """

    def allowance(self, context: Any) -> tuple[float | None, str]:
        """Return the seconds that the performer grants each attempt (None: no limit) and whose they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is to be done, and under which policy. Made once for a workflow, shared by its runs.

    Attributes:
        path: The node's declared path; unique within its workflow.
        pattern: The node's kind, for traces and metrics.
        target: Who performs it.
        limits: Timeouts in seconds for the whole job, retries and fallback included, each with whose it is.
        node_limits: Timeouts for what is done before the fallback, retries included; the fallback has what is left.
        retry: When to try again; None is never.
        fallback: What to do instead when it failed for good.
        required: Whether its group or sequence fails with it.
        is_branch: Whether the user gave it a policy of its own, so that its failure counts as a branch's.
        is_internal: Whether it is a step of the runtime's own, kept out of traces and metrics.
        agent: The name of the agent that performs it; empty when none does.
    """

    path: str
    pattern: str
    target: Target
    limits: tuple[tuple[float, str], ...] = ()
    node_limits: tuple[tuple[float, str], ...] = ()
    retry: Retry | None = None
    fallback: Job | None = None
    required: bool = True
    is_branch: bool = False
    is_internal: bool = False
    agent: str = ""


class Attempt(Protocol):
    """One try at a job, as the performer sees it. Its number fences late answers: an `Answer` repeats it."""

    @property
    def job(self) -> Job:
        """What is to be done."""

    @property
    def attempts(self) -> int:
        """Which try this is; 1 is the first. Read it when the attempt begins: it counts on."""

    @property
    def payload(self) -> Any:
        """What the asker handed over."""

    @property
    def attempt_deadline(self) -> Deadline:
        """By when this try has to be done."""

    @property
    def previous(self) -> Outcome | None:
        """How the attempt failed after which this one, or this fallback, is made; None if there was none. As text."""

    @property
    def sent_at(self) -> float:
        """When this try began, on the clock."""

    @property
    def supervisor(self) -> Any:
        """The ref to answer to."""

    handle: Handle | None
    """By what it is taken back. Set it before anybody else can begin the work: an interrupt may strike then."""


@dataclass(slots=True)
class Supervise:
    """To the supervisor: have a job done below the node `parent`; answered with `Ended`.

    Attributes:
        parent: The asking node's own attempt; None for the root.
        asker: The ref to answer to.
        key: Anything by which the asker knows the answer.
        job: What is to be done.
        payload: What to hand to the performer.
        deadline: By when, for the root; everyone else's follows from its parent.
    """

    parent: Any
    asker: Any
    key: Any
    job: Job
    payload: Any
    deadline: Deadline | None = None


class SuperviseGroup(NamedTuple):
    """To the supervisor: have jobs done at once below the node `parent`; answered with `GroupEnded`.

    Attributes:
        parent: The asking node's own attempt.
        asker: The ref to answer to.
        jobs: What is to be done, in declared order.
        payloads: What to hand to the performers, in the same order.
        quorum: How many must be ok; None: all that are required.
        on_failure: Whether the siblings of a failed required branch are cancelled or finished.
    """

    parent: Any
    asker: Any
    jobs: tuple[Job, ...]
    payloads: tuple[Any, ...]
    quorum: int | None
    on_failure: OnFailure


class SuperviseFanOut(NamedTuple):
    """To the supervisor: have one job done for each of many payloads below the node `parent`.

    Answered with an `Ended` for each that was begun, the key being its index, and with `FanOutEnded` after the last.

    Attributes:
        parent: The asking node's own attempt.
        asker: The ref to answer to.
        job: What is to be done.
        size: For how many payloads; at least one.
        payload_of: Makes the payload of an index; called once, when its turn comes, inside the control plane.
        concurrency: How many may be in progress at once; None: all.
        quorum: How many must be ok; None: all, if the job is required.
        on_failure: Whether, when one that was needed failed, the others are cancelled or done all the same.
    """

    parent: Any
    asker: Any
    job: Job
    size: int
    payload_of: Callable[[int], Any]
    concurrency: int | None
    quorum: int | None
    on_failure: OnFailure


class Skip(NamedTuple):
    """To the supervisor: note in the trace that a job below the node `parent` was not done, and why."""

    parent: Any
    job: Job
    outcome: Outcome


@dataclass(slots=True)
class Answer:
    """From a performer to the supervisor: how an attempt ended and what it gave.

    Attributes:
        attempt: What was tried.
        number: Which try it was; fences late answers.
        outcome: How it ended.
        value: What it gave: the result, or what there is of it.
        begun_at: When its agent began, on the clock; None when it never did.
        ended_at: When it ended, on the clock; None for what no agent performed.
        iterations: How many iterations a loop made.
        delayed_by: The agent that blocked the event loop meanwhile; empty when none did.
        metadata: Plain data about the result.
    """

    attempt: Any
    number: int
    outcome: Outcome
    value: Any
    begun_at: float | None = None
    ended_at: float | None = None
    iterations: int = 0
    delayed_by: str = ""
    metadata: Any = None


@dataclass(slots=True)
class Ended:
    """From the supervisor: how a job ended and what it gave, whatever was tried meanwhile."""

    key: Any
    outcome: Outcome
    value: Any
    record: TraceRecord | None


class GroupEnded(NamedTuple):
    """From the supervisor: how every job of a group ended, in declared order.

    Attributes:
        endings: One for each job.
        met: Whether the group's policy was met.
        culprit: The index of the branch that broke it.
    """

    endings: tuple[Ended, ...]
    met: bool
    culprit: int | None


class FanOutEnded(NamedTuple):
    """From the supervisor: how a fan-out ended, of which each child that was begun was told by itself.

    Attributes:
        culprit: The index of the child that broke it; None if its policy was met.
        begun: How many were begun: the first so many.
        rest: How the others ended, which never began; None if there are none.
    """

    culprit: int | None
    begun: int
    rest: Outcome | None


class FanOutGoesOn(NamedTuple):
    """To the supervisor, from itself: begin more children of a fan-out, other messages having had their turn."""

    fan_out: Any


class ChildRunEnded(NamedTuple):
    """To the supervisor: a run that an attempt had started has ended; `size` records are below that of its root."""

    attempt: Any
    number: int
    record: TraceRecord
    size: int


class Close(NamedTuple):
    """To the supervisor: end everything with this outcome."""

    outcome: Outcome


@dataclass(slots=True)
class DeadlineReached:
    """To the supervisor, from its timer: a child's own time is up."""

    child: Any


@dataclass(slots=True)
class AttemptDeadlineReached:
    """To the supervisor, from its timer: the time of one attempt is up."""

    child: Any
    number: int


class RetryDue(NamedTuple):
    """To the supervisor, from its timer: a child's back-off is over."""

    child: Any


class Restartable(Protocol):
    """A child of the agent supervisor, as that one sees it. Nothing here blocks."""

    @property
    def spec(self) -> ChildSpec:
        """Its name and its restart policy."""

    @property
    def has_stopped(self) -> bool:
        """Whether it has stopped for good."""

    def owns(self, part: Any) -> bool:
        """Say whether a part that failed is still one of its own, and was not replaced meanwhile."""

    def restart(self, part: Any, reason: str) -> None:
        """Replace the part of it that failed; its ref and its mailbox stay."""

    def start(self, reason: str) -> None:
        """Make all its parts; it answers with `ChildStarted`, or `ChildFailed` for each that fails."""

    def halt(self, grace: float) -> None:
        """Stop all its parts within about `grace` seconds; its ref and its mailbox stay. It answers `ChildHalted`."""

    def end(self, detail: str, grace: float | None) -> None:
        """Stop for good, within `grace` seconds or what its spec says; it answers with `ChildStopped`."""

    def give_up(self, detail: str) -> None:
        """Mark it failed: what is queued for it is rejected, and so is what comes."""


class ChildFailed(NamedTuple):
    """To the agent supervisor: a part of a child needs a restart.

    Attributes:
        child: Who failed.
        part: Which of its instances; opaque to the supervisor.
        reason: Why, for metrics: `start_failed`, `base_exception`, `abandoned` and so on.
        detail: What happened, for people.
        is_normal: Whether it ended of its own will, without having failed.
    """

    child: Restartable
    part: Any
    reason: str
    detail: str
    is_normal: bool = False


class ChildAdded(NamedTuple):
    """To the supervisor of a group: a child was declared, after all others; it is to be started in its turn."""

    child: Restartable


class ChildStarted(NamedTuple):
    """To the supervisor of a group: all parts of a child that was told to start are ready."""

    child: Restartable


class ChildHalted(NamedTuple):
    """To the supervisor of a group: a child that was told to halt has no parts any more."""

    child: Restartable


class ChildStopped(NamedTuple):
    """To the agent supervisor: a child is gone for good, on purpose."""

    child: Restartable


class RestartDue(NamedTuple):
    """To the agent supervisor, from its timer: the back-off before a restart is over."""

    child: Restartable
    part: Any
    reason: str
    detail: str


class StartsDue(NamedTuple):
    """To the supervisor of a group, from its timer: the back-off before its children are started is over."""


class StopGroup(NamedTuple):
    """To the supervisor of a group: end all children, the last declared first.

    Attributes:
        asker: Who is told by a `GroupStopped`.
        until: When the work in flight has to have ended; None grants each child what its spec says.
    """

    asker: Any
    until: float | None


class GroupStopped(NamedTuple):
    """To whoever had a group stopped: none of its children is left."""
