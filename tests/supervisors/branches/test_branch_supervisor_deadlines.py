"""Deadlines: whose budget runs out, and what is not begun any more."""

from dataclasses import replace

import pytest

from supervisors.outcome import COMPLETED, Outcome, Reason
from supervisors.policies.retries import Retry
from supervisors.signals import Close
from tests.supervisors.fakes import START, FakeAgent
from tests.supervisors.jobs import job
from tests.supervisors.outcomes import CANCELLED, REJECTED, failed, timed_out
from tests.supervisors.patterns import FakeGroup, FakePattern, FakeSequence
from tests.supervisors.runs import FakeRun


def test_a_child_that_began_runs_out_of_its_own_time() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2), timeout=8).start()
    agent.handle.begin()

    run.context.advance(2)

    assert run.outcome == timed_out("a")
    assert agent.handle.withdrawals == [timed_out("a")]
    assert (run.record.duration, run.record.run_time) == (2, 2)


def test_work_that_waited_until_its_deadline_was_not_started() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2)).start()

    run.context.advance(2)

    assert run.outcome == timed_out("a", Reason.NOT_STARTED)
    assert (run.record.queue_wait, run.record.run_time) == (2, 0)


@pytest.mark.parametrize("has_begun", [False, True])
def test_work_that_a_blocked_loop_held_up_names_the_blocker(has_begun: bool) -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2)).start()
    agent.handle.blocker = "hog"
    if has_begun:
        agent.handle.begin()

    run.context.advance(2)

    blocked = timed_out("a", Reason.LOOP_BLOCKED)
    assert run.outcome == replace(blocked, culprit="hog", detail="agent 'hog' blocked the event loop")
    assert run.record.delayed_by == "hog"


def test_cancelled_work_blames_no_blocker() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()
    agent.handle.blocker = "hog"

    run.close()

    assert run.outcome == CANCELLED


@pytest.mark.parametrize(
    ("timeouts", "budget", "moment"),
    [
        ({"run": 1, "parent": 2, "own": 3, "attempt": 4, "agent": 5}, "run", 1),
        ({"run": 2, "parent": 1, "own": 3, "attempt": 4, "agent": 5}, "p", 1),
        ({"run": 3, "parent": 2, "own": 1, "attempt": 4, "agent": 5}, "p/a", 1),
        ({"run": 4, "parent": 3, "own": 2, "attempt": 1, "agent": 5}, "attempt of p/a", 1),
        ({"run": 5, "parent": 4, "own": 3, "attempt": 2, "agent": 1}, "agent fake", 1),
        ({"run": 2, "parent": 2, "own": 2, "attempt": 2, "agent": 2}, "run", 2),
        ({"run": None, "parent": 2, "own": 2, "attempt": 2, "agent": 2}, "p", 2),
        ({"run": None, "parent": None, "own": 2, "attempt": 2, "agent": 2}, "p/a", 2),
        ({"run": None, "parent": None, "own": None, "attempt": 2, "agent": 2}, "attempt of p/a", 2),
    ],
)
def test_the_budget_that_runs_out_is_named(timeouts: dict[str, float | None], budget: str, moment: float) -> None:
    agent = FakeAgent(timeout=timeouts["agent"])
    policy = Retry(attempts=1, attempt_timeout=timeouts["attempt"])
    child = job("p/a", agent, timeout=timeouts["own"], retry=policy)
    run = FakeRun(job("p", FakeSequence(child), timeout=timeouts["parent"]), timeout=timeouts["run"]).start()
    agent.handle.begin()

    run.context.advance(moment)

    assert run.records["p/a"].outcome == timed_out(budget)
    assert [named for _, named in run.timeouts] == [budget]
    assert not run.context.armed


def test_the_narrowest_of_several_limits_counts() -> None:
    agent = FakeAgent()
    limits = ((3.0, "stage"), (2.0, "node"), (2.0, "twin"))
    run = FakeRun(job("a", agent, limits=limits)).start()

    run.context.advance(2)

    assert run.outcome.budget == "node"


def test_a_budget_that_ran_out_is_reported_once_of_the_node_that_had_it() -> None:
    branches = [job(f"p/{name}", FakeAgent()) for name in "abc"]
    run = FakeRun(job("p", FakeGroup(*branches), timeout=2), timeout=8).start()

    run.context.advance(2)

    assert run.timeouts == [("p", "p")]
    assert run.outcome == timed_out("p")


def test_a_pattern_out_of_time_ends_by_itself_once_its_children_have() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern, timeout=2)).start()
    pattern.orchestrator.supervise(job("p/a", agent))

    run.context.advance(2)

    assert [ended.outcome for ended in pattern.orchestrator.endings] == [timed_out("p", Reason.NOT_STARTED)]
    assert not run.has_ended


@pytest.mark.parametrize("said", [COMPLETED, failed(), REJECTED])
def test_what_a_pattern_answers_after_its_deadline_is_overruled(said: Outcome) -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern, timeout=2)).start()
    run.context.advance(2)

    pattern.orchestrator.answer(said, "partial", iterations=4)

    assert (run.outcome, run.ended.value, run.record.iterations) == (timed_out("p"), "partial", 4)


def test_what_is_asked_for_after_the_parents_deadline_is_never_started() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern, timeout=2)).start()
    run.context.advance(2)

    pattern.orchestrator.supervise(job("p/a", agent), "late")

    (ended,) = pattern.orchestrator.endings
    assert (ended.key, ended.outcome) == ("late", timed_out("p", Reason.NOT_STARTED))
    assert agent.handles == []
    assert ended.record is not None
    assert ended.record.attempts == 0


def test_what_is_asked_for_after_a_cancellation_is_cancelled_too() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern)).start()
    run.close()

    pattern.orchestrator.supervise(job("p/a", agent))

    (ended,) = pattern.orchestrator.endings
    assert ended.outcome == CANCELLED
    assert agent.handles == []


def test_what_is_asked_for_at_the_very_deadline_is_never_started() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern, timeout=2), lag=1).start()
    run.context.advance(2)

    pattern.orchestrator.supervise(job("p/a", agent))

    (ended,) = pattern.orchestrator.endings
    assert ended.outcome == timed_out("p", Reason.NOT_STARTED)
    assert agent.handles == []


def test_a_deadline_that_fires_after_the_end_changes_nothing() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern)).start()
    pattern.orchestrator.supervise(job("p/a", agent, timeout=2))
    run.context.jump(2)
    run.context.later(START, agent.handle.attempt.supervisor, Close(CANCELLED))

    run.context.fire()

    assert [ended.outcome for ended in pattern.orchestrator.endings] == [CANCELLED]
    assert run.timeouts == []
