from dataclasses import replace
from typing import Any

import pytest

from supervisors import recorder
from supervisors.branch_policies import OnFailure
from supervisors.facts import StageEnded
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.retries import Backoff, Retry
from supervisors.signals import Answer, Close, GroupEnded, Job, Supervise, SuperviseGroup
from tests.supervisors.fakes import (
    CANCELLED,
    REJECTED,
    START,
    DeadLetter,
    FakeAgent,
    FakeGroup,
    FakePattern,
    FakeRun,
    FakeSequence,
    failed,
    job,
    sibling_failed,
    timed_out,
)

LATE_ANSWER = DeadLetter("late_answer", "an answer came after its attempt had ended")
QUORUM_MET = Outcome(OutcomeKind.CANCELLED, Reason.QUORUM_MET)


def retry(attempts: int = 3, *, wait: float = 1, **more: Any) -> Retry:
    return Retry(attempts=attempts, backoff=Backoff(initial=wait, jitter=0), **more)


def kinds(ended: GroupEnded) -> list[str]:
    return [each.outcome.kind.value for each in ended.endings]


# One agent


def test_an_agents_answer_is_passed_to_the_asker() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()

    agent.handle.answer(value="result")

    assert (run.ended.key, run.outcome, run.ended.value) == ("root", COMPLETED, "result")


def test_the_performer_is_given_payload_number_deadline_and_whom_to_answer() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent), timeout=8).start()

    handle = agent.handle

    assert (handle.payload, handle.number) == ("payload", 1)
    assert (handle.deadline.at, handle.deadline.budget) == (START + 8, "run")
    assert handle.attempt.supervisor is run.context.ref


def test_a_run_without_any_timeout_arms_no_timer() -> None:
    run = FakeRun(job("a", FakeAgent())).start()

    run.context.advance(1e6)

    assert not run.context.armed
    assert not run.has_ended


def test_a_rejection_is_the_outcome() -> None:
    run = FakeRun(job("a", FakeAgent(rejection=REJECTED))).start()

    assert run.outcome is REJECTED
    assert run.record.attempts == 1


def test_the_record_parts_waiting_from_running() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()
    run.context.advance(2)
    agent.handle.begin()
    run.context.advance(3)

    agent.handle.answer(delayed_by="slow", metadata={"tokens": 3})

    record = run.record
    assert (record.path, record.pattern, record.outcome, record.attempts) == ("a", "agent", COMPLETED, 1)
    assert (record.started, record.duration, record.queue_wait, record.run_time) == (0, 5, 2, 3)
    assert (record.delayed_by, record.metadata) == ("slow", {"tokens": 3})


def test_a_pattern_waits_in_no_queue() -> None:
    agent = FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent)))).start()
    run.context.advance(5)

    agent.handle.answer()

    assert (run.record.duration, run.record.queue_wait) == (5, 0)


def test_a_fallback_is_no_queue_wait_of_its_branch() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()
    agent.handle.answer(failed())
    run.context.advance(5)

    substitute.handle.answer()

    assert run.record.queue_wait == 0


# Deadlines


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


# Answers that come after the deadline, before its timer has fired


def test_an_answer_after_the_deadline_is_not_taken_though_no_timer_fired() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2), lag=1).start()
    agent.handle.begin()
    run.context.advance(2.5)

    agent.handle.answer(value="late")

    assert (run.outcome, run.ended.value) == (timed_out("a"), None)
    assert run.timeouts == [("a", "a")]
    assert run.context.dead_letters == [DeadLetter("late_answer", "a answered after its deadline")]


def test_an_answer_that_ended_in_time_is_taken_however_late_it_is_handled() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2), lag=1).start()
    run.context.advance(2.5)

    agent.handle.answer(value="in time", ended_at=START + 1.75)

    assert (run.outcome, run.ended.value) == (COMPLETED, "in time")
    assert run.timeouts == []


def test_an_overdue_attempt_is_retried_like_one_that_timed_out() -> None:
    agent = FakeAgent(timeout=2)
    run = FakeRun(job("a", agent, retry=retry(on=TimeoutError)), lag=1).start()
    run.context.advance(2.5)

    agent.handle.answer()
    run.context.advance(2)
    agent.handle.answer()

    assert run.outcome == COMPLETED
    assert run.timeouts == [("a", "agent fake")]


def test_a_late_timer_does_not_report_again_what_an_overdue_answer_did() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2), lag=1).start()
    run.context.advance(2.5)
    agent.handle.answer()

    run.context.advance(5)

    assert run.timeouts == [("a", "a")]
    assert not run.context.armed


