"""Plain data: what events and states may hold, checked and made immutable."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cached_property
from types import MemberDescriptorType
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from actors.values.frozen import (
    FIELDS_SET,
    FROZEN_CONTAINERS,
    FROZEN_TYPES,
    MODEL_SLOTS,
    SCALARS,
    FrozenDict,
    FrozenList,
    FrozenRecord,
    FrozenSet,
    can_lie_in_a_set,
    same,
    thaw,
)
from actors.values.members import is_member
from actors.values.numpy_scalars import builtin_of, is_numpy_scalar
from actors.values.remedies import CONVERT, remedy_for
from actors.values.zones import exact_zone
from supervisors.excerpt import excerpt

__all__ = [
    "ATOMS",
    "CONVERT",
    "FROZEN_TYPES",
    "MAX_DEPTH",
    "SCALARS",
    "FrozenDict",
    "FrozenList",
    "FrozenRecord",
    "FrozenSet",
    "freeze",
    "same",
    "thaw",
]

MAX_DEPTH = 100
"""How deeply values may nest; what contains itself is deeper than any limit."""

ATOMS = SCALARS - {datetime, time, UUID}
"""The types whose values need no check at all; a time zone does, and so does the number of a UUID."""

_KEY_TYPES: frozenset[type] = frozenset({str, int, bytes})


def freeze(value: object, where: str) -> Any:
    """Return an immutable copy of plain data.

    Subclasses of builtin types become the builtin: an `OrderedDict` a dict; so do NumPy's scalars. The time zones that
    pydantic makes become `datetime.timezone`.

    Args:
        value: What to freeze; what is frozen already is returned as it is.
        where: What the value is called, for the error text.

    Raises:
        TypeError: If something in it is not plain data; the text says where and what to do.
        ValueError: If it nests deeper than `MAX_DEPTH`, as what contains itself does.
    """
    kind = type(value)
    if kind in ATOMS or (kind in FROZEN_CONTAINERS and kind not in _COPIES):
        return value
    try:
        return _freeze(value, 0)
    except _UnfitError as unfit:
        raise TypeError(unfit.text(where)) from None
    except _TooDeepError:
        raise ValueError(f"{where} nests deeper than {MAX_DEPTH} levels, or contains itself") from None


class _TooDeepError(Exception):
    """A value nests deeper than is allowed."""


class _UnfitError(Exception):
    """A value is not plain data. On its way up it gathers the steps that led to it."""

    def __init__(self, value: object, remedy: str, prefix: str = "") -> None:
        super().__init__(value, remedy, prefix)
        kind = type(value)
        self.kind = f"{kind.__module__}.{kind.__qualname__}"
        self.remedy = remedy
        self.prefix = prefix
        self.steps: list[str] = []

    def text(self, where: str) -> str:
        path = "".join(reversed(self.steps))
        return f"{self.prefix}{where}{path} is a {self.kind}, which is not plain data; {self.remedy}"


def _freeze(value: Any, depth: int) -> Any:
    kind = type(value)
    if kind in ATOMS:
        return value
    copied = _COPIES.get(kind)
    if copied is None:
        if kind is datetime or kind is time:
            return _checked_zone(value)
        if kind in FROZEN_CONTAINERS:
            _check_depth(value, depth)
            return value
        if is_member(value):
            return value
        for base, convert in _SCALAR_BASES:
            if isinstance(value, base):
                return convert(value)
        if is_numpy_scalar(value):
            return _freeze(_of_numpy(value), depth)
        copied = _copier(value)
    if depth >= MAX_DEPTH:
        raise _TooDeepError
    return copied(value, depth + 1)


def _copier(value: object) -> Callable[[Any, int], Any]:
    for base, copied in _CONTAINERS:
        if isinstance(value, base):
            return copied
    raise _UnfitError(value, remedy_for(value))


def _check_depth(value: Any, depth: int) -> None:
    """Refuse what was frozen by itself and would lie too deep in what is being frozen now."""
    if depth >= MAX_DEPTH:
        raise _TooDeepError
    for item in _items(value):
        if type(item) in FROZEN_CONTAINERS:
            _check_depth(item, depth + 1)


def _items(value: Any) -> Iterable[Any]:
    kind = type(value)
    if kind is FrozenDict:
        return value.values()  # type: ignore[no-any-return]  # a dict's
    if kind is FrozenRecord:
        return (*value.frozen_fields.values(), *value.frozen_slots.values())
    return value  # type: ignore[no-any-return]  # a list or a tuple


def _checked_zone(value: Any) -> Any:
    """Refuse a time zone of a class of its own: comparing such times runs its code."""
    try:
        zone = exact_zone(value.tzinfo)
    except ValueError as error:
        raise _UnfitError(value, str(error)) from None
    return value if zone is value.tzinfo else value.replace(tzinfo=zone)


def _of_numpy(value: object) -> Any:
    try:
        return builtin_of(value)
    except ValueError as error:
        raise _UnfitError(value, str(error)) from None


def _freeze_mapping(value: Mapping[Any, Any], depth: int) -> FrozenDict:
    frozen = {}
    for key, item in value.items():
        exact = key if type(key) in _KEY_TYPES else _exact_key(key)
        if type(item) not in ATOMS:
            try:
                item = _freeze(item, depth)  # noqa: PLW2901  # the same item, frozen
            except _UnfitError as unfit:
                unfit.steps.append(f"[{excerpt(exact)}]")
                raise
        frozen[exact] = item
    return FrozenDict(frozen)


def _exact_key(key: object) -> Any:
    exact = _of_numpy(key) if is_numpy_scalar(key) else key
    if not isinstance(exact, (bool, Enum)):
        for base, convert in _KEY_BASES:
            if isinstance(exact, base):
                return convert(exact)
    raise _UnfitError(key, "use a str, an int or bytes as key", prefix="a key of ")


def _freeze_sequence(value: Iterable[Any], depth: int) -> list[Any]:
    frozen: list[Any] = []
    for item in value:
        if type(item) not in ATOMS:
            try:
                item = _freeze(item, depth)  # noqa: PLW2901  # the same item, frozen
            except _UnfitError as unfit:
                unfit.steps.append(f"[{len(frozen)}]")
                raise
        frozen.append(item)
    return frozen


def _freeze_list(value: Iterable[Any], depth: int) -> FrozenList:
    return FrozenList(_freeze_sequence(value, depth))


def _freeze_tuple(value: Iterable[Any], depth: int) -> tuple[Any, ...]:
    return tuple(_freeze_sequence(value, depth))


def _freeze_items(value: Iterable[Any], depth: int) -> list[Any]:
    items = []
    for item in value:
        try:
            frozen = _freeze(item, depth)
        except _UnfitError as unfit:
            unfit.steps.clear()
            unfit.prefix = unfit.prefix or "an item of "
            raise
        if not can_lie_in_a_set(frozen):
            remedy = "a set holds numbers, texts and such, and tuples and frozensets of them; use a list"
            raise _UnfitError(item, remedy, prefix="an item of ")
        items.append(frozen)
    return items


def _freeze_set(value: Iterable[Any], depth: int) -> FrozenSet:
    return FrozenSet(_freeze_items(value, depth))


def _freeze_frozenset(value: Iterable[Any], depth: int) -> frozenset[Any]:
    return frozenset(_freeze_items(value, depth))


def _freeze_model(value: BaseModel, depth: int) -> FrozenRecord:
    names = type(value).model_fields
    fields = {name: item for name, item in value.__dict__.items() if name in names}
    slots = {name: getattr(value, name, None) for name in MODEL_SLOTS}
    slots[FIELDS_SET] = tuple(sorted(slots[FIELDS_SET] or ()))
    return _freeze_record(value, depth, fields, slots)


def _freeze_dataclass(value: Any, depth: int) -> FrozenRecord:
    return _freeze_record(value, depth, _attributes(value), {})


def _attributes(value: Any) -> dict[str, Any]:
    """Return what a dataclass instance holds, but for cached properties: those are computed anew."""
    kind = type(value)
    slots = [
        field.name
        for field in dataclasses.fields(value)
        if isinstance(getattr(kind, field.name, None), MemberDescriptorType) and hasattr(value, field.name)
    ]
    held = {name: getattr(value, name) for name in slots}
    for name, item in getattr(value, "__dict__", {}).items():
        if not isinstance(getattr(kind, name, None), cached_property):
            held[name] = item
    return held


def _freeze_record(value: object, depth: int, fields: dict[str, Any], slots: dict[str, Any]) -> FrozenRecord:
    kind = type(value)
    try:
        object.__new__(kind)
    except TypeError:
        raise _UnfitError(value, "it also derives from a builtin type; store its fields") from None
    frozen = {}
    for name, item in (*fields.items(), *slots.items()):
        try:
            frozen[name] = _freeze(item, depth)
        except _UnfitError as unfit:
            unfit.steps.append(f".{name}")
            raise
    return FrozenRecord(
        kind, FrozenDict({name: frozen[name] for name in fields}), FrozenDict({name: frozen[name] for name in slots})
    )


def _exact_datetime(value: datetime) -> datetime:
    parts = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return datetime(*parts, tzinfo=value.tzinfo, fold=value.fold)


def _exact_date(value: date) -> date:
    return date(value.year, value.month, value.day)


def _exact_time(value: time) -> time:
    return time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)


def _exact_timedelta(value: timedelta) -> timedelta:
    return timedelta(value.days, value.seconds, value.microseconds)


def _exact_uuid(value: UUID) -> UUID:
    """Return a UUID whose number is an exact one: comparing them compares that."""
    number: object = getattr(value, "int", None)
    if type(value) is UUID and type(number) is int:
        return value
    if not isinstance(number, int):
        raise _UnfitError(value, CONVERT)
    return UUID(int=int.__int__(number))


def _exactly(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a conversion that refuses what does not fit: not a time, or more precise than a microsecond."""

    def converted(value: Any) -> Any:
        try:
            exact = convert(value)
        except (TypeError, ValueError):
            raise _UnfitError(value, CONVERT) from None
        if exact == value:
            return _freeze(exact, 0)
        raise _UnfitError(value, CONVERT)

    return converted


