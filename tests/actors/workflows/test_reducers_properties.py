"""What holds for all branches that are reduced or collected."""

import functools
import itertools
import operator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from actors.mergers import BranchDelta, Collect, Reduce
from actors.values.freezing import freeze
from actors.values.frozen import same
from actors.values.state import Delta
from tests.actors.branches import BASE, reduced, some_branches

whole = st.integers(-3, 3)
lists = st.lists(st.integers(0, 3), max_size=3)


def in_any_order(reducer: Any, held: Any, written: list[Any]) -> list[Any]:
    return [reduced(reducer, held, *each) for each in itertools.islice(itertools.permutations(written), 24)]


@given(whole | st.just(...), st.lists(whole, min_size=1, max_size=4), st.sampled_from(["sum", "max", "min"]))
def test_sums_and_extremes_do_not_depend_on_the_order_of_branches(held: Any, written: list[int], name: str) -> None:
    assert len(set(in_any_order(name, held, written))) == 1


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=4), st.floats(-1e9, 1e9))
def test_sums_of_floats_do_not_depend_on_the_order_either(written: list[float], held: float) -> None:
    assert len(set(in_any_order("sum", held, written))) == 1


@given(lists | st.just(...), st.lists(lists, min_size=1, max_size=4))
def test_a_union_has_the_same_items_in_any_order_of_branches(held: Any, written: list[list[int]]) -> None:
    assert len({tuple(sorted(each)) for each in in_any_order("union", held, written)}) == 1


def contributions(held: Any, written: list[Any]) -> list[Any]:
    """Return what those branches wrote that wrote anything."""
    return [each for each in written if held is ... or not same(freeze(each, "it"), freeze(held, "it"))]


def modelled(name: str, held: Any, written: list[Any]) -> Any:
    """Return what a named reducer is to make of a key, by the simplest rule that says the same."""
    each = contributions(held, written)
    if not each:
        return held
    everything = [*([] if held is ... else [held]), *each]
    if name == "sum":
        start = 0 if held is ... else held
        return start + sum(value - start for value in each)
    if name in ("max", "min"):
        return {"max": max, "min": min}[name](everything)
    if name == "union":
        return list(dict.fromkeys(itertools.chain.from_iterable(everything)))
    start = [] if held is ... else held
    return functools.reduce(operator.add, [v[len(start) :] if v[: len(start)] == start else v for v in each], start)


@given(
    st.sampled_from(["sum", "max", "min"]).flatmap(
        lambda name: st.tuples(st.just(name), whole | st.just(...), st.lists(whole, min_size=1, max_size=4))
    )
    | st.sampled_from(["extend", "union"]).flatmap(
        lambda name: st.tuples(st.just(name), lists | st.just(...), st.lists(lists, min_size=1, max_size=4))
    )
)
def test_named_reducers_do_as_their_model_does(case: tuple[str, Any, list[Any]]) -> None:
    name, held, written = case

    assert reduced(name, held, *written) == modelled(name, held, written)


@given(st.lists(lists, max_size=2), st.lists(lists, min_size=1, max_size=2), st.sampled_from(["extend", "union"]))
def test_lists_are_joined_the_same_in_one_group_or_two(first: list[Any], second: list[Any], name: str) -> None:
    appended = [[["first"], *each] for each in [*first, *second]]  # nothing that begins with what is there already
    once = reduced(name, ..., ["first"], *appended)
    half = reduced(name, ..., ["first"], *appended[: len(first)])

    assert reduced(name, half, *appended[len(first) :]) == once


@given(some_branches())
def test_collecting_gives_what_each_branch_set_and_reducing_with_a_callable_the_same(
    branches: list[BranchDelta],
) -> None:
    written = [each.delta.changed["c"] for each in branches if "c" in each.delta.changed]
    dropped = [
        each._replace(delta=Delta({"c": each.delta.changed["c"]})) for each in branches if "c" in each.delta.changed
    ]

    collected = Collect("c").merge(BASE, dropped).changed["c"]

    assert collected == written
    if written:
        wrapped = [each._replace(delta=Delta(freeze({"c": [each.delta.changed["c"]]}, "it"))) for each in dropped]
        for reducer in ("extend", operator.add):
            assert Reduce({"c": reducer}).merge(BASE, wrapped).changed["c"] == collected
