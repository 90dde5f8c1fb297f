"""Map: what it is made of and over, what each item is given, and what is kept of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from actors import Branch, Event, Map, Runtime, Sequential, Stage, State, declares
from actors.workflows.flow import Given, Scope
from supervisors import OutcomeKind, Reason
from tests.actors.orchestrators.agents import double
from tests.actors.orchestrators.results import PATIENCE, failure_of

pytestmark = pytest.mark.usefixtures("item_agents")

untyped: Any = Map


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