def test_a_parent_whose_child_is_overdue_has_timed_out_itself() -> None:
    agent = FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent)), timeout=2), lag=1).start()
    run.context.advance(2.5)

    agent.handle.answer()

    assert run.outcome == timed_out("p")
    assert run.timeouts == [("p", "p")]


def test_a_parent_whose_optional_child_is_overdue_has_timed_out_itself() -> None:
    agent = FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent, required=False)), timeout=2), lag=1).start()
    run.context.advance(2.5)

    agent.handle.answer()

    assert run.outcome == timed_out("p")


def test_a_parent_that_is_out_of_time_for_its_next_step_has_timed_out_itself() -> None:
    agent, following = FakeAgent(), FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent), job("p/b", following)), timeout=2), lag=1).start()
    run.context.advance(2.5)

    agent.handle.answer(ended_at=START + 1.75)

    assert run.outcome == timed_out("p")
    assert run.timeouts == [("p", "p")]


def test_a_run_whose_time_is_over_before_it_begins_reports_its_budget() -> None:
    run = FakeRun(job("a", FakeAgent()), timeout=2)
    run.context.advance(2)

    run.start()

    assert run.outcome == timed_out("run", Reason.NOT_STARTED)
    assert run.timeouts == [("a", "run")]


def test_an_overdue_child_does_not_fall_back() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2, fallback=job("a/fallback", FakeAgent())), lag=1).start()
    run.context.advance(2.5)

    agent.handle.answer()

    assert run.outcome == timed_out("a")


def test_a_branch_whose_fallback_is_overdue_reports_its_budget() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, timeout=2, fallback=job("a/fallback", substitute)), lag=1).start()
    agent.handle.answer(failed())
    run.context.advance(2.5)

    substitute.handle.answer()

    assert run.outcome == timed_out("a")
    assert run.timeouts == [("a", "a")]


# Retries


def test_a_failed_attempt_is_made_again_after_its_back_off() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(wait=1))).start()

    agent.handle.answer(failed())
    run.context.advance(1)
    agent.handle.answer(failed())
    run.context.advance(2)
    agent.handle.answer(value="third")

    assert [handle.number for handle in agent.handles] == [1, 2, 3]
    assert [handle.sent_at - START for handle in agent.handles] == [0, 1, 3]
    assert (run.outcome, run.ended.value, run.record.attempts) == (COMPLETED, "third", 3)


def test_the_last_attempts_failure_is_the_outcome() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(2))).start()

    agent.handle.answer(failed(ValueError))
    run.context.advance(1)
    agent.handle.answer(failed(KeyError), "what there is")

    assert (run.outcome, run.ended.value) == (failed(KeyError), "what there is")
    assert [fact.outcome for fact in run.retries] == [failed(ValueError)]


@pytest.mark.parametrize(
    ("on", "outcome", "is_retried"),
    [
        (LookupError, failed(KeyError), True),
        (LookupError, failed(ValueError), False),
        (TimeoutError, timed_out("agent fake"), True),
        (OSError, timed_out("agent fake"), True),
        (Exception, timed_out("agent fake"), True),
        (LookupError, timed_out("agent fake"), False),
        (Exception, REJECTED, True),
        (TimeoutError, REJECTED, False),
        (Exception, CANCELLED, False),
    ],
)
def test_retries_follow_the_types_of_the_failure(on: type[Exception], outcome: Outcome, is_retried: bool) -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(on=on))).start()

    agent.handle.answer(outcome)

    assert run.has_ended is not is_retried
    assert len(run.retries) == is_retried


@pytest.mark.parametrize(("timeout", "is_retried"), [(3, False), (3.25, True)])
def test_a_retry_that_would_be_due_at_the_deadline_is_not_waited_for(timeout: float, is_retried: bool) -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(wait=1), timeout=timeout)).start()
    run.context.advance(2)

    agent.handle.answer(failed())

    assert run.has_ended is not is_retried
    assert run.context.armed == [] or is_retried


def test_a_deadline_ends_the_wait_for_a_retry() -> None:
    agent = FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent, retry=retry(wait=4))), timeout=8)).start()
    run.context.advance(2)
    agent.handle.answer(failed())

    run.close()

    assert run.records["p/a"].outcome == CANCELLED
    assert len(agent.handles) == 1
    assert not run.context.armed


def test_a_retry_that_was_due_when_its_node_was_closed_is_not_made() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(wait=1), timeout=8)).start()
    agent.handle.answer(failed())
    run.context.jump(1)
    run.context.send(run.context.ref, Close(CANCELLED))

    run.context.fire()

    assert run.outcome == CANCELLED
    assert len(agent.handles) == 1


def test_a_retry_is_not_begun_after_the_deadline() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(wait=1), timeout=2)).start()
    agent.handle.answer(failed())
    run.context.jump(3)

    run.context.fire()

    assert run.outcome == timed_out("a")
    assert len(agent.handles) == 1


