"""A required branch fails: the run ends soon, names the culprit, and loses nothing that was finished."""

from __future__ import annotations

import asyncio

import pytest

from actors import (
    Branch,
    Event,
    Parallel,
    Sequential,
    State,
    WorkflowFailedError,
)
from actors.testing import AnswersAfter, Fails, Hangs, Probe, Returns, Scripted, ScriptedThread, VirtualRuntime
from supervisors import OutcomeKind, Reason
from supervisors.facts import BranchFailed, StageEnded
from tests.scenarios.virtual_runs import HOUR, both_kinds, probe, runtime

__all__ = ["probe", "runtime"]  # fixtures

MINUTE = 60.0
FAILS_IN_A_MINUTE = Fails(LookupError("nothing found"), after=MINUTE)


def fails(event: Event, state: State) -> None:
    raise LookupError("nothing found")


@pytest.fixture(params=[Scripted, ScriptedThread], ids=["async", "sync"])
def group(request: pytest.FixtureRequest, runtime: VirtualRuntime) -> Parallel:
    """Two branches that are not done when a third one fails, and one that is."""
    runtime.spawn("slow", request.param(Hangs()))
    runtime.spawn("finished", Scripted(Returns({"found": ["something"]})))
    runtime.spawn("failing", ScriptedThread(FAILS_IN_A_MINUTE))
    return Parallel("finished", Branch("one", "slow"), "failing", Branch("two", "slow"), name="group")


def failure_of(runtime: VirtualRuntime, workflow: Parallel | Sequential) -> WorkflowFailedError:
    error = runtime.submit(workflow, state={"question": "why"}).exception()
    assert error is not None
    return error


def test_the_run_ends_long_before_its_slow_branches(runtime: VirtualRuntime, group: Parallel) -> None:
    failure_of(runtime, group)

    assert runtime.now == MINUTE


def test_the_error_names_the_culprit_and_keeps_its_exception(runtime: VirtualRuntime, group: Parallel) -> None:
    error = failure_of(runtime, group)

    assert error.outcome.reason is Reason.REQUIRED_BRANCH_FAILED
    assert error.outcome.culprit == "group/failing"
    assert isinstance(error.__cause__, LookupError)
    assert "nothing found" in str(error)


def test_the_error_carries_the_partial_state(runtime: VirtualRuntime, group: Parallel) -> None:
    error = failure_of(runtime, group)

    assert dict(error.state) == {"question": "why", "found": ["something"]}


def test_the_error_carries_a_report_of_every_branch(runtime: VirtualRuntime, group: Parallel) -> None:
    error = failure_of(runtime, group)

    kinds = {path: report.outcome.kind for path, report in error.branches.items()}
    assert kinds == {
        "group/finished": OutcomeKind.OK,
        "group/one": OutcomeKind.CANCELLED,
        "group/failing": OutcomeKind.FAILED,
        "group/two": OutcomeKind.CANCELLED,
    }
    assert error.branches["group/finished"].delta == {"found": ["something"]}
    assert error.branches["group/failing"].outcome.reason is Reason.EXCEPTION


def test_cancelled_siblings_name_who_caused_it(runtime: VirtualRuntime, probe: Probe, group: Parallel) -> None:
    error = failure_of(runtime, group)

    for path in ("group/one", "group/two"):
        outcome = error.branches[path].outcome
        assert (outcome.reason, outcome.culprit) == (Reason.SIBLING_FAILED, "group/failing")
    runtime.settle()
    told = {fact.branch: fact.outcome for fact in probe.all(BranchFailed)}
    assert told == {path: error.branches[path].outcome for path in ("group/one", "group/two")}


def test_the_trace_has_all_branches(runtime: VirtualRuntime, group: Parallel) -> None:
    error = failure_of(runtime, group)

    assert error.trace is not None
    assert {record.path for record in error.trace.walk()} == {"group", *error.branches}


