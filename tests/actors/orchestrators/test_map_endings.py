"""Map: what becomes of the whole when items fail, and among other patterns."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest

from actors import (
    Branch,
    Collaborative,
    Event,
    Loop,
    Map,
    MultiStage,
    Parallel,
    Route,
    Runtime,
    Sequential,
    Stage,
    State,
)
from actors.conditions import Exists
from supervisors import Backoff, OutcomeKind, Reason, Retry
from tests.actors.orchestrators.results import PATIENCE, failure_of

pytestmark = pytest.mark.usefixtures("item_agents")


def test_an_item_that_is_not_needed_leaves_none(runtime: Runtime) -> None:
    workflow = Map("odd", over="items", concurrency=1, require=2)

    result = runtime.run(workflow, state={"items": [2, 1, 3, 5]})

    assert result.state["results"] == [None, {"tried": 1, "odd": True}, {"tried": 3, "odd": True}, None]
    assert [record.path for record in result.trace.children] == [
        "map/odd[0]",
        "map/odd[1]",
        "map/odd[2]",
        "map/odd[3:]",
    ]
    rest = result.trace.children[-1].outcome
    assert (rest.kind, rest.reason) == (OutcomeKind.CANCELLED, Reason.QUORUM_MET)
    assert result.state.meta["map"] == {
        "map_completed": True,
        "total_items": 4,
        "items_ok": 2,
        "items_failed": 1,
        "items_cancelled": 0,
        "items_not_started": 1,
    }


ITEMS = [1, 3, 2, 5, 4, 7]
"""Two of six fail."""


@pytest.mark.parametrize(
    ("policy", "reason", "culprit", "begun"),
    [
        (("all", "cancel"), Reason.REQUIRED_BRANCH_FAILED, 2, 3),
        (("all", "finish"), Reason.REQUIRED_BRANCH_FAILED, 2, 6),
        ((1.0, "cancel"), Reason.QUORUM_NOT_MET, 2, 3),
        ((5, "cancel"), Reason.QUORUM_NOT_MET, 4, 5),
        ((5, "finish"), Reason.QUORUM_NOT_MET, 4, 6),
        ((0.8, "cancel"), Reason.QUORUM_NOT_MET, 4, 5),
        ((4, "cancel"), None, None, 6),
        ((0.5, "cancel"), None, None, 4),
        ((3, "finish"), None, None, 4),
        (("any", "cancel"), None, None, 1),
    ],
)
def test_what_is_required_decides(
    runtime: Runtime, policy: tuple[Any, Any], reason: Reason | None, culprit: int | None, begun: int
) -> None:
    require, on_failure = policy
    workflow = Map("odd", over="items", concurrency=1, require=require, on_failure=on_failure)

    run = runtime.submit(workflow, state={"items": ITEMS})

    error = run.exception(PATIENCE)
    state = run.result().state if error is None else error.state
    assert state["results"] == [
        {"tried": n, "odd": True} if n % 2 and index < begun else None for index, n in enumerate(ITEMS)
    ]
    assert state.meta["map"]["items_not_started"] == len(ITEMS) - begun
    if error is None:
        assert reason is None
        return
    assert error.outcome.reason is reason
    assert error.outcome.culprit == f"map/odd[{culprit}]"
    assert f"ValueError: {ITEMS[culprit or 0]} is even" in error.outcome.detail
    assert isinstance(error.__cause__, ValueError)
    assert len(error.branches) == begun + (begun < len(ITEMS))


def test_the_error_reports_every_item_that_began_and_the_others_as_one(runtime: Runtime) -> None:
    workflow = Map("odd", over="items", concurrency=1)

    error = failure_of(runtime, workflow, {"items": [1, 2, 3, 4]})

    outcomes = {path: report.outcome.reason for path, report in error.branches.items()}
    assert outcomes == {
        "map/odd[0]": Reason.COMPLETED,
        "map/odd[1]": Reason.EXCEPTION,
        "map/odd[2:]": Reason.SIBLING_FAILED,
    }
    assert error.branches["map/odd[0]"].delta == {"tried": 1, "odd": True}
    assert error.branches["map/odd[1]"].delta == {}
    assert error.branches["map/odd[2:]"].outcome.culprit == "map/odd[1]"
    assert error.state["results"] == [{"tried": 1, "odd": True}, None, None, None]


def test_what_an_item_had_done_before_it_failed_is_reported_and_not_kept(runtime: Runtime) -> None:
    node = Sequential("double", "odd")

    error = failure_of(runtime, Map(node, over="items", output="doubled", concurrency=1), {"items": [1, 2]})

    assert error.branches["map/sequential[0]"].delta == {"doubled": 2}
    assert error.branches["map/sequential[1]"].delta == {"doubled": 4}
    assert error.state["results"] == [2, None]
    assert error.outcome.culprit == "map/sequential[1]/odd"
    assert pickle.loads(pickle.dumps(error.branches["map/sequential[1]"])).delta == {"doubled": 4}


def test_groups_below_an_item_are_reported_in_its_place(runtime: Runtime) -> None:
    node = Parallel("double", "odd", name="both", on_failure="finish")

    error = failure_of(runtime, Map(node, over="items", concurrency=1), {"items": [1, 2]})

    assert set(error.branches) == {"map/both[0]", "map/both[1]", "map/both[1]/double", "map/both[1]/odd"}
    assert error.outcome.culprit == "map/both[1]/odd"


# A branch as node


def test_a_branchs_policy_holds_for_each_item(runtime: Runtime) -> None:
    tries: dict[int, int] = {}

    def flaky(event: Event, state: State) -> None:
        tries[state["item"]] = tries.get(state["item"], 0) + 1
        if state["item"] == 3 or (state["item"] == 2 and tries[2] == 1):
            raise ConnectionError("lost")
        state["by"] = "flaky"

    runtime.spawn("flaky", flaky)
    runtime.spawn("careful", lambda event, state: {"by": f"careful {state['item']}"})
    node = Branch(
        "fetch", "flaky", retry=Retry(attempts=2, backoff=Backoff(initial=0)), fallback="careful", timeout=PATIENCE
    )

    result = runtime.run(Map(node, over="items", output="by"), state={"items": [1, 2, 3]})

    assert result.state["results"] == ["flaky", "flaky", "careful 3"]
    assert tries == {1: 1, 2: 2, 3: 2}
    assert [(each.path, each.attempts, each.outcome.reason) for each in result.trace.children] == [
        ("map/fetch[0]", 1, Reason.COMPLETED),
        ("map/fetch[1]", 2, Reason.COMPLETED),
        ("map/fetch[2]", 2, Reason.FALLBACK_USED),
    ]


# Among other patterns


def test_a_map_in_a_map_names_both_items(runtime: Runtime) -> None:
    grid = Map(Map("odd", over="item", into="cells", name="row", concurrency=1), over="rows", concurrency=1)

    result = runtime.run(grid, state={"rows": [[1, 3], [], [5]]})
    error = failure_of(runtime, grid, {"rows": [[1, 3], [5, 2, 7], [9]]})

    assert [[cell["tried"] for cell in row["cells"]] for row in result.state["results"]] == [[1, 3], [], [5]]
    assert list(result.state.meta) == ["map"]
    assert error.outcome.culprit == "map/row[1]/odd[1]"
    assert set(error.branches) == {
        "map/row[0]",
        "map/row[1]",
        "map/row[1]/odd[0]",
        "map/row[1]/odd[1]",
        "map/row[1]/odd[2:]",
        "map/row[2:]",
    }
    assert error.trace is not None
    assert [each.path for each in error.trace.walk()] == [
        "map",
        "map/row[0]",
        "map/row/odd[0]",
        "map/row/odd[1]",
        "map/row[1]",
        "map/row/odd[0]",
        "map/row/odd[1]",
        "map/row/odd[2:]",
        "map/row[2:]",
    ]


def test_a_map_in_a_loop_starts_afresh_with_what_the_last_one_left(runtime: Runtime) -> None:
    workflow = Loop(Map("double", over="n", into="n", output="doubled"), max_iterations=3)

    result = runtime.run(workflow, state={"n": [1, 2]})

    assert result.state["n"] == [8, 16]


NODES: dict[str, Callable[[str], Any]] = {
    "sequential": lambda name: Sequential("idle", name),
    "parallel": lambda name: Parallel("idle", name),
    "collaborative": lambda name: Collaborative("idle", name),
    "route": lambda name: Route({Exists("item"): name}),
    "loop": lambda name: Loop(name, max_iterations=1),
    "multi_stage": lambda name: MultiStage(Stage("only", name, prerequisites=["item"])),
    "map": lambda name: Map(name, over="items", output="doubled", into="doubled"),
    "branch": lambda name: Branch("branch", name, timeout=PATIENCE),
}


@pytest.mark.parametrize("kind", NODES)
def test_any_pattern_can_be_done_for_each_item(runtime: Runtime, kind: str) -> None:
    workflow = Map(NODES[kind]("double"), over="items", output="doubled", concurrency=2)

    result = runtime.run(workflow, state={"items": [1, 2, 3]})

    each = [2, 4, 6] if kind != "map" else [[2, 4, 6]] * 3
    assert result.state["results"] == each


@pytest.mark.parametrize("kind", NODES)
def test_a_map_can_stand_in_any_pattern(runtime: Runtime, kind: str) -> None:
    runtime.spawn("give", lambda event, state: {"item": 1})
    mapped: Any = Map("double", over="items", output="doubled", name="mapped")
    workflow = Sequential("give", NODES[kind](mapped))

    result = runtime.run(workflow, state={"items": [1, 2, 3]})

    assert result.state["doubled" if kind == "map" else "results"] == ([None] * 3 if kind == "map" else [2, 4, 6])