@pytest.mark.parametrize("budget", ["attempt of a", "agent fake"])
def test_an_attempt_that_overruns_is_fenced_and_made_again(budget: str) -> None:
    agent = FakeAgent(timeout=2 if budget == "agent fake" else None)
    attempt_timeout = 2 if budget == "attempt of a" else None
    run = FakeRun(job("a", agent, retry=retry(2, attempt_timeout=attempt_timeout))).start()
    first = agent.handle.begin()

    run.context.advance(3)
    agent.handle.answer(value="second")
    first.answer(value="first", ended_at=None)

    assert first.withdrawals == [timed_out(budget)]
    assert run.timeouts == [("a", budget)]
    assert run.ended.value == "second"
    assert run.context.dead_letters == [LATE_ANSWER]
    assert not run.context.armed


def test_an_agents_allowance_needs_no_retry_to_be_kept() -> None:
    agent = FakeAgent(timeout=2)
    run = FakeRun(job("a", agent), timeout=8).start()
    agent.handle.begin()

    run.context.advance(2)

    assert run.outcome == timed_out("agent fake")


def test_a_late_attempt_timer_does_not_touch_the_next_attempt() -> None:
    agent = FakeAgent(timeout=2)
    run = FakeRun(job("a", agent, retry=retry(2, wait=0))).start()
    run.context.jump(2)
    answer = Answer(agent.handle.attempt, 1, failed(), None, START, START + 1)
    run.context.later(START, run.context, answer)

    run.context.fire()

    assert len(agent.handles) == 1 or agent.handles[1].withdrawals == []
    assert not run.has_ended


def test_a_patterns_attempt_that_overruns_unwinds_before_the_next() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern, retry=retry(2, attempt_timeout=2))).start()
    first = pattern.orchestrator
    first.supervise(job("p/a", agent))
    agent.handle.begin()

    run.context.advance(2)
    assert [ended.outcome for ended in first.endings] == [timed_out("attempt of p")]
    assert len(pattern.orchestrators) == 1
    first.answer(COMPLETED, "too late")
    run.context.advance(1)

    assert [fact.outcome for fact in run.retries] == [timed_out("attempt of p")]
    assert [orchestrator.number for orchestrator in pattern.orchestrators] == [1, 2]
    assert run.timeouts == [("p", "attempt of p")]


def test_a_patterns_attempt_that_overran_starts_nothing_more() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern, retry=retry(2, attempt_timeout=2))).start()
    run.context.advance(2)

    pattern.orchestrator.supervise(job("p/a", agent))

    (ended,) = pattern.orchestrator.endings
    assert ended.outcome == timed_out("attempt of p", Reason.NOT_STARTED)
    assert agent.handles == []


def test_a_cancellation_overrules_an_attempt_that_is_unwinding() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern, retry=retry(2, attempt_timeout=2))).start()
    run.context.advance(2)
    run.close()

    pattern.orchestrator.answer()

    assert run.outcome == CANCELLED
    assert run.retries == []


def test_an_attempt_that_is_being_ended_does_not_time_out_as_well() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern, retry=retry(2, attempt_timeout=2))).start()
    run.close()

    run.context.advance(2)

    assert run.timeouts == []
    assert not run.has_ended


def test_the_next_attempt_of_a_pattern_starts_afresh() -> None:
    agent = FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent)), retry=retry(2, attempt_timeout=2))).start()
    run.context.advance(3)

    agent.handle.answer(value="fine")

    assert (run.outcome, run.ended.value) == (COMPLETED, ["fine"])
    assert [record.outcome.kind for record in run.record.children] == [OutcomeKind.TIMED_OUT, OutcomeKind.OK]


@pytest.mark.parametrize("is_group", [False, True])
def test_children_of_a_pattern_have_what_its_attempt_has_left(is_group: bool) -> None:
    agent = FakeAgent()
    child = job("p/a", agent, timeout=6)
    target = FakeGroup(child) if is_group else FakeSequence(child)
    run = FakeRun(job("p", target, timeout=8, retry=retry(2, attempt_timeout=2))).start()

    deadline = agent.handle.deadline

    assert (deadline.at, deadline.budget) == (START + 2, "attempt of p")
    assert len(run.context.armed) == 2


def test_a_fallback_has_what_the_branch_has_left_and_not_the_attempt() -> None:
    pattern, substitute = FakePattern(), FakeAgent()
    policy = retry(1, attempt_timeout=2)
    run = FakeRun(job("p", pattern, timeout=8, retry=policy, fallback=job("p/fallback", substitute))).start()

    run.context.advance(2)
    pattern.orchestrator.answer()

    assert (substitute.handle.deadline.at, substitute.handle.deadline.budget) == (START + 8, "p")
    assert len(run.context.armed) == 1


