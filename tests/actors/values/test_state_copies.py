"""States hold any plain data, and are isolated from each other: handed on, shared, cloned or merged."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict, same
from actors.values.state import NO_CHANGE, Snapshot, State
from tests.actors.plain_data import Point, Profile, Question, fields, plain_data
from tests.actors.states import THINGS, on


@given(plain_data)
def test_nothing_is_shared_with_what_was_put_in(value: Any) -> None:
    state = State(a=value)

    assert same(freeze(state["a"], "it"), freeze(value, "it"))
    assert state["a"] is not value or type(value) not in (list, dict)


@given(fields)
def test_it_holds_any_plain_data(values: dict[str, Any]) -> None:
    state = on(values)

    assert list(state) == list(values)
    assert same(freeze(dict(state), "it"), freeze(values, "it"))
    assert state.delta() is NO_CHANGE


def test_what_an_agent_does_to_its_state_is_not_seen_elsewhere() -> None:
    caller = State(a={"b": [1]}, q=Question("a", [1]), p=Profile(name="n"))
    snapshot = caller.snapshot()
    first, second = State._over(snapshot), State._over(snapshot)

    first["a"]["b"].append(2)
    first["q"].options.append(2)
    first["p"].name = "m"
    del first["q"]
    caller["a"]["b"].append(3)

    assert second == {"a": {"b": [1]}, "q": Question("a", [1]), "p": Profile(name="n")}
    assert caller["a"] == {"b": [1, 3]}
    assert snapshot.values["a"] == {"b": [1]}


def test_a_container_is_the_same_each_time_it_is_read() -> None:
    state = on(a=[1])

    state["a"].append(2)
    state["a"].append(3)

    assert state["a"] is state["a"]
    assert state == {"a": [1, 2, 3]}


def test_a_container_that_was_set_can_be_changed_afterwards() -> None:
    state = State()

    state["a"] = [1]
    state["a"].append(2)

    assert state.snapshot().values["a"] == [1, 2]


# Sharing, cloning, merging.


def test_what_is_shared_is_handed_on_itself() -> None:
    state = State(a=1)
    state.share("thing", THINGS[0])

    assert state["thing"] is THINGS[0]
    assert state.clone()["thing"] is THINGS[0]
    assert State(state)["thing"] is THINGS[0]
    assert copy.deepcopy(state)["thing"] is THINGS[0]
    assert list(state) == ["a", "thing"]


def test_a_clone_is_independent() -> None:
    state = on(a=[1])
    state["a"].append(2)

    clone = state.clone()
    clone["a"].append(3)
    state["a"].append(4)

    assert clone["a"] == [1, 2, 3]
    assert state["a"] == [1, 2, 4]


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, State, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_is_an_independent_state(duplicate: Callable[[State], State]) -> None:
    state = State._over(Snapshot(State(a=[1], p=Point(1)).snapshot().values, meta={"flow": FrozenDict(step=1)}))
    state["a"].append(2)
    state["b"] = None

    twin = duplicate(state)
    state["a"].append(3)

    assert type(twin) is State
    assert twin == {"a": [1, 2], "p": Point(1), "b": None}
    assert twin.meta == {"flow": {"step": 1}}


def test_merging_lays_one_state_over_another() -> None:
    state = State(a=1, b=[1])
    other = State(b=[2], c=Question("x"))
    other.share("thing", THINGS[0])
    other["b"].append(3)

    state.merge(other)
    other["b"].append(4)
    state["c"].text = "y"

    assert state == {"a": 1, "b": [2, 3], "c": Question("y"), "thing": THINGS[0]}
    assert other["c"] == Question("x")


def test_merging_a_mapping_copies_it() -> None:
    state, other = State(a=1), {"b": [1]}

    state.merge(other)
    other["b"].append(2)

    assert state == {"a": 1, "b": [1]}


def test_a_state_can_be_merged_with_itself() -> None:
    state = on(a=[1])
    state.share("thing", THINGS[0])
    state["a"].append(2)

    state.merge(state)

    assert state == {"a": [1, 2], "thing": THINGS[0]}


def test_merging_restores_what_was_removed() -> None:
    state = on(a=1)
    del state["a"]

    state.merge(State(a=1))

    assert state.delta() is NO_CHANGE
