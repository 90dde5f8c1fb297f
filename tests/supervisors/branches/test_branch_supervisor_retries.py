"""Retries: when an attempt is made again, and what time it has."""

import pytest

from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from supervisors.signals import Answer, Close
from tests.supervisors.fakes import LATE_ANSWER, START, FakeAgent
from tests.supervisors.jobs import job, retry
from tests.supervisors.outcomes import CANCELLED, REJECTED, failed, timed_out
from tests.supervisors.patterns import FakeGroup, FakePattern, FakeSequence
from tests.supervisors.runs import FakeRun


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


# Attempts that overrun


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