# Fallbacks


def test_a_fallback_is_done_instead_of_what_failed_for_good() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    fallback = job("a/fallback", substitute)
    run = FakeRun(job("a", agent, retry=retry(2), fallback=fallback)).start()

    agent.handle.answer(failed())
    assert substitute.handles == []
    run.context.advance(1)
    agent.handle.answer(failed())
    substitute.handle.answer(value="substitute")

    assert (run.outcome.kind, run.outcome.reason) == (OutcomeKind.OK, Reason.FALLBACK_USED)
    assert run.outcome.detail == "instead of 'a': failed (exception): ValueError: no"
    assert run.ended.value == "substitute"
    assert [record.path for record in run.record.children] == ["a/fallback"]
    assert run.record.attempts == 2


def test_a_fallback_is_not_needed_by_what_went_well() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()

    agent.handle.answer()

    assert run.outcome == COMPLETED
    assert substitute.handles == []


def test_a_fallback_that_fails_is_the_outcome() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()

    agent.handle.answer(failed(ValueError))
    substitute.handle.answer(failed(KeyError), "partial")

    assert (run.outcome, run.ended.value) == (failed(KeyError), "partial")


def test_a_fallback_has_what_is_left_of_the_time() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, timeout=4, fallback=job("a/fallback", substitute))).start()
    run.context.advance(3)
    agent.handle.answer(failed())

    run.context.advance(1)

    assert substitute.handle.deadline.budget == "a"
    assert run.outcome == timed_out("a")
    assert run.records["a/fallback"].outcome == timed_out("a", Reason.NOT_STARTED)
    assert run.timeouts == [("a", "a")]


def test_a_fallback_may_have_a_narrower_limit_of_its_own() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    fallback = job("a/fallback", substitute, timeout=1)
    run = FakeRun(job("a", agent, timeout=4, fallback=fallback)).start()
    agent.handle.answer(failed())
    substitute.handle.begin()

    run.context.advance(1)

    assert run.outcome == timed_out("a/fallback")
    assert run.timeouts == [("a/fallback", "a/fallback")]


def test_a_fallback_follows_an_attempt_out_of_time() -> None:
    agent, substitute = FakeAgent(timeout=1), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()

    run.context.advance(1)
    substitute.handle.answer()

    assert run.outcome.reason is Reason.FALLBACK_USED


def test_what_was_cancelled_does_not_fall_back() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()

    agent.handle.answer(CANCELLED)

    assert run.outcome == CANCELLED
    assert substitute.handles == []


def test_a_fallback_may_have_a_fallback() -> None:
    agents = [FakeAgent(), FakeAgent(), FakeAgent()]
    second = job("a/fallback/fallback", agents[2])
    first = job("a/fallback", agents[1], fallback=second)
    run = FakeRun(job("a", agents[0], fallback=first)).start()

    agents[0].handle.answer(failed())
    agents[1].handle.answer(failed())
    agents[2].handle.answer(value="third")

    assert (run.outcome.reason, run.ended.value) == (Reason.FALLBACK_USED, "third")
    assert [record.path for record in run.record.walk()] == ["a", "a/fallback", "a/fallback/fallback"]


def test_a_cancellation_ends_a_fallback() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()
    agent.handle.answer(failed())

    run.close()

    assert run.outcome == CANCELLED
    assert substitute.handle.withdrawals == [CANCELLED]


def test_a_fallback_of_a_branch_ends_the_branch_in_its_group() -> None:
    agent, substitute, other = FakeAgent(), FakeAgent(), FakeAgent()
    branch = job("p/a", agent, fallback=job("p/a/fallback", substitute))
    group = FakeGroup(branch, job("p/b", other))
    run = FakeRun(job("p", group)).start()

    agent.handle.answer(failed())
    other.handle.answer(value="b")
    substitute.handle.answer(value="a")

    assert run.ended.value == ["a", "b"]


# Fencing


def test_a_second_answer_is_a_dead_letter() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()
    agent.handle.answer(value=1)

    agent.handle.answer(value=2)

    assert run.ended.value == 1
    assert run.context.dead_letters == [LATE_ANSWER]


def test_an_answer_after_a_timeout_is_a_dead_letter() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2)).start()
    run.context.advance(2)

    agent.handle.answer(value="late", ended_at=START + 1)

    assert run.outcome == timed_out("a", Reason.NOT_STARTED)
    assert run.context.dead_letters == [LATE_ANSWER]


def test_an_answer_during_the_back_off_is_a_dead_letter() -> None:
    agent = FakeAgent(timeout=1)
    run = FakeRun(job("a", agent, retry=retry(2, wait=4))).start()
    run.context.advance(1)

    agent.handle.answer()

    assert run.context.dead_letters == [LATE_ANSWER]
    assert not run.has_ended


