import copy
import functools
import itertools
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import mergers
from actors.errors import MergeConflictError, ReductionError
from actors.frozen import FrozenDict, FrozenList, same
from actors.mergers import (
    MAX_MERGER_DEPTH,
    STOCK_MERGERS,
    BranchDelta,
    Collect,
    FirstWins,
    LastWins,
    Merger,
    Namespaced,
    Reduce,
    Union,
    check_merger,
)
from actors.state import NO_CHANGE, Delta, Snapshot, State
from actors.values import freeze
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason
from tests.actors.plain_data import nested

FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)
STOCK = [Union(), LastWins(), FirstWins(), Namespaced(), Collect(), Reduce({"a": "max"})]


class Thing:
    """What can only be shared; it refuses to be compared."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("code of a user's ran")

    __hash__ = None  # type: ignore[assignment]  # nothing needs it


THING, OTHER = Thing(), Thing()
BASE = Snapshot(freeze({"a": 1, "b": [2]}, "it"), {"s": THING})


def branch(name: str, *removed: str, shared: Any = None, **changed: Any) -> BranchDelta:
    delta = Delta(freeze(changed, "it"), frozenset(removed), shared=shared or {}, meta={name: FrozenDict(n=1)})
    return BranchDelta(name, COMPLETED, delta)


def merged(merger: Merger, *branches: BranchDelta, base: Snapshot = BASE) -> tuple[Any, ...]:
    after = base.apply(merger.merge(base, branches))
    assert not after.values.keys() & after.shared.keys()
    assert list(after.meta) == [each.name for each in branches if each.delta.meta] or FirstWins() in (
        merger,
        getattr(merger, "default", None),
    )
    return dict(after.values), dict(after.shared)


KEPT = {"s": THING}


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


names = st.sampled_from("abcd")
values = st.integers(0, 2) | st.lists(st.integers(0, 1), max_size=2)
things = st.sampled_from([THING, OTHER])


@st.composite
def some_branches(draw: st.DrawFn) -> list[BranchDelta]:
    branches = []
    for name in draw(st.lists(st.sampled_from("uvwxyz"), unique=True, max_size=4)):
        state = State._over(BASE)
        for key, value in draw(st.dictionaries(names, values, max_size=3)).items():
            state[key] = value
        for key in draw(st.lists(names, unique=True, max_size=2)):
            state.pop(key, None)
        for key, thing in draw(st.dictionaries(st.sampled_from("st"), things, max_size=1)).items():
            state.share(key, thing)
        branches.append(BranchDelta(name, COMPLETED, state.delta()))
    return branches


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


def test_a_merger_of_ones_own_making_is_refused_because_its_code_would_run_inside() -> None:
    class Own(Union):
        pass

    with pytest.raises(TypeError, match=r"^merge must be a merger such as .*, not Own\(\)"):
        check_merger(Own(), "merge")
    with pytest.raises(TypeError, match="default must be Union"):
        Collect("a", default=Own())


def test_a_merger_is_a_stock_one_or_a_callable() -> None:
    def own(state: Any, branches: Any) -> None:
        """Merge nothing."""

    assert check_merger(own, "merge") is own
    for merger in STOCK:
        assert check_merger(merger, "merge") is merger
    for wrong in ("last", None, Union, 5):
        with pytest.raises(TypeError, match=r"^merge must be a merger such as Union\(\), or a callable of \(state, br"):
            check_merger(wrong, "merge")


def test_the_base_of_the_mergers_merges_nothing() -> None:
    with pytest.raises(NotImplementedError):
        Merger().merge(BASE, [])


def test_stock_mergers_are_values() -> None:
    assert Union() == Union()
    assert len({*STOCK, *STOCK}) == len(STOCK)
    assert repr(Namespaced()) == "Namespaced()"


# Collect


def test_collect_makes_a_list_of_what_each_branch_set_in_declared_order() -> None:
    branches = [branch("x", c=1), branch("y", c=[2]), branch("z", c=1)]

    values, shared = merged(Collect("c"), *branches)

    assert values == {"a": 1, "b": [2], "c": [1, [2], 1]}
    assert type(values["c"]) is FrozenList
    assert shared == KEPT


def test_who_failed_read_removed_or_left_it_as_it_was_has_no_item() -> None:
    failed = BranchDelta("u", FAILED, NO_CHANGE)
    reader = BranchDelta("v", COMPLETED, NO_CHANGE)

    values, _ = merged(
        Collect("a"), failed, branch("x", a=2), reader, branch("y", "a"), branch("z", a=1), branch("w", a=3)
    )

    assert values["a"] == [2, 3]


@pytest.mark.parametrize("branches", [[], [branch("x")], [branch("x", "b")], [BranchDelta("x", FAILED, NO_CHANGE)]])
def test_what_is_collected_is_a_list_in_any_case(branches: list[BranchDelta]) -> None:
    values, _ = merged(Collect("b", "c"), *branches)

    assert values == {"a": 1, "b": [], "c": []}


def test_without_keys_all_that_branches_set_is_collected() -> None:
    values, shared = merged(Collect(), branch("x", "b", c=1), branch("y", a=2, c=2, shared={"t": OTHER}))

    assert values == {"a": [2], "c": [1, 2]}
    assert shared == {**KEPT, "t": OTHER}


def test_the_other_keys_are_merged_as_a_union_or_as_was_said() -> None:
    branches = [branch("x", c=1, d=1), branch("y", c=2, d=2)]

    with pytest.raises(MergeConflictError) as caught:
        Collect("c").merge(BASE, branches)
    assert (caught.value.key, caught.value.branches) == ("d", ("x", "y"))
    for default, expected in ((LastWins(), 2), (FirstWins(), 1), (Reduce({"d": "sum"}), 3), (Collect("d"), [1, 2])):
        assert merged(Collect("c", default=default), *branches)[0] == {"a": 1, "b": [2], "c": [1, 2], "d": expected}


@pytest.mark.parametrize("merger", [Collect("t"), Reduce({"t": "extend"}), Reduce({"t": lambda value, written: value})])
def test_what_a_branch_shared_by_reference_is_neither_collected_nor_reduced(merger: Merger) -> None:
    with pytest.raises(ReductionError) as caught:
        merger.merge(BASE, [branch("x"), branch("y", shared={"t": OTHER})])

    assert caught.value.args == ("t", "y", "it is shared by reference; plain data was expected")
    assert str(caught.value).startswith("what branch 'y' wrote to 't' cannot be merged: it is shared by reference")


def test_what_was_shared_before_is_replaced_by_a_list() -> None:
    assert merged(Collect("s"), branch("x", s=1)) == ({"a": 1, "b": [2], "s": [1]}, {})


def test_a_value_that_is_too_deep_for_a_list_is_refused() -> None:
    deep = BranchDelta("y", COMPLETED, Delta({"c": freeze(nested(100), "it")}))

    with pytest.raises(ReductionError, match="branch 'y' wrote to 'c' cannot be merged: .* deeper than 100 levels"):
        Collect("c").merge(BASE, [branch("x", c=1), deep])


# Reduce


def reduced(reducer: Any, held: Any, *written: Any) -> Any:
    """Return what becomes of a key that held something (... for nothing) and that branches set."""
    base = Snapshot({} if held is ... else freeze({"key": held}, "it"))
    branches = [branch(f"branch{number}", key=value) for number, value in enumerate(written)]
    return base.apply(Reduce({"key": reducer}).merge(base, branches)).values["key"]


REDUCED: list[tuple[str, Any, tuple[Any, ...], Any]] = [
    ("sum", ..., (2, 3), 5),
    ("sum", ..., (2.5,), 2.5),
    ("sum", 10, (12, 13), 15),  # += 2 and += 3
    ("sum", 10, (12, 10), 12),  # who left it as it was added nothing
    ("sum", 10, (7,), 7),
    ("sum", 0.1, (0.3, 0.2), 0.4),
    ("sum", ..., (0.1,) * 3, 0.30000000000000004),
    ("sum", ..., (1e16, 1.0, -1e16), 1.0),
    ("sum", 10**400, (10**400 + 1, 10**400 + 2), 10**400 + 3),
    ("sum", 1, (1.5, 2), 2.5),
    ("max", ..., (2, 3, 1), 3),
    ("max", 5, (2, 3), 5),
    ("max", 5, (2, 7.5), 7.5),
    ("max", ..., ("a", "b", "B"), "b"),
    ("max", 1, (1.0,), 1),  # the first of those that are equal
    ("max", math.nan, (1, math.nan), 1),
    ("max", 1, (math.nan,), 1),
    ("min", ..., (2, 3, 1), 1),
    ("min", 5, (2, 7), 2),
    ("min", 5, (6, 7), 5),
    ("extend", ..., ([1], [2, 3]), [1, 2, 3]),
    ("extend", [1], ([1, 2], [1, 3]), [1, 2, 3]),  # append(2) and append(3)
    ("extend", [1], ([1, 2], [3]), [1, 2, 3]),  # append(2), and a branch that returned [3]
    ("extend", [1, 2], ([1],), [1, 2, 1]),
    ("extend", [1], ([True],), [1, True]),
    ("extend", (1,), ((1, 2), [4]), [1, 2, 4]),
    ("extend", [], ([],), []),
    ("union", ..., (["b", "a"], ["a", "c"]), ["b", "a", "c"]),
    ("union", ["b"], (["b", "a"], ["c"]), ["b", "a", "c"]),
    ("union", [1], ([], [True, 1.0, 1]), [1, True, 1.0]),
    ("union", ..., ([{"a": [1]}], [{"a": [1]}, {"a": (1,)}]), [{"a": [1]}, {"a": (1,)}]),
]


@pytest.mark.parametrize(("reducer", "held", "written", "expected"), REDUCED)
def test_a_named_reducer_makes_one_value_of_what_was_there_and_what_branches_made_of_it(
    reducer: str, held: Any, written: tuple[Any, ...], expected: Any
) -> None:
    found = reduced(reducer, held, *written)

    assert same(found, freeze(expected, "it"))


WRONG: list[tuple[str, Any, tuple[Any, ...], str, str]] = [
    ("sum", ..., (1, "2"), "branch1", "'sum' takes numbers, not str"),
    ("sum", ..., ("2",), "branch0", "'sum' takes numbers, not str"),
    ("sum", ..., (1, True), "branch1", "'sum' takes numbers, not bool"),
    ("sum", None, (1,), "", "'sum' takes numbers, not None"),
    ("sum", 10**400, (1.5,), "branch0", "'sum' takes numbers that have a finite one"),
    ("sum", math.inf, (1, 2), "branch1", "'sum' takes numbers that have a finite one"),
    ("max", ..., (1, "2"), "branch1", "'max' cannot compare str with int"),
    ("min", "a", (1,), "branch0", "'min' cannot compare int with str"),
    ("max", ..., ([1],), "branch0", "'max' takes what has an order, not list"),
    ("max", {}, (1,), "", "'max' takes what has an order, not dict"),
    ("max", ..., (True,), "branch0", "'max' takes what has an order, not bool"),
    ("extend", ..., ([1], "ab"), "branch1", "'extend' takes lists, not str"),
    ("extend", "ab", ([1],), "", "'extend' takes lists, not str"),
    ("union", ..., ({"a": 1},), "branch0", "'union' takes lists, not dict"),
]


@pytest.mark.parametrize(("reducer", "held", "written", "culprit", "problem"), WRONG)
def test_what_a_reducer_does_not_take_is_an_error_that_names_key_branch_and_type(
    reducer: str, held: Any, written: tuple[Any, ...], culprit: str, problem: str
) -> None:
    with pytest.raises(ReductionError) as caught:
        reduced(reducer, held, *written)

    error = caught.value
    assert (error.key, error.branch) == ("key", culprit)
    assert error.problem.startswith(problem)
    whose = f"what branch {culprit!r} wrote to 'key'" if culprit else "what 'key' held before the branches"
    assert str(error).startswith(f"{whose} cannot be merged: {problem}")
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), vars(again)) == (str(error), vars(error))


def test_what_no_branch_wrote_stays_as_it_is() -> None:
    failed = BranchDelta("x", FAILED, NO_CHANGE)
    merger = Reduce({"a": "sum", "b": "extend", "c": "max", "s": "sum"})

    assert merged(merger, failed, branch("y", d=1)) == ({"a": 1, "b": [2], "d": 1}, KEPT)


def test_removing_goes_with_removing_only() -> None:
    remover, setter = branch("x", "a"), branch("y", a=5)
    merger = Reduce({"a": "max"})

    assert merged(merger, remover, branch("z", "a")) == ({"b": [2]}, KEPT)
    for branches in ((remover, setter), (setter, remover)):
        with pytest.raises(MergeConflictError) as caught:
            merger.merge(BASE, branches)
        assert caught.value.branches == tuple([each.name for each in branches])


def test_what_was_shared_before_cannot_be_reduced() -> None:
    with pytest.raises(
        ReductionError, match="what 's' held before .*: it is shared by reference, which no reducer takes"
    ):
        Reduce({"s": "max"}).merge(BASE, [branch("x", s=5)])


def test_keys_without_a_reducer_are_merged_as_a_union_or_as_was_said() -> None:
    branches = [branch("x", c=1, d=1, e=1), branch("y", c=2, d=2)]

    with pytest.raises(MergeConflictError) as caught:
        Reduce({"c": "sum"}).merge(BASE, branches)
    assert (caught.value.key, caught.value.branches) == ("d", ("x", "y"))
    for default, expected in ((LastWins(), 2), (Collect("d"), [1, 2])):
        values, _ = merged(Reduce({"c": "sum"}, default=default), *branches)
        assert values == {"a": 1, "b": [2], "c": 3, "d": expected, "e": 1}


# Reduce with callables


def test_a_callable_is_given_what_there_is_so_far_and_what_a_branch_set() -> None:
    calls = []

    def reducer(value: Any, written: Any) -> Any:
        calls.append((value, written))
        return f"{value}{written}"

    assert reduced(reducer, "0", "a", "b", "c") == "0abc"
    assert calls == [("0", "a"), ("0a", "b"), ("0ab", "c")]
    calls.clear()
    assert reduced(reducer, ..., "a", "b") == "ab"
    assert calls == [("a", "b")]
    assert reduced(reducer, ..., "a") == "a"
    assert len(calls) == 1


def test_a_callable_gets_copies_and_what_it_returns_is_frozen() -> None:
    def reducer(value: list[int], written: list[int]) -> list[int]:
        value += written
        written.clear()
        return value

    base = Snapshot(freeze({"key": [1]}, "it"))
    branches = [branch("x", key=[2]), branch("y", key=[3])]

    for _ in range(2):
        after = Reduce({"key": reducer}).merge(base, branches)
        assert after.changed == {"key": [1, 2, 3]}
        assert type(after.changed["key"]) is FrozenList


def test_what_a_callable_raises_comes_out_with_a_note_of_where() -> None:
    def reducer(value: Any, written: Any) -> Any:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as caught:
        reduced(reducer, 1, 2)

    assert caught.value.__notes__ == ["while what branch 'branch0' wrote to 'key' was reduced"]


def test_what_a_callable_returns_has_to_be_plain_data() -> None:
    with pytest.raises(
        ReductionError, match="'branch0' .*: what the reducer of 'key' returned is a builtins.set"
    ) as caught:
        reduced(lambda value, written: {value, written}, 1, 2)

    assert isinstance(caught.value.__cause__, TypeError)


def test_a_merger_is_inline_unless_it_holds_a_callable() -> None:
    named, called = Reduce({"a": "sum"}), Reduce({"a": "sum", "b": max})

    assert all(merger.is_inline for merger in [*STOCK, named, Collect("c", default=named)])
    assert not any(merger.is_inline for merger in (called, Collect("c", default=called)))


# Wrong arguments


async def coroutine(value: Any, written: Any) -> Any:
    return value


class Kind:
    pass


MISTAKES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: Collect(""), ValueError, "keys must name keys, and one is empty"),
    (lambda: Collect("a", "b", "a"), ValueError, "keys must differ, and 'a' stands twice"),
    (lambda: Collect(5), TypeError, r"keys\[0\] must be a string"),  # type: ignore[arg-type]
    (lambda: Collect("a", default="last"), TypeError, r"default must be Union\(\), LastWins"),  # type: ignore[arg-type]
    (lambda: Collect("a", default=Namespaced()), TypeError, "default must be Union"),
    (lambda: Collect("a", default=lambda state, branches: None), TypeError, "default must be Union"),  # type: ignore[arg-type]
    (lambda: Collect("a", default=Reduce({"a": "max"})), ValueError, "Collect: default must not take 'a' too"),
    (lambda: Collect(default=Reduce({"a": "max"})), ValueError, "Collect: no keys are left to default"),
    (lambda: Reduce({"a": "max"}, default=Collect("a")), ValueError, "Reduce: default must not take 'a' too"),
    (lambda: Reduce({}), ValueError, "reducers must have keys that are not empty, at least one"),
    (lambda: Reduce({"": "max"}), ValueError, "reducers must have keys that are not empty"),
    (lambda: Reduce({5: "max"}), TypeError, "reducers must be a mapping of keys"),  # type: ignore[dict-item]
    (lambda: Reduce(["a"]), TypeError, "reducers must be a mapping of keys"),  # type: ignore[arg-type]
    (lambda: Reduce({"a": "mean"}), ValueError, "reducers must be 'sum', 'max', .* unlike 'mean' of 'a'"),
    (lambda: Reduce({"a": 5}), TypeError, "reducers must be names or callables .* unlike 5 of 'a'"),  # type: ignore[dict-item]
    (lambda: Reduce({"a": Kind}), TypeError, "unlike <class '.*Kind'> of 'a'"),  # type: ignore[dict-item]
    (lambda: Reduce({"a": coroutine}), TypeError, "reducers must be plain functions, .* of 'a', which is `async def`"),
    (lambda: Reduce({"a": sum}), ValueError, "reducers must name a reducer: write 'sum' for 'a'"),
]


@pytest.mark.parametrize(("make", "kind", "text"), MISTAKES)
def test_wrong_arguments_are_refused_when_a_merger_is_made(
    make: Callable[[], Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        make()


def test_mergers_in_each_others_default_are_limited() -> None:
    merger: Merger = Union()
    for number in range(MAX_MERGER_DEPTH - 1):
        merger = Collect(str(number), default=merger)
    values, _ = merged(merger, branch("x", **{"0": 1, "1": 2}), base=Snapshot())
    assert values == {str(number): [] for number in range(MAX_MERGER_DEPTH - 1)} | {"0": [1], "1": [2]}

    deepest = Collect("deep", default=merger)
    with pytest.raises(ValueError, match=f"default must not nest deeper than {MAX_MERGER_DEPTH} mergers"):
        Collect("deeper", default=deepest)


# Mergers as values

PRINTED = [
    "Union()",
    "LastWins()",
    "FirstWins()",
    "Namespaced()",
    "Collect()",
    "Collect('a', 'b')",
    "Collect('a', default=LastWins())",
    "Reduce({'a': 'max', 'b': 'sum'})",
    "Reduce({'a': 'union'}, default=Collect())",
]


def test_every_stock_merger_is_printed_as_it_was_written() -> None:
    made = [eval(text, vars(mergers)) for text in PRINTED]

    assert [repr(merger) for merger in made] == PRINTED
    assert [str(merger) for merger in made] == PRINTED
    assert {type(merger) for merger in made} == STOCK_MERGERS


@pytest.mark.parametrize("text", PRINTED)
def test_mergers_are_values(text: str) -> None:
    merger, again = eval(text, vars(mergers)), eval(text, vars(mergers))

    for twin in (again, copy.copy(merger), copy.deepcopy(merger), pickle.loads(pickle.dumps(merger))):
        assert twin == merger
        assert hash(twin) == hash(merger)
    assert [other for other in PRINTED if eval(other, vars(mergers)) == merger] == [text]


def test_reducers_cannot_be_changed_and_are_copied() -> None:
    reducers: dict[str, Any] = {"a": "max"}
    merger = Reduce(reducers)
    reducers["a"] = "min"

    assert merger.reducers == {"a": "max"}
    with pytest.raises(TypeError, match="immutable"):
        merger.reducers["a"] = "min"


# What holds for all branches

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