class _DataclassMeta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return dataclasses.is_dataclass(instance) and not isinstance(instance, type)


class _AnyDataclass(metaclass=_DataclassMeta):
    """Stands for every dataclass instance."""


# The conversions of the builtin types themselves: a subclass may have overridden its own.
_KEY_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (bytes, bytes.__bytes__),
    (int, int.__int__),
)
_SCALAR_BASES: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    *_KEY_BASES,
    (float, float.__float__),
    (datetime, _exactly(_exact_datetime)),
    (date, _exactly(_exact_date)),
    (time, _exactly(_exact_time)),
    (timedelta, _exactly(_exact_timedelta)),
    (UUID, _exact_uuid),
    (Decimal, Decimal),
    ((bytearray, memoryview), bytes),
)
_COPIES: dict[type, Callable[[Any, int], Any]] = {
    dict: _freeze_mapping,
    list: _freeze_list,
    tuple: _freeze_tuple,
    set: _freeze_set,
    frozenset: _freeze_frozenset,
}
_CONTAINERS: tuple[tuple[Any, Callable[[Any, int], Any]], ...] = (
    *_COPIES.items(),
    (BaseModel, _freeze_model),
    (_AnyDataclass, _freeze_dataclass),
    (Mapping, _freeze_mapping),
)
