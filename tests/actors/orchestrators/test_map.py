"""Map: what each item is given, what is kept of it, and what becomes of the whole."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
    WorkflowFailedError,
    declares,
)
from actors.conditions import Exists
from actors.orchestrators.flow import Given, Scope
from supervisors import Backoff, OutcomeKind, Reason, Retry

PATIENCE = 10.0

untyped: Any = Map


def double(event: Event, state: State) -> None:
    state["doubled"] = 2 * state["item"]


def idle(event: Event, state: State) -> None:
    """Change nothing."""


def odd(event: Event, state: State) -> dict[str, Any]:
    state["tried"] = state["item"]
    if state["item"] % 2 == 0:
        raise ValueError(f"{state['item']} is even")
    return {"odd": True}


@pytest.fixture(autouse=True)
def agents(runtime: Runtime) -> None:
    runtime.spawn("double", double)
    runtime.spawn("idle", idle)
    runtime.spawn("odd", odd)


def failure_of(runtime: Runtime, workflow: Any, state: Mapping[str, Any]) -> WorkflowFailedError:
    error = runtime.submit(workflow, state=state).exception(PATIENCE)
    assert error is not None
    return error


# What it is made of


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda: untyped("a"), TypeError, "over"),
        (lambda: untyped(over="items"), TypeError, "node"),
        (lambda: untyped("", over="items"), ValueError, "node.*empty"),
        (lambda: untyped(3, over="items"), TypeError, "node.*agent's name or a pattern"),
        (lambda: untyped(["a"], over="items"), TypeError, "node"),
        (lambda: untyped("a", "items"), TypeError, "positional"),
        (lambda: untyped("a", over=""), ValueError, "over"),
        (lambda: untyped("a", over=["x"]), TypeError, "over"),
        (lambda: untyped("a", over="items", into=""), ValueError, "into"),
        (lambda: untyped("a", over="items", into=None), TypeError, "into"),
        (lambda: untyped("a", over="items", item=""), ValueError, "item"),
        (lambda: untyped("a", over="items", output=""), ValueError, "output"),
        (lambda: untyped("a", over="items", output=1), TypeError, "output"),
        (lambda: untyped("a", over="items", concurrency=0), ValueError, "concurrency=0.*at least 1 or None"),
        (lambda: untyped("a", over="items", concurrency=True), TypeError, "concurrency"),
        (lambda: untyped("a", over="items", concurrency=2.5), TypeError, "concurrency"),
        (lambda: untyped("a", over="items", require="most"), ValueError, "Map: require.*'all', 'any'.*from 1 on"),
        (lambda: untyped("a", over="items", require=0), ValueError, "require"),
        (lambda: untyped("a", over="items", require=1.5), ValueError, "require"),
        (lambda: untyped("a", over="items", require=True), TypeError, "require"),
        (lambda: untyped("a", over="items", require=None), TypeError, "require"),
        (lambda: untyped("a", over="items", on_failure="ignore"), ValueError, "on_failure"),
        (lambda: untyped("a", over="items", timeout=0), ValueError, "timeout.*positive"),
        (lambda: untyped("a", over="items", name="x/y"), ValueError, "name.*'/'"),
        (lambda: untyped("a", over="items", retries=3), TypeError, "retries"),
        (lambda: Map(Branch("a", required=False), over="items"), ValueError, "node.*`require` says"),
        (lambda: Map(Branch("a", required=True), over="items"), ValueError, "node.*`require` says"),
        (lambda: Map(Stage("s", "a"), over="items"), ValueError, "node.*`require` says"),
    ],
)
def test_a_wrong_argument_is_refused_when_it_is_given(
    make: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        make()


def test_it_reads_as_it_was_written_and_equals_what_is_written_alike() -> None:
    written = Map("fetch", over="urls", concurrency=4, require=0.9)

    assert repr(written) == "Map(node='fetch', over='urls', concurrency=4, require=0.9)"
    assert written == eval(repr(written))
    assert hash(written) == hash(Map("fetch", over="urls", concurrency=4, require=0.9))
    assert written != Map("fetch", over="urls", concurrency=5, require=0.9)


def test_a_check_learns_what_it_needs_and_what_it_keeps() -> None:
    (gate,) = Map("fetch", over="urls", into="pages", item="url", output="page").gates()

    assert (gate.before, gate.scope) == ((Given("urls"),), Scope("url", "pages", "page"))


# What it is over


@pytest.mark.parametrize(
    ("state", "data", "reason", "texts"),
    [
        ({}, {}, Reason.MISSING_INPUT, ["'map'", "'items'", "neither in the state nor in the event's data"]),
        ({"items": "abc"}, {}, Reason.INVALID_INPUT, ["'map'", "'items'", "list or a tuple", "'abc'"]),
        ({"items": {"a": 1}}, {}, Reason.INVALID_INPUT, ["list or a tuple", "{'a': 1}"]),
        ({"items": None}, {"items": [1]}, Reason.INVALID_INPUT, ["list or a tuple", "None"]),
        ({"items": 3}, {}, Reason.INVALID_INPUT, ["not 3"]),
        ({}, {"items": "x" * 1_000}, Reason.INVALID_INPUT, ["xxx..."]),
    ],
)
def test_what_is_no_list_fails_the_map_before_any_child(
    runtime: Runtime, state: dict[str, Any], data: dict[str, Any], reason: Reason, texts: list[str]
) -> None:
    error = runtime.submit(Map("double", over="items"), data, state).exception(PATIENCE)

    assert error is not None
    assert (error.outcome.kind, error.outcome.reason) == (OutcomeKind.FAILED, reason)
    assert all(text in error.outcome.detail for text in texts)
    assert len(error.outcome.detail) < 200
    assert error.trace is not None
    assert error.trace.children == ()
    assert "results" not in error.state


def test_a_list_that_is_shared_by_reference_is_refused(runtime: Runtime) -> None:
    state = State()
    state.share("items", [1, 2])

    error = failure_of(runtime, Map("double", over="items"), state)

    assert error.outcome.reason is Reason.INVALID_INPUT
    assert "'items', which is shared by reference" in error.outcome.detail


def test_the_events_data_will_do_where_the_state_has_no_such_key(runtime: Runtime) -> None:
    workflow = Map("double", over="items", output="doubled")

    result = runtime.run(workflow, {"items": [1, 2]})
    overridden = runtime.run(workflow, {"items": [1, 2]}, {"items": (5,)})

    assert result.state["results"] == [2, 4]
    assert "items" not in result.state
    assert overridden.state["results"] == [10]


@pytest.mark.parametrize("require", ["all", "any", 0.5, 1.0])
def test_an_empty_list_is_ok_at_once(runtime: Runtime, require: Any) -> None:
    result = runtime.run(Map("double", over="items", require=require), state={"items": []})

    assert result.state["results"] == []
    assert result.trace.children == ()
    assert result.state.meta["map"]["total_items"] == 0


@pytest.mark.parametrize("items", [[], [1, 3]])
def test_a_number_larger_than_that_of_the_items_fails_before_any_begins(runtime: Runtime, items: list[int]) -> None:
    error = failure_of(runtime, Map("odd", over="items", require=3), {"items": items})

    assert error.outcome.reason is Reason.QUORUM_NOT_MET
    assert error.outcome.detail == f"'map' requires 3 items to be ok, and 'items' has only {len(items)}"
    assert error.trace is not None
    assert error.trace.children == ()


# What an item is given, and what is kept of it


def test_each_item_is_beside_the_state_and_its_index_in_the_metadata(runtime: Runtime) -> None:
    def tell(event: Event, state: State) -> dict[str, Any]:
        assert state["items"] == ["a", "b"]
        return {"told": [event.target, event.data["n"], dict(event.metadata), state["row"], state["common"]]}

    runtime.spawn("tell", tell)
    event = Event(data={"n": 7}, metadata={"session_id": "s"})

    result = runtime.run(
        Map("tell", over="items", item="row", output="told"), event, {"items": ["a", "b"], "common": 1}
    )

    place = {"session_id": "s", "phase": "map", "execution_type": "map", "pattern": "map"}
    assert result.state["results"] == [
        ["tell", 7, {**place, "index": 0}, "a", 1],
        ["tell", 7, {**place, "index": 1}, "b", 1],
    ]


def test_a_result_is_what_the_branch_set(runtime: Runtime) -> None:
    result = runtime.run(Map("double", over="items", into="rows"), state={"items": [1, 2], "n": 0})

    assert dict(result.state) == {"items": [1, 2], "n": 0, "rows": [{"doubled": 2}, {"doubled": 4}]}


def test_the_items_own_key_is_in_the_result_only_when_it_was_changed(runtime: Runtime) -> None:
    def change(event: Event, state: State) -> None:
        state["item"] = state["item"] + 1 if state["item"] > 1 else state["item"]
        state["seen"] = True

    runtime.spawn("change", change)
    runtime.spawn("back", lambda event, state: {"item": state["items"][event.metadata["index"]]})

    once = runtime.run(Map("change", over="items"), state={"items": [1, 2]})
    and_back = runtime.run(Map(Sequential("change", "back"), over="items"), state={"items": [1, 2]})

    assert once.state["results"] == [{"seen": True}, {"item": 3, "seen": True}]
    assert and_back.state["results"] == [{"seen": True}, {"seen": True}]


@pytest.mark.parametrize(
    ("output", "expected"),
    [("doubled", [2, 4]), ("n", [5, 5]), ("item", [1, 2]), ("absent", [None, None]), ("gone", [None, None])],
)
def test_an_output_is_the_keys_value_afterwards(runtime: Runtime, output: str, expected: list[Any]) -> None:
    def work(event: Event, state: State) -> None:
        double(event, state)
        del state["gone"]
        state["n"] = 5  # as it was

    runtime.spawn("work", work)

    result = runtime.run(Map("work", over="items", output=output), state={"items": [1, 2], "n": 5, "gone": 1})

    assert result.state["results"] == expected
    assert result.state["gone"] == 1


def test_what_a_branch_shares_by_reference_stays_within_it(runtime: Runtime) -> None:
    def share(event: Event, state: State) -> None:
        state.share("handle", object())
        state["n"] = 1

    runtime.spawn("share", share)
    runtime.spawn("use", lambda event, state: {"same": type(state["handle"]) is object})
    node = Sequential("share", "use")

    whole = runtime.run(Map(node, over="items"), state={"items": [0]})
    handle = runtime.run(Map(node, over="items", output="handle"), state={"items": [0]})

    assert whole.state["results"] == [{"n": 1, "same": True}]
    assert "handle" not in whole.state
    assert handle.state["results"] == [None]


def test_an_agent_that_declares_its_output_fails_without_it(runtime: Runtime) -> None:
    @declares(produces=["doubled"])
    def forgetful(event: Event, state: State) -> None:
        """Forget what it promised."""

    runtime.spawn("forgetful", forgetful)

    error = failure_of(runtime, Map("forgetful", over="items", output="doubled"), {"items": [1]})

    assert error.outcome.culprit == "map/forgetful[0]"
    assert "missing_output" in error.outcome.detail


@dataclass
class Row:
    n: int


def test_items_and_results_may_be_whatever_a_state_holds(runtime: Runtime) -> None:
    runtime.spawn("grow", lambda event, state: {"row": dataclasses.replace(state["item"], n=state["item"].n + 1)})

    result = runtime.run(Map("grow", over="rows", into="rows", output="row"), state={"rows": (Row(1), Row(2))})

    assert result.state["rows"] == [Row(2), Row(3)]


def test_the_notes_are_the_maps_own_and_the_data_stays_clean(runtime: Runtime) -> None:
    workflow = Map(Sequential("odd", name="steps"), over="items", require=0.5)

    result = runtime.run(workflow, state={"items": [1, 2, 3, 4]})

    assert dict(result.state.meta) == {
        "map": {
            "map_completed": True,
            "total_items": 4,
            "items_ok": 2,
            "items_failed": result.state.meta["map"]["items_failed"],
            "items_cancelled": result.state.meta["map"]["items_cancelled"],
            "items_not_started": 0,
        }
    }
    assert set(result.state) == {"items", "results"}


# What becomes of the whole


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
