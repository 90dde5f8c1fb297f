"""Scalars on the wire: the parts of dates, times, zones, UUIDs and Decimals, and what is made of such parts.

Nothing here is made that could not have been written by `EXPANSIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.values.errors import CodecError
from actors.values.frozen import decimal_text
from supervisors.excerpt import excerpt

# The keys that exist have some forty characters at most; an error shows the key.
_LONGEST_KEY = 255


class Tag(IntEnum):
    """What a list stands for that begins with it. The numbers are part of the format."""

    TUPLE = 1
    DATETIME = 2
    DATE = 3
    TIME = 4
    TIMEDELTA = 5
    OFFSET = 6
    ZONE = 7
    RECORD = 8
    UUID = 9
    DECIMAL = 10
    SET = 11
    FROZENSET = 12
    MEMBER = 13


def made_scalar(raw: list[Any]) -> Any:
    """Return the scalar of a tagged list.

    Raises:
        CodecError: If it is no such scalar.
    """
    tag, *parts = raw
    size, made = SCALARS[tag]
    counted(parts, size)
    try:
        return made(*parts)
    # What the constructors raise; ZoneInfo also what opening a file does.
    except (TypeError, ValueError, OverflowError, OSError, KeyError, InvalidOperation) as error:
        raise CodecError(f"{excerpt(parts)} in the message is no {tag.name.lower()}: {error}") from error


def counted(parts: list[Any], size: int) -> list[Any]:
    """Return parts that are as many as is said.

    Raises:
        CodecError: If they are not.
    """
    if len(parts) != size:
        raise CodecError(f"{size} parts were expected in the message, not {len(parts)}")
    return parts


def _made_uuid(text: Any) -> UUID:
    made = UUID(text if type(text) is str else "")
    _check_form(text, str(made))
    return made


def _made_decimal(text: Any) -> Decimal:
    made = Decimal(text if type(text) is str else "")
    _check_form(text, decimal_text(made))
    return made


def _check_form(found: object, written: object) -> None:
    """Refuse other forms of a value than the one that `expand` gives."""
    if found != written:
        raise ValueError(f"it is written as {excerpt(written)}")


def _made_datetime(*parts: Any) -> datetime:
    *numbers, fold, zone = parts
    return datetime(*_whole(*numbers), fold=_whole(fold)[0], tzinfo=_made_zone(zone))  # type: ignore[arg-type, misc]  # counted


def _made_date(*parts: Any) -> date:
    return date(*_whole(*parts))


def _made_time(*parts: Any) -> time:
    *numbers, fold, zone = parts
    return time(*_whole(*numbers), fold=_whole(fold)[0], tzinfo=_made_zone(zone))  # type: ignore[arg-type, misc]  # counted


def _made_timedelta(*parts: Any) -> timedelta:
    made = timedelta(*_whole(*parts))
    _check_form(parts, (made.days, made.seconds, made.microseconds))
    return made


def _made_zone(raw: Any) -> tzinfo | None:
    match raw:
        case None:
            return None
        case [Tag.OFFSET, days, seconds, microseconds, *name] if len(name) <= 1:
            return timezone(_made_timedelta(days, seconds, microseconds), *name)
        case [Tag.ZONE, str(key)] if len(key) <= _LONGEST_KEY:
            return ZoneInfo(key)
    raise TypeError("it has no such time zone")


def _whole(*numbers: Any) -> list[int]:
    if any(type(number) is not int for number in numbers):
        raise TypeError("whole numbers were expected")
    return list(numbers)


SCALARS: Mapping[Tag, tuple[int, Callable[..., Any]]] = {
    Tag.DATETIME: (9, _made_datetime),
    Tag.DATE: (3, _made_date),
    Tag.TIME: (6, _made_time),
    Tag.TIMEDELTA: (3, _made_timedelta),
    Tag.UUID: (1, _made_uuid),
    Tag.DECIMAL: (1, _made_decimal),
}
"""How many parts follow a tag, and what is made of them."""


def _expanded_datetime(value: datetime) -> list[Any]:
    return [Tag.DATETIME, *_expanded_date(value)[1:], *_expanded_time(value.timetz())[1:]]


def _expanded_date(value: date) -> list[Any]:
    return [Tag.DATE, value.year, value.month, value.day]


def _expanded_time(value: time) -> list[Any]:
    return [Tag.TIME, value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo]


def _expanded_timedelta(value: timedelta) -> list[Any]:
    return [Tag.TIMEDELTA, value.days, value.seconds, value.microseconds]


def _expanded_offset(value: timezone) -> list[Any]:
    offset, *name = value.__getinitargs__()  # type: ignore[attr-defined]  # what its pickles are made of
    return [Tag.OFFSET, *_expanded_timedelta(offset)[1:], *name]


EXPANSIONS: Mapping[type, Callable[[Any], list[Any]]] = {
    datetime: _expanded_datetime,
    date: _expanded_date,
    time: _expanded_time,
    timedelta: _expanded_timedelta,
    timezone: _expanded_offset,
    ZoneInfo: lambda value: [Tag.ZONE, value.key],
    UUID: lambda value: [Tag.UUID, str(value)],
    Decimal: lambda value: [Tag.DECIMAL, decimal_text(value)],
}
"""What the types of scalars, and their zones, are on the wire."""
