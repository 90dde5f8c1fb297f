"""Frozen values: plain data that cannot be changed, copied and compared.

They are exact builtins, or subclasses of ours that cannot be changed, all the way down. So whoever compares or copies
one runs no code of a user's; that is why the control plane may do it.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from types import MemberDescriptorType
from typing import Any, NoReturn

SCALARS: frozenset[type] = frozenset({type(None), bool, int, float, str, bytes, datetime, date, time, timedelta})
"""The exact types of values that contain no others."""

MODEL_SLOTS = ("__pydantic_extra__", "__pydantic_private__", "__pydantic_fields_set__")
"""What pydantic keeps in a model beside its fields; the names of those that were set are frozen as a tuple."""

FIELDS_SET = MODEL_SLOTS[2]
"""The one of them that is a set of names."""

_set = object.__setattr__


def _refuse(self: object, *_args: object, **_kwargs: object) -> NoReturn:
    raise TypeError(f"this {type(self).__name__} is immutable; change a copy.deepcopy() of it")


class FrozenDict(dict[Any, Any]):
    """A dict that cannot be changed; `copy.deepcopy` gives an ordinary dict."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

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
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = reverse = sort = _refuse

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
        for values in (self.frozen_fields, self.frozen_slots.get("__pydantic_extra__")):
            if values and name in values:
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


FROZEN_CONTAINERS: frozenset[type] = frozenset({FrozenDict, FrozenList, FrozenRecord, tuple})

FROZEN_TYPES = SCALARS | FROZEN_CONTAINERS
"""The exact types of frozen values."""


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
    if issubclass(kind, type):
        return False  # a class is the same as itself only: its `==` may be code of a user's
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


def _thaw_record(record: FrozenRecord) -> Any:
    """Rebuild the object from what it held; neither `__init__` nor validators nor setters run again."""
    made: Any = object.__new__(record.frozen_class)
    fields = {name: thaw(value) for name, value in record.frozen_fields.items()}
    if record.frozen_slots:
        slots = {name: thaw(value) for name, value in record.frozen_slots.items()}
        slots[FIELDS_SET] = set(slots[FIELDS_SET])
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
