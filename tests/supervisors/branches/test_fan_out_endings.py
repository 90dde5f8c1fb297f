"""Fan-outs that are out of time, cancelled, or below a node that has ended."""

from __future__ import annotations

from typing import Any

from supervisors.outcome import COMPLETED, Reason
from supervisors.policies.retries import Backoff, Retry
from supervisors.signals import FanOutEnded, FanOutGoesOn, SuperviseFanOut
from tests.supervisors.fakes import START, DeadLetter, FakeAgent
from tests.supervisors.fans import Fan
from tests.supervisors.jobs import job
from tests.supervisors.outcomes import CANCELLED, timed_out
from tests.supervisors.patterns import FakeFanOut, FakePattern, FakeSequence
from tests.supervisors.runs import FakeRun


def test_a_deadline_ends_those_in_progress_and_those_that_never_began() -> None:
    fan = Fan(4, concurrency=2, timeout=2)
    fan.answer(0)
    fan.agent.handles[1].begin()

    fan.run.context.advance(2)

    assert fan.outcomes == {0: COMPLETED, 1: timed_out("p"), 2: timed_out("p", Reason.NOT_STARTED)}
    assert fan.pattern.ended == FanOutEnded(1, 3, timed_out("p", Reason.NOT_STARTED))
    assert fan.run.outcome == timed_out("p")


def test_a_cancellation_ends_those_in_progress_and_those_that_never_began() -> None:
    fan = Fan(4, concurrency=2)

    fan.run.close()

    assert fan.outcomes == {0: CANCELLED, 1: CANCELLED}
    assert fan.pattern.ended == FanOutEnded(0, 2, CANCELLED)
    assert fan.run.outcome == CANCELLED


def test_a_fan_out_that_comes_after_a_cancellation_begins_nothing() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern)).start()
    attempt = pattern.orchestrator.attempt
    run.close()
    fan_out = FakeFanOut(job("p/a", agent), 3)
    asker: Any = fan_out.make(attempt, run.context)

    request = SuperviseFanOut(attempt, asker, fan_out.job, 3, asker.payload_of, None, None, "cancel")
    run.context.post(run.context, request)

    assert asker.fan_outs == [FanOutEnded(0, 0, CANCELLED)]
    assert (agent.handles, fan_out.payloads_made) == ([], [])
    assert [each.path for each in run.record.children] == ["p/a[0:]"]


def test_a_fan_out_whose_time_is_over_before_a_child_can_begin_begins_no_other() -> None:
    agent, pattern = FakeAgent(), FakeFanOut(job("p/in/a", FakeAgent()), 3)
    steps = FakeSequence(job("p/first", agent), job("p/in", pattern))
    run = FakeRun(job("p", steps, timeout=2), lag=1).start()
    run.context.advance(2)

    agent.handle.answer(ended_at=START + 1)

    assert run.outcome == timed_out("p")
    assert pattern.orchestrators == []


def test_a_child_that_has_no_time_to_begin_is_told_of_and_the_others_are_not_begun() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern, timeout=2), lag=1).start()
    attempt = pattern.orchestrator.attempt
    run.context.advance(2)
    fan_out = FakeFanOut(job("p/a", agent), 3, concurrency=1)
    asker: Any = fan_out.make(attempt, run.context)

    request = SuperviseFanOut(attempt, asker, fan_out.job, 3, asker.payload_of, 1, None, "cancel")
    run.context.post(run.context, request)

    never = timed_out("p", Reason.NOT_STARTED)
    assert [(ended.key, ended.outcome) for ended in asker.endings] == [(0, never)]
    assert asker.fan_outs == [FanOutEnded(0, 1, never)]


def test_an_attempt_that_overruns_lets_no_other_begin() -> None:
    agent = FakeAgent()
    pattern = FakeFanOut(job("p/a", agent), 3, concurrency=1)
    retry = Retry(attempts=2, on=TimeoutError, backoff=Backoff(initial=1, jitter=0), attempt_timeout=2)
    run = FakeRun(job("p", pattern, retry=retry)).start()

    run.context.advance(2)
    assert pattern.ended.rest == timed_out("attempt of p", Reason.NOT_STARTED)
    run.context.advance(1)
    for _ in range(3):
        agent.handle.answer()

    assert run.outcome == COMPLETED
    paths = [each.path for each in run.record.children]
    assert paths == ["p/a[0]", "p/a[1:]", "p/a[0]", "p/a[1]", "p/a[2]"]


def test_a_burst_is_not_gone_on_with_below_a_node_that_has_ended() -> None:
    fan = Fan(2, concurrency=1)
    child: Any = fan.agent.handle.attempt
    fan.run.supervisor.abandon(CANCELLED)

    fan.run.context.post(fan.run.context, FanOutGoesOn(child.group))

    assert fan.given == ["0"]
    assert fan.run.context.dead_letters == [DeadLetter("late_request", "p/a")]


def test_a_fan_out_below_a_node_that_has_ended_is_a_dead_letter() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern)).start()
    attempt = pattern.orchestrator.attempt
    pattern.orchestrator.answer()

    request = SuperviseFanOut(attempt, run, job("p/a", FakeAgent()), 1, str, None, None, "cancel")
    run.context.post(run.context, request)

    assert run.context.dead_letters == [DeadLetter("late_request", "p/a")]
