import copy
import pickle
import types
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from pydantic import BaseModel

from actors.values.freezing import freeze, same, thaw
from actors.values.frozen import FrozenDict, FrozenList, FrozenSet
from tests.actors.plain_data import Colour, Level, Permission, Point, Profile, Question, Setting, parts_of, plain_data

BERLIN = ZoneInfo("Europe/Berlin")


def holds_a_set(frozen: Any) -> bool:
    return any(isinstance(part, set | frozenset) for part in parts_of(frozen))


@given(plain_data)
def test_thawing_gives_back_what_was_frozen(value: Any) -> None:
    frozen = freeze(value, "it")
    again = freeze(thaw(frozen), "it")

    assert type(thaw(frozen)) is type(value)
    assert same(again, frozen)
    assert repr(frozen) == repr(again)
    assert holds_a_set(frozen) or repr(thaw(frozen)) == repr(value)


@given(plain_data)
def test_same_is_reflexive_over_copies(value: Any) -> None:
    first, second = freeze(value, "it"), freeze(copy.deepcopy(value), "it")

    assert same(first, first)
    assert same(first, second)
    assert same(second, first)


@given(plain_data, plain_data)
def test_same_is_symmetric_and_tells_types_apart(left: Any, right: Any) -> None:
    first, second = freeze(left, "it"), freeze(right, "it")

    assert same(first, second) == same(second, first)
    assert type(first) is type(second) or not same(first, second)


@given(plain_data)
def test_frozen_values_pickle(value: Any) -> None:
    frozen = freeze(value, "it")

    assert same(pickle.loads(pickle.dumps(frozen)), frozen)


@given(plain_data)
def test_a_deep_copy_of_a_frozen_value_is_an_ordinary_one(value: Any) -> None:
    frozen = freeze(value, "it")

    copied = copy.deepcopy(frozen)

    assert type(copied) is type(value)
    assert same(freeze(copied, "it"), frozen)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, True),
        (0, False),
        (1, 1.0),
        (0.0, -0.0),
        ("a", b"a"),
        ([], ()),
        ([1], [True]),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1}, {"a": 1, "b": 1}),
        ([1], [1, 1]),
        (None, 0),
        (datetime(2026, 1, 1), date(2026, 1, 1)),
        (datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=timezone(timedelta(hours=1)))),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1)),
        (datetime(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 2, 30, fold=1)),
        (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=timezone(timedelta(0), "GMT"))),
        (time(12, tzinfo=UTC), time(12)),
        (time(12), time(13)),
        (Decimal("1.0"), Decimal("1.00")),
        (Decimal(0), Decimal("-0")),
        (Decimal(1), 1),
        (Decimal("NaN"), Decimal("sNaN")),
        (UUID(int=1), UUID(int=2)),
        (UUID(int=1), str(UUID(int=1))),
        ({1}, {True}),
        ({1}, {1.0}),
        ({1}, frozenset({1})),
        ({(1,)}, {(True,)}),
        ({1}, {1, 2}),
        (set(), {}),
        (Colour.RED, "red"),
        (Colour.RED, Colour.BLUE),
        (Level.LOW, 1),
        (Permission.READ, Permission.READ | Permission.WRITE),
        (Point(1, 2), Point(1, True)),
        (Point(1, 2), Setting(key="a")),
        (Profile(name="a"), Profile(name="a", tags=[])),
    ],
)
def test_same_tells_apart_what_equality_may_not(left: Any, right: Any) -> None:
    assert not same(freeze(left, "it"), freeze(right, "it"))


@pytest.mark.parametrize("moment", [datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN), time(1, 2, tzinfo=BERLIN)])
def test_same_takes_two_zones_of_one_key_for_one(moment: Any) -> None:
    other = moment.replace(tzinfo=ZoneInfo.no_cache("Europe/Berlin"))

    assert same(moment, other)


def test_same_compares_classes_without_running_their_code() -> None:
    compared: list[object] = []

    class Meta(type):
        __hash__ = type.__hash__

        def __eq__(cls, other: object) -> bool:
            compared.append(other)
            return cls is other

    @dataclass
    class One(metaclass=Meta):
        x: int = 0

    @dataclass
    class Other(metaclass=Meta):
        x: int = 0

    one, other = freeze(One(), "it"), freeze(Other(), "it")
    compared.clear()

    assert not same(one, other)
    assert not compared


def test_same_takes_nan_for_itself() -> None:
    assert same(float("nan"), -float("nan"))
    assert not same(float("nan"), 1.0)


def test_same_takes_any_nan_that_is_written_alike_for_itself() -> None:
    assert same(Decimal("NaN"), Decimal("NaN"))
    assert same(Decimal("sNaN12"), Decimal("sNaN12"))
    assert same(freeze({float("nan")}, "it"), freeze({float("nan")}, "it"))


