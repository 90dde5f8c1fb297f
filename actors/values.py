"""Plain data: what events and states may hold, made immutable, copied and compared.

Frozen values are exact builtins, or subclasses of ours that cannot be changed, all the way down. So whoever compares
or copies one runs no code of a user's; that is why the control plane may do it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any, NoReturn

from pydantic import BaseModel

MAX_DEPTH = 100
"""How deeply values may nest; what contains itself is deeper than any limit."""

SCALARS: frozenset[type] = frozenset(
    {type(None), bool, int, float, str, bytes, datetime, date, time, timedelta}
)
_KEY_TYPES: frozenset[type] = frozenset({str, int, bytes})


def _refuse(self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(f"this {type(self).__name__} is immutable; change a copy.deepcopy() of it")


class FrozenDict(dict[Any, Any]):
    """A dict that cannot be changed; `copy.deepcopy` gives an ordinary dict."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse  # type: ignore[assignment]  # refused on purpose
    clear = pop = popitem = setdefault = update = _refuse  # type: ignore[assignment]  # the same

    def __deepcopy__(self, memo: object) -> dict[Any, Any]:
        return {key: thaw(value) for key, value in self.items()}

    def __copy__(self) -> dict[Any, Any]:
        return dict(self)

    def copy(self) -> dict[Any, Any]:
        """Return an ordinary dict with the same, still frozen, values."""
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


