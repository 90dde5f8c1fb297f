"""Fallbacks: what is done instead of what failed for good."""

from dataclasses import replace

from supervisors.facts import FellBack
from supervisors.outcome import COMPLETED, Failure, Outcome, OutcomeKind, Reason
from tests.supervisors.fakes import START, FakeAgent
from tests.supervisors.jobs import job, retry
from tests.supervisors.outcomes import CANCELLED, failed, timed_out
from tests.supervisors.patterns import FakeGroup, FakePattern, FakeSequence
from tests.supervisors.runs import RUN, WORKFLOW, FakeRun


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
    assert [record.path for record in run.record.children] == ["a[node]", "a/fallback"]
    assert [record.outcome for record in run.record.children] == [failed(), COMPLETED]
    assert run.record.attempts == 2


def test_a_fallback_is_not_needed_by_what_went_well() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()

    agent.handle.answer()

    assert run.outcome == COMPLETED
    assert substitute.handles == []


def test_a_fallback_that_fails_is_the_outcome_which_says_what_failed_before() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()

    agent.handle.answer(failed(ValueError))
    substitute.handle.answer(failed(KeyError), "partial")

    assert replace(run.outcome, detail="") == failed(KeyError)
    assert run.outcome.detail == "KeyError: no; instead of 'a': failed (exception): ValueError: no"
    assert run.ended.value == "partial"


def test_a_fallback_has_what_is_left_of_the_time_of_the_whole() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, timeout=4, fallback=job("a/fallback", substitute))).start()
    run.context.advance(3)
    agent.handle.answer(failed())

    run.context.advance(1)

    assert substitute.handle.deadline.budget == "a"
    assert run.outcome == timed_out("a")
    assert run.records["a/fallback"].outcome == timed_out("a", Reason.NOT_STARTED)
    assert run.timeouts == [("a", "a")]


def test_a_node_that_is_out_of_its_time_falls_back_in_what_the_parent_has_left() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    fallback = job("p/a/fallback", substitute)
    sequence = FakeSequence(job("p/a", agent, node_timeout=2, fallback=fallback))
    run = FakeRun(job("p", sequence, timeout=5)).start()
    agent.handle.begin()

    run.context.advance(2)

    assert agent.handle.withdrawals == [timed_out("p/a")]
    assert (substitute.handle.deadline.at, substitute.handle.deadline.budget) == (START + 5, "p")
    substitute.handle.answer(value="substitute")
    assert run.outcome.ok
    assert run.records["p/a"].outcome.detail == "instead of 'p/a': timed_out (deadline), out of p/a"
    assert run.records["p/a[node]"].outcome == timed_out("p/a")
    assert run.timeouts == [("p/a", "p/a")]


def test_the_time_of_a_node_is_that_of_all_its_attempts() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    fallback = job("a/fallback", substitute)
    run = FakeRun(job("a", agent, node_timeout=4, retry=retry(9, wait=1), fallback=fallback)).start()
    run.context.advance(1)
    agent.handle.answer(failed())
    run.context.advance(1)
    agent.handle.begin()

    run.context.advance(2)

    assert len(agent.handles) == 2
    assert agent.handle.deadline.at == START + 4
    assert agent.handle.withdrawals == [timed_out("a")]
    assert substitute.handle.deadline.at is None


def test_a_node_without_time_for_another_attempt_falls_back_at_once() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, node_timeout=2, retry=retry(wait=2), fallback=job("b", substitute))).start()

    agent.handle.answer(failed())

    assert substitute.handle.sent_at == START
    assert run.retries == []


def test_a_node_whose_time_is_over_unnoticed_when_another_attempt_is_due_falls_back() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, node_timeout=2, retry=retry(wait=1.5), fallback=job("b", substitute)), lag=1).start()
    agent.handle.answer(failed())

    run.context.advance(3)

    assert len(agent.handles) == 1
    substitute.handle.answer()
    assert run.outcome.detail == "instead of 'a': timed_out (deadline), out of a"
    assert run.timeouts == [("a", "a")]


def test_an_answer_of_a_node_that_fell_back_is_a_late_one() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, node_timeout=2, fallback=job("a/fallback", substitute))).start()
    agent.handle.begin()
    run.context.advance(2)

    agent.handle.answer(value="late")
    substitute.handle.answer(value="substitute")

    assert run.ended.value == "substitute"
    assert [letter.reason for letter in run.context.dead_letters] == ["late_answer"]


