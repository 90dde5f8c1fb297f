"""Cancellation: of the siblings of a branch that failed, and of everything."""

import pytest

from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.signals import Answer, Close, Supervise
from tests.supervisors.fakes import LATE_ANSWER, DeadLetter, FakeAgent
from tests.supervisors.jobs import agents, job, nested, retry
from tests.supervisors.outcomes import CANCELLED, REJECTED, failed, kinds, sibling_failed, timed_out
from tests.supervisors.patterns import FakeGroup, FakePattern, FakeSequence
from tests.supervisors.runs import FakeRun


def test_a_branch_in_back_off_is_cancelled_with_its_group() -> None:
    first, second = FakeAgent(), FakeAgent()
    group = FakeGroup(job("p/a", first, retry=retry(wait=4)), job("p/b", second))
    run = FakeRun(job("p", group)).start()
    first.handle.answer(failed())

    second.handle.answer(failed())

    assert group.ended.endings[0].outcome == sibling_failed("p/b")
    assert not run.context.armed
    assert len(first.handles) == 1


@pytest.mark.parametrize("budget", ["attempt of p/a", "agent fake"])
def test_a_cancelled_attempt_leaves_no_timer(budget: str) -> None:
    first, second = FakeAgent(timeout=9 if budget == "agent fake" else None), FakeAgent()
    policy = retry(attempt_timeout=9 if budget == "attempt of p/a" else None)
    run = FakeRun(job("p", FakeGroup(job("p/a", first, retry=policy), job("p/b", second)))).start()

    second.handle.answer(failed())

    assert run.has_ended
    assert not run.context.armed


def test_a_group_that_is_broken_closes_the_groups_below_its_siblings() -> None:
    team = agents("a", "b", "c")
    outer, inner = nested(team)
    run = FakeRun(job("p", outer)).start()

    team["a"].handle.answer(failed())

    assert [ended.outcome for ended in inner.ended.endings] == [sibling_failed("p/a")] * 2
    assert [ended.outcome for ended in outer.ended.endings] == [failed(), sibling_failed("p/a")]
    assert [len(team[name].handle.withdrawals) for name in "bc"] == [1, 1]
    assert run.outcome.culprit == "p/a"


def test_a_group_that_breaks_below_closes_the_group_above() -> None:
    team = agents("a", "b", "c")
    outer, inner = nested(team)
    run = FakeRun(job("p", outer)).start()

    team["c"].handle.answer(failed())

    assert [ended.outcome for ended in inner.ended.endings] == [sibling_failed("p/in/c"), failed()]
    assert outer.ended.endings[0].outcome == sibling_failed("p/in")
    assert run.has_ended


def test_groups_that_break_at_the_same_moment_each_end_once() -> None:
    team = agents("a", "b", "c")
    outer, inner = nested(team)
    run = FakeRun(job("p", outer)).start()
    for name in "ca":
        attempt = team[name].handle.attempt
        run.context.send(run.context, Answer(attempt, 1, failed(), None))

    run.context.settle()

    assert kinds(inner.ended) == ["cancelled", "failed"]
    assert kinds(outer.ended) == ["failed", "cancelled"]
    assert outer.ended.culprit == 0
    assert run.has_ended


def test_a_branch_that_answers_ok_after_it_was_cancelled_is_overruled() -> None:
    pattern, other = FakePattern(), FakeAgent()
    group = FakeGroup(job("p/a", pattern), job("p/b", other))
    run = FakeRun(job("p", group)).start()
    other.handle.answer(failed())
    assert not run.has_ended

    pattern.orchestrator.answer(COMPLETED, "too late")

    assert group.ended.endings[0].outcome == sibling_failed("p/b")
    assert group.ended.endings[0].value == "too late"


def test_a_branch_that_was_cancelled_is_not_retried() -> None:
    pattern, other = FakePattern(), FakeAgent()
    group = FakeGroup(job("p/a", pattern, retry=retry(), fallback=job("p/a/fallback", other)), job("p/b", other))
    run = FakeRun(job("p", group)).start()
    other.handle.answer(failed())

    pattern.orchestrator.answer(failed())

    assert run.has_ended
    assert run.retries == []
    assert len(other.handles) == 1


# Closing everything


@pytest.mark.parametrize("outcome", [CANCELLED, timed_out("host")])
def test_close_ends_the_whole_tree(outcome: Outcome) -> None:
    team = agents("a", "b", "c")
    outer, _ = nested(team)
    run = FakeRun(job("root", FakeSequence(job("p", outer))), timeout=8).start()
    for agent in team.values():
        agent.handle.begin()

    run.close(outcome)

    assert {record.outcome for record in run.record.walk()} == {outcome}
    assert [agent.handle.withdrawals for agent in team.values()] == [[outcome]] * 3
    assert not run.context.armed


def test_close_waits_for_patterns_to_unwind() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern)).start()

    run.close()
    assert not run.has_ended
    pattern.orchestrator.answer(COMPLETED, "partial")

    assert (run.outcome, run.ended.value) == (CANCELLED, "partial")


def test_the_first_close_counts() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern)).start()
    run.close(CANCELLED)

    run.close(timed_out("host"))
    pattern.orchestrator.answer()

    assert run.outcome == CANCELLED


def test_a_deadline_during_the_unwinding_changes_nothing() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern), timeout=2).start()
    run.close(CANCELLED)

    run.context.advance(2)
    pattern.orchestrator.answer()

    assert run.outcome == CANCELLED
    assert run.timeouts == []


def test_a_rejection_under_way_does_not_survive_a_close() -> None:
    run = FakeRun(job("a", FakeAgent(rejection=REJECTED)))
    context = run.context
    context.send(context, Supervise(None, run, "root", run.job, "payload"))
    context.send(context, Close(CANCELLED))

    context.settle()

    assert run.outcome == CANCELLED


def test_close_after_the_end_is_harmless() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()
    agent.handle.answer()

    run.close()

    assert run.outcome == COMPLETED


def test_close_before_the_beginning_is_not_lost() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent))
    run.close()

    run.start()

    assert run.outcome == CANCELLED
    assert agent.handles == []


def test_abandon_takes_back_everything_and_tells_nobody() -> None:
    team = agents("a", "b", "c")
    outer, inner = nested(team)
    run = FakeRun(job("p", outer, retry=retry(attempt_timeout=4)), timeout=8).start()
    defect = Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR)

    run.supervisor.abandon(defect)
    run.context.settle()

    assert [agent.handle.withdrawals for agent in team.values()] == [[defect]] * 3
    assert not run.context.armed
    assert not run.has_ended
    assert (outer.orchestrator.groups, inner.orchestrator.groups) == ([], [])


def test_what_comes_after_abandon_is_a_dead_letter() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern)).start()
    pattern.orchestrator.supervise(job("p/a", agent))
    run.supervisor.abandon(CANCELLED)

    agent.handle.answer()
    pattern.orchestrator.supervise(job("p/b", agent))
    run.close()

    assert run.context.dead_letters == [LATE_ANSWER, DeadLetter("late_request", "p/b")]
    assert len(agent.handles) == 1


def test_abandon_without_a_run_is_harmless() -> None:
    run = FakeRun(job("a", FakeAgent()))

    run.supervisor.abandon(CANCELLED)

    assert not run.has_ended
