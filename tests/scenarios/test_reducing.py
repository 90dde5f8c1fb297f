"""What branches made of one key becomes one value, as the workflow says."""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actors import Branch, Event, Loop, Parallel, State, WorkflowFailedError
from actors.mergers import Collect, LastWins, Reduce
from actors.orchestrators.evaluations import CALLABLE_TIMEOUT
from actors.testing import VirtualRuntime, hang, sleep
from actors.values.errors import MergeConflictError
from supervisors import Reason

RUNS = 50
BRANCHES = ("ann", "bob", "cyd")
REDUCERS: dict[str, Any] = {"total": "sum", "best": "max", "least": "min", "notes": "extend", "tags": "union"}
STARTING = {"total": 10, "best": 2, "least": 0, "notes": ["begun"], "tags": ["all"]}
EXPECTED = {
    "total": 16,
    "best": 3,
    "least": 0,
    "notes": ["begun", "ann", "bob", "cyd"],
    "tags": ["all", "ann", "bob", "cyd"],
}


def writer(name: str, number: int, chance: random.Random) -> Callable[[Event, State], None]:
    def write(event: Event, state: State) -> None:
        sleep(chance.uniform(0, 60))  # the branches race, and any may win
        state["total"] += number
        state["best"] = state["least"] = number
        state["notes"].append(name)
        state["tags"] = ["all", name]
        state["finding"] = f"{name}'s"

    return write


def fails(event: Event, state: State) -> None:
    state["total"] += 1_000
    raise ValueError("no result")


@pytest.fixture(params=range(5), ids="seed {}".format)
def runtime(request: pytest.FixtureRequest) -> Iterator[VirtualRuntime]:
    chance = random.Random(request.param)
    with VirtualRuntime(seed=request.param) as runtime:
        for number, name in enumerate(BRANCHES, 1):
            runtime.spawn(name, writer(name, number, chance))
        runtime.spawn("fails", fails)
        yield runtime


CALLED = {**REDUCERS, "notes": lambda notes, written: [*notes, written[-1]]}


@pytest.mark.parametrize("reducers", [REDUCERS, CALLED], ids=["named", "called"])
def test_racing_branches_reduce_to_one_result(runtime: VirtualRuntime, reducers: dict[str, Any]) -> None:
    workflow = Parallel(*BRANCHES, merge=Reduce(reducers, default=Collect("finding")))

    runs = [runtime.submit(workflow, state=STARTING) for _ in range(RUNS)]

    results = {repr(run.result().state) for run in runs}
    assert len(results) == 1
    assert dict(runs[0].result().state) == {**EXPECTED, "finding": ["ann's", "bob's", "cyd's"]}


def test_a_branch_that_failed_counts_for_nothing(runtime: VirtualRuntime) -> None:
    workflow = Parallel("ann", Branch("fails", required=False), "bob", merge=Reduce(REDUCERS, default=Collect()))

    result = runtime.run(workflow, state=STARTING)

    assert result.state["total"] == 13
    assert result.state["finding"] == ["ann's", "bob's"]


def test_what_is_extended_grows_over_the_iterations_of_a_loop(runtime: VirtualRuntime) -> None:
    reducers = {"total": "sum", "notes": "extend", "tags": "union"}
    workflow = Loop(Parallel("ann", "bob", merge=Reduce(reducers, default=LastWins())), max_iterations=2)

    result = runtime.run(workflow, state=STARTING)

    assert result.state["notes"] == ["begun", "ann", "bob", "ann", "bob"]
    assert result.state["tags"] == ["all", "ann", "bob"]
    assert result.state["total"] == 16


@pytest.mark.parametrize(
    "reducers", [{"notes": "sum"}, {"notes": "sum", "total": operator.add}], ids=["named", "called"]
)
def test_what_does_not_go_with_its_reducer_fails_the_group_and_keeps_the_results(
    runtime: VirtualRuntime, reducers: dict[str, Any]
) -> None:
    workflow = Parallel("ann", "bob", merge=Reduce(reducers, default=LastWins()), name="group")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(workflow, state={**STARTING, "notes": []})

    assert caught.value.outcome.reason is Reason.MERGE_CONFLICT
    assert "what 'notes' held before the branches cannot be merged: 'sum' takes numbers, not list" in str(caught.value)
    assert caught.value.state["finding"] == "bob's"
    assert caught.value.state["notes"] == ["bob"]


def test_a_reducer_that_raises_is_a_merge_error(runtime: VirtualRuntime) -> None:
    def reducer(value: Any, written: Any) -> Any:
        raise LookupError("no such value")

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(Parallel("ann", merge=Reduce({"total": reducer})), state=STARTING)

    assert caught.value.outcome.reason is Reason.MERGE_ERROR
    assert isinstance(caught.value.__cause__, LookupError)
    assert caught.value.__cause__.__notes__ == ["while what branch 'ann' wrote to 'total' was reduced"]


def test_a_users_merger_may_say_that_branches_conflict(runtime: VirtualRuntime) -> None:
    def merge(state: State, branches: Any) -> None:
        raise MergeConflictError("finding", ("ann", "bob"))

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(Parallel("ann", "bob", merge=merge), state=STARTING)

    assert caught.value.outcome.reason is Reason.MERGE_CONFLICT


def test_a_reducer_that_blocks_runs_out_of_the_mergers_time(runtime: VirtualRuntime) -> None:
    began: list[float] = []

    def reducer(value: Any, written: Any) -> Any:
        began.append(runtime.now)
        hang()

    with pytest.raises(WorkflowFailedError) as caught:
        runtime.run(Parallel("ann", merge=Reduce({"total": reducer}), name="group"), state=STARTING)

    outcome = caught.value.outcome
    assert (outcome.reason, outcome.budget) == (Reason.MERGE_ERROR, "merger of group (merge)")
    assert runtime.now == began[0] + CALLABLE_TIMEOUT
