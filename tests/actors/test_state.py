import copy
import pickle
import threading
from collections import UserDict
from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.frozen import FrozenDict, same
from actors.state import EMPTY_SNAPSHOT, NO_CHANGE, Delta, Snapshot, State, overlay, replacement
from actors.values import freeze
from tests.actors.plain_data import Point, Profile, Question, fields, nested, plain_data

names = st.sampled_from("abcde")
small = st.dictionaries(names, st.integers(0, 2) | st.booleans() | st.lists(st.integers(0, 1), max_size=2))


class Thing:
    """What can only be shared."""


THINGS = [Thing(), Thing()]
snapshots = st.builds(
    lambda values, shared: Snapshot(
        freeze(values, "it"), {key: value for key, value in shared.items() if key not in values}
    ),
    small,
    st.dictionaries(names, st.sampled_from(THINGS), max_size=2),
)


@st.composite
def deltas(draw: st.DrawFn) -> Delta:
    """Return a change in which each key has one fate."""
    fates = draw(st.dictionaries(names, st.sampled_from(["set", "remove", "share"])))
    changed = {key: draw(st.integers(0, 2)) for key, fate in fates.items() if fate == "set"}
    shared = {key: draw(st.sampled_from(THINGS)) for key, fate in fates.items() if fate == "share"}
    removed = frozenset(key for key, fate in fates.items() if fate == "remove")
    meta = draw(st.dictionaries(st.sampled_from(["x", "y"]), st.just(FrozenDict(n=1)) | st.just(FrozenDict(n=2))))
    return draw(st.sampled_from([NO_CHANGE, Delta(changed, removed, shared=shared, meta=meta)]))


def parts(snapshot: Snapshot) -> tuple[Any, ...]:
    return dict(snapshot.values), dict(snapshot.shared), dict(snapshot.meta)


def change(delta: Delta) -> tuple[Any, ...]:
    return dict(delta.changed), delta.removed, dict(delta.shared)


def on(*values: Any, **more: Any) -> State:
    """Return the state that an agent is given."""
    return State._over(State(*values, **more).snapshot())


# A mapping.


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


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[str, str, Any]]:
    kinds = st.sampled_from(["set", "delete", "read", "share", "nest", "clear", "merge"])
    value = st.integers(0, 2) | st.booleans() | st.lists(st.integers(0, 1), max_size=2)
    return draw(st.lists(st.tuples(kinds, names, value), max_size=12))


def edit(mapping: Any, kind: str, key: str, value: Any) -> None:
    """Do the same to a state and to a dict."""
    if kind == "set":
        mapping[key] = value
    elif kind == "delete":
        mapping.pop(key, None)
    elif kind == "read":
        mapping.get(key)
    elif kind == "share":
        mapping.share(key, THINGS[0]) if isinstance(mapping, State) else mapping.update({key: THINGS[0]})
    elif kind == "nest":
        if isinstance(mapping.get(key), list):
            mapping[key].append(5)
    elif kind == "clear":
        mapping.clear()
    else:
        mapping.update({key: value, "e": copy.copy(value)})


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


@given(snapshots, edits())
def test_its_delta_leads_from_where_it_began_to_where_it_is(base: Snapshot, steps: list[tuple[str, str, Any]]) -> None:
    before = copy.deepcopy(parts(base)[0]), *parts(base)[1:]
    state = State._over(base)
    for kind, key, value in steps:
        edit(state, kind, key, value)

    delta = state.delta()
    after = base.apply(delta)

    assert State._over(after) == state
    assert same(freeze(dict(after.values), "it"), freeze(dict(state.snapshot().values), "it"))
    assert not after.values.keys() & after.shared.keys()
    assert not any(key in base.values and same(value, base.values[key]) for key, value in delta.changed.items())
    assert not any(base.shared.get(key) is value for key, value in delta.shared.items())
    assert delta.removed <= base.values.keys() | base.shared.keys()
    assert parts(base) == before
    assert (delta is NO_CHANGE) == (not (delta.changed or delta.removed or delta.shared))


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

    with pytest.raises(TypeError, match=r"^state\['a'\]\['b'\]\[0\] is a builtins\.set, which is not plain data"):
        state["a"] = {"b": [{1}]}
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


# Isolation.


@given(plain_data)
def test_nothing_is_shared_with_what_was_put_in(value: Any) -> None:
    state = State(a=value)

    assert same(freeze(state["a"], "it"), freeze(value, "it"))
    assert state["a"] is not value or type(value) not in (list, dict)


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


# Deltas.


