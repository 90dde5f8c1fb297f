"""Groups: which branches are waited for, which are cancelled, and when a group is broken."""

import pytest

from supervisors.outcome import COMPLETED, Reason
from supervisors.policies.branch_policies import OnFailure
from supervisors.signals import SuperviseGroup
from tests.supervisors.fakes import FakeAgent
from tests.supervisors.jobs import agents, branches, job
from tests.supervisors.outcomes import CANCELLED, QUORUM_MET, REJECTED, failed, kinds, sibling_failed, timed_out
from tests.supervisors.patterns import FakeGroup, FakePattern
from tests.supervisors.runs import FakeRun


def test_a_group_request_needs_a_payload_for_each_job() -> None:
    pattern = FakePattern()
    run = FakeRun(job("p", pattern)).start()
    request = SuperviseGroup(pattern.orchestrator.attempt, run, (job("p/a", FakeAgent()),), (), None, "cancel")

    with pytest.raises(ValueError, match="zip"):
        run.supervisor.receive(request, run.context)


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


# Groups out of time


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


def test_branches_behind_one_that_broke_the_group_as_it_began_are_cancelled_in_its_name() -> None:
    team, pattern = agents("a", "b", "c"), FakePattern()
    jobs = branches(team)
    run = FakeRun(job("p", pattern), timeout=2)
    run.supervisor.inherited = run.deadline  # a part of another run, which ends it when that run's timer fires
    run.start()
    run.context.jump(2)

    pattern.orchestrator.supervise_group(*jobs)

    (ended,) = pattern.orchestrator.groups
    assert [each.outcome for each in ended.endings] == [
        timed_out("run", Reason.NOT_STARTED),
        sibling_failed("p/a"),
        sibling_failed("p/a"),
    ]
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
