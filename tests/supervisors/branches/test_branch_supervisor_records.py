"""What the trace keeps of a run, and what it drops."""

import pytest

from supervisors.branches import recorder
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from supervisors.signals import ChildRunEnded
from supervisors.trace import TraceRecord
from tests.supervisors.fakes import FakeAgent
from tests.supervisors.jobs import agents, branches, job, retry
from tests.supervisors.outcomes import failed
from tests.supervisors.patterns import FakeGroup, FakePattern, FakeSequence
from tests.supervisors.runs import FakeRun


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


@pytest.mark.parametrize(("number", "kept"), [(1, []), (2, ["child"])])
def test_what_an_attempt_has_run_is_kept_until_another_is_begun(number: int, kept: list[str]) -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, retry=retry(2, wait=1))).start()
    agent.handle.answer(failed())
    run.context.advance(1)
    record = TraceRecord("child", "agent", COMPLETED, 0, 0, 1, 0, 0, 0)

    run.context.post(run.context, ChildRunEnded(agent.handle.attempt, number, record, 0))
    agent.handle.answer()

    assert [below.path for below in run.record.children] == kept


# Too many records


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
