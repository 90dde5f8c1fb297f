"""Plain data for tests: strategies, and classes that states may hold."""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, PrivateAttr

from actors.values.frozen import FrozenDict, FrozenList, FrozenRecord, FrozenSet
from supervisors.model import Model

ZONES: list[tzinfo | None] = [
    None,
    UTC,
    timezone(timedelta(hours=-3, minutes=-30)),
    timezone(timedelta(hours=1), "BST"),
    ZoneInfo("Europe/Berlin"),
    ZoneInfo("America/New_York"),
]


@dataclass
class Question:
    text: str
    options: list[Any] = field(default_factory=list)
    answer: Any = None


@dataclass(frozen=True, slots=True)
class Point:
    x: Any
    y: Any = 0


@dataclass
class Counted:
    """Holds more than its fields say."""

    words: list[str]
    longest: str = field(init=False)
    limit: ClassVar[int] = 3

    def __post_init__(self) -> None:
        self.count = len(self.words)

    @functools.cached_property
    def unique(self) -> frozenset[str]:
        return frozenset(self.words)


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Permission(enum.Flag):
    READ = 1
    WRITE = 2


class Mood(enum.Enum):
    CALM = (1, 2)
    WILD = None
    TAME = (1, 2)


class Loud(enum.Enum):
    """Has code of its own that a set would run."""

    ON = 1

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a user's code was run")

    __hash__ = enum.Enum.__hash__


class Profile(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str
    tags: list[Any] = []
    _visits: int = PrivateAttr(default=0)


class Setting(Model):
    key: str
    value: Any = None


ENUMERATIONS = (Colour, Level, Permission, Mood)
MEMBERS: frozenset[type] = frozenset(ENUMERATIONS)
RECORDS = (Question, Point, Counted, Profile, Setting, *ENUMERATIONS)

texts = st.text(st.characters(exclude_categories=()), max_size=8)
keys = texts | st.integers() | st.binary(max_size=4)
zones = st.sampled_from(ZONES)
moments = (
    st.datetimes(timezones=zones, allow_imaginary=True)
    | st.dates()
    | st.times(timezones=zones)
    | st.timedeltas()
    | st.datetimes(timezones=zones).map(lambda moment: moment.replace(fold=1))
)
integers = st.integers() | st.integers(min_value=2**62, max_value=2**66) | st.integers(max_value=-(2**62))
members = st.sampled_from([member for kind in ENUMERATIONS for member in kind])
numbers = integers | st.floats() | st.decimals(allow_nan=True)
scalars = st.none() | st.booleans() | numbers | texts | st.binary(max_size=8) | moments | st.uuids() | members
hashable = st.recursive(
    scalars.filter(lambda value: not (isinstance(value, Decimal) and value.is_snan())),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
plain_data: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.frozensets(hashable, max_size=4)
        | st.builds(Question, texts, st.lists(inner, max_size=2), inner)
        | st.builds(Point, inner, inner)
        | st.builds(Profile, name=st.text(max_size=4), tags=st.lists(inner, max_size=2), more=inner)
        | st.builds(Setting, key=st.text(max_size=4), value=inner)
    ),
    max_leaves=12,
)
fields = st.dictionaries(texts, plain_data, max_size=4)


def nested(levels: int) -> list[Any]:
    """Return a list of so many levels."""
    value: list[Any] = []
    for _ in range(levels - 1):
        value = [value]
    return value


def parts_of(value: Any) -> Iterator[Any]:
    """Yield a frozen value and all that lies in it."""
    yield value
    inner: Any = ()
    if type(value) is FrozenDict:
        inner = [*value, *value.values()]
    elif type(value) is FrozenRecord:
        inner = (value.frozen_fields, value.frozen_slots)
    elif type(value) in (FrozenList, tuple, FrozenSet, frozenset):
        inner = value
    for each in inner:
        yield from parts_of(each)
