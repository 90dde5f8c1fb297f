"""Fallbacks: what is done instead of what failed for good."""

from supervisors.outcome import COMPLETED, OutcomeKind, Reason
from tests.supervisors.fakes import START, FakeAgent
from tests.supervisors.jobs import job, retry
from tests.supervisors.outcomes import CANCELLED, failed, timed_out
from tests.supervisors.patterns import FakeGroup, FakePattern
from tests.supervisors.runs import FakeRun


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


def test_a_fallback_is_no_queue_wait_of_its_branch() -> None:
    agent, substitute = FakeAgent(), FakeAgent()
    run = FakeRun(job("a", agent, fallback=job("a/fallback", substitute))).start()
    agent.handle.answer(failed())
    run.context.advance(5)

    substitute.handle.answer()

    assert run.record.queue_wait == 0
