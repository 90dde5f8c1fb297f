from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from actors.definitions.toml import parse
from actors.grammar.values import read_value, write_value
from actors.values.freezing import MAX_DEPTH, freeze
from actors.values.frozen import same
from tests.actors.plain_data import Colour, Point, nested
from tests.strategies import values
from tests.thoroughness import examples


@settings(max_examples=examples(300))
@given(values)
def test_what_is_written_is_read_as_it_was(value: Any) -> None:
    frozen = freeze(value, "it")

    assert same(read_value(write_value(frozen)), frozen)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1, 1),
        (2.5, 2.5),
        (True, True),
        ("é", "é"),
        ([1, {"a": "b"}], [1, {"a": "b"}]),
        (None, {"$none": []}),
        (b"\x00\xff", {"$bytes": "AP8="}),
        ((1, None), {"$tuple": [1, {"$none": []}]}),
        ({1: "a"}, {"$dict": [[1, "a"]]}),
        ({"$a": 1}, {"$dict": [["$a", 1]]}),
        ({b"k": 1}, {"$dict": [[{"$bytes": "aw=="}, 1]]}),
        (date(2026, 1, 2), {"$date": [2026, 1, 2]}),
        (timedelta(1, 2, 3), {"$timedelta": [1, 2, 3]}),
        (UUID(int=1), {"$uuid": ["00000000-0000-0000-0000-000000000001"]}),
        (Decimal("1.10"), {"$decimal": ["1.10"]}),
        ({3, 1, 2}, {"$set": [1, 2, 3]}),
        (frozenset({("a", 1)}), {"$frozenset": [{"$tuple": ["a", 1]}]}),
        (time(1, 2), {"$time": [1, 2, 0, 0, 0, {"$none": []}]}),
        (
            datetime(2026, 1, 2, tzinfo=ZoneInfo("Europe/Berlin")),
            {"$datetime": [2026, 1, 2, 0, 0, 0, 0, 0, {"$zone": ["Europe/Berlin"]}]},
        ),
        (
            datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=1), "x")),
            {"$datetime": [2026, 1, 2, 0, 0, 0, 0, 0, {"$offset": [0, 3600, 0, "x"]}]},
        ),
    ],
    ids=repr,
)
def test_values_are_written_so(value: Any, written: Any) -> None:
    assert write_value(freeze(value, "it")) == written
    assert same(read_value(written), freeze(value, "it"))


def test_dates_and_times_of_toml_are_understood() -> None:
    text = "a = 2026-01-02\nb = 01:02:03.5\nc = 2026-01-02T03:04:05\nd = 2026-01-02T03:04:05Z"

    read = {key: read_value(value) for key, value in parse(text).data.items()}

    assert read == {
        "a": date(2026, 1, 2),
        "b": time(1, 2, 3, 500_000),
        "c": datetime(2026, 1, 2, 3, 4, 5),
        "d": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    }


def test_null_is_understood() -> None:
    assert read_value([None]) == [None]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (Point(1), "must be made of plain values to be written; it holds a Point"),
        (Colour.RED, "must be made of plain values to be written; it holds a Colour"),
        ("\ud800", "must be text that can be written as UTF-8, not '\\ud800'"),
        ({"\ud800": 1}, "must be text that can be written as UTF-8, not '\\ud800'"),
        (10**5000, "must be a number of at most some 4300 digits to be written"),
    ],
    ids=["object", "member", "surrogate", "key", "number"],
)
def test_what_files_cannot_hold_is_refused(value: Any, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        write_value(freeze(value, "it"))

    assert str(caught.value) == problem


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"$none": 1}, "holds {'$none': 1}, which is none of the tables that stand for values: $none, $bytes, $dict, "),
        ({"$record": []}, "holds {'$record': []}, which is none of the tables"),
        ({"$bytes": "?"}, "must hold base64 in $bytes: "),
        ({"$bytes": 5}, "holds {'$bytes': 5}, which is none of the tables"),
        ({"$dict": [[1]]}, "must hold pairs of a key and a value in $dict, not [1]"),
        ({"$dict": [5]}, "must hold pairs of a key and a value in $dict, not 5"),
        ({"$dict": [[1.5, 1]]}, "must hold strings, whole numbers or bytes as keys in $dict, not 1.5"),
        ({"$dict": [[[], 1]]}, "must hold strings, whole numbers or bytes as keys in $dict, not []"),
        ({"$date": [2026, 13, 1]}, "must be a usable value: [2026, 13, 1] in the message is no date: month must be"),
        ({"$date": [1]}, "must be a usable value: 3 parts were expected in the message, not 1"),
        ({"$zone": ["Europe/Berlin"]}, "must be a usable value: a time zone stands alone in the message"),
        (nested(MAX_DEPTH + 2), f"must not nest deeper than {MAX_DEPTH} levels"),
        (object(), "must be a usable value: plain data was expected"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_no_value_is_refused(data: Any, problem: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_value(data)

    assert str(caught.value).startswith(problem)
