"""Groups: children that are judged together. They decide what is to be done; their supervisor does it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Protocol

from supervisors.behaviour import Context
from supervisors.outcome import Outcome, OutcomeKind, Reason
from supervisors.policies.branch_policies import GroupTally, Verdict
from supervisors.policies.deadlines import Deadline
from supervisors.policies.endings import as_never_started
from supervisors.signals import (
    Answer,
    Ended,
    FanOutEnded,
    FanOutGoesOn,
    GroupEnded,
    Supervise,
    SuperviseFanOut,
    SuperviseGroup,
)
from supervisors.trace import TraceRecord

if TYPE_CHECKING:
    from supervisors.branches.child import Child
    from supervisors.branches.recorder import Recorder

BURST: Final = 100
"""How many children a fan-out begins before other messages get their turn."""

_QUORUM_MET = Outcome(OutcomeKind.CANCELLED, Reason.QUORUM_MET)


class Supervision(Protocol):
    """What a group asks of its supervisor.

    Attributes:
        recorder: Makes the run's records.
    """

    recorder: Recorder

    def add_child(
        self, request: Supervise, parent: Child | None, deadline: Deadline, now: float, group: Group | None
    ) -> Child:
        """Make a child below a parent."""

    def open(self, child: Child, now: float, context: Context) -> None:
        """Begin a child, or end it at once if there is no time for it."""

    def finish(self, child: Child, outcome: Outcome, answer: Answer | None, context: Context) -> None:
        """End a child and tell whoever asked for it."""

    def close(self, child: Child, ending: Outcome, context: Context) -> None:
        """End a child that is being done, and all below it."""


class Group(ABC):
    """Children that are judged together, and end together once their fate is sealed.

    Attributes:
        parent: The node whose children they are.
        sealed: How its children end that have not ended when the verdict falls; None until then.
    """

    __slots__ = ("asker", "first_record", "has_ended", "on_failure", "parent", "sealed", "tally", "unfinished")

    def __init__(self, request: SuperviseGroup | SuperviseFanOut, required: Sequence[bool]) -> None:
        self.parent: Child = request.parent
        self.asker = request.asker
        self.on_failure = request.on_failure
        self.tally = GroupTally(required, request.quorum)
        self.unfinished = len(required)
        self.has_ended = False
        self.first_record = len(self.parent.records or ())
        self.sealed: Outcome | None = None

    @abstractmethod
    def path_of(self, key: int) -> str:
        """Return what a child is called when another is ended because of it."""

    @abstractmethod
    def note(self, ended: Ended, supervisor: Supervision, context: Context) -> None:
        """Note that a child has ended; to be called once for each."""

    @abstractmethod
    def keep(self, ended: Ended) -> None:
        """Keep what is needed of how a child ended."""

    @abstractmethod
    def sort_records(self) -> None:
        """Put the records of its children, which came as they ended, in declared order."""

    def count(self, ended: Ended) -> tuple[Ended, Verdict | None]:
        """Count a child that has ended; return how it ended, and the verdict if it sealed the group's fate.

        Only the child that broke the group keeps its exception: nobody raises those of the others.
        """
        self.unfinished -= 1
        verdict = self.tally.note(ended.key, ended.outcome.ok)
        if verdict is not Verdict.BROKEN and ended.outcome.failure is not None:
            ended = replace(ended, outcome=ended.outcome.without_exception())
        return ended, verdict

    def judge(self, ended: Ended, verdict: Verdict | None, supervisor: Supervision, context: Context) -> None:
        """If a child has sealed the group's fate, end those that are still open."""
        if verdict is Verdict.BROKEN and self.on_failure == "cancel":
            culprit = self.path_of(ended.key)
            self._seal(Outcome(OutcomeKind.CANCELLED, Reason.SIBLING_FAILED, culprit=culprit), supervisor, context)
        elif verdict is Verdict.MET and self.unfinished:
            self._seal(_QUORUM_MET, supervisor, context)

    def _seal(self, outcome: Outcome, supervisor: Supervision, context: Context) -> None:
        self.sealed = outcome
        for child in [child for child in self.parent.children or () if child.group is self]:
            supervisor.close(child, outcome, context)


class BranchGroup(Group):
    """Several jobs that are done at once; whoever asked is told of all of them together.

    Attributes:
        endings: How the children ended, in declared order.
    """

    __slots__ = ("endings", "jobs")

    def __init__(self, request: SuperviseGroup) -> None:
        super().__init__(request, [job.required for job in request.jobs])
        self.jobs = request.jobs
        self.endings: list[Ended | None] = [None] * len(request.jobs)

    def path_of(self, key: int) -> str:
        """Return the declared path."""
        return self.jobs[key].path

    def begin(self, payloads: Sequence[Any], supervisor: Supervision, context: Context) -> None:
        """Begin all children; those whose turn comes when the verdict has fallen are ended by it."""
        parent, now = self.parent, context.now()
        for index, (job, payload) in enumerate(zip(self.jobs, payloads, strict=True)):
            request = Supervise(parent, self.asker, index, job, payload)
            child = supervisor.add_child(request, parent, parent.attempt_deadline, now, self)
            if self.sealed is not None and not parent.is_stopping:
                supervisor.finish(child, self.sealed, None, context)
            else:
                supervisor.open(child, now, context)

    def note(self, ended: Ended, supervisor: Supervision, context: Context) -> None:
        """Keep how a child ended; when it was the last one, tell whoever asked."""
        ended, verdict = self.count(ended)
        self.keep(ended)
        self.judge(ended, verdict, supervisor, context)
        if not self.unfinished and not self.has_ended:
            self.has_ended = True
            self.sort_records()
            endings = tuple([each for each in self.endings if each is not None])
            met = self.tally.verdict is Verdict.MET
            context.send(self.asker, GroupEnded(endings, met, self.tally.culprit))

    def keep(self, ended: Ended) -> None:
        """Keep how a child ended."""
        self.endings[ended.key] = ended

    def sort_records(self) -> None:
        """Put the records of its branches, which came as they ended, in declared order."""
        records = self.parent.records
        if records:
            kept = {id(record) for record in records[self.first_record :]}
            in_order = [each.record for each in self.endings if each is not None and each.record is not None]
            records[self.first_record :] = [each for each in in_order if id(each) in kept]


