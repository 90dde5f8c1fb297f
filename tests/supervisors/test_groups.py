from __future__ import annotations

import gc
from typing import Any

import pytest

from supervisors import groups, recorder
from supervisors.branch_policies import OnFailure
from supervisors.child import Child
from supervisors.deadlines import UNLIMITED
from supervisors.facts import StageEnded
from supervisors.groups import BranchGroup, item_path, rest_path
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.retries import Backoff, Retry
from supervisors.signals import Ended, FanOutEnded, FanOutGoesOn, Job, Supervise, SuperviseFanOut, SuperviseGroup
from supervisors.trace import TraceRecord
from tests.supervisors.fakes import (
    CANCELLED,
    REJECTED,
    START,
    DeadLetter,
    FakeAgent,
    FakeFanOut,
    FakePattern,
    FakeRun,
    FakeSequence,
    failed,
    job,
    sibling_failed,
    timed_out,
)

MANY = 10_000
QUORUM_MET = Outcome(OutcomeKind.CANCELLED, Reason.QUORUM_MET)

# A group of branches


def record(path: str) -> TraceRecord:
    return TraceRecord(path, "agent", COMPLETED, 0, 0, 1, 0, 0, 0)


def parent() -> Child:
    return Child(Supervise(None, "asker", "key", job("p", FakeAgent()), "payload"), None, UNLIMITED, None, START)


def group_below(parent: Child, *paths: str) -> BranchGroup:
    jobs: tuple[Job, ...] = tuple([job(path, FakeAgent()) for path in paths])
    return BranchGroup(SuperviseGroup(parent, "asker", jobs, ("payload",) * len(jobs), None, "cancel"))


def test_a_groups_records_are_put_in_declared_order_behind_what_was_there() -> None:
    above = parent()
    earlier, first, second = record("p/0"), record("p/a"), record("p/b")
    above.records = [earlier]
    group = group_below(above, "p/a", "p/b")
    above.records += [second, first]

    group.sort_records([Ended(0, COMPLETED, None, first), Ended(1, COMPLETED, None, second)])

    assert above.records == [earlier, first, second]


def test_records_that_were_not_kept_do_not_come_back() -> None:
    above = parent()
    group = group_below(above, "p/a", "p/b", "p/c")
    first, second = record("p/a"), record("p/b")
    above.records = [second]

    group.sort_records(
        [
            Ended(0, COMPLETED, None, first),
            Ended(1, COMPLETED, None, second),
            Ended(2, COMPLETED, None, None),
        ]
    )

    assert above.records == [second]


def test_a_group_without_records_has_nothing_to_sort() -> None:
    above = parent()
    group = group_below(above, "p/a")

    group.sort_records([Ended(0, COMPLETED, None, None)])

    assert above.records is None


# A fan-out


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


class Fan:
    """A run of one fan-out over an agent that keeps what it is given."""

    def __init__(
        self,
        size: int,
        *,
        concurrency: int | None = None,
        quorum: int | None = None,
        on_failure: OnFailure = "cancel",
        timeout: float | None = None,
        **policy: Any,
    ) -> None:
        self.agent = FakeAgent()
        policy = {"required": quorum is None, "is_branch": True, **policy}
        self.pattern = FakeFanOut(
            job("p/a", self.agent, **policy),
            size,
            concurrency=concurrency,
            quorum=quorum,
            on_failure=on_failure,
        )
        self.run = FakeRun(job("p", self.pattern, timeout=timeout)).start()

    @property
    def given(self) -> list[Any]:
        """The payloads of what the agent has been given so far."""
        return [handle.payload for handle in self.agent.handles]

    @property
    def outcomes(self) -> dict[int, Outcome]:
        return {ended.key: ended.outcome for ended in self.pattern.endings}

    def answer(self, index: int, outcome: Outcome = COMPLETED) -> None:
        """Answer the last attempt at a payload."""
        [*_, handle] = [each for each in self.agent.handles if each.payload == str(index)]
        handle.answer(outcome, f"value {index}")


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


def test_children_that_are_rejected_as_they_begin_end_without_recursion() -> None:
    agent = FakeAgent(rejection=REJECTED)
    pattern = FakeFanOut(job("p/a", agent, required=False), MANY, concurrency=1, quorum=1, on_failure="finish")
    run = FakeRun(job("p", pattern)).start()

    assert pattern.ended == FanOutEnded(MANY - 1, MANY, None)
    assert run.outcome.culprit == f"p/a[{MANY - 1}]"


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


def test_internal_children_leave_no_records() -> None:
    fan = Fan(2, concurrency=1, is_internal=True)

    fan.answer(0)
    fan.answer(1)

    assert fan.run.outcome == COMPLETED
    assert fan.run.record.children == ()


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


def test_places_read_like_subscripts() -> None:
    assert item_path("map/fetch", 37) == "map/fetch[37]"
    assert rest_path("map/fetch", 100) == "map/fetch[100:]"
