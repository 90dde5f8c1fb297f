"""Fan-outs: how many are in progress, what whoever asked is told, and when the others are not begun."""

from __future__ import annotations

import pytest

from supervisors.branches import groups
from supervisors.outcome import COMPLETED, Reason
from supervisors.policies.branch_policies import OnFailure
from supervisors.policies.retries import Backoff, Retry
from supervisors.signals import FanOutEnded, SuperviseFanOut
from tests.supervisors.fakes import START, FakeAgent
from tests.supervisors.fans import MANY, Fan
from tests.supervisors.jobs import job
from tests.supervisors.outcomes import QUORUM_MET, failed, sibling_failed, timed_out
from tests.supervisors.patterns import FakeFanOut, FakePattern
from tests.supervisors.runs import FakeRun


def test_as_many_are_begun_as_may_be_in_progress() -> None:
    fan = Fan(5, concurrency=2)

    assert fan.given == ["0", "1"]
    assert fan.pattern.payloads_made == [0, 1]


def test_the_next_one_begins_as_soon_as_one_ends() -> None:
    fan = Fan(4, concurrency=2)

    fan.answer(1)
    assert fan.given == ["0", "1", "2"]
    fan.answer(2)
    assert fan.given == ["0", "1", "2", "3"]
    fan.answer(3)
    assert not fan.run.has_ended
    fan.answer(0)

    assert fan.run.outcome == COMPLETED
    assert fan.pattern.ended == FanOutEnded(None, 4, None)


def test_without_a_concurrency_all_begin_at_once() -> None:
    fan = Fan(groups.BURST * 2 + 1)

    assert len(fan.given) == groups.BURST * 2 + 1


def test_whoever_asked_is_told_of_each_as_it_ends() -> None:
    fan = Fan(3, concurrency=3)

    fan.answer(2)
    assert [(ended.key, ended.value) for ended in fan.pattern.endings] == [(2, "value 2")]
    fan.answer(0)
    fan.answer(1)

    assert [ended.key for ended in fan.pattern.endings] == [2, 0, 1]


def test_a_childs_time_starts_when_it_begins() -> None:
    fan = Fan(2, concurrency=1, timeout=9)
    limited = Fan(2, concurrency=1, limits=((2.0, "p/a"),))
    for each in (fan, limited):
        each.run.context.advance(1.5)
        each.answer(0)

    assert fan.agent.handle.deadline.at == START + 9
    assert limited.agent.handle.deadline.at == START + 3.5
    limited.run.context.advance(2)

    assert limited.outcomes[1] == timed_out("p/a", Reason.NOT_STARTED)
    assert limited.run.timeouts == [("p/a", "p/a")]


def test_the_trace_says_whose_a_record_is_and_the_facts_speak_of_the_declared_path() -> None:
    fan = Fan(3, concurrency=2)

    for index in (1, 2, 0):
        fan.answer(index)

    assert [each.path for each in fan.run.record.children] == ["p/a[0]", "p/a[1]", "p/a[2]"]
    assert fan.run.ended_paths == ["p/a", "p/a", "p/a", "p"]
    assert fan.run.started_paths == ["p", "p/a", "p/a", "p/a"]


def test_records_before_a_fan_out_stay_before_it() -> None:
    pattern, agent = FakePattern(), FakeAgent()
    run = FakeRun(job("p", pattern)).start()
    orchestrator = pattern.orchestrator
    orchestrator.supervise(job("p/first", agent))
    agent.handle.answer()
    attempt = orchestrator.attempt
    asker = FakeFanOut(job("p/a", agent), 2).make(attempt, run.context)
    run.context.post(run.context, SuperviseFanOut(attempt, asker, job("p/a", agent), 2, str, None, None, "cancel"))

    agent.handles[2].answer()
    agent.handles[1].answer()

    assert [each.path for each in run.record.children] == ["p/first", "p/a[0]", "p/a[1]"]


def test_internal_children_leave_no_records() -> None:
    fan = Fan(2, concurrency=1, is_internal=True)

    fan.answer(0)
    fan.answer(1)

    assert fan.run.outcome == COMPLETED
    assert fan.run.record.children == ()


