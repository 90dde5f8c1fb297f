"""Fan-outs of many: without recursion, in bursts, and with no more objects and records than there may be."""

from __future__ import annotations

import gc

import pytest

from supervisors.branches import groups, recorder
from supervisors.branches.child import Child
from supervisors.facts import StageEnded
from supervisors.signals import FanOutEnded
from tests.supervisors.fakes import FakeAgent
from tests.supervisors.fans import MANY, Fan
from tests.supervisors.jobs import job
from tests.supervisors.outcomes import REJECTED, failed, sibling_failed
from tests.supervisors.patterns import FakeFanOut
from tests.supervisors.runs import FakeRun


def test_children_that_are_rejected_as_they_begin_end_without_recursion() -> None:
    agent = FakeAgent(rejection=REJECTED)
    pattern = FakeFanOut(job("p/a", agent, required=False), MANY, concurrency=1, quorum=1, on_failure="finish")
    run = FakeRun(job("p", pattern)).start()

    assert pattern.ended == FanOutEnded(MANY - 1, MANY, None)
    assert run.outcome.culprit == f"p/a[{MANY - 1}]"


class Passer:
    """Somebody else's messages: each looks at how many payloads have been made by now."""

    def __init__(self, run: FakeRun, pattern: FakeFanOut) -> None:
        self.run = run
        self.pattern = pattern
        self.seen: list[int] = []

    def receive(self, _message: None) -> None:
        self.seen.append(len(self.pattern.payloads_made))
        if self.seen[-1] < self.pattern.size:
            self.run.context.send(self, None)


def test_a_burst_of_beginnings_lets_other_messages_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "BURST", 2)
    pattern = FakeFanOut(job("p/a", FakeAgent()), 5)
    run = FakeRun(job("p", pattern))
    passer = Passer(run, pattern)
    run.context.send(passer, None)

    run.start()

    assert sorted(set(passer.seen)) == [0, 2, 4, 5]


def test_a_failure_amid_a_burst_ends_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "BURST", 2)
    agent = FakeAgent(rejection=REJECTED)
    pattern = FakeFanOut(job("p/a", agent), 9)
    run = FakeRun(job("p", pattern)).start()

    assert run.has_ended
    assert pattern.ended.culprit == 0
    assert pattern.ended.rest == sibling_failed("p/a[0]")
    assert len(pattern.payloads_made) == pattern.ended.begun < 9


def test_records_beyond_the_limit_are_counted_and_those_kept_are_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MAX_RECORDS", 3)
    fan = Fan(5)

    for index in (4, 1, 3, 0, 2):
        fan.answer(index)

    assert [each.path for each in fan.run.record.children] == ["p/a[1]", "p/a[3]", "p/a[4]"]
    assert fan.run.record.dropped == 2


def test_a_fan_out_whose_every_record_is_dropped_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "MAX_RECORDS", 0)
    fan = Fan(2)

    fan.answer(0, failed())

    assert fan.run.record.children == ()
    assert fan.run.record.dropped == 2


def test_only_those_in_progress_exist() -> None:
    fan = Fan(MANY, concurrency=3)
    for index in range(MANY // 2):
        fan.answer(index)
        fan.agent.handles = [each for each in fan.agent.handles if not each.answers]

    gc.collect()

    alive = [each for each in gc.get_objects() if type(each) is Child and each.job.path == "p/a"]
    assert len(alive) == 3
    assert len(fan.pattern.payloads_made) == MANY // 2 + 3
    assert not [each for each in fan.run.context.facts if isinstance(each, StageEnded) and each.record.path != "p/a"]
    fan.run.close()
