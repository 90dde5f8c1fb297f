"""Plain data for tests: strategies, and classes that states may hold."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import UTC, timedelta, timezone, tzinfo
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, PrivateAttr

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


class Profile(BaseModel):
    model_config = ConfigDict(extra="allow")

    name: str
    tags: list[Any] = []
    _visits: int = PrivateAttr(default=0)


class Setting(Model):
    key: str
    value: Any = None


RECORDS = (Question, Point, Counted, Profile, Setting)

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
scalars = st.none() | st.booleans() | integers | st.floats() | texts | st.binary(max_size=8) | moments
plain_data: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
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