def test_a_request_below_a_node_that_has_ended_is_a_dead_letter() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern)).start()
    orchestrator = pattern.orchestrator
    orchestrator.answer()

    orchestrator.supervise(job("p/a", agent))
    orchestrator.supervise_group(job("p/b", agent), job("p/c", agent))

    assert run.context.dead_letters == [DeadLetter("late_request", "p/a"), DeadLetter("late_request", "p/b")]
    assert agent.handles == []


# Groups


def agents(*names: str) -> dict[str, FakeAgent]:
    return {name: FakeAgent() for name in names}


def branches(performers: dict[str, FakeAgent], optional: str = "") -> list[Job]:
    return [
        job(f"p/{name}", agent, required=name not in optional, is_branch=True) for name, agent in performers.items()
    ]


def test_a_groups_endings_and_records_come_in_declared_order() -> None:
    team = agents("a", "b", "c")
    group = FakeGroup(*branches(team))
    run = FakeRun(job("p", group)).start()

    for name in "cab":
        team[name].handle.answer(value=name)

    assert [ended.value for ended in group.ended.endings] == ["a", "b", "c"]
    assert [ended.key for ended in group.ended.endings] == [0, 1, 2]
    assert [record.path for record in run.record.children] == ["p/a", "p/b", "p/c"]
    assert (group.ended.met, group.ended.culprit) == (True, None)


def test_records_before_a_group_stay_before_it() -> None:
    team, pattern, first = agents("a", "b"), FakePattern(), FakeAgent()
    run = FakeRun(job("p", pattern)).start()
    pattern.orchestrator.supervise(job("p/first", first))
    first.handle.answer()
    pattern.orchestrator.supervise_group(*branches(team))

    team["b"].handle.answer()
    team["a"].handle.answer()
    pattern.orchestrator.answer()

    assert [record.path for record in run.record.children] == ["p/first", "p/a", "p/b"]


def test_a_group_of_internal_jobs_leaves_no_records() -> None:
    first, second = FakeAgent(), FakeAgent()
    group = FakeGroup(job("p/a", first, is_internal=True), job("p/b", second, is_internal=True))
    run = FakeRun(job("p", group)).start()

    second.handle.answer()
    first.handle.answer()

    assert run.record.children == ()
    assert run.started_paths == ["p"]
    assert run.ended_paths == ["p"]


def test_siblings_of_a_failed_required_branch_are_cancelled_in_its_name() -> None:
    team = agents("a", "b", "c", "d")
    group = FakeGroup(*branches(team, optional="c"))
    run = FakeRun(job("p", group)).start()
    team["a"].handle.answer(value="kept")

    team["b"].handle.answer(failed())

    assert [ended.outcome for ended in group.ended.endings] == [
        COMPLETED,
        failed(),
        sibling_failed("p/b"),
        sibling_failed("p/b"),
    ]
    assert group.ended.endings[0].value == "kept"
    assert (group.ended.met, group.ended.culprit) == (False, 1)
    assert team["d"].handle.withdrawals == [sibling_failed("p/b")]
    assert run.outcome.culprit == "p/b"


def test_siblings_of_a_failed_required_branch_may_be_finished() -> None:
    team = agents("a", "b", "c")
    group = FakeGroup(*branches(team), on_failure="finish")
    run = FakeRun(job("p", group)).start()

    team["b"].handle.answer(failed())
    team["c"].handle.answer(failed(KeyError))
    assert not run.has_ended
    team["a"].handle.answer(value="finished")

    assert [ended.outcome for ended in group.ended.endings] == [COMPLETED, failed(), failed(KeyError)]
    assert (group.ended.met, group.ended.culprit) == (False, 1)


@pytest.mark.parametrize("on_failure", ["cancel", "finish"])
def test_a_failed_optional_branch_is_only_noted(on_failure: OnFailure) -> None:
    team = agents("a", "b")
    group = FakeGroup(*branches(team, optional="a"), on_failure=on_failure)
    run = FakeRun(job("p", group)).start()

    team["a"].handle.answer(failed())
    team["b"].handle.answer()

    assert run.outcome == COMPLETED
    assert (kinds(group.ended), group.ended.met) == (["failed", "ok"], True)
    assert [(fact.branch, fact.required) for fact in run.branch_failures] == [("p/a", False)]


def test_optional_branches_are_waited_for_without_a_quorum() -> None:
    team = agents("a", "b")
    run = FakeRun(job("p", FakeGroup(*branches(team, optional="b")))).start()

    team["a"].handle.answer()

    assert not run.has_ended


