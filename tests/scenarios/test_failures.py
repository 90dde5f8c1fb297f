"""A required branch fails: the run ends soon, names the culprit, and loses nothing that was finished."""

from __future__ import annotations

import asyncio
import threading

import pytest

from actors import (
    Branch,
    Event,
    Parallel,
    Runtime,
    Sequential,
    State,
    WorkflowFailedError,
)
from supervisors import OutcomeKind, Reason
from supervisors.facts import BranchFailed, StageEnded
from tests.scenarios.timing import fastest, seconds_of
from tests.scenarios.watching import PATIENCE, Watcher

TOO_LONG = 5.0


def fails(event: Event, state: State) -> None:
    raise LookupError("nothing found")


class Slow:
    """Agents that are not done in time, and say when they have begun."""

    def __init__(self, gate: threading.Event) -> None:
        self.begun = threading.Semaphore(0)
        self._gate = gate

    async def sleep(self, event: Event, state: State) -> None:
        self.begun.release()
        await asyncio.sleep(TOO_LONG)  # what is to be cut short

    def wait(self, event: Event, state: State) -> None:
        self.begun.release()
        self._gate.wait(TOO_LONG)  # a plain function cannot be cut short, only left behind


@pytest.fixture(params=["async", "sync"])
def group(request: pytest.FixtureRequest, runtime: Runtime, watcher: Watcher, gate: threading.Event) -> Parallel:
    """Two branches that are not done when a third one fails, and one that is."""
    slow = Slow(gate)

    def finished(event: Event, state: State) -> None:
        state["found"] = ["something"]

    def fails_in_the_midst(event: Event, state: State) -> None:
        watcher.await_stage("group/finished")
        for _ in range(2):
            assert slow.begun.acquire(timeout=PATIENCE)
        fails(event, state)

    runtime.spawn("slow", slow.sleep if request.param == "async" else slow.wait)
    runtime.spawn("finished", finished)
    runtime.spawn("failing", fails_in_the_midst)
    return Parallel("finished", Branch("one", "slow"), "failing", Branch("two", "slow"), name="group")


def failure_of(runtime: Runtime, workflow: Parallel | Sequential) -> WorkflowFailedError:
    error = runtime.submit(workflow, state={"question": "why"}).exception(PATIENCE)
    assert error is not None
    return error


def test_the_run_ends_long_before_its_slow_branches(runtime: Runtime, group: Parallel) -> None:
    def fail() -> float:
        return seconds_of(lambda: failure_of(runtime, group))

    assert fastest(fail, 0.2) < 0.2


def test_the_error_names_the_culprit_and_keeps_its_exception(runtime: Runtime, group: Parallel) -> None:
    error = failure_of(runtime, group)

    assert error.outcome.reason is Reason.REQUIRED_BRANCH_FAILED
    assert error.outcome.culprit == "group/failing"
    assert isinstance(error.__cause__, LookupError)
    assert "nothing found" in str(error)


def test_the_error_carries_the_partial_state(runtime: Runtime, group: Parallel) -> None:
    error = failure_of(runtime, group)

    assert dict(error.state) == {"question": "why", "found": ["something"]}


def test_the_error_carries_a_report_of_every_branch(runtime: Runtime, group: Parallel) -> None:
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


def test_cancelled_siblings_name_who_caused_it(runtime: Runtime, watcher: Watcher, group: Parallel) -> None:
    error = failure_of(runtime, group)

    for path in ("group/one", "group/two"):
        outcome = error.branches[path].outcome
        assert (outcome.reason, outcome.culprit) == (Reason.SIBLING_FAILED, "group/failing")
    watcher.await_stage("group")
    told = {fact.branch: fact.outcome for fact in watcher.all(BranchFailed)}
    assert told == {path: error.branches[path].outcome for path in ("group/one", "group/two")}


def test_the_trace_has_all_branches(runtime: Runtime, group: Parallel) -> None:
    error = failure_of(runtime, group)

    assert error.trace is not None
    assert {record.path for record in error.trace.walk()} == {"group", *error.branches}


def test_an_async_sibling_is_really_cancelled(runtime: Runtime) -> None:
    is_under_way, cancelled = threading.Event(), threading.Event()

    async def polite(event: Event, state: State) -> None:
        is_under_way.set()
        try:
            await asyncio.sleep(TOO_LONG)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def fails_in_the_midst(event: Event, state: State) -> None:
        assert is_under_way.wait(PATIENCE)
        fails(event, state)

    runtime.spawn("polite", polite)
    runtime.spawn("failing", fails_in_the_midst)

    failure_of(runtime, Parallel("polite", "failing"))

    assert cancelled.wait(PATIENCE)


def test_siblings_are_finished_where_that_was_chosen(runtime: Runtime, watcher: Watcher) -> None:
    def slower(event: Event, state: State) -> None:
        watcher.await_stage("parallel/failing")
        state["slower"] = "done"

    runtime.spawn("slower", slower)
    runtime.spawn("failing", fails)

    error = failure_of(runtime, Parallel("slower", "failing", on_failure="finish"))

    assert error.state["slower"] == "done"
    assert error.branches["parallel/slower"].outcome.ok


def test_one_failing_agent_of_two_is_one_run_of_each(runtime: Runtime, watcher: Watcher) -> None:
    calls = []

    def counted(event: Event, state: State) -> None:
        calls.append("counted")

    def failing(event: Event, state: State) -> None:
        calls.append("failing")
        raise ValueError("an error is no event of the pipeline")

    runtime.spawn("counted", counted)
    runtime.spawn("failing", failing)

    failure_of(runtime, Parallel("counted", "failing", on_failure="finish"))

    assert sorted(calls) == ["counted", "failing"]
    watcher.await_stage("parallel")
    records = [stage.record for stage in watcher.all(StageEnded)]
    assert [record.attempts for record in records] == [1, 1, 1]


def test_what_a_sequence_finished_before_it_failed_is_kept(runtime: Runtime) -> None:
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


def test_reports_of_a_group_deep_below_reach_the_caller(runtime: Runtime, watcher: Watcher) -> None:
    def finished(event: Event, state: State) -> None:
        state["found"] = True

    def fails_last(event: Event, state: State) -> None:
        for path in ("outer/finished", "outer/left/inner/finished"):
            watcher.await_stage(path)
        fails(event, state)

    runtime.spawn("finished", finished)
    runtime.spawn("failing", fails_last)
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


def test_an_optional_branch_that_fails_is_only_noted(runtime: Runtime, watcher: Watcher) -> None:
    def finished(event: Event, state: State) -> None:
        state["found"] = True

    runtime.spawn("finished", finished)
    runtime.spawn("failing", fails)

    result = runtime.run(Parallel("finished", Branch("failing", required=False), name="group"))

    assert dict(result.state) == {"found": True}
    record = result.trace.children[1]
    assert (record.path, record.outcome.kind) == ("group/failing", OutcomeKind.FAILED)
    noted = watcher.await_fact(BranchFailed)
    assert (noted.branch, noted.required) == ("group/failing", False)


def test_an_optional_step_that_fails_leaves_the_state_as_it_was(runtime: Runtime) -> None:
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
