import collections
import enum
import types
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from pydantic import BaseModel

from actors.values.freezing import FROZEN_TYPES, MAX_DEPTH, freeze, same, thaw
from actors.values.state import State
from tests.actors.plain_data import (
    MEMBERS,
    Colour,
    Counted,
    Level,
    Loud,
    Permission,
    Point,
    Profile,
    Question,
    nested,
    parts_of,
    plain_data,
)

BERLIN = ZoneInfo("Europe/Berlin")


@given(plain_data)
def test_frozen_values_are_of_a_few_exact_types(value: Any) -> None:
    assert {type(part) for part in parts_of(freeze(value, "it"))} <= FROZEN_TYPES | MEMBERS


def test_nothing_is_shared_with_what_was_frozen() -> None:
    inner = [1]
    value = {"a": inner, "b": (inner,)}

    frozen = freeze(value, "it")
    inner.append(2)
    thaw(frozen)["a"].append(3)

    assert frozen == {"a": [1], "b": ([1],)}


def test_what_is_frozen_is_not_copied_again() -> None:
    frozen = freeze({"a": [1]}, "it")

    assert freeze(frozen, "it") is frozen
    assert freeze({"b": frozen}, "it")["b"] is frozen


class Text(str):
    def __str__(self) -> str:
        return "not the text"


class Whole(int):
    def __int__(self) -> int:
        return 7


class Raw(bytes):
    def __bytes__(self) -> bytes:
        return b"other"


class Number(float):
    pass


class Moment(datetime):
    pass


class Pair(tuple[Any, ...]):
    __slots__ = ()


class Items(list[Any]):
    pass


class Lookup(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        return [key]

    def __iter__(self) -> Iterator[str]:
        return iter("ab")

    def __len__(self) -> int:
        return 2


class Span(timedelta):
    pass


class Day(date):
    pass


class Hour(time):
    pass


class Identifier(UUID):
    pass


class Amount(Decimal):
    pass


class Tags(set[Any]):
    pass


Named = collections.namedtuple("Named", "a b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Text("text"), "text"),
        (Whole(3), 3),
        (Raw(b"raw"), b"raw"),
        (Number(1.5), 1.5),
        (bytearray(b"raw"), b"raw"),
        (memoryview(b"raw"), b"raw"),
        (Moment(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)),
        (Day(2026, 1, 2), date(2026, 1, 2)),
        (Hour(1, 2, fold=1), time(1, 2, fold=1)),
        (Span(1, 2, 3), timedelta(1, 2, 3)),
        (Pair((1, 2)), (1, 2)),
        (Named(1, [2]), (1, [2])),
        (Items([1]), [1]),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.Counter("aa"), {"a": 2}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (Lookup(), {"a": ["a"], "b": ["b"]}),
        ({Text("a"): 1, Whole(2): 2, Raw(b"c"): 3}, {"a": 1, 2: 2, b"c": 3}),
        (Identifier(int=Whole(5)), UUID(int=5)),
        (UUID(int=Whole(5)), UUID(int=5)),
        (Amount("1.10"), Decimal("1.10")),
        (Tags({1}), {1}),
        (frozenset({Text("a")}), frozenset({"a"})),
        (collections.OrderedDict(a={1}), {"a": {1}}),
    ],
)
def test_subclasses_of_builtins_become_the_builtin(value: Any, expected: Any) -> None:
    frozen = freeze(value, "it")

    assert same(frozen, freeze(expected, "it"))
    assert {type(part) for part in parts_of(frozen)} <= FROZEN_TYPES


@pytest.mark.parametrize("member", [Colour.RED, Level.LOW, Loud.ON, Permission.READ | Permission.WRITE])
def test_members_of_enumerations_are_taken_as_they_are(member: enum.Enum) -> None:
    frozen = freeze({"a": [member]}, "it")

    assert frozen["a"][0] is member
    assert thaw(frozen)["a"][0] is member
    assert same(frozen, freeze({"a": [member]}, "it"))