@pytest.mark.parametrize("on_failure", ["cancel", "finish"])
def test_the_rest_is_cancelled_once_the_quorum_is_met(on_failure: OnFailure) -> None:
    team = agents("a", "b", "c", "d")
    group = FakeGroup(*branches(team, optional="abcd"), quorum=2, on_failure=on_failure)
    run = FakeRun(job("p", group)).start()

    team["d"].handle.answer()
    team["a"].handle.answer(failed())
    team["c"].handle.answer()

    assert [ended.outcome for ended in group.ended.endings] == [failed(), QUORUM_MET, COMPLETED, COMPLETED]
    assert (group.ended.met, group.ended.culprit) == (True, None)
    assert run.outcome == COMPLETED


def test_a_quorum_waits_for_required_branches() -> None:
    team = agents("a", "b", "c")
    group = FakeGroup(*branches(team, optional="bc"), quorum=1)
    run = FakeRun(job("p", group)).start()

    team["b"].handle.answer()
    assert not run.has_ended
    team["a"].handle.answer()

    assert [ended.outcome for ended in group.ended.endings] == [COMPLETED, COMPLETED, QUORUM_MET]


def test_a_quorum_out_of_reach_breaks_the_group() -> None:
    team = agents("a", "b", "c")
    group = FakeGroup(*branches(team, optional="abc"), quorum=2)
    FakeRun(job("p", group)).start()

    team["c"].handle.answer(failed())
    team["b"].handle.answer(failed())

    assert [ended.outcome for ended in group.ended.endings] == [sibling_failed("p/b"), failed(), failed()]
    assert (group.ended.met, group.ended.culprit) == (False, 1)


def test_a_quorum_out_of_reach_may_let_the_rest_finish() -> None:
    team = agents("a", "b", "c")
    group = FakeGroup(*branches(team, optional="abc"), quorum=2, on_failure="finish")
    run = FakeRun(job("p", group)).start()

    team["c"].handle.answer(failed())
    team["b"].handle.answer(failed())
    assert not run.has_ended
    team["a"].handle.answer()

    assert kinds(group.ended) == ["ok", "failed", "failed"]
    assert not group.ended.met


def test_branches_that_are_rejected_as_they_start_break_the_group_once() -> None:
    team = agents("a", "b", "c")
    team["a"].rejection = team["b"].rejection = REJECTED
    group = FakeGroup(*branches(team))
    run = FakeRun(job("p", group)).start()

    assert kinds(group.ended) == ["rejected", "cancelled", "cancelled"]
    assert run.has_ended
    assert len(group.orchestrator.groups) == 1


def test_branches_behind_one_that_has_no_time_to_start_are_not_started() -> None:
    team, pattern = agents("a", "b", "c"), FakePattern()
    jobs = branches(team)
    run = FakeRun(job("p", pattern, timeout=2), lag=1).start()
    run.context.advance(2)

    pattern.orchestrator.supervise_group(*jobs)

    (ended,) = pattern.orchestrator.groups
    assert ended.endings[0].outcome == timed_out("p", Reason.NOT_STARTED)
    assert (ended.met, ended.culprit) == (False, 0)
    assert all(agent.handles == [] for agent in team.values())


@pytest.mark.parametrize("lag", [0, 1])
def test_every_branch_of_a_group_out_of_time_was_not_started(lag: float) -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern, timeout=2), lag=lag).start()
    run.context.advance(2)

    pattern.orchestrator.supervise_group(*branches(agents("a", "b", "c")))

    (ended,) = pattern.orchestrator.groups
    assert [each.outcome for each in ended.endings] == [timed_out("p", Reason.NOT_STARTED)] * 3


def test_every_branch_of_a_group_that_comes_after_a_cancellation_is_cancelled_by_it() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern)).start()
    run.close()

    pattern.orchestrator.supervise_group(*branches(agents("a", "b", "c")))

    (ended,) = pattern.orchestrator.groups
    assert [each.outcome for each in ended.endings] == [CANCELLED] * 3


def test_optional_branches_that_come_after_the_deadline_are_each_never_started() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern, timeout=2)).start()
    run.context.advance(2)

    pattern.orchestrator.supervise_group(*branches(agents("a", "b"), optional="ab"))

    (ended,) = pattern.orchestrator.groups
    assert [each.outcome for each in ended.endings] == [timed_out("p", Reason.NOT_STARTED)] * 2
    assert ended.met


def test_a_groups_deadline_ends_every_branch_with_it() -> None:
    team = agents("a", "b", "c")
    group = FakeGroup(*branches(team))
    run = FakeRun(job("p", group, timeout=2)).start()
    team["a"].handle.begin()
    team["b"].handle.begin()
    team["b"].handle.answer()

    run.context.advance(2)

    assert [ended.outcome for ended in group.ended.endings] == [
        timed_out("p"),
        COMPLETED,
        timed_out("p", Reason.NOT_STARTED),
    ]
    assert run.outcome == timed_out("p")


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


