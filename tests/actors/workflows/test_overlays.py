"""`Union`, `LastWins`, `FirstWins` and `Namespaced`."""

import itertools
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mergers import BranchDelta, FirstWins, LastWins, Merger, Namespaced, Union
from actors.values.errors import MergeConflictError
from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict
from actors.values.state import NO_CHANGE, Delta, Snapshot, State
from supervisors.outcome import COMPLETED
from tests.actors.branches import BASE, FAILED, KEPT, OTHER, STOCK, THING, Thing, branch, merged, some_branches


def test_union_takes_what_every_branch_wrote() -> None:
    thing = Thing()

    values, shared = merged(Union(), branch("x", c=1), branch("y", "a", d=[2]), branch("z", b=[3], shared={"t": thing}))

    assert values == {"b": [3], "c": 1, "d": [2]}
    assert shared["t"] is thing


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        (branch("x", c=1), branch("y", c=2), "c"),
        (branch("x", c=1), branch("y", c=True), "c"),
        (branch("x", c=[1]), branch("y", c=(1,)), "c"),
        (branch("x", b=[3]), branch("y", b=[4]), "b"),
        (branch("x", "b"), branch("y", b=[4]), "b"),
        (branch("x", b=[4]), branch("y", "b"), "b"),
        (branch("x", shared={"t": THING}), branch("y", shared={"t": OTHER}), "t"),
        (branch("x", shared={"t": (THING,)}), branch("y", shared={"t": (OTHER,)}), "t"),
        (branch("x", shared={"t": "text"}), branch("y", t="text"), "t"),
        (branch("x", "s"), branch("y", shared={"s": OTHER}), "s"),
        (branch("x", s=1), branch("y", "s"), "s"),
    ],
)
def test_union_refuses_two_that_wrote_differently_and_names_both(
    first: BranchDelta, second: BranchDelta, key: str
) -> None:
    with pytest.raises(MergeConflictError) as caught:
        Union().merge(BASE, [first, branch("w", z=1), second])

    assert (caught.value.key, caught.value.branches) == (key, ("x", "y"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (branch("x", c=[1]), branch("y", c=[1])),
        (branch("x", c=float("nan")), branch("y", c=float("nan"))),
        (branch("x", "b"), branch("y", "b")),
        (branch("x", shared={"t": THING}), branch("y", shared={"t": THING})),
        (branch("x", shared={"t": OTHER}), branch("y", shared={"t": OTHER}, c=1)),
    ],
)
def test_union_takes_two_that_wrote_the_same(first: BranchDelta, second: BranchDelta) -> None:
    assert Union().merge(BASE, [first, second]).meta.keys() == {"x", "y"}


def test_branches_that_only_read_or_passed_on_never_conflict() -> None:
    reader = BranchDelta("x", COMPLETED, NO_CHANGE)
    passer = branch("y", "never there", a=1, b=[2], shared={"s": THING})
    writer = branch("z", "s", a=5, b=[6])

    for order in itertools.permutations([reader, passer, writer]):
        assert merged(Union(), *order) == ({"a": 5, "b": [6]}, {})
        assert merged(LastWins(), *order) == ({"a": 5, "b": [6]}, {})
        assert merged(FirstWins(), *order) == ({"a": 5, "b": [6]}, {})


def test_reading_a_container_is_no_writing() -> None:
    def reading(name: str) -> BranchDelta:
        state = State._over(BASE)
        assert state["b"] == [2]
        return BranchDelta(name, COMPLETED, state.delta())

    assert Union().merge(BASE, [reading("x"), branch("y", b=[3]), reading("z")]).changed == {"b": [3]}


def test_the_last_or_the_first_that_wrote_a_key_wins() -> None:
    branches = [branch("x", c=1, d=1), branch("y", c=2, a=5), branch("z", "a")]

    assert merged(LastWins(), *branches) == ({"b": [2], "c": 2, "d": 1}, KEPT)
    assert merged(FirstWins(), *branches) == ({"b": [2], "a": 5, "c": 1, "d": 1}, KEPT)


def test_namespaced_gives_each_branch_a_dict_of_what_it_wrote() -> None:
    failed = BranchDelta("z", FAILED, NO_CHANGE)
    after, shared = merged(
        Namespaced(), branch("x", c=1, a=1), branch("y", "b", c=2, shared={"t": OTHER}), failed, branch("w")
    )

    assert after == {"a": 1, "b": [2], "x": {"c": 1}, "y": {"c": 2}, "w": {}}
    assert shared["t"] is OTHER
    assert type(after["x"]) is FrozenDict


@pytest.mark.parametrize(
    "branches",
    [
        (branch("x", shared={"t": OTHER}), branch("y", shared={"t": THING})),
        (branch("x"), branch("y", shared={"x": OTHER})),
        (branch("x", shared={"y": OTHER}), branch("y")),
    ],
)
def test_namespaced_refuses_shared_objects_in_one_place(branches: tuple[BranchDelta, ...]) -> None:
    with pytest.raises(MergeConflictError) as caught:
        Namespaced().merge(BASE, branches)

    assert caught.value.branches == ("x", "y")


def test_namespaced_may_share_one_object_twice_and_replace_what_was_there() -> None:
    base = Snapshot({"x": 1}, {"y": THING})

    after, shared = merged(Namespaced(), branch("x", shared={"t": OTHER}), branch("y", shared={"t": OTHER}), base=base)

    assert after == {"x": {}, "y": {}}
    assert shared.keys() == {"t"}


@pytest.mark.parametrize("merger", STOCK)
def test_without_branches_nothing_is_changed(merger: Merger) -> None:
    assert BASE.apply(merger.merge(BASE, [])).values == BASE.values
    assert BASE.apply(merger.merge(BASE, [BranchDelta("x", FAILED, NO_CHANGE)])).values == BASE.values


# What holds for all branches


def result(merger: Merger, branches: list[BranchDelta]) -> Any:
    """Return what is left after merging, as it can be compared; objects by identity."""
    try:
        after = BASE.apply(merger.merge(BASE, branches))
    except MergeConflictError as conflict:
        return conflict.args
    return dict(after.values), {key: id(value) for key, value in after.shared.items()}


@given(some_branches(), st.randoms())
def test_the_result_depends_on_the_declared_order_and_nothing_else(branches: list[BranchDelta], chance: Any) -> None:
    again = []
    for name, outcome, delta in branches:
        keys = list(delta.changed)
        chance.shuffle(keys)
        changed = {key: freeze(pickle.loads(pickle.dumps(delta.changed[key])), "it") for key in keys}
        again.append(BranchDelta(name, outcome, Delta(changed, frozenset(set(delta.removed)), shared=delta.shared)))

    for merger in (LastWins(), FirstWins(), Namespaced()):
        assert result(merger, again) == result(merger, branches)
    first, second = result(Union(), again), result(Union(), branches)
    assert first == second or (isinstance(first[0], str) and isinstance(second[0], str))


@given(some_branches())
def test_where_union_finds_no_conflict_any_order_gives_the_same(branches: list[BranchDelta]) -> None:
    union = result(Union(), branches)

    for merger in (Union(), LastWins(), FirstWins()):
        if isinstance(union[0], dict):
            assert result(merger, branches) == result(merger, branches[::-1]) == union


@given(some_branches())
def test_the_first_wins_as_the_last_does_in_the_reverse_order(branches: list[BranchDelta]) -> None:
    assert result(FirstWins(), branches) == result(LastWins(), branches[::-1])
