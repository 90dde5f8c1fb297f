import collections
import enum
import io
import math
import struct
import threading
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from pydantic import BaseModel

from actors.frozen import FrozenDict, FrozenList, FrozenRecord
from actors.values import FROZEN_TYPES, MAX_DEPTH, freeze, same, thaw
from tests.actors.plain_data import Counted, Point, Profile, Question, nested, plain_data

BERLIN = ZoneInfo("Europe/Berlin")


def parts_of(value: Any) -> Iterator[Any]:
    """Yield a frozen value and all that lies in it."""
    yield value
    inner: Any = ()
    if type(value) is FrozenDict:
        inner = [*value, *value.values()]
    elif type(value) is FrozenRecord:
        inner = (value.frozen_fields, value.frozen_slots)
    elif type(value) in (FrozenList, tuple):
        inner = value
    for each in inner:
        yield from parts_of(each)


@given(plain_data)
def test_frozen_values_are_of_a_few_exact_types(value: Any) -> None:
    assert {type(part) for part in parts_of(freeze(value, "it"))} <= FROZEN_TYPES


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
    ],
)
def test_subclasses_of_builtins_become_the_builtin(value: Any, expected: Any) -> None:
    frozen = freeze(value, "it")

    assert same(frozen, freeze(expected, "it"))
    assert {type(part) for part in parts_of(frozen)} <= FROZEN_TYPES


class Colour(enum.StrEnum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


class Zone(tzinfo):
    def utcoffset(self, moment: datetime | None, /) -> timedelta:
        return timedelta(0)

    def dst(self, moment: datetime | None, /) -> timedelta:
        return timedelta(0)

    def tzname(self, moment: datetime | None, /) -> str:
        return "own"


class Never(datetime):
    """As pandas' NaT, which claims to be a datetime."""

    @property
    def year(self) -> Any:
        return math.nan


class Finer(datetime):
    """As pandas' Timestamp, which is more precise than a datetime."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = datetime.__hash__


@dataclass
class PlainError(Exception):
    text: str


@dataclass
class Holder:
    held: Any


class Box(BaseModel):
    held: Any


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({1, 2}, r"^it is a builtins\.set, which is not plain data; convert it, or hand it over with `state\.share"),
        ({"a": [0, {"b": frozenset()}]}, r"^it\['a'\]\[1\]\['b'\] is a builtins\.frozenset, "),
        ((0, (object(),)), r"^it\[1\]\[0\] is a builtins\.object, "),
        ({"a": Colour.RED}, r"^it\['a'\] is a .*Colour, which is not plain data; store its `\.value`$"),
        (Level.LOW, r"^it is a .*Level, .* store its `\.value`$"),
        ({"a": {Colour.RED: 1}}, r"^a key of it\['a'\] is a .*Colour, .* use a str, an int or bytes as key$"),
        ({True: 1}, r"^a key of it is a builtins\.bool, "),
        ({1.5: 1}, r"^a key of it is a builtins\.float, "),
        ({None: 1}, r"^a key of it is a builtins\.NoneType, "),
        ([Decimal(1)], r"^it\[0\] is a decimal\.Decimal, "),
        (io.StringIO(), r"^it is a _io\.StringIO, "),
        (1j, r"^it is a builtins\.complex, "),
        (Question, r"^it is a builtins\.type, "),
        (
            datetime(2026, 1, 1, tzinfo=Zone()),
            r"its time zone is <.*Zone.*>; use datetime\.timezone or ZoneInfo\(key\)",
        ),
        (time(tzinfo=tzinfo()), r"its time zone is "),  # type: ignore[abstract]  # nothing keeps one from it
        ([Moment(2026, 1, 1, tzinfo=Zone())], r"^it\[0\] is a datetime\.datetime, .* its time zone is "),
        (Never(2026, 1, 1), r"^it is a .*Never, .* convert it"),
        (Finer(2026, 1, 1), r"^it is a .*Finer, .* convert it"),
        (PlainError("a"), r"^it is a .*PlainError, .* it also derives from a builtin type; store its fields$"),
        (Holder([threading.Lock()]), r"^it\.held\[0\] is a _thread\.lock, "),
        (Box(held={"a": {1}}), r"^it\.held\['a'\] is a builtins\.set, "),
    ],
)
def test_what_is_no_plain_data_is_refused_with_the_path_to_it(value: Any, text: str) -> None:
    with pytest.raises(TypeError, match=text):
        freeze(value, "it")


def test_a_time_zone_whose_name_has_code_of_its_own_is_refused() -> None:
    class Name(str):
        def __repr__(self) -> str:
            raise AssertionError("a user's code was run")

    moment = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1), Name("here")))

    with pytest.raises(TypeError, match="its time zone is"):
        freeze(moment, "it")


def test_a_time_zone_without_a_name_is_refused() -> None:
    counts = struct.pack(">6l", 0, 0, 0, 0, 1, 4)  # one kind of time, and four characters for its name
    file = io.BytesIO(b"TZif" + bytes(16) + counts + struct.pack(">lbb", 3600, 0, 0) + b"ONE\0")
    nameless = ZoneInfo.from_file(file)

    assert nameless.key is None
    with pytest.raises(TypeError, match=r"use datetime\.timezone or ZoneInfo\(key\)$"):
        freeze(datetime(2026, 1, 1, tzinfo=nameless), "it")


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


def test_a_huge_key_does_not_break_the_text_of_the_error() -> None:
    with pytest.raises(TypeError, match="is a builtins.set"):
        freeze({10**5000: {1}}, "it")
