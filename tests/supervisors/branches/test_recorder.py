"""The recorder: what is kept of a run, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from supervisors.branches import recorder as module
from supervisors.branches.branch_supervisor import BranchSupervisor
from supervisors.branches.child import Child
from supervisors.branches.recorder import Recorder
from supervisors.facts import AgentRan, BranchFailed, StageEnded, StageRetried, StageStarted, TimedOut
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.policies.deadlines import UNLIMITED, Deadline
from supervisors.signals import Answer, Job, Supervise
from supervisors.trace import TraceRecord
from tests.supervisors.fakes import START, FakeContext

FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)
REJECTED = Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL)


class Target:
    """Is never asked to perform."""


def child(path: str = "flow", parent: Child | None = None, **job: Any) -> Child:
    request = Supervise(None, None, 0, Job(path, "agent", Target(), **job), None)  # type: ignore[arg-type]  # the same
    return Child(request, parent, UNLIMITED, None, START)


@pytest.fixture
def context() -> FakeContext:
    return FakeContext(BranchSupervisor("flow", 7))


@pytest.fixture
def recorder() -> Recorder:
    recorder = Recorder("flow", 7)
    recorder.epoch = START - 1.0
    return recorder


def recorded(path: str = "flow") -> TraceRecord:
    return TraceRecord(path, "agent", COMPLETED, 0.0, 0.0, 1, 0, 0.0, 0.0)


# Facts


def test_the_start_of_a_stage_is_told_to_listeners(recorder: Recorder, context: FakeContext) -> None:
    recorder.start(child(), context)
    recorder.start(child("flow/condition", is_internal=True), context)

    assert context.facts == [StageStarted("flow", 7, "flow", "agent")]


def test_an_attempt_that_another_follows_is_told_with_its_figures(recorder: Recorder, context: FakeContext) -> None:
    tried = child(agent="writer")
    context.jump(5.0)

    recorder.attempt(tried, Answer(tried, 1, FAILED, None, START + 1, START + 3), context)

    assert context.facts == [AgentRan("writer", FAILED, 1.0, 2.0)]
    assert tried.is_told


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        (Answer(None, 1, FAILED, None), AgentRan("writer", FAILED, 5.0, None)),
        (Answer(None, 1, FAILED, None, START + 1), AgentRan("writer", FAILED, 1.0, 4.0)),
    ],
)
def test_what_an_attempt_lacks_is_taken_from_the_clock(
    recorder: Recorder, context: FakeContext, answer: Answer, fact: AgentRan
) -> None:
    context.jump(5.0)

    recorder.attempt(child(agent="writer"), answer, context)

    assert context.facts == [fact]


@pytest.mark.parametrize(("agent", "outcome"), [("", FAILED), ("writer", REJECTED)])
def test_an_attempt_that_no_agent_saw_is_not_told(
    recorder: Recorder, context: FakeContext, agent: str, outcome: Outcome
) -> None:
    tried = child(agent=agent)

    recorder.attempt(tried, Answer(tried, 1, outcome, None), context)

    assert (context.facts, tried.is_told) == ([], False)


def test_retries_failed_branches_and_timeouts_are_told(recorder: Recorder, context: FakeContext) -> None:
    branch = child("flow/a", required=False)

    recorder.retry(branch, FAILED, context)
    recorder.branch(branch, FAILED, context)
    recorder.timeout(branch, Deadline(START, "step"), context)

    assert context.facts == [
        StageRetried("flow", 7, "flow/a", FAILED),
        BranchFailed("flow", 7, "flow/a", False, FAILED),
        TimedOut("flow", 7, "flow/a", "step"),
    ]


def test_where_nobody_observes_nothing_is_told(recorder: Recorder, context: FakeContext) -> None:
    context.is_observed = context.is_listened_to = False
    one = child(agent="writer")

    recorder.start(one, context)
    recorder.attempt(one, Answer(one, 1, FAILED, None), context)
    recorder.retry(one, FAILED, context)
    recorder.branch(one, FAILED, context)
    recorder.timeout(one, UNLIMITED, context)
    recorder.record(one, FAILED, None, context)

    assert context.facts == []


# Records


def test_a_record_says_when_and_for_how_long(recorder: Recorder, context: FakeContext) -> None:
    ended = child(agent="writer")
    ended.attempts = 2
    context.jump(5.0)

    answer = Answer(ended, 2, COMPLETED, None, START + 1, START + 4, 3, "blocker", {"tokens": 9})
    record = recorder.record(ended, COMPLETED, answer, context)

    assert (record.path, record.outcome, record.attempts, record.iterations) == ("flow", COMPLETED, 2, 3)
    assert (record.started, record.duration, record.queue_wait, record.run_time) == (1.0, 5.0, 1.0, 3.0)
    assert (record.delayed_by, record.metadata, record.agent) == ("blocker", {"tokens": 9}, "writer")
    assert context.facts == [StageEnded("flow", 7, record)]


@pytest.mark.parametrize(("is_queued", "waited"), [(True, 5.0), (False, 0.0)])
def test_what_never_began_waited_if_it_was_queued(
    recorder: Recorder, context: FakeContext, is_queued: bool, waited: float
) -> None:
    ended = child(agent="writer")
    ended.is_queued = is_queued
    context.jump(5.0)

    record = recorder.record(ended, FAILED, None, context)

    assert (record.queue_wait, record.run_time) == (waited, 0.0)


def test_figures_that_were_told_before_are_not_told_again(recorder: Recorder, context: FakeContext) -> None:
    ended = child(agent="writer")
    ended.is_told = True

    assert recorder.record(ended, FAILED, None, context).agent == ""


def test_a_record_is_kept_below_its_parent_with_those_below_it(recorder: Recorder, context: FakeContext) -> None:
    root = child()
    step = child("flow/a", parent=root)

    below = recorder.record(child("flow/a/x", parent=step), COMPLETED, None, context)
    record = recorder.record(step, COMPLETED, None, context)
    other = recorder.record(child("flow/b", parent=root), COMPLETED, None, context)
    whole = recorder.record(root, COMPLETED, None, context)

    assert record.children == (below,)
    assert whole.children == (record, other)


def test_what_a_run_may_not_keep_is_counted(
    recorder: Recorder, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RECORDS", 1)
    full, root = Recorder("flow", 7), child()
    loop = child("flow/loop", parent=root)

    for number in range(3):
        full.keep(loop, recorded(str(number)), context)
    last = full.record(loop, COMPLETED, None, context)  # those below it would be lost with it
    full.keep(root, recorded("other"), context)

    assert [kept.path for kept in last.children] == ["0"]
    assert (last.dropped, root.records, root.dropped) == (2, [last], 1)
