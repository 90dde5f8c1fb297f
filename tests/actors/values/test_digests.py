from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import combinations, product
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Branch, Cached, Event, Loop, MultiStage, Parallel, Route, Sequential, Stage, State
from actors.conditions import Contains, Equals
from actors.mergers import LastWins, Union
from actors.orchestrators.base import Pattern
from actors.values.digests import identity_of, key_of
from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict, same
from supervisors import Retry
from tests.actors.plain_data import Colour, Counted, Level, Permission, Point, Profile, Question, Setting, plain_data

NOON = datetime(2026, 3, 29, 12, 0)
CONFUSABLE: list[Any] = [
    *(None, True, False, 0, 1, 0.0, -0.0, 1.0, math.nan, math.inf, 2**70, -(2**70), 10**5000),
    *("", "1", b"", b"1", "None", "N0:", "a", "ä", "\ud800\udc00", "\U00010000"),
    *([], (), {}, [[]], [()], ([],), [1], (1,), [True], [1, 2], [[1], 2], [1, [2]], [12], ["1", "2"], ["12"]),
    *({"a": 1}, {"a": 1.0}, {b"a": 1}, {1: 1}, {"1": 1}, {"a": {}}, {"a": []}, {"a": 1, "b": 2}, {"a": 2, "b": 1}),
    *(NOON, NOON.date(), NOON.time(), NOON.isoformat(), NOON.replace(fold=1), NOON.replace(microsecond=1)),
    *(NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=timezone(timedelta(0), "UTC"))),
    *(NOON.replace(tzinfo=timezone(timedelta(hours=2))), NOON.replace(tzinfo=ZoneInfo("Europe/Berlin"))),
    *(NOON.replace(tzinfo=ZoneInfo("Europe/Paris")), time(12, tzinfo=UTC), date(2026, 3, 29)),
    *(timedelta(1), timedelta(0, 1), timedelta(0, 0, 1), timedelta(days=-1, seconds=86399)),
    *(Decimal(1), Decimal("1.0"), Decimal("1E+2"), Decimal(100), Decimal("-0"), Decimal("NaN"), Decimal("sNaN")),
    *(UUID(int=0), UUID(int=1), str(UUID(int=1)), UUID(int=1).bytes),
    *(set(), frozenset(), {1}, frozenset({1}), {True}, {1.0}, {1, 2}, {(1,)}, {frozenset({1})}, {"a", "b"}, {"ab"}),
    *(Colour.RED, Colour.BLUE, "red", Level.LOW, Level.HIGH, Permission.READ, Permission.READ | Permission.WRITE),
    *(Question("a"), Question("a", []), Question("b"), Point("a", []), Point("a", ()), Counted(["a"])),
    *(Setting(key="a"), Setting(key="a", value=1), Profile(name="a"), Profile(name="a", tags=[]), Profile(name="b")),
]


def frozen(value: Any) -> Any:
    return freeze(value, "the value")


def shuffled(value: Any, random: Random) -> Any:
    """Return a frozen value whose dicts have their keys in another order."""
    if type(value) is FrozenDict:
        items = list(value.items())
        random.shuffle(items)
        return FrozenDict({key: shuffled(item, random) for key, item in items})
    if isinstance(value, list | tuple):
        return type(value)(shuffled(item, random) for item in value)
    return value


# Keys


def test_values_have_one_key_when_they_are_the_same_and_only_then() -> None:
    values = [frozen(each) for each in CONFUSABLE]

    wrong = [(a, b) for a, b in product(values, values) if same(a, b) is not (key_of(a) == key_of(b))]

    assert wrong == []


@given(plain_data, plain_data)
def test_any_values_have_one_key_when_they_are_the_same_and_only_then(left: Any, right: Any) -> None:
    a, b = frozen(left), frozen(right)

    assert (key_of(a) == key_of(b)) is same(a, b)


@given(plain_data, st.randoms(use_true_random=False))
def test_a_copy_in_another_order_has_the_same_key(value: Any, random: Random) -> None:
    original = frozen(value)

    assert key_of(shuffled(original, random)) == key_of(original)


