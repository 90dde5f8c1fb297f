"""Answers that come after the deadline, before its timer has fired."""

from supervisors.outcome import COMPLETED, Reason
from tests.supervisors.fakes import START, DeadLetter, FakeAgent
from tests.supervisors.jobs import job, retry
from tests.supervisors.outcomes import failed, timed_out
from tests.supervisors.patterns import FakeSequence
from tests.supervisors.runs import FakeRun


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


def test_nested_budgets_that_ran_out_unnoticed_are_each_named_by_their_node() -> None:
    agent = FakeAgent()
    inner = job("r/p", FakeSequence(job("r/p/a", agent)), timeout=2)
    run = FakeRun(job("r", FakeSequence(inner)), timeout=3, lag=5).start()
    run.context.advance(3.5)

    agent.handle.answer()

    assert run.timeouts == [("r/p", "r/p"), ("r", "run")]
    assert [record.outcome.budget for record in run.record.walk()] == ["run", "r/p", "r/p"]
