"""Values as JSON knows them."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from actors.cli.plain import plain
from tests.actors.plain_data import Colour, Mood


class Point(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


@dataclass
class Pair:
    left: object
    right: object


class Hostile(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 1


class Exiting(dict[str, int]):
    def items(self) -> Any:
        raise SystemExit(3)


class Classless:
    def __getattribute__(self, _name: str) -> Any:
        raise RuntimeError("no")


class Timeless(timedelta):
    def total_seconds(self) -> float:
        raise RuntimeError("no")


RING: list[Any] = []
RING.append(RING)

PLAIN: list[tuple[Any, Any]] = [
    (None, None),
    (True, True),
    (1.5, 1.5),
    (math.inf, "inf"),
    (math.nan, "nan"),
    (10**700, hex(10**700)),
    (b"\x00\xff", "AP8="),
    (datetime(2024, 5, 6, 7, tzinfo=UTC), "2024-05-06T07:00:00+00:00"),
    (date(2024, 5, 6), "2024-05-06"),
    (timedelta(minutes=1.5), 90.0),
    ((1, (2,)), [1, [2]]),
    ({3}, [3]),
    ({"b", "a"}, ["a", "b"]),
    (frozenset({"b", 1}), ["b", 1]),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Decimal("1.10"), "1.10"),
    (Colour.RED, "red"),
    (Mood.CALM, [1, 2]),
    (OrderedDict({1: "a", b"k": "b"}), {"1": "a", "b'k'": "b"}),
    ({1: "a", "1": "b", "1 (2)": "c", 2: "d"}, {"1 (3)": "a", "1": "b", "1 (2)": "c", "2": "d"}),
    (Point(x=1, y=(2,)), {"x": 1, "y": [2]}),
    (Pair(1, b""), {"left": 1, "right": ""}),
    (Pair, f"<class '{__name__}.Pair'>"),
]


@pytest.mark.parametrize(("value", "shown"), PLAIN, ids=[type(value).__name__ for value, _ in PLAIN])
def test_values_that_json_does_not_know_are_told_in_its_terms(value: object, shown: object) -> None:
    assert plain(value) == shown


@pytest.mark.parametrize(
    "value",
    [Hostile(), Exiting({"a": 1}), Timeless(), RING, object(), open],
    ids=["hostile", "exiting", "timeless", "ring", "object", "function"],
)
def test_objects_that_were_shared_are_shown_whatever_they_are(value: object) -> None:
    assert json.dumps(plain(value))


def test_an_object_that_does_not_even_say_its_class_is_shown() -> None:
    text = plain(Classless())

    assert "object at 0x" in text


def test_an_interrupt_while_a_value_is_shown_is_no_fault_of_the_value() -> None:
    class Interrupted:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        plain(Interrupted())


@given(
    st.recursive(
        st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.timedeltas(),
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    )
)
def test_any_plain_data_becomes_valid_json(value: object) -> None:
    text = json.dumps(plain(value), allow_nan=False)

    assert json.loads(text) == plain(value)


@given(
    st.dictionaries(
        st.sampled_from(["1", "2", "1 (2)", "1 (3)"]) | st.integers(1, 2) | st.binary(min_size=90), st.none()
    )
)
def test_no_key_hides_another(value: dict[Any, None]) -> None:
    assert len(plain(value)) == len(value)
