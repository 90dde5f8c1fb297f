"""The state as a mapping: what may be put in, and how it looks."""

import copy
import threading
from collections import UserDict
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given

from actors.values.state import EMPTY_SNAPSHOT, Snapshot, State
from tests.actors.plain_data import Question, nested
from tests.actors.states import edit, edits, on, snapshots


def test_it_is_a_mapping_of_what_was_put_in() -> None:
    state = State({"a": 1}, b=[2])

    state["c"] = (3,)
    del state["a"]

    assert dict(state) == {"b": [2], "c": (3,)}
    assert list(state) == ["b", "c"]
    assert len(state) == 2
    assert "c" in state
    assert "a" not in state
    assert state.get("b") == [2]
    assert state.get("a") is None
    assert state.get("a", 5) == 5
    assert state.pop("c") == (3,)
    assert state.setdefault("d", 1) == 1


@pytest.mark.parametrize("state", [State(), State(a=1), on(a=1)])
def test_a_key_that_is_not_there_is_a_key_error(state: State) -> None:
    with pytest.raises(KeyError, match="^'x'$"):
        state["x"]
    with pytest.raises(KeyError, match="^'x'$"):
        del state["x"]


@given(snapshots, edits())
def test_it_does_what_a_dict_does(base: Snapshot, steps: list[tuple[str, str, Any]]) -> None:
    state = State._over(base)
    model = dict(State._over(base))

    for kind, key, value in steps:
        edit(state, kind, key, value)
        edit(model, kind, key, copy.copy(value))

        assert set(state) == set(model)
        assert len(state) == len(model)
        assert bool(state) == bool(model)
        assert state == model
        assert all((key in state) == (key in model) and state.get(key) == model.get(key) for key in "abcde")
        assert repr(state).count("'") == 2 * len(model)


# What may be put in.


class Word(str):
    def __str__(self) -> str:
        return "another"


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize("key", [1, None, b"a", Colour.RED, ("a",)])
def test_a_key_that_is_no_string_is_refused(key: Any) -> None:
    state = State()

    for put in (state.__setitem__, state.share, lambda key, value: State({key: value})):
        with pytest.raises(TypeError, match=r"^a state's keys are strings, not "):
            put(key, 1)


def test_a_key_becomes_an_exact_string() -> None:
    state = State()

    state[Word("a")] = 1
    state.share(Word("b"), 2)

    assert state == {"a": 1, "b": 2}
    assert {type(key) for key in state} == {str}


def test_what_is_no_plain_data_is_refused_when_it_is_set() -> None:
    state = State()

    with pytest.raises(TypeError, match=r"^state\['a'\]\['b'\]\[0\] is a builtins\.complex, which is not plain data"):
        state["a"] = {"b": [1j]}
    with pytest.raises(ValueError, match=r"^state\['a'\] nests deeper than 100 levels"):
        state["a"] = nested(101)

    assert state == {}


def test_what_is_no_plain_data_is_found_in_a_container_later() -> None:
    state = on(a=[1])

    state["a"].append(threading.Lock())

    with pytest.raises(TypeError, match=r"^state\['a'\]\[1\] is a _thread\.lock, .* hand it over with `state\.share"):
        state.delta()


@pytest.mark.parametrize("source", [5, "ab", [("a", 1)]])
def test_a_state_is_made_of_a_mapping_only(source: Any) -> None:
    for make in (State, Snapshot.of):
        with pytest.raises(TypeError, match=rf"^a state is made of a mapping, not of {type(source).__name__}$"):
            make(source)


def test_a_snapshot_can_be_taken_of_nothing_a_mapping_or_a_state() -> None:
    assert Snapshot.of(None) is EMPTY_SNAPSHOT
    assert Snapshot.of({"a": 1}).values == {"a": 1}
    assert Snapshot.of(UserDict(a=1)).values == {"a": 1}
    assert Snapshot.of(State(a=1)).values == {"a": 1}


# How it looks.


def test_it_is_equal_to_what_holds_the_same() -> None:
    assert State(a=[1]) == State(a=[1])
    assert State(a=[1]) == {"a": [1]}
    assert State(a=[1]) == {"a": [1]}
    assert State(a=[1]) == UserDict(a=[1])
    assert State(a=1) != State(a=2)
    assert State() != 5
    assert State(q=Question("a")) == {"q": Question("a")}
    with pytest.raises(TypeError, match="unhashable"):
        hash(State())


def test_comparing_and_showing_touches_nothing() -> None:
    state = on(a=[1], q=Question("b"))

    assert repr(state) == "State({'a': [1], 'q': Question(text='b', options=[], answer=None)})"
    assert state == on(a=[1], q=Question("b"))
    assert state._thawed == {}


def test_it_can_be_shown_whatever_was_put_into_it() -> None:
    state = on(a=[1])
    state["a"].append({2})
    state.share("s", {3})

    assert repr(state) == "State({'a': [1, {2}], 's': {3}})"
