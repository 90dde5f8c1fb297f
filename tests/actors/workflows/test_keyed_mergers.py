"""Mergers: what may be one, `Collect`, and all of them as values."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from actors.values.errors import MergeConflictError, ReductionError
from actors.values.freezing import freeze
from actors.values.frozen import FrozenList
from actors.values.state import NO_CHANGE, Delta, Snapshot
from actors.workflows import keyed_mergers as mergers
from actors.workflows.keyed_mergers import (
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
from supervisors.outcome import COMPLETED
from tests.actors.branches import BASE, FAILED, KEPT, OTHER, STOCK, branch, merged
from tests.actors.plain_data import nested


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


def test_a_merger_is_inline_unless_it_holds_a_callable() -> None:
    named, called = Reduce({"a": "sum"}), Reduce({"a": "sum", "b": max})

    assert all(merger.is_inline for merger in [*STOCK, named, Collect("c", default=named)])
    assert not any(merger.is_inline for merger in (called, Collect("c", default=called)))


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
