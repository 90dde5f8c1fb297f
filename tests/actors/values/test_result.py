import copy
import pickle
import threading
from collections import UserDict
from typing import Any

import pytest
from hypothesis import given

from actors.values.errors import InvalidResultError
from actors.values.freezing import freeze
from actors.values.frozen import FrozenList, same
from actors.values.result import AgentResult, settle
from actors.values.state import NO_CHANGE, Snapshot, State
from tests.actors.plain_data import fields, nested

BASE = State(a=1, b=[2]).snapshot()


def settled(returned: Any, state: State | None = None) -> Any:
    """Return what a step of a run makes of what an agent returned: its changes and metadata."""
    delta, metadata = settle("writer", BASE, State._over(BASE) if state is None else state, returned)
    assert delta.shared == {}
    return dict(delta.changed), set(delta.removed), metadata


def test_nothing_returned_and_nothing_changed_is_no_change() -> None:
    assert settle("writer", BASE, State._over(BASE), None) == (NO_CHANGE, {})


def test_without_a_result_what_was_changed_in_place_counts() -> None:
    state = State._over(BASE)
    state["b"].append(3)
    del state["a"]

    assert settled(None, state) == ({"b": [2, 3]}, {"a"}, {})
    assert settled(state, state) == ({"b": [2, 3]}, {"a"}, {})


@pytest.mark.parametrize("make", [dict, UserDict])
def test_a_mapping_is_laid_over_what_was_changed_in_place(make: Any) -> None:
    state = State._over(BASE)
    state["b"].append(3)
    state["c"] = 1

    assert settled(make(c=2, a=1), state) == ({"b": [2, 3], "c": 2}, set(), {})


def test_a_state_replaces_the_one_it_was_given() -> None:
    state = State._over(BASE)
    state["b"].append(3)

    assert settled(State(b=[2], c=1), state) == ({"c": 1}, {"a"}, {})


def test_a_result_may_be_any_of_these_and_has_metadata() -> None:
    metadata = {"model": "m", "tokens": [5]}

    assert settled(AgentResult(metadata=metadata)) == ({}, set(), metadata)
    assert settled(AgentResult(state={"c": 1}, metadata=metadata)) == ({"c": 1}, set(), metadata)
    assert settled(AgentResult(state=State(a=2), metadata=metadata)) == ({"a": 2}, {"b"}, metadata)
    assert type(settled(AgentResult(metadata=metadata))[2]["tokens"]) is FrozenList


@pytest.mark.parametrize("returned", ["text", 5, True, [("a", 1)], {"a"}, State, AgentResult, object(), (1, 2)])
def test_anything_else_is_an_invalid_result_that_names_the_agent(returned: Any) -> None:
    name = type(returned).__name__

    with pytest.raises(
        InvalidResultError,
        match=rf"^agent 'writer' gave an invalid result: it returned {name}; expected None, a mapping, a State or ",
    ):
        settled(returned)


def test_what_is_no_plain_data_is_an_invalid_result_that_says_where() -> None:
    state = State._over(BASE)
    state["b"].append(threading.Lock())
    stranger = State(c=[])
    stranger["c"].append(object())

    for returned, text in (
        (None, r"state\['b'\]\[1\] is a _thread\.lock"),
        ({"x": object()}, r"state\['x'\] is a builtins\.object"),
        ({1: 1}, "a state's keys are strings, not 1"),
        (stranger, r"state\['c'\]\[0\] is a builtins\.object"),
        (AgentResult(state={"x": object()}), r"state\['x'\] is a builtins\.object"),
    ):
        with pytest.raises(InvalidResultError, match=rf"^agent 'writer' gave an invalid result: {text}"):
            settled(returned, state if returned is None else None)


def test_a_state_that_contains_itself_is_an_invalid_result() -> None:
    cyclic: dict[str, Any] = {}
    cyclic["self"] = cyclic
    state = State._over(BASE)
    state["b"].append(state["b"])
    own = State._over(BASE)
    own["b"].append(own)

    for returned, given_state in ((cyclic, None), (AgentResult(state=cyclic), None), (None, state), (None, own)):
        with pytest.raises(InvalidResultError, match="nests deeper than 100 levels, or contains itself$"):
            settled(returned, given_state)


@given(fields)
def test_whatever_plain_data_is_returned_is_the_change(values: dict[str, Any]) -> None:
    empty = Snapshot()

    delta, _ = settle("writer", empty, State._over(empty), values)

    assert same(freeze(dict(delta.changed), "it"), freeze(values, "it"))


@pytest.mark.parametrize("state", [5, "text", [1], AgentResult()])
def test_a_result_takes_a_state_or_a_mapping_only(state: Any) -> None:
    name = type(state).__name__

    with pytest.raises(TypeError, match=rf"^the state of a result must be a State or a mapping, not {name}$"):
        AgentResult(state=state)


def test_the_metadata_of_a_result_are_plain_data() -> None:
    with pytest.raises(TypeError, match=r"^result metadata\['a'\] is a builtins\.object, which is not plain data"):
        AgentResult(metadata={"a": object()})
    with pytest.raises(TypeError, match=r"^result metadata must be a mapping with string keys, not list$"):
        AgentResult(metadata=[1])  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(ValueError, match=r"metadata nests deeper than 100 levels, or contains itself$"):
        AgentResult(metadata={"a": nested(100)})
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'more'"):
        AgentResult(more=1)  # type: ignore[call-arg]  # the mistake under test


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_of_a_result_cannot_be_changed_either(duplicate: Any) -> None:
    result = AgentResult(state=State(a=[1]), metadata={"m": [1]})

    twin = duplicate(result)

    assert twin == result
    assert type(twin.metadata["m"]) is FrozenList
    with pytest.raises(TypeError, match="is immutable"):
        twin.metadata["m"] = 1


def test_a_deep_copy_of_a_result_has_a_state_of_its_own() -> None:
    result = AgentResult(state={"a": [1]})

    twin = copy.deepcopy(result)
    twin.state["a"].append(2)

    assert result.state == {"a": [1]}