def test_an_async_sibling_is_really_cancelled(runtime: VirtualRuntime) -> None:
    cancelled = []

    async def polite(event: Event, state: State) -> None:
        try:
            await asyncio.sleep(HOUR)  # the agent: works until it is cancelled
        except asyncio.CancelledError:
            cancelled.append(runtime.now)
            raise

    runtime.spawn("polite", polite)
    runtime.spawn("failing", ScriptedThread(FAILS_IN_A_MINUTE))

    failure_of(runtime, Parallel("polite", "failing"))

    runtime.settle()
    assert cancelled == [MINUTE]


@both_kinds
def test_siblings_are_finished_where_that_was_chosen(runtime: VirtualRuntime, scripted: type[Scripted]) -> None:
    runtime.spawn("slower", scripted(AnswersAfter(HOUR, {"slower": "done"})))
    runtime.spawn("failing", fails)

    error = failure_of(runtime, Parallel("slower", "failing", on_failure="finish"))

    assert error.state["slower"] == "done"
    assert error.branches["parallel/slower"].outcome.ok
    assert runtime.now == HOUR


@both_kinds
def test_one_failing_agent_of_two_is_one_run_of_each(
    runtime: VirtualRuntime, probe: Probe, scripted: type[Scripted]
) -> None:
    counted, failing = scripted(Returns()), scripted(Fails(ValueError("an error is no event of the pipeline")))
    runtime.spawn("counted", counted)
    runtime.spawn("failing", failing)

    failure_of(runtime, Parallel("counted", "failing", on_failure="finish"))

    runtime.advance(HOUR)  # nothing is left that is yet to come
    assert (len(counted.calls), len(failing.calls)) == (1, 1)
    assert [stage.record.attempts for stage in probe.all(StageEnded)] == [1, 1, 1]


def test_what_a_sequence_finished_before_it_failed_is_kept(runtime: VirtualRuntime) -> None:
    def first(event: Event, state: State) -> None:
        state["first"] = 1

    def half_done(event: Event, state: State) -> None:
        state["half"] = "never to be seen"
        fails(event, state)

    runtime.spawn("first", first)
    runtime.spawn("half", half_done)

    error = failure_of(runtime, Sequential("first", Sequential("first", "half", name="inner")))

    assert dict(error.state) == {"question": "why", "first": 1}
    assert error.outcome.culprit == "sequential/inner/half"


def test_reports_of_a_group_deep_below_reach_the_caller(runtime: VirtualRuntime) -> None:
    runtime.spawn("finished", Scripted(Returns({"found": True})))
    runtime.spawn("failing", ScriptedThread(FAILS_IN_A_MINUTE))
    inner = Parallel("finished", "failing", name="inner")
    outer = Parallel(Branch("left", Sequential("finished", inner)), "finished", name="outer")

    error = failure_of(runtime, outer)

    assert set(error.branches) == {
        "outer/left",
        "outer/finished",
        "outer/left/inner/finished",
        "outer/left/inner/failing",
    }
    assert error.outcome.culprit == "outer/left/inner/failing"
    assert error.state["found"] is True


def test_an_optional_branch_that_fails_is_only_noted(runtime: VirtualRuntime, probe: Probe) -> None:
    runtime.spawn("finished", Scripted(Returns({"found": True})))
    runtime.spawn("failing", fails)

    result = runtime.run(Parallel("finished", Branch("failing", required=False), name="group"))

    assert dict(result.state) == {"found": True}
    record = result.trace.children[1]
    assert (record.path, record.outcome.kind) == ("group/failing", OutcomeKind.FAILED)
    runtime.settle()
    [noted] = probe.all(BranchFailed)
    assert (noted.branch, noted.required) == ("group/failing", False)


def test_an_optional_step_that_fails_leaves_the_state_as_it_was(runtime: VirtualRuntime) -> None:
    calls = []

    def finished(event: Event, state: State) -> None:
        calls.append("finished")
        state["found"] = len(calls)

    def failing(event: Event, state: State) -> None:
        state["found"] = "never to be seen"
        raise ValueError("it was optional")

    runtime.spawn("finished", finished)
    runtime.spawn("failing", failing)

    result = runtime.run(Sequential("finished", Branch("failing", required=False), "finished"))

    assert dict(result.state) == {"found": 2}