@given(st.lists(st.text(max_size=3), max_size=4), st.lists(st.text(max_size=3), max_size=4))
def test_parts_never_run_into_each_other(left: list[str], right: list[str]) -> None:
    assert (key_of(tuple(left)) == key_of(tuple(right))) is (left == right)


def test_the_name_of_a_zone_runs_no_code() -> None:
    class Name(str):
        def encode(self, *_args: Any) -> Any:
            raise AssertionError("its code ran")

        __repr__ = __str__ = encode

    zones = [timezone(timedelta(hours=1), name) for name in (Name("here"), "here", "there")]
    keys = [key_of(NOON.replace(tzinfo=zone)) for zone in zones]

    assert keys[0] == keys[1] != keys[2]


# Identities


def condition(state: State) -> bool:
    return True


def another(state: State) -> bool:
    return True


class Service:
    def key(self, event: Event, state: State) -> str:
        return ""


SERVICE = Service()

NODES: list[Callable[[], Pattern]] = [
    lambda: Sequential("a", "b"),
    lambda: Sequential("b", "a"),
    lambda: Sequential("ab"),
    lambda: Sequential("a", "b", name="named"),
    lambda: Sequential("a", "b", timeout=1.0),
    lambda: Sequential("a", Sequential("b")),
    lambda: Sequential("a", Branch("b")),
    lambda: Sequential("a", Branch("b", retry=Retry(attempts=2))),
    lambda: Sequential("a", Branch("b", retry=Retry(attempts=2, on=(ValueError,)))),
    lambda: Sequential("a", Branch("b", required=False)),
    lambda: Sequential("a", Branch("b", fallback="c")),
    lambda: Parallel("a", "b"),
    lambda: Parallel("a", "b", merge=LastWins()),
    lambda: Parallel("a", "b", require="any"),
    lambda: Route({"x": "a", "y": "b"}),
    lambda: Route({"y": "b", "x": "a"}),
    lambda: Route({"x": "a"}, default="b"),
    lambda: Route({Equals("x", 1): "a"}),
    lambda: Loop("a"),
    lambda: Loop("a", until=Equals("x", [1, {"y": 2}])),
    lambda: Loop("a", until=Equals("x", [1, {"y": 2.0}])),
    lambda: Loop("a", until=Contains("x", [1, {"y": 2}])),
    lambda: Loop("a", until=condition),
    lambda: Loop("a", until=another),
    lambda: MultiStage(Stage("one", "a", prerequisites=["x", condition], success=Equals("x", 1))),
    lambda: Cached("a", key="x"),
    lambda: Cached("a", key=["x"]),
    lambda: Cached("a", key=SERVICE.key),
    lambda: Cached("a", key=condition, ttl=5, max_entries=3),
]


def test_nodes_that_are_alike_have_one_identity() -> None:
    made, made_again = [make() for make in NODES], [make() for make in NODES]

    assert [identity_of(node) for node in made] == [identity_of(node) for node in made_again]


def test_nodes_that_differ_have_different_identities() -> None:
    nodes = [make() for make in NODES]

    assert [pair for pair in combinations(nodes, 2) if identity_of(pair[0]) == identity_of(pair[1])] == []


def test_the_default_is_like_what_is_said_explicitly() -> None:
    assert identity_of(Parallel("a", merge=Union())) == identity_of(Parallel("a"))


@pytest.mark.parametrize("hostile", ["__eq__", "__hash__", "__repr__", "__str__", "__getattribute__"])
def test_a_callable_is_told_by_which_object_it_is(hostile: str) -> None:
    def refuse(*_args: Any) -> Any:
        raise AssertionError("its code ran")

    kind = type("Callable", (), {"__call__": lambda self, state: True, "__hash__": object.__hash__})
    first, second = kind(), kind()
    nodes = [Loop("a", until=each) for each in (first, first, second)]
    setattr(kind, hostile, refuse)

    identities = [identity_of(node) for node in nodes]

    assert identities[0] == identities[1] != identities[2]
