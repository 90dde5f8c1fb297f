"""What is no plain data is refused, with where it is and what to store instead."""

import array
import collections
import io
import math
import struct
import threading
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone, tzinfo
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from actors.values.freezing import freeze
from tests.actors.plain_data import (
    Colour,
    Loud,
    Point,
    Question,
)


class Moment(datetime):
    pass


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
        (
            object(),
            r"^it is a builtins\.object, which is not plain data; convert it, or hand it over with `state\.share",
        ),
        (
            {"a": [0, {"b": 1j}]},
            r"^it\['a'\]\[1\]\['b'\] is a builtins\.complex, .* store `\[value\.real, value\.imag\]`$",
        ),
        ({"a": {1, (2, 1j)}}, r"^an item of it\['a'\] is a builtins\.complex, "),
        ({"a": {Point(1)}}, r"^an item of it\['a'\] is a .*Point, .* a set holds numbers, .*; use a list$"),
        ({(Point(1),)}, r"^an item of it is a builtins\.tuple, "),
        ({Loud.ON}, r"^an item of it is a .*Loud, .* use a list$"),
        ([PurePosixPath("/x")], r"^it\[0\] is a pathlib\.PurePosixPath, .*; store `str\(value\)`$"),
        (Path("/x"), r"^it is a pathlib\.PosixPath, .*; store `str\(value\)`$"),
        (Fraction(1, 3), r"; store `str\(value\)`$"),
        (array.array("d", [1]), r"^it is a array\.array, .*; store `value\.tolist\(\)`$"),
        (range(3), r"; store `list\(value\)`$"),
        (iter([1]), r"; store `list\(value\)`$"),
        ({}.keys(), r"; store `list\(value\)`$"),
        (collections.deque(), r"; store `list\(value\)`$"),
        (object.__new__(UUID), r"^it is a uuid\.UUID, .* convert it"),
        ((0, (object(),)), r"^it\[1\]\[0\] is a builtins\.object, "),
        ({"a": {Colour.RED: 1}}, r"^a key of it\['a'\] is a .*Colour, .* use a str, an int or bytes as key$"),
        ({True: 1}, r"^a key of it is a builtins\.bool, "),
        ({1.5: 1}, r"^a key of it is a builtins\.float, "),
        ({None: 1}, r"^a key of it is a builtins\.NoneType, "),
        (io.StringIO(), r"^it is a _io\.StringIO, "),
        (1j, r"^it is a builtins\.complex, "),
        (Question, r"^it is a builtins\.type, "),
        (
            datetime(2026, 1, 1, tzinfo=Zone()),
            r"its time zone is <.*>; use datetime\.timezone or ZoneInfo\(key\)",
        ),
        (time(tzinfo=tzinfo()), r"its time zone is "),  # type: ignore[abstract]  # nothing keeps one from it
        ([Moment(2026, 1, 1, tzinfo=Zone())], r"^it\[0\] is a datetime\.datetime, .* its time zone is "),
        (Never(2026, 1, 1), r"^it is a .*Never, .* convert it"),
        (Finer(2026, 1, 1), r"^it is a .*Finer, .* convert it"),
        (PlainError("a"), r"^it is a .*PlainError, .* it also derives from a builtin type; store its fields$"),
        (Holder([threading.Lock()]), r"^it\.held\[0\] is a _thread\.lock, "),
        (Box(held={"a": 1j}), r"^it\.held\['a'\] is a builtins\.complex, "),
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
    with pytest.raises(TypeError, match=r"use datetime\.timezone or ZoneInfo\(key\), as in `value\.astimezone"):
        freeze(datetime(2026, 1, 1, tzinfo=nameless), "it")


def test_a_huge_key_does_not_break_the_text_of_the_error() -> None:
    with pytest.raises(TypeError, match="is a builtins.object"):
        freeze({10**5000: object()}, "it")