class FanOut(Group):
    """One job that is done for each of many payloads, in their order, a limited number of them at once.

    Nothing is made for a payload before its turn comes, and nothing is kept of one that has ended but its record. The
    facts that are told speak of the job's declared path; only the trace says which payload a record belongs to.

    Invariant: those that were begun come before those that were not.

    Attributes:
        begun: How many were begun.
        in_progress: How many of these have not ended.
        rest: How those end that will never begin; None as long as all may.
    """

    __slots__ = ("begun", "concurrency", "in_progress", "is_filling", "job", "kept", "payload_of", "rest", "size")

    def __init__(self, request: SuperviseFanOut) -> None:
        super().__init__(request, [request.job.required] * request.size)
        self.job = request.job
        self.size = request.size
        self.payload_of = request.payload_of
        self.concurrency = request.concurrency or request.size
        self.begun = self.in_progress = 0
        self.rest: Outcome | None = None
        # Whose records were kept, in the order in which they were.
        self.kept: list[int] = []
        # Whether `fill` is at work, or will be as soon as other messages have had their turn: one that ends meanwhile
        # must not begin another by recursion.
        self.is_filling = False

    def path_of(self, key: int) -> str:
        """Return the declared path with the child's index."""
        return item_path(self.job.path, key)

    def note(self, ended: Ended, supervisor: Supervision, context: Context) -> None:
        """Tell whoever asked how a child ended, and let the next one begin."""
        self.in_progress -= 1
        ended, verdict = self.count(ended)
        self.keep(ended)
        context.send(self.asker, ended)
        self.judge(ended, verdict, supervisor, context)
        if not self.is_filling:
            self.fill(supervisor, context)

    def fill(self, supervisor: Supervision, context: Context) -> None:
        """Begin as many children as may be in progress; when nothing is left to be done, tell whoever asked."""
        self.is_filling = True
        limit = self.begun + BURST
        while self.rest is None and self.begun < self.size:
            ending = self._ending()
            if ending is not None:
                self._end_rest(ending, supervisor, context)
            elif self.in_progress >= self.concurrency:
                break
            elif self.begun < limit:
                self._begin_next(supervisor, context)
            else:
                context.send(context.ref, FanOutGoesOn(self))
                return
        self.is_filling = False
        if not self.in_progress and not self.has_ended:
            self.has_ended = True
            self._end(context)

    def _begin_next(self, supervisor: Supervision, context: Context) -> None:
        parent, index, now = self.parent, self.begun, context.now()
        self.begun += 1
        self.in_progress += 1
        request = Supervise(parent, self.asker, index, self.job, self.payload_of(index))
        child = supervisor.add_child(request, parent, parent.attempt_deadline, now, self)
        supervisor.open(child, now, context)

    def _ending(self) -> Outcome | None:
        """Return how a child ends that would begin now; None if it may begin."""
        stopping = self.parent.ending or self.parent.attempt_ending
        return self.sealed if stopping is None else as_never_started(stopping)

    def _end_rest(self, ending: Outcome, supervisor: Supervision, context: Context) -> None:
        """End all that were not begun, as one: they may be many."""
        self.rest = ending
        record = supervisor.recorder.skip(self.parent, self.job, ending, context)
        self._place(record, self.begun, rest_path(self.job.path, self.begun))

    def _place(self, record: TraceRecord, key: int, path: str) -> None:
        """Let the trace say which payload a record belongs to. The record that was told is not touched."""
        records = self.parent.records
        if records and records[-1] is record:
            records[-1] = replace(record, path=path)
            self.kept.append(key)

    def keep(self, ended: Ended) -> None:
        """Let the record of a child say which payload it belongs to."""
        if ended.record is not None:
            self._place(ended.record, ended.key, self.path_of(ended.key))

    def sort_records(self) -> None:
        """Put the records of its children, which came as they ended, in the order of their payloads."""
        records, kept = self.parent.records, self.kept
        if records:
            came = records[self.first_record :]
            records[self.first_record :] = [came[place] for place in sorted(range(len(kept)), key=kept.__getitem__)]

    def _end(self, context: Context) -> None:
        self.sort_records()
        tally = self.tally
        # Without a verdict it was ended from outside: because of those that will never begin.
        culprit = self.begun if tally.verdict is None else tally.culprit
        context.send(self.asker, FanOutEnded(culprit, self.begun, self.rest))


def item_path(path: str, index: int) -> str:
    """Return what the trace and errors call the child of a fan-out at an index: `map/fetch[37]`."""
    return f"{path}[{index}]"


def rest_path(path: str, first: int) -> str:
    """Return what the trace and errors call the children of a fan-out from an index on: `map/fetch[100:]`."""
    return f"{path}[{first}:]"