MUTATIONS: list[Callable[[Any], object]] = [
    lambda it: it["a"].append(1),
    lambda it: it["a"].extend([1]),
    lambda it: it["a"].insert(0, 1),
    lambda it: it["a"].pop(),
    lambda it: it["a"].remove(1),
    lambda it: it["a"].clear(),
    lambda it: it["a"].sort(),
    lambda it: it["a"].reverse(),
    lambda it: it["a"].__setitem__(0, 2),
    lambda it: it["a"].__delitem__(0),
    lambda it: it["a"].__iadd__([1]),
    lambda it: it["a"].__imul__(2),
    lambda it: it.__setitem__("a", 1),
    lambda it: it.__delitem__("a"),
    lambda it: it.__ior__({"b": 1}),
    lambda it: it.clear(),
    lambda it: it.pop("a"),
    lambda it: it.popitem(),
    lambda it: it.setdefault("b", 1),
    lambda it: it.update(b=1),
    lambda it: it["s"].add(1),
    lambda it: it["s"].discard(1),
    lambda it: it["s"].remove(1),
    lambda it: it["s"].pop(),
    lambda it: it["s"].clear(),
    lambda it: it["s"].update([1]),
    lambda it: it["s"].difference_update([1]),
    lambda it: it["s"].intersection_update([1]),
    lambda it: it["s"].symmetric_difference_update([1]),
    lambda it: it["s"].__ior__({1}),
    lambda it: it["s"].__iand__({1}),
    lambda it: it["s"].__isub__({1}),
    lambda it: it["s"].__ixor__({1}),
    lambda it: setattr(it["r"], "text", "b"),
    lambda it: delattr(it["r"], "text"),
    lambda it: setattr(it["r"], "frozen_fields", {}),
]


@pytest.mark.parametrize("mutate", MUTATIONS)
def test_frozen_values_refuse_every_mutator(mutate: Callable[[Any], object]) -> None:
    frozen = freeze({"a": [1], "r": Question("a"), "s": {1}}, "it")

    with pytest.raises(TypeError, match=r"immutable; change a copy\.deepcopy\(\) of it$"):
        mutate(frozen)

    assert frozen == {"a": [1], "r": Question("a"), "s": {1}}


def test_every_mutator_of_the_builtins_was_tried() -> None:
    harmless = {"__init__", "__new__", "__getattribute__", "__init_subclass__", "__subclasshook__", "__class__"}
    for frozen, thawed in ((FrozenDict, dict), (FrozenList, list), (FrozenSet, set)):
        reading = (
            {*dir(tuple), *dir(types.MappingProxyType), *dir(frozenset)} | harmless | {"fromkeys", "__class_getitem__"}
        )
        for name in set(dir(thawed)) - reading:
            assert getattr(frozen, name) is not getattr(thawed, name), name


@pytest.mark.parametrize("copying", [copy.copy, lambda it: it.copy()])
def test_a_shallow_copy_is_an_ordinary_container_of_frozen_values(copying: Callable[[Any], Any]) -> None:
    assert type(copying(freeze({1}, "it"))) is set
    for value in ({"a": [1]}, [[1]]):
        copied = copying(freeze(value, "it"))

        assert type(copied) is type(value)
        assert type(next(iter(copied.values() if isinstance(copied, dict) else copied))) is FrozenList


class Loud(BaseModel):
    name: str

    def model_post_init(self, context: Any, /) -> None:
        if self.name == "thawed":
            raise AssertionError("code of a user's ran")

    def __setstate__(self, state: Any) -> None:
        raise AssertionError("code of a user's ran")


def test_thawing_runs_no_code_of_a_users() -> None:
    loud = Loud(name="made")
    loud.name = "thawed"

    assert thaw(freeze(loud, "it")).name == "thawed"


def test_the_fields_of_a_frozen_object_can_be_read() -> None:
    question = freeze(Question("a", ["b"]), "it")
    profile = freeze(Profile(name="a", more=[1]), "it")

    assert (question.text, question.options) == ("a", ["b"])
    assert (profile.name, profile.more) == ("a", [1])
    with pytest.raises(AttributeError, match=r"^this frozen Question has no field 'txt'; a copy\.deepcopy\(\) of it"):
        _ = question.txt


def test_frozen_objects_compare_and_show_as_the_objects_do() -> None:
    frozen = freeze(Question("a", ["b"]), "it")

    assert frozen == freeze(Question("a", ["b"]), "it")
    assert frozen == Question("a", ["b"])
    assert Question("a", ["b"]) == frozen
    assert frozen != Question("b")
    assert frozen != freeze(Point("a", ["b"]), "it")
    assert frozen != "a"
    assert repr(frozen) == repr(Question("a", ["b"]))
    assert copy.copy(frozen) == Question("a", ["b"])
    with pytest.raises(TypeError, match="unhashable"):
        hash(frozen)