def nested(team: dict[str, FakeAgent], **outer: Any) -> tuple[FakeGroup, FakeGroup]:
    """A group of `a` and a group of `b` and `c`."""
    inner = FakeGroup(job("p/in/b", team["b"]), job("p/in/c", team["c"]))
    return FakeGroup(job("p/a", team["a"]), job("p/in", inner), **outer), inner


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


# Traces and facts


def test_a_skipped_job_is_noted_in_the_trace() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern)).start()
    skipped = Outcome(OutcomeKind.SKIPPED, Reason.UNMET_PREREQUISITE, detail="no 'topic'")
    run.context.advance(3)

    pattern.orchestrator.skip(job("p/a", FakeAgent()), skipped)
    pattern.orchestrator.answer()

    (record,) = run.record.children
    assert (record.path, record.outcome, record.attempts) == ("p/a", skipped, 0)
    assert (record.started, record.duration) == (3, 0)
    assert run.ended_paths == ["p/a", "p"]


def test_internal_jobs_leave_no_record_and_no_fact() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("p", pattern)).start()
    pattern.orchestrator.supervise(job("p (until)", agent, is_internal=True))

    agent.handle.answer(value=True)
    (ended,) = pattern.orchestrator.endings
    pattern.orchestrator.answer()

    assert (ended.value, ended.record) == (True, None)
    assert run.record.children == ()
    assert run.ended_paths == ["p"]


def test_every_stage_is_told_to_have_started_and_ended_innermost_first() -> None:
    agent = FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent), job("p/b", agent)))).start()

    agent.handle.answer()
    agent.handle.answer()

    assert run.started_paths == ["p", "p/a", "p/b"]
    assert run.ended_paths == ["p/a", "p/b", "p"]
    fact = run.context.facts[-1]
    assert fact == StageEnded("flow", 7, run.record)


def test_starts_are_told_to_listeners_only() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent))
    run.context.is_listened_to = False
    run.start()

    agent.handle.answer()

    assert (run.started_paths, run.ended_paths) == ([], ["a"])


def test_nothing_is_told_when_nobody_observes() -> None:
    team = agents("a", "b")
    group = FakeGroup(*[job(f"p/{name}", team[name], is_branch=True, retry=retry(2)) for name in team])
    run = FakeRun(job("p", group, timeout=2))
    run.context.is_observed = run.context.is_listened_to = False
    run.start()

    team["a"].handle.answer(failed())
    run.context.run_out()

    assert run.outcome == timed_out("p")
    assert run.context.facts == []


def test_every_branch_that_is_not_ok_is_told() -> None:
    team = agents("a", "b", "c")
    run = FakeRun(job("p", FakeGroup(*branches(team, optional="c")))).start()

    team["a"].handle.answer()
    team["b"].handle.answer(failed())

    told = [(fact.workflow, fact.run, fact.branch, fact.required, fact.outcome) for fact in run.branch_failures]
    assert told == [
        ("flow", 7, "p/b", True, failed()),
        ("flow", 7, "p/c", False, sibling_failed("p/b")),
    ]


def test_what_is_no_branch_fails_without_being_told_as_one() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()

    agent.handle.answer(failed())

    assert run.branch_failures == []


def test_every_attempt_of_an_agent_is_told_once() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(2, attempt_timeout=4))).start()
    run.context.advance(4)
    run.context.advance(1)
    run.context.advance(1)
    agent.handle.begin()
    run.context.advance(2)

    agent.handle.answer()

    assert run.agent_runs == [(OutcomeKind.TIMED_OUT, 4, None), (OutcomeKind.OK, 1, 2)]
    assert (run.record.agent, run.record.has_begun) == ("fake", True)


def test_an_attempt_before_another_is_told_with_its_own_run_time() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(2))).start()
    run.context.advance(1)
    agent.handle.begin()
    run.context.advance(2)

    agent.handle.answer(failed())

    assert run.agent_runs == [(OutcomeKind.FAILED, 1, 2)]


def test_a_patterns_attempts_are_no_agents() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern, retry=retry(2))).start()

    pattern.orchestrator.answer(failed())
    run.context.advance(1)
    pattern.orchestrator.answer()

    assert run.agent_runs == []


def test_an_attempt_before_a_fallback_is_told_once() -> None:
    agent, pattern = FakeAgent(), FakePattern()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", pattern))).start()
    agent.handle.answer(failed())
    run.context.advance(5)

    pattern.orchestrator.answer()

    assert run.agent_runs == [(OutcomeKind.FAILED, 0, 0)]


