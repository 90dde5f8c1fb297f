"""`Reduce`: what named reducers and callables make of one key."""

import decimal
import math
import pickle
from decimal import Decimal
from typing import Any

import pytest

from actors.mergers import BranchDelta, Collect, LastWins, Reduce
from actors.values.errors import MergeConflictError, ReductionError
from actors.values.freezing import freeze
from actors.values.frozen import FrozenList, same
from actors.values.state import NO_CHANGE, Snapshot
from tests.actors.branches import BASE, FAILED, KEPT, branch, merged, reduced

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
    ("sum", ..., (Decimal("0.1"), Decimal("0.20")), Decimal("0.30")),
    ("sum", 1, (Decimal("1.5"), 2), Decimal("2.5")),
    ("max", ..., (Decimal("NaN"), Decimal("1.5"), 1), Decimal("1.5")),
    ("min", ..., (Decimal("NaN"), Decimal("1.5"), 1.0), 1.0),
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
    ("union", {1}, ({1, 2}, frozenset({3})), {1, 2, 3}),
    ("union", ..., (frozenset({1}), {2}), frozenset({1, 2})),
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
    ("union", {1}, ([2],), "branch0", "'union' takes sets where one is a set, not list"),
    ("sum", Decimal(1), (1.5,), "branch0", "'sum' adds Decimals to whole numbers, not to floats"),
    (
        "sum",
        ...,
        (Decimal("1E+2000"), 1),
        "branch1",
        "'sum' takes Decimals that have a finite sum of at most 1000 digits",
    ),
    (
        "sum",
        ...,
        (Decimal(1), 10**2000),
        "branch1",
        "'sum' takes Decimals that have a finite sum of at most 1000 digits",
    ),
    ("sum", ..., (Decimal("Infinity"), Decimal("-Infinity")), "branch1", "'sum' takes Decimals that have a finite sum"),
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


# Callables


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


def test_decimals_are_added_exactly_whatever_the_context() -> None:
    with decimal.localcontext(prec=2):
        found = reduced("sum", Decimal("1000.10"), Decimal("1000.30"), 1001)

    assert same(found, Decimal("1001.20"))


def test_what_a_callable_returns_has_to_be_plain_data() -> None:
    with pytest.raises(
        ReductionError, match="'branch0' .*: what the reducer of 'key' returned is a builtins.complex"
    ) as caught:
        reduced(lambda value, written: value * 1j, 1, 2)

    assert isinstance(caught.value.__cause__, TypeError)