@pytest.mark.parametrize("text", ["2024-01-01T10:00:00Z", "2024-01-01T10:00:00+02:00"])
def test_a_time_as_pydantic_reads_it_has_a_zone_of_the_standard_library(text: str) -> None:
    class Slot(BaseModel):
        at: datetime

    slot = Slot.model_validate_json(f'{{"at": "{text}"}}')

    copied = thaw(freeze(slot, "it"))

    assert type(copied.at.tzinfo) is timezone
    assert copied == slot
    assert copied.at == datetime.fromisoformat(text)


def test_an_agent_gets_a_set_that_it_may_change() -> None:
    state = State(tags={"a"}, fixed=frozenset({"b"}))
    copied = State(state)

    copied["tags"].add("c")

    assert type(state["tags"]) is set
    assert type(state["fixed"]) is frozenset
    assert (state["tags"], copied["tags"]) == ({"a"}, {"a", "c"})
    assert copied.delta().changed == {"tags": {"a", "c"}}


def test_containers_that_contain_themselves_are_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    ring: dict[str, Any] = {}
    ring["a"] = {"b": ring}
    chain = Question("a")
    chain.answer = chain

    for value in (loop, ring, (loop,), chain):
        with pytest.raises(ValueError, match=r"^it nests deeper than 100 levels, or contains itself$"):
            freeze(value, "it")


def test_values_may_nest_as_deeply_as_is_said_and_no_deeper() -> None:
    assert thaw(freeze(nested(MAX_DEPTH), "it")) == nested(MAX_DEPTH)
    with pytest.raises(ValueError, match="nests deeper"):
        freeze(nested(MAX_DEPTH + 1), "it")


def test_what_was_frozen_before_does_not_nest_deeper_either() -> None:
    for value in (nested(MAX_DEPTH), {"a": nested(MAX_DEPTH - 1)}, Point(1, nested(MAX_DEPTH - 1))):
        frozen = freeze(value, "it")

        assert freeze(frozen, "it") is frozen
        with pytest.raises(ValueError, match="nests deeper"):
            freeze([frozen], "it")


def test_moments_may_lie_at_any_depth() -> None:
    value: Any = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(MAX_DEPTH):
        value = [value]

    assert freeze(value, "it") == value


def test_dataclasses_are_copied() -> None:
    question = Question("a", ["b"])

    frozen = freeze(question, "it")
    question.options.append("c")
    copied = thaw(frozen)

    assert type(copied) is Question
    assert copied == Question("a", ["b"])
    assert thaw(freeze(Point(1, [2]), "it")) == Point(1, [2])


def test_dataclasses_keep_what_their_fields_do_not_say() -> None:
    counted = Counted(["a", "a"])
    assert counted.unique == {"a"}

    copied = thaw(freeze(counted, "it"))

    assert copied.count == 2
    assert "unique" not in vars(copied)
    assert not hasattr(copied, "longest")


def test_a_slot_that_was_never_filled_stays_empty() -> None:
    point = object.__new__(Point)
    object.__setattr__(point, "x", 1)

    copied = thaw(freeze(point, "it"))

    assert copied.x == 1
    assert not hasattr(copied, "y")


def test_models_are_copied_with_all_that_pydantic_keeps() -> None:
    profile = Profile(name="a", tags=[1], more=[2])
    profile._visits = 3

    copied = thaw(freeze(profile, "it"))
    profile.tags.append(4)

    assert copied.model_extra == {"more": [2]}
    assert copied.model_fields_set == {"name", "tags", "more"}
    assert (copied.tags, copied._visits) == ([1], 3)


def test_models_that_were_made_without_checks_are_copied() -> None:
    bare = Profile.__new__(Profile)
    object.__setattr__(bare, "__dict__", {"name": "a"})

    copied = thaw(freeze(bare, "it"))

    assert copied.__dict__ == {"name": "a"}
    assert copied.model_fields_set == set()
