"""Frozen values: plain data that cannot be changed, copied and compared.

They are exact builtins, or subclasses of ours that cannot be changed, all the way down. So whoever compares or copies
one runs no code of a user's; that is why the control plane may do it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from types import MemberDescriptorType
from typing import Any, NoReturn
from uuid import UUID

from actors.values.members import hashes_plainly, is_member, label_of, show_member
from supervisors.excerpt import excerpt

SCALARS: frozenset[type] = frozenset(
    {type(None), bool, int, float, str, bytes, datetime, date, time, timedelta, UUID, Decimal}
)
"""The exact types of values that contain no others. Members of enumerations are such, too."""

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


class FrozenSet(set[Any]):
    """A set that cannot be changed; `copy.deepcopy` gives an ordinary set."""

    __slots__ = ()
    __iand__ = __ior__ = __isub__ = __ixor__ = _refuse
    add = clear = discard = pop = remove = update = _refuse
    difference_update = intersection_update = symmetric_difference_update = _refuse

    def __deepcopy__(self, memo: object) -> set[Any]:
        return set(self)

    def __copy__(self) -> set[Any]:
        return set(self)

    def copy(self) -> set[Any]:
        """Return an ordinary set with the same items."""
        return set(self)

    def __repr__(self) -> str:
        return repr(showable(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenSet, (list(self),)


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
        fields = ", ".join(f"{name}={showable(value)!r}" for name, value in self.frozen_fields.items())
        return f"{self.frozen_class.__qualname__}({fields})"

    def __copy__(self) -> Any:
        return thaw(self)

    def __deepcopy__(self, memo: object) -> Any:
        return thaw(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenRecord, self._parts()

    def _parts(self) -> tuple[type, FrozenDict, FrozenDict]:
        return self.frozen_class, self.frozen_fields, self.frozen_slots


FROZEN_CONTAINERS: frozenset[type] = frozenset({FrozenDict, FrozenList, FrozenSet, FrozenRecord, tuple, frozenset})

FROZEN_TYPES = SCALARS | FROZEN_CONTAINERS
"""The exact types of frozen values, but for the members of enumerations."""


def thaw(value: Any) -> Any:
    """Return a mutable deep copy of a frozen value; scalars are returned as they are. Runs no code of a user's."""
    kind = type(value)
    if kind is FrozenDict:
        return {key: item if type(item) in SCALARS else thaw(item) for key, item in value.items()}
    if kind is FrozenList:
        return [item if type(item) in SCALARS else thaw(item) for item in value]
    if kind is tuple:
        return tuple([thaw(item) for item in value])
    if kind is FrozenSet:
        return set(value)  # what lies in a set cannot be changed
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
    if kind is FrozenSet or kind is frozenset:
        return identity(left) == identity(right)
    if kind is float:
        return _same_float(left, right)
    if kind is Decimal:
        return bool(left.compare_total(right) == 0)  # 1.0 is not 1.00, and nan is nan
    if issubclass(kind, type) or is_member(left):
        return False  # a class is the same as itself only: its `==` may be code of a user's; so is a member
    if kind is datetime or kind is time:
        return _same_moment(left, right)
    return bool(left == right)


def identity(value: Any) -> Hashable:
    """Return what two frozen values have in common exactly if they are the same."""
    kind = type(value)
    if kind is FrozenDict:
        return kind, frozenset([(key, identity(item)) for key, item in value.items()])
    if kind is FrozenSet or kind is frozenset:
        return kind, len(value), frozenset(map(identity, value))  # two that are nan are one here
    if kind is FrozenList or kind is tuple:
        return kind, tuple(map(identity, value))
    if kind is FrozenRecord:
        return kind, id(value.frozen_class), identity(value.frozen_fields), identity(value.frozen_slots)
    if kind is datetime or kind is time:
        return kind, value.replace(tzinfo=None), value.fold, repr(value.tzinfo)
    if kind is Decimal:
        return kind, decimal_text(value)
    if is_member(value):
        return id(kind), label_of(value)
    return kind, repr(value) if kind is float else value


def decimal_text(value: Decimal) -> str:
    """Return a text that tells a decimal from all others; a context of a user's may have exponents in lower case."""
    return str(value).upper()


def can_lie_in_a_set(value: Any) -> bool:
    """Return whether a frozen value can be hashed, always and without running code of a user's."""
    kind = type(value)
    if kind is tuple:
        return all(map(can_lie_in_a_set, value))
    if kind is Decimal:
        return not value.is_snan()
    return kind in SCALARS or kind is frozenset or (is_member(value) and hashes_plainly(kind))


def show(value: Any) -> str:
    """Return an excerpt of a frozen value. Runs no code of a user's."""
    return excerpt(showable(value))


def showable(value: Any) -> Any:
    """Return what has the `repr()` of a frozen value, and runs no code of a user's for it."""
    kind = type(value)
    if kind is FrozenDict:
        return {key: showable(item) for key, item in value.items()}
    if kind is FrozenList:
        return [showable(item) for item in value]
    if kind is tuple:
        return tuple([showable(item) for item in value])
    if kind is FrozenSet or kind is frozenset:
        return _Shown(_shown_set(value, kind))
    return _Shown(show_member(value)) if is_member(value) else value


class _Shown:
    """Has a text as its `repr()`."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _shown_set(items: Any, kind: type) -> str:
    """Return the `repr()` of a set with its items in the same order always."""
    shown = ", ".join(sorted([repr(showable(item)) for item in items]))
    if kind is FrozenSet:
        return f"{{{shown}}}" if shown else "set()"
    return f"frozenset({{{shown}}})" if shown else "frozenset()"


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
