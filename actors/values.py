"""Plain data: what events and states may hold, made immutable, copied and compared.

Frozen values are exact builtins, or subclasses of ours that cannot be changed, all the way down. So whoever compares
or copies one runs no code of a user's; that is why the control plane may do it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from enum import Enum
from functools import cached_property
from types import MemberDescriptorType
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from supervisors.excerpt import excerpt

MAX_DEPTH = 100
"""How deeply values may nest; what contains itself is deeper than any limit."""

SCALARS: frozenset[type] = frozenset({type(None), bool, int, float, str, bytes, datetime, date, time, timedelta})
ATOMS = SCALARS - {datetime, time}
"""The types whose values need no check at all; a time zone does."""

_KEY_TYPES: frozenset[type] = frozenset({str, int, bytes})
_MODEL_SLOTS = ("__pydantic_extra__", "__pydantic_private__", "__pydantic_fields_set__")
_FIELDS_SET = "__pydantic_fields_set__"
_CONVERT = "convert it, or hand it over with `state.share()`"

_set = object.__setattr__


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
        return [thaw(item) for item in self]

    def __copy__(self) -> list[Any]:
        return list(self)

    def copy(self) -> list[Any]:
        """Return an ordinary list with the same, still frozen, items."""
        return list(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)


class FrozenRecord:
    """A dataclass instance or a pydantic model that cannot be changed; `copy.deepcopy` gives an ordinary one.

    Its fields can be read as if it were the object; methods and properties are for the ordinary one.

    Attributes:
        frozen_class: The class of the object.
        frozen_fields: What the object holds, by name.
        frozen_slots: What else pydantic keeps in a model: its extra and private values and which fields were set.
    """

    __slots__ = ("frozen_class", "frozen_fields", "frozen_slots")

    frozen_class: type
    frozen_fields: FrozenDict
    frozen_slots: FrozenDict

    def __init__(self, frozen_class: type, frozen_fields: FrozenDict, frozen_slots: FrozenDict) -> None:
        _set(self, "frozen_class", frozen_class)
        _set(self, "frozen_fields", frozen_fields)
        _set(self, "frozen_slots", frozen_slots)

    __setattr__ = __delattr__ = _refuse

    def __getattr__(self, name: str) -> Any:
        for values in (self.frozen_fields, self.frozen_slots.get("__pydantic_extra__") or ()):
            if name in values:
                return values[name]
        kind = self.frozen_class.__name__
        raise AttributeError(f"this frozen {kind} has no field {name!r}; a copy.deepcopy() of it is the {kind} itself")

    def __eq__(self, other: object) -> bool:
        if type(other) is FrozenRecord:
            return self._parts() == other._parts()
        if type(other) is self.frozen_class:
            return bool(thaw(self) == other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as that of a dict

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.frozen_fields.items())
        return f"{self.frozen_class.__qualname__}({fields})"

    def __copy__(self) -> Any:
        return thaw(self)

    def __deepcopy__(self, memo: object) -> Any:
        return thaw(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenRecord, self._parts()

    def _parts(self) -> tuple[type, FrozenDict, FrozenDict]:
        return self.frozen_class, self.frozen_fields, self.frozen_slots


_FROZEN_CONTAINERS: frozenset[type] = frozenset({FrozenDict, FrozenList, FrozenRecord, tuple})

FROZEN_TYPES = SCALARS | _FROZEN_CONTAINERS
"""The exact types of frozen values."""


def freeze(value: object, where: str) -> Any:
    """Return an immutable copy of plain data.

    Subclasses of builtin types become the builtin: an `OrderedDict` a dict, a numpy float a float.

    Args:
        value: What to freeze; what is frozen already is returned as it is.
        where: What the value is called, for the error text.

    Raises:
        TypeError: If something in it is not plain data; the text says where and what to do.
        ValueError: If it nests deeper than `MAX_DEPTH`, as what contains itself does.
    """
    kind = type(value)
    if kind in ATOMS or kind is FrozenDict or kind is FrozenList or kind is FrozenRecord:
        return value
    try:
        return _freeze(value, 0)
    except _UnfitError as unfit:
        raise TypeError(unfit.text(where)) from None
    except _TooDeepError:
        raise ValueError(f"{where} nests deeper than {MAX_DEPTH} levels, or contains itself") from None


def thaw(value: Any) -> Any:
    """Return a mutable deep copy of a frozen value; scalars are returned as they are. Runs no code of a user's."""
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
    """Compare two frozen values type-strictly: 1 is not True, 1 is not 1.0, nan is nan, each time zone is its own."""
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
        return all(map(same, left._parts(), right._parts()))
    if kind is float:
        return _same_float(left, right)
    if kind is datetime or kind is time:
        return _same_moment(left, right)
    return bool(left == right)