# Policies


def test_a_failure_cancels_those_in_progress_and_lets_no_other_begin() -> None:
    fan = Fan(6, concurrency=3)
    fan.answer(0)

    fan.answer(2, failed())

    assert fan.outcomes == {
        0: COMPLETED,
        2: failed(),
        1: sibling_failed("p/a[2]"),
        3: sibling_failed("p/a[2]"),
    }
    assert fan.pattern.ended == FanOutEnded(2, 4, sibling_failed("p/a[2]"))
    assert fan.given == ["0", "1", "2", "3"]
    assert [each.path for each in fan.run.record.children] == ["p/a[0]", "p/a[1]", "p/a[2]", "p/a[3]", "p/a[4:]"]
    assert fan.run.outcome.culprit == "p/a[2]"


def test_after_a_failure_the_others_may_be_done_all_the_same() -> None:
    fan = Fan(4, concurrency=2, on_failure="finish")

    fan.answer(0, failed())
    for index in (1, 3, 2):
        fan.answer(index)

    assert fan.outcomes == {0: failed(), 1: COMPLETED, 2: COMPLETED, 3: COMPLETED}
    assert fan.pattern.ended == FanOutEnded(0, 4, None)


@pytest.mark.parametrize("on_failure", ["cancel", "finish"])
def test_once_the_quorum_is_met_no_other_begins(on_failure: OnFailure) -> None:
    fan = Fan(MANY, concurrency=3, quorum=2, on_failure=on_failure)

    fan.answer(1)
    fan.answer(0, failed())
    fan.answer(2)

    assert fan.outcomes == {1: COMPLETED, 0: failed(), 2: COMPLETED, 3: QUORUM_MET, 4: QUORUM_MET}
    assert fan.pattern.ended == FanOutEnded(None, 5, QUORUM_MET)
    assert fan.run.outcome == COMPLETED
    assert [each.path for each in fan.run.record.children][-1] == "p/a[5:]"


def test_a_quorum_that_is_met_by_the_last_in_progress_ends_the_rest() -> None:
    fan = Fan(3, concurrency=1, quorum=1)

    fan.answer(0)

    assert fan.pattern.ended == FanOutEnded(None, 1, QUORUM_MET)
    assert fan.given == ["0"]


def test_a_quorum_out_of_reach_breaks_the_fan_out() -> None:
    fan = Fan(3, concurrency=1, quorum=2)

    fan.answer(0, failed())
    fan.answer(1, failed())

    assert fan.pattern.ended == FanOutEnded(1, 2, sibling_failed("p/a[1]"))


def test_a_child_is_retried_and_has_a_fallback_while_it_keeps_its_place() -> None:
    substitute = FakeAgent()
    retry = Retry(attempts=2, backoff=Backoff(initial=1, jitter=0))
    fan = Fan(2, concurrency=1, retry=retry, fallback=job("p/a/fallback", substitute))

    fan.answer(0, failed())
    fan.run.context.advance(1)
    assert fan.given == ["0", "0"]
    fan.answer(0, failed())
    assert fan.given == ["0", "0"]
    substitute.handle.answer(value="plan b")

    assert fan.pattern.endings[0].value == "plan b"
    assert fan.outcomes[0].reason is Reason.FALLBACK_USED
    assert fan.given == ["0", "0", "1"]
    assert substitute.handle.payload == "0"


def test_a_failure_within_a_fan_out_within_a_fan_out_ends_both() -> None:
    agent = FakeAgent()
    inner = FakeFanOut(job("p/in/a", agent), 3, concurrency=2)
    outer = FakeFanOut(job("p/in", inner), 3, concurrency=2)
    run = FakeRun(job("p", outer)).start()
    assert len(agent.handles) == 4

    agent.handles[3].answer(failed())

    assert run.has_ended
    assert outer.ended.culprit == 1
    assert outer.ended.rest == sibling_failed("p/in[1]")
    assert [each.path for each in run.record.children] == ["p/in[0]", "p/in[1]", "p/in[2:]"]
    assert [each.path for each in run.record.children[0].children] == ["p/in/a[0]", "p/in/a[1]", "p/in/a[2:]"]
