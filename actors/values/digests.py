"""Digests: one for each value, by which a cache finds what is equal without comparing it.

Two frozen values have the same digest when they are the same type-strictly, as in `frozen.same`: 1 is not True, 1 is
not 1.0, nan is nan, the order of a dict's keys does not matter. Classes count by their names.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from types import MethodType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from actors.values.frozen import FrozenDict, FrozenList, FrozenRecord, FrozenSet, decimal_text
from actors.values.members import is_member, label_of
from supervisors.model import Model
from supervisors.names import qualified_name

_DIGEST_SIZE_BYTES = 32


def key_of(value: Any) -> bytes:
    """Return the digest of a frozen value. Runs no code of a user's."""
    return _digest(value)


def in_stable_order(items: Iterable[Any]) -> list[Any]:
    """Return the frozen items of a set in an order that is the same in every process."""
    return [item for _, item in sorted([(_written(item), item) for item in items], key=operator.itemgetter(0))]


def identity_of(node: Model) -> bytes:
    """Return the digest of a node of a workflow: nodes that are alike in all they are made of have the same.

    Callables, classes and whatever else is no plain data count as the objects that they are; so the digest means
    something for as long as the node is kept. Runs no code of a user's.
    """
    return _digest(node)


def _digest(value: Any) -> bytes:
    return blake2b(_written(value), digest_size=_DIGEST_SIZE_BYTES).digest()


def _written(value: Any) -> bytes:
    pieces: list[bytes] = []
    _write(value, pieces)
    return b"".join(pieces)


# What is written can be read from left to right in one way only, so different values never look alike.


def _write(value: Any, pieces: list[bytes]) -> None:
    kind = type(value)
    if kind in _SCALARS:
        tag, written = _SCALARS[kind]
        _write_scalar(tag, written(value), pieces)
    elif kind in _CONTAINERS:
        _CONTAINERS[kind](value, pieces)
    elif is_member(value):
        _write_member(value, pieces)
    elif Model in kind.__mro__:
        _write_model(value, pieces)
    else:
        _write_object(value, pieces)


def _write_scalar(tag: bytes, content: bytes, pieces: list[bytes]) -> None:
    pieces.append(b"%b%d:" % (tag, len(content)))
    pieces.append(content)


def _write_all(tag: bytes, items: Iterable[Any], count: int, pieces: list[bytes]) -> None:
    pieces.append(b"%b%d:" % (tag, count))
    for item in items:
        _write(item, pieces)


def _write_frozen_dict(value: FrozenDict, pieces: list[bytes]) -> None:
    """Write a dict in an order that does not depend on its own."""
    pieces.append(b"{%d:" % len(value))
    keys = {_written(key): key for key in value}
    for form in sorted(keys):
        pieces.append(form)
        _write(value[keys[form]], pieces)


def _write_set(tag: bytes, items: Iterable[Any], pieces: list[bytes]) -> None:
    forms = sorted(map(_written, items))
    pieces.append(b"%b%d:" % (tag, len(forms)))
    pieces.extend(forms)


def _write_member(member: Enum, pieces: list[bytes]) -> None:
    _write_scalar(b"E", _text(qualified_name(type(member))), pieces)
    _write(label_of(member), pieces)


def _write_rules(value: Mapping[Any, Any], pieces: list[bytes]) -> None:
    """Write a dict that is a field of a node, such as rules: its order may matter."""
    pieces.append(b"=%d:" % len(value))
    for key, item in value.items():
        _write(key, pieces)
        _write(item, pieces)


def _write_record(value: FrozenRecord, pieces: list[bytes]) -> None:
    _write_scalar(b"<", _text(qualified_name(value.frozen_class)), pieces)
    _write_frozen_dict(value.frozen_fields, pieces)
    _write_frozen_dict(value.frozen_slots, pieces)


def _write_model(value: Model, pieces: list[bytes]) -> None:
    kind = type(value)
    _write_object(kind, pieces)
    for name in kind.model_fields:
        field = value.__dict__[name]
        if type(field) is FrozenDict:
            _write_rules(field, pieces)
        else:
            _write(field, pieces)


def _write_object(value: Any, pieces: list[bytes]) -> None:
    """Write which object it is; methods are made anew whenever they are looked up, so theirs are told."""
    parts = (value.__func__, value.__self__) if type(value) is MethodType else (value,)
    pieces.append(b"@%d:" % len(parts))
    pieces.extend([b"%x," % id(part) for part in parts])


def _float(value: float) -> bytes:
    return value.hex().encode() if value == value else b"nan"  # noqa: PLR0124  # only nan differs from itself


def _moment(value: Any) -> bytes:
    """Write what is shown by the clock, and the zone; not the instant, which others show too."""
    shown = value.replace(tzinfo=None, fold=0).isoformat().encode()
    return b"%b %d " % (shown, value.fold) + _zone(value.tzinfo)


def _zone(zone: Any) -> bytes:
    if zone is None:
        return b""
    if type(zone) is ZoneInfo:
        return b"Z" + _text(zone.key)
    offset, *name = zone.__getinitargs__()  # what its pickles are made of
    return b"O" + _timedelta(offset) + b"".join([b" " + _text(each) for each in name])


def _timedelta(value: timedelta) -> bytes:
    return b"%d,%d,%d" % (value.days, value.seconds, value.microseconds)


def _text(value: str) -> bytes:
    """Encode text that may hold lone surrogates; that of a subclass too, whose own code does not run."""
    return str.encode(value, "utf-8", "surrogatepass")


_SCALARS: Mapping[type, tuple[bytes, Callable[[Any], bytes]]] = {
    type(None): (b"N", lambda value: b""),
    bool: (b"B", lambda value: b"1" if value else b"0"),
    int: (b"I", lambda value: b"%x" % value),
    float: (b"F", _float),
    str: (b"S", _text),
    bytes: (b"Y", lambda value: value),
    datetime: (b"T", _moment),
    time: (b"t", _moment),
    date: (b"D", lambda value: value.isoformat().encode()),
    timedelta: (b"d", _timedelta),
    UUID: (b"U", lambda value: value.bytes),
    Decimal: (b"n", lambda value: decimal_text(value).encode()),
}

_CONTAINERS: Mapping[type, Callable[[Any, list[bytes]], None]] = {
    FrozenList: lambda value, pieces: _write_all(b"[", value, len(value), pieces),
    tuple: lambda value, pieces: _write_all(b"(", value, len(value), pieces),
    FrozenDict: _write_frozen_dict,
    FrozenSet: lambda value, pieces: _write_set(b"s", value, pieces),
    frozenset: lambda value, pieces: _write_set(b"f", value, pieces),
    FrozenRecord: _write_record,
    dict: _write_rules,
    list: lambda value, pieces: _write_all(b"-", value, len(value), pieces),
}