class FrozenList(list[Any]):
    """A list that cannot be changed; `copy.deepcopy` gives an ordinary list."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse  # type: ignore[assignment]  # refused on purpose
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse  # type: ignore[assignment]  # the same

    def __deepcopy__(self, memo: object) -> list[Any]:
        return [thaw(value) for value in self]

    def __copy__(self) -> list[Any]:
        return list(self)

    def copy(self) -> list[Any]:
        """Return an ordinary list with the same, still frozen, items."""
        return list(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)


class FrozenRecord:
    """The frozen form of a dataclass instance or a pydantic model: its class and its fields."""

    __slots__ = ("cls", "fields")

    def __init__(self, cls: type, fields: FrozenDict) -> None:
        self.cls = cls
        self.fields = fields


FROZEN_TYPES = SCALARS | {FrozenDict, FrozenList, FrozenRecord, tuple}
"""The exact types of frozen values."""


def freeze(value: object, where: str, depth: int = 0) -> Any:
    """Return an immutable copy of plain data.

    Subclasses of builtin types become the builtin: an `OrderedDict` a dict, a numpy float a float.

    Args:
        value: What to freeze; what is frozen already is returned as it is.
        where: What the value is called, for the error text.
        depth: How deep the value lies in its container.

    Raises:
        TypeError: If something in it is not plain data; the text says where and what to do.
        ValueError: If it nests deeper than `MAX_DEPTH`, as what contains itself does.
    """
    kind = type(value)
    if kind in SCALARS:
        return value if kind is not datetime and kind is not time else _checked_zone(value, where)
    if kind is FrozenDict or kind is FrozenList or kind is FrozenRecord:
        return value
    if depth >= MAX_DEPTH:
        raise ValueError(f"{where} nests deeper than {MAX_DEPTH} levels, or contains itself")
    if isinstance(value, Enum):
        raise TypeError(_unfit(value, where, "store its `.value`"))
    for base, convert in _CONTAINERS:
        if isinstance(value, base):
            return convert(value, where, depth + 1)
    for base in (str, bytes, bool, int, float):
        if isinstance(value, base):
            return base(value)
    raise TypeError(_unfit(value, where, "convert it, or hand it over with `state.share()`"))


def thaw(value: Any) -> Any:
    """Return a mutable deep copy of a frozen value; scalars are returned as they are."""
    kind = type(value)
    if kind is FrozenDict:
        return {key: thaw(item) for key, item in value.items()}
    if kind is FrozenList:
        return [thaw(item) for item in value]
    if kind is tuple:
        return tuple([thaw(item) for item in value])
    if kind is FrozenRecord:
        return _thaw_record(value)
    return value


def same(left: Any, right: Any) -> bool:
    """Compare two frozen values type-strictly: 1 is not True, 1 is not 1.0, nan is nan."""
    if left is right:
        return True
    kind = type(left)
    if kind is not type(right):
        return False
    if kind is FrozenDict:
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if kind is FrozenList or kind is tuple:
        return len(left) == len(right) and all(map(same, left, right))
    if kind is FrozenRecord:
        return left.cls is right.cls and same(left.fields, right.fields)
    if kind is float:
        return _same_float(left, right)
    return bool(left == right)


def _same_float(left: float, right: float) -> bool:
    if left == right:
        return math.copysign(1, left) == math.copysign(1, right)
    return left != left and right != right  # noqa: PLR0124  # only nan differs from itself


def _checked_zone(value: Any, where: str) -> Any:
    """Refuse a time zone of a class of its own: comparing such times runs its code."""
    zone = value.tzinfo
    if zone is None or type(zone).__module__ in ("datetime", "zoneinfo"):
        return value
    raise TypeError(_unfit(zone, where, "use datetime.timezone or zoneinfo.ZoneInfo"))


def _freeze_mapping(value: Mapping[Any, Any], where: str, depth: int) -> FrozenDict:
    frozen = {}
    for key, item in value.items():
        exact = key if type(key) in _KEY_TYPES else _freeze_key(key, where)
        frozen[exact] = item if type(item) is str else freeze(item, f"{where}[{key!r}]", depth)
    return FrozenDict(frozen)


def _freeze_key(key: object, where: str) -> Any:
    if not isinstance(key, (bool, Enum)):
        for kind in _KEY_TYPES:
            if isinstance(key, kind):
                return kind(key)  # type: ignore[call-arg]  # str, int and bytes take one of their own
    raise TypeError(_unfit(key, f"a key of {where}", "use a str, an int or bytes as key"))


def _freeze_list(value: list[Any], where: str, depth: int) -> FrozenList:
    return FrozenList(
        [
            item if type(item) is str else freeze(item, f"{where}[{index}]", depth)
            for index, item in enumerate(value)
        ]
    )


def _freeze_tuple(value: tuple[Any, ...], where: str, depth: int) -> tuple[Any, ...]:
    return tuple(_freeze_list(value, where, depth))  # type: ignore[arg-type]  # any sequence serves


def _freeze_bytes(value: bytearray | memoryview, _where: str, _depth: int) -> bytes:
    return bytes(value)


def _freeze_model(value: BaseModel, where: str, depth: int) -> FrozenRecord:
    fields = {**value.__dict__, **(value.__pydantic_extra__ or {})}
    return FrozenRecord(type(value), _freeze_mapping(fields, where, depth))


def _freeze_dataclass(value: Any, where: str, depth: int) -> FrozenRecord:
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return FrozenRecord(type(value), _freeze_mapping(fields, where, depth))


def _thaw_record(record: FrozenRecord) -> Any:
    """Rebuild the object from its fields; neither `__init__` nor validators run again."""
    fields = {name: thaw(value) for name, value in record.fields.items()}
    if issubclass(record.cls, BaseModel):
        return record.cls.model_construct(**fields)
    made = object.__new__(record.cls)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made


class _DataclassMeta(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return dataclasses.is_dataclass(instance) and not isinstance(instance, type)


class _AnyDataclass(metaclass=_DataclassMeta):
    """Stands for every dataclass instance."""


_CONTAINERS: tuple[tuple[Any, Callable[[Any, str, int], Any]], ...] = (
    (dict, _freeze_mapping),
    (list, _freeze_list),
    (tuple, _freeze_tuple),
    (BaseModel, _freeze_model),
    (_AnyDataclass, _freeze_dataclass),
    (Mapping, _freeze_mapping),
    ((bytearray, memoryview), _freeze_bytes),
)


def _unfit(value: object, where: str, remedy: str) -> str:
    kind = type(value)
    return f"{where} is a {kind.__module__}.{kind.__qualname__}, which is not plain data; {remedy}"
