"""One agent below a supervisor: what it is given, what becomes of its answer, and of answers that nobody waits for."""

from supervisors.outcome import COMPLETED, Reason
from tests.supervisors.fakes import LATE_ANSWER, START, DeadLetter, FakeAgent
from tests.supervisors.jobs import job, retry
from tests.supervisors.outcomes import REJECTED, timed_out
from tests.supervisors.patterns import FakePattern, FakeSequence
from tests.supervisors.runs import FakeRun


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


def test_the_clocks_zero_is_a_moment_like_any_other() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent)).start()
    run.context.advance(5)

    agent.handle.answer(begun_at=-1.0, ended_at=0.0)

    assert run.record.run_time == 1


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
