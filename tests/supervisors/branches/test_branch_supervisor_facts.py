"""What is told of stages, attempts and branches while a run goes on."""

from supervisors.facts import StageEnded
from supervisors.outcome import OutcomeKind
from tests.supervisors.fakes import START, FakeAgent
from tests.supervisors.jobs import agents, branches, job, retry
from tests.supervisors.outcomes import failed, sibling_failed, timed_out
from tests.supervisors.patterns import FakeGroup, FakePattern, FakeSequence
from tests.supervisors.runs import FakeRun


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


def test_an_attempt_before_a_fallback_that_has_no_time_to_begin_is_told_once() -> None:
    agent = FakeAgent()
    run = FakeRun(job("a", agent, timeout=2, fallback=job("a/fallback", FakePattern())), lag=1).start()
    agent.handle.begin()
    run.context.advance(2.5)

    agent.handle.answer(failed(), ended_at=START + 1)

    assert run.agent_runs == [(OutcomeKind.FAILED, 0, 1)]


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