def test_an_attempt_before_a_back_off_that_is_cut_short_is_told_once() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(2, wait=4))).start()
    agent.handle.answer(failed())
    run.context.advance(3)

    run.close()

    assert run.agent_runs == [(OutcomeKind.FAILED, 0, 0)]


def test_a_retry_is_told_with_what_failed() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(2), is_branch=True)).start()

    agent.handle.answer(failed())
    run.context.advance(1)
    agent.handle.answer()

    assert [tuple(fact) for fact in run.retries] == [("flow", 7, "a", failed())]
    assert run.branch_failures == []


@pytest.fixture
def few_records(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(recorder, "MAX_RECORDS", 3)
    return 3


def test_records_beyond_the_limit_are_counted(few_records: int) -> None:
    agent = FakeAgent()
    steps = [job(f"p/{number}", agent) for number in range(few_records + 2)]
    run = FakeRun(job("p", FakeSequence(*steps))).start()

    for _ in steps:
        agent.handle.answer()

    assert [record.path for record in run.record.children] == ["p/0", "p/1", "p/2"]
    assert run.record.dropped == 2
    assert len(run.ended_paths) == 6


def test_nested_budgets_that_ran_out_unnoticed_are_each_named_by_their_node() -> None:
    agent = FakeAgent()
    inner = job("r/p", FakeSequence(job("r/p/a", agent)), timeout=2)
    run = FakeRun(job("r", FakeSequence(inner)), timeout=3, lag=5).start()
    run.context.advance(3.5)

    agent.handle.answer()

    assert run.timeouts == [("r/p", "r/p"), ("r", "run")]
    assert [record.outcome.budget for record in run.record.walk()] == ["run", "r/p", "r/p"]


def test_an_attempt_before_a_fallback_that_has_no_time_to_begin_is_told_once() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2, fallback=job("a/fallback", FakePattern())), lag=1).start()
    agent.handle.begin()
    run.context.advance(2.5)

    agent.handle.answer(failed(), ended_at=START + 1)

    assert run.agent_runs == [(OutcomeKind.FAILED, 0, 1)]


def test_dropped_records_are_counted_with_those_below_them(few_records: int) -> None:
    agent = FakeAgent()
    inner = FakeSequence(job("p/in/a", agent), job("p/in/b", agent))
    steps = [job(f"p/{number}", agent) for number in range(few_records)]
    run = FakeRun(job("p", FakeSequence(*steps, job("p/in", inner)))).start()

    for _ in range(few_records + 2):
        agent.handle.answer()

    assert len(run.record.children) == few_records
    assert run.record.dropped == 3


@pytest.mark.usefixtures("few_records")
def test_the_records_of_a_group_that_were_kept_are_in_declared_order() -> None:
    team = agents("a", "b", "c", "d", "e")
    run = FakeRun(job("p", FakeGroup(*branches(team)))).start()

    for name in "edcba":
        team[name].handle.answer()

    kept = [record.path for record in run.record.children]
    assert len(kept) == 3
    assert kept == sorted(kept)
    assert run.record.dropped == 2


@pytest.mark.usefixtures("few_records")
def test_no_record_is_lost_with_its_parent() -> None:
    agent = FakeAgent()
    steps = [job(f"p/in/{number}", agent) for number in range(4)]
    run = FakeRun(job("p", FakeSequence(job("p/in", FakeSequence(*steps))))).start()

    for _ in steps:
        agent.handle.answer()

    records = list(run.record.walk())
    assert "p/in" in [record.path for record in records]
    assert len(records) + sum(record.dropped for record in records) == 6


def test_the_clocks_zero_is_a_moment_like_any_other() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()
    run.context.advance(5)

    agent.handle.answer(begun_at=-1.0, ended_at=0.0)

    assert run.record.run_time == 1


def test_a_failed_childs_exception_types_reach_its_parents_retry() -> None:
    agent = FakeAgent()
    run = FakeRun(job("p", FakeSequence(job("p/a", agent)), retry=retry(on=LookupError))).start()

    agent.handle.answer(failed(KeyError))

    assert len(run.retries) == 1


def test_an_outcome_may_name_types_that_no_class_has() -> None:
    agent = FakeAgent()
    outcome = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=Failure(("lib.Flaky",), "Flaky"))
    run = FakeRun(job("a", agent, retry=retry(on="lib.Flaky"))).start()

    agent.handle.answer(outcome)

    assert not run.has_ended


def test_a_group_request_needs_a_payload_for_each_job() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern)).start()
    request = SuperviseGroup(pattern.orchestrator.attempt, run, (job("p/a", FakeAgent()),), (), None, "cancel")

    with pytest.raises(ValueError, match="zip"):
        run.supervisor.receive(request, run.context)