def test_what_was_not_touched_is_no_change() -> None:
    state = on(a=[1], b=1)

    assert state.delta() is NO_CHANGE
    assert state.snapshot() is state._base
    assert (state["a"], state.get("b"), "a" in state, len(state)) == ([1], 1, True, 2)
    assert state.delta() is NO_CHANGE


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda it: it.update(a=1), ({}, frozenset(), {})),
        (lambda it: it.update(a=True), ({"a": True}, frozenset(), {})),
        (lambda it: it.update(a=1.0), ({"a": 1.0}, frozenset(), {})),
        (lambda it: it.update(n=[]), ({"n": []}, frozenset(), {})),
        (lambda it: it["l"].append(3), ({"l": [1, [2], 3]}, frozenset(), {})),
        (lambda it: it["l"][1].append(3), ({"l": [1, [2, 3]]}, frozenset(), {})),
        (lambda it: it.update(l=[1, [2]]), ({}, frozenset(), {})),
        (lambda it: it.update(l=(1, [2])), ({"l": (1, [2])}, frozenset(), {})),
        (lambda it: it.pop("a"), ({}, frozenset("a"), {})),
        (lambda it: it.update(a=it.pop("a")), ({}, frozenset(), {})),
        (lambda it: it.update(a=it.pop("a") + 1), ({"a": 2}, frozenset(), {})),
        (lambda it: (it.update(x=1), it.pop("x")), ({}, frozenset(), {})),
        (lambda it: it.clear(), ({}, frozenset("als"), {})),
        (lambda it: it.share("s", THINGS[0]), ({}, frozenset(), {})),
        (lambda it: it.share("s", THINGS[1]), ({}, frozenset(), {"s": THINGS[1]})),
        (lambda it: it.share("a", THINGS[1]), ({}, frozenset(), {"a": THINGS[1]})),
        (lambda it: it.update(s=1), ({"s": 1}, frozenset(), {})),
        (lambda it: (it.share("a", THINGS[1]), it.update(a=1)), ({}, frozenset(), {})),
        (lambda it: (it.share("a", THINGS[1]), it.pop("a")), ({}, frozenset("a"), {})),
        (lambda it: (it.pop("s"), it.share("s", THINGS[0])), ({}, frozenset(), {})),
        (lambda it: (it["l"].append(1), it.share("l", THINGS[1])), ({}, frozenset(), {"l": THINGS[1]})),
        (lambda it: (it["l"].append(1), it.pop("l")), ({}, frozenset("l"), {})),
    ],
)
def test_a_delta_holds_what_differs_and_nothing_else(act: Callable[[State], object], expected: Any) -> None:
    base = State(a=1, l=[1, [2]])
    base.share("s", THINGS[0])
    state = State._over(base.snapshot())

    act(state)

    assert change(state.delta()) == expected


@given(snapshots, deltas(), deltas(), deltas())
def test_changes_that_follow_each_other_are_one_change(
    base: Snapshot, first: Delta, second: Delta, third: Delta
) -> None:
    one_by_one = base.apply(first).apply(second).apply(third)

    assert parts(base.apply(first.then(second).then(third))) == parts(one_by_one)
    assert parts(base.apply(first.then(second.then(third)))) == parts(one_by_one)
    assert parts(base.apply(overlay(base, [first, second, third]))) == parts(one_by_one)


def test_no_change_changes_nothing() -> None:
    delta = Delta({"a": 1})

    assert delta.then(NO_CHANGE) is delta
    assert NO_CHANGE.then(delta) is delta
    assert overlay(EMPTY_SNAPSHOT, []) is NO_CHANGE
    assert EMPTY_SNAPSHOT.apply(NO_CHANGE) is EMPTY_SNAPSHOT


def test_a_delta_can_be_shown_to_a_user() -> None:
    delta = Delta({"a": freeze([1], "it"), "q": freeze(Question("b"), "it")}, shared={"s": THINGS[0]})

    shown = delta.thawed()
    shown["a"].append(2)

    assert shown == {"a": [1, 2], "q": Question("b"), "s": THINGS[0]}
    assert delta.changed["a"] == [1]


def test_notes_go_to_the_meta_of_the_state() -> None:
    base = Snapshot(meta={"flow": FrozenDict(step=1)})

    after = base.apply(NO_CHANGE.noted("flow/a", {"done": True})).apply(Delta({"x": 1}).noted("flow", {"step": 2}))

    assert State._over(after).meta == {"flow": {"step": 2}, "flow/a": {"done": True}}
    assert State._over(after) == {"x": 1}
    with pytest.raises(TypeError, match="is immutable"):
        State._over(after).meta["flow"] = {}  # type: ignore[index]  # the mistake under test


@given(snapshots, snapshots)
def test_a_replacement_leads_to_the_state_that_was_returned(base: Snapshot, target: Snapshot) -> None:
    delta = replacement(base, State._over(target))

    assert parts(base.apply(delta))[:2] == parts(target)[:2]
    assert (delta is NO_CHANGE) == holds_the_same(base, target)


def holds_the_same(base: Snapshot, target: Snapshot) -> bool:
    """Say whether two snapshots hold the same, type-strictly."""
    plain = same(freeze(dict(base.values), "it"), freeze(dict(target.values), "it"))
    return plain and dict(base.shared) == dict(target.shared)


def test_a_clone_that_is_returned_is_compared_by_what_was_touched() -> None:
    base = State(a=1, b=2).snapshot()
    clone = State._over(base).clone()
    clone["a"] = 5
    del clone["b"]

    assert change(replacement(base, clone)) == ({"a": 5}, frozenset("b"), {})
    assert replacement(base, State._over(base)) is NO_CHANGE
    assert replacement(base, State(a=1, b=2)) is NO_CHANGE


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


@given(fields)
def test_it_holds_any_plain_data(values: dict[str, Any]) -> None:
    state = on(values)

    assert list(state) == list(values)
    assert same(freeze(dict(state), "it"), freeze(values, "it"))
    assert state.delta() is NO_CHANGE
