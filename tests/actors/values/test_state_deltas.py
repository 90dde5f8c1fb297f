"""Deltas: what changed between two states, and nothing else."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict, same
from actors.values.state import EMPTY_SNAPSHOT, NO_CHANGE, Delta, Snapshot, State, overlay, replacement
from tests.actors.plain_data import Question
from tests.actors.states import THINGS, change, deltas, edit, edits, on, parts, snapshots


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