def _same_float(left: float, right: float) -> bool:
    if left == right:
        return math.copysign(1, left) == math.copysign(1, right)
    return left != left and right != right  # noqa: PLR0124  # only nan differs from itself


def _same_moment(left: Any, right: Any) -> bool:
    """Compare what is written on the clock: `==` takes equal instants in different zones for the same."""
    zones = (left.tzinfo, right.tzinfo)
    if zones[0] is not zones[1] and repr(zones[0]) != repr(zones[1]):
        return False
    return bool(left.fold == right.fold and left.replace(tzinfo=None) == right.replace(tzinfo=None))


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
        if kind in _FROZEN_CONTAINERS:
            _check_depth(value, depth)
            return value
        if isinstance(value, Enum):
            raise _UnfitError(value, "store its `.value`")
        for base, convert in _SCALAR_BASES:
            if isinstance(value, base):
                return convert(value)
        copied = _copier(value)
    if depth >= MAX_DEPTH:
        raise _TooDeepError
    return copied(value, depth + 1)


def _copier(value: object) -> Callable[[Any, int], Any]:
    for base, copied in _CONTAINERS:
        if isinstance(value, base):
            return copied
    raise _UnfitError(value, _CONVERT)


def _check_depth(value: Any, depth: int) -> None:
    """Refuse what was frozen by itself and would lie too deep in what is being frozen now."""
    if depth >= MAX_DEPTH:
        raise _TooDeepError
    for item in _items(value):
        if type(item) in _FROZEN_CONTAINERS:
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
    zone = value.tzinfo
    if zone is None or type(zone) is timezone or (type(zone) is ZoneInfo and type(zone.key) is str):
        return value
    raise _UnfitError(value, f"its time zone is {excerpt(zone)}; use datetime.timezone or ZoneInfo(key)")


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
    if not isinstance(key, (bool, Enum)):
        for base, convert in _KEY_BASES:
            if isinstance(key, base):
                return convert(key)
    raise _UnfitError(key, "use a str, an int or bytes as key", prefix="a key of ")


def _freeze_sequence(value: Iterable[Any], depth: int) -> list[Any]:
    frozen = []
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


def _freeze_model(value: BaseModel, depth: int) -> FrozenRecord:
    names = type(value).model_fields
    fields = {name: item for name, item in value.__dict__.items() if name in names}
    slots = {name: getattr(value, name, None) for name in _MODEL_SLOTS}
    slots[_FIELDS_SET] = tuple(sorted(slots[_FIELDS_SET] or ()))
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


def _thaw_record(record: FrozenRecord) -> Any:
    """Rebuild the object from what it held; neither `__init__` nor validators nor setters run again."""
    made = object.__new__(record.frozen_class)
    fields = {name: thaw(value) for name, value in record.frozen_fields.items()}
    if record.frozen_slots:
        slots = {name: thaw(value) for name, value in record.frozen_slots.items()}
        slots[_FIELDS_SET] = set(slots[_FIELDS_SET])
        for name, value in slots.items():
            _set(made, name, value)
        _set(made, "__dict__", fields)
        return made
    for name, value in fields.items():
        if isinstance(getattr(record.frozen_class, name, None), MemberDescriptorType):
            _set(made, name, value)
        else:
            made.__dict__[name] = value
    return made


def _exact_datetime(value: datetime) -> datetime:
    parts = (value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond)
    return datetime(*parts, tzinfo=value.tzinfo, fold=value.fold)


def _exact_date(value: date) -> date:
    return date(value.year, value.month, value.day)


def _exact_time(value: time) -> time:
    return time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold)


def _exact_timedelta(value: timedelta) -> timedelta:
    return timedelta(value.days, value.seconds, value.microseconds)


def _exactly(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a conversion that refuses what does not fit: not a time, or more precise than a microsecond."""

    def converted(value: Any) -> Any:
        try:
            exact = convert(value)
        except (TypeError, ValueError):
            raise _UnfitError(value, _CONVERT) from None
        if exact != value:
            raise _UnfitError(value, _CONVERT)
        return _freeze(exact, 0)

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
    ((bytearray, memoryview), bytes),
)
_COPIES: dict[type, Callable[[Any, int], Any]] = {dict: _freeze_mapping, list: _freeze_list, tuple: _freeze_tuple}
_CONTAINERS: tuple[tuple[Any, Callable[[Any, int], Any]], ...] = (
    *_COPIES.items(),
    (BaseModel, _freeze_model),
    (_AnyDataclass, _freeze_dataclass),
    (Mapping, _freeze_mapping),
)