def test_a_pattern_that_is_out_of_its_time_falls_back_once_it_has_unwound() -> None:
    pattern, inner, substitute = FakeSequence, FakeAgent(), FakeAgent()
    run = FakeRun(job("p", pattern(job("p/a", inner)), node_timeout=2, fallback=job("p/fallback", substitute))).start()
    inner.handle.begin()

    run.context.advance(2)
    substitute.handle.answer(value="substitute")

    assert run.ended.value == "substitute"
    assert [(record.path, record.outcome.kind.value) for record in run.record.walk()] == [
        ("p", "ok"),
        ("p[node]", "timed_out"),
        ("p/a", "timed_out"),
        ("p/fallback", "ok"),
    ]


def test_a_fallback_is_not_started_when_the_parents_time_is_over() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    sequence = FakeSequence(job("p/a", agent, fallback=job("p/a/fallback", substitute)))
    run = FakeRun(job("p", sequence, timeout=2), lag=1).start()
    run.context.advance(2.5)

    agent.handle.answer(failed(), ended_at=START + 1)

    assert substitute.handles == []
    assert run.outcome == timed_out("p")
    assert "p/a/fallback" not in run.records
    assert run.fallbacks == []


def test_a_fallback_that_starts_is_told_with_what_failed() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()

    agent.handle.answer(failed())

    assert run.fallbacks == [FellBack(WORKFLOW, RUN, "a", failed())]


def test_an_optional_fallback_that_fails_leaves_things_as_they_were() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    fallback = job("a/fallback", substitute, required=False, is_branch=True)
    run = FakeRun(job("a", agent, is_branch=True, fallback=fallback)).start()

    agent.handle.answer(failed())
    substitute.handle.answer(failed(KeyError), "partial")

    assert (run.outcome.reason, run.ended.value) == (Reason.FALLBACK_USED, None)
    before = "instead of 'a': failed (exception): ValueError: no"
    assert run.outcome.detail == f"{before}; 'a/fallback' failed (exception): KeyError: no"
    assert [fact.branch for fact in run.branch_failures] == ["a/fallback"]


def test_what_failed_before_is_known_to_later_attempts_and_to_the_fallback() -> None:
    agent, inner, substitute = FakeAgent(), FakeAgent(), FakeAgent()
    pattern = FakeSequence(job("a/fallback/b", inner), job("a/fallback/c", substitute, retry=retry(2)))
    run = FakeRun(job("a", agent, retry=retry(2), fallback=job("a/fallback", pattern))).start()
    assert agent.handle.attempt.previous is None

    agent.handle.answer(failed())
    run.context.advance(1)
    assert agent.handle.attempt.previous == failed()
    agent.handle.answer(failed(KeyError))
    assert inner.handle.attempt.previous == failed(KeyError)
    inner.handle.answer()
    assert substitute.handle.attempt.previous == failed(KeyError)
    substitute.handle.answer(failed(OSError))
    run.context.advance(1)

    assert substitute.handle.attempt.previous == failed(OSError)


def test_what_failed_before_is_text_without_the_exception() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()
    failure = Failure(("builtins.ValueError",), "ValueError: no", exception=ValueError("no"))

    agent.handle.answer(Outcome(OutcomeKind.FAILED, Reason.EXCEPTION, failure=failure))

    previous = substitute.handle.attempt.previous
    assert previous is not None
    assert previous.failure is not None
    assert previous.failure.exception is None
    assert run.fallbacks


def test_a_fallback_has_what_the_branch_has_left_and_not_the_attempt() -> None:
    pattern, substitute = FakePattern(), FakeAgent()
    policy = retry(1, attempt_timeout=2)
    run = FakeRun(job("p", pattern, timeout=8, retry=policy, fallback=job("p/fallback", substitute))).start()

    run.context.advance(2)
    pattern.orchestrator.answer()

    assert (substitute.handle.deadline.at, substitute.handle.deadline.budget) == (START + 8, "p")
    assert len(run.context.armed) == 1


def test_a_fallback_may_have_a_narrower_limit_of_its_own() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    fallback = job("a/fallback", substitute, timeout=1)
    run = FakeRun(job("a", agent, timeout=4, fallback=fallback)).start()
    agent.handle.answer(failed())
    substitute.handle.begin()

    run.context.advance(1)

    assert replace(run.outcome, detail="") == timed_out("a/fallback")
    assert run.outcome.detail == "instead of 'a': failed (exception): ValueError: no"
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
    assert [record.path for record in run.record.walk()] == [
        "a",
        "a[node]",
        "a/fallback",
        "a/fallback[node]",
        "a/fallback/fallback",
    ]


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


def test_a_fallback_is_no_queue_wait_of_its_branch() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()
    agent.handle.answer(failed())
    run.context.advance(5)

    substitute.handle.answer()

    assert run.record.queue_wait == 0
