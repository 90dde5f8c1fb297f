"""Plain values: anything that a state may hold, as JSON can tell it."""

from __future__ import annotations

import dataclasses
import json
import math
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from actors.values.freezing import MAX_DEPTH
from supervisors.excerpt import excerpt

# Python refuses to turn longer ones into digits, at the strictest that it can be set to.
_LONGEST_INTEGER_BITS = 2_000


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as JSON has it. Never fails: what was shared by reference may be anything.

    Bytes become base64 text, moments ISO 8601 text, spans of time seconds, UUIDs, Decimals and numbers that JSON does
    not have text, tuples lists, sets lists in a stable order, dataclasses and models objects, members of enumerations
    their values; anything else is an excerpt of its `repr()`, and so are keys that are no text. Keys that would become
    the same text, such as `1` and `"1"`, are told apart by a number in brackets: none is left out.
    """
    try:
        return _plain(value, depth)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001  # the code of an object that was shared by reference
        return excerpt(value)


def _plain(value: Any, depth: int) -> Any:
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float):
        return _plain_number(value)
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    return excerpt(value) if depth >= MAX_DEPTH else _plain_container(value, depth + 1)


def _plain_number(value: float) -> int | float | str:
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value.bit_length() <= _LONGEST_INTEGER_BITS else hex(value)


def _plain_container(value: Any, depth: int) -> Any:
    if isinstance(value, list | tuple):
        return [plain(item, depth) for item in value]
    if isinstance(value, set | frozenset):
        return _in_stable_order([plain(item, depth) for item in value])
    fields = _fields_of(value)
    if fields is None:
        return excerpt(value)
    return {name: plain(item, depth) for name, item in zip(_names_of(fields), fields.values(), strict=True)}


def _names_of(keys: Iterable[Any]) -> Iterator[str]:
    """Yield keys as JSON has them, texts; one that would hide another gets a number."""
    taken = {key for key in keys if isinstance(key, str)}
    numbers: Counter[str] = Counter()
    for key in keys:
        if isinstance(key, str):
            yield key
            continue
        name = text = excerpt(key)
        while name in taken:
            numbers[text] += 1
            name = f"{text} ({numbers[text] + 1})"
        taken.add(name)
        yield name


def _in_stable_order(items: list[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:  # they are of several kinds
        return sorted(items, key=json.dumps)


def _fields_of(value: Any) -> Mapping[Any, Any] | None:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, BaseModel):
        return {**value.__dict__, **(value.__pydantic_extra__ or {})}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name, None) for field in dataclasses.fields(value)}
    return None
