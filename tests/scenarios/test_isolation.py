"""State and events are values: what a branch does to its own is seen by nobody else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from actors import Event, Parallel, Sequential, State
from actors.mergers import LastWins
from actors.testing import VirtualRuntime, sleep
from tests.scenarios.virtual_runs import HOUR


@pytest.fixture(params=range(5))
def runtime(request: pytest.FixtureRequest) -> Iterator[VirtualRuntime]:
    with VirtualRuntime(seed=request.param) as runtime:
        yield runtime


@dataclasses.dataclass
class Note:
    words: list[str]


def given() -> dict[str, Any]:
    return {"list": [1, [2]], "dict": {"a": {"b": []}}, "note": Note(["first"])}


def spoil(event: Event, state: State) -> None:
    state["list"][1].append("spoilt")
    state["dict"]["a"]["b"].append("spoilt")
    state["note"].words.append("spoilt")
    state["new"] = [1]
    state["new"].append("spoilt")


def look(event: Event, state: State) -> dict[str, Any]:
    return {"seen": [state["list"], state["dict"], state["note"].words, "new" in state]}


def test_branches_that_only_read_one_list_do_not_conflict(runtime: VirtualRuntime) -> None:
    def read(event: Event, state: State) -> dict[str, Any]:
        return {event.target: sum(len(str(item)) for item in state["list"])}

    runtime.spawn("left", read)
    runtime.spawn("right", read)

    result = runtime.run(Parallel("left", "right"), state=given())

    assert result.state["left"] == result.state["right"] == 4
    assert result.state["list"] == [1, [2]]


@pytest.mark.parametrize("goes_on_for", [0.0, HOUR])
def test_a_branch_sees_nothing_of_what_its_sibling_does_meanwhile(runtime: VirtualRuntime, goes_on_for: float) -> None:
    spoilt_at: list[float] = []

    def spoil_and_tell(event: Event, state: State) -> None:
        spoil(event, state)
        spoilt_at.append(runtime.now)
        sleep(goes_on_for)

    def look_meanwhile(event: Event, state: State) -> dict[str, Any]:
        sleep(60.0)
        assert spoilt_at == [0.0]
        return look(event, state)

    runtime.spawn("spoil", spoil_and_tell)
    runtime.spawn("look", look_meanwhile)

    result = runtime.run(Parallel("spoil", "look"), state=given())

    assert result.state["seen"] == [[1, [2]], {"a": {"b": []}}, ["first"], False]
    assert result.state["list"] == [1, [2, "spoilt"]]


def test_the_callers_objects_are_not_changed(runtime: VirtualRuntime) -> None:
    runtime.spawn("spoil", spoil)
    mine = given()
    kept = State(given())

    runtime.run("spoil", state=mine)
    runtime.run("spoil", state=kept)

    assert mine == given()
    assert dict(kept) == given()


@pytest.mark.parametrize("has_begun", [False, True])
def test_the_callers_later_changes_reach_no_agent(runtime: VirtualRuntime, has_begun: bool) -> None:
    def wait_and_look(event: Event, state: State) -> dict[str, Any]:
        sleep(60.0)
        return {"seen": [state["list"], list(event.data["words"])]}

    runtime.spawn("look", wait_and_look)
    state, words = given(), ["said"]
    run = runtime.submit("look", {"words": words}, state)
    if has_begun:
        runtime.settle()

    state["list"][1].append("later")
    words.append("later")

    assert run.result().state["seen"] == [[1, [2]], ["said"]]


def test_what_an_agent_keeps_of_its_state_changes_nothing_later(runtime: VirtualRuntime) -> None:
    kept: list[Any] = []

    def keep(event: Event, state: State) -> None:
        kept.append(state["list"])
        state["mine"] = kept
        state["mine"] = []

    def spoil_what_was_kept(event: Event, state: State) -> None:
        kept[0].append("spoilt")

    runtime.spawn("keep", keep)
    runtime.spawn("spoil", spoil_what_was_kept)
    runtime.spawn("look", look)

    result = runtime.run(Sequential("keep", "spoil", "look"), state=given())

    assert result.state["seen"][0] == [1, [2]]


def test_two_runs_of_one_workflow_share_nothing(runtime: VirtualRuntime) -> None:
    runtime.spawn("spoil", spoil)
    state = State(given())

    results = [runtime.run("spoil", state=state) for _ in range(3)]

    assert all(result.state["list"] == [1, [2, "spoilt"]] for result in results)


def test_results_of_one_run_are_the_callers_own(runtime: VirtualRuntime) -> None:
    runtime.spawn("look", look)
    first = runtime.run("look", state=given())
    second = runtime.run("look", state=first.state)

    second.state["list"].append("mine")

    assert first.state["list"] == [1, [2]]


def test_what_is_shared_is_shared_on_purpose(runtime: VirtualRuntime) -> None:
    connection = object()
    seen = []

    def use(event: Event, state: State) -> None:
        seen.append(state["connection"])

    runtime.spawn("use", use)
    runtime.spawn("use_too", use)
    state = State()
    state.share("connection", connection)

    runtime.run(Parallel("use", "use_too"), state=state)

    assert seen == [connection, connection]


@pytest.mark.parametrize("value", [object(), {1, object()}, open, iter("abc")])
def test_what_is_not_plain_data_is_refused_at_the_door(runtime: VirtualRuntime, value: object) -> None:
    runtime.spawn("look", look)

    with pytest.raises(TypeError, match="plain data"):
        runtime.submit("look", state={"x": value})


def test_what_was_deleted_stays_deleted_whoever_read_it(runtime: VirtualRuntime) -> None:
    def delete(event: Event, state: State) -> None:
        del state["list"]

    runtime.spawn("delete", delete)
    runtime.spawn("look", look)

    result = runtime.run(Parallel("delete", "look", merge=LastWins()), state=given())

    assert "list" not in result.state
    assert result.state["seen"][0] == [1, [2]]
