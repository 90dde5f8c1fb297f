"""Comparing frozen values: equality, containment and order. Runs no code of a user's."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from actors.frozen import FrozenDict, FrozenList, FrozenRecord

_ORDERS: Mapping[type, str] = {
    int: "number",
    float: "number",
    str: "str",
    bytes: "bytes",
    date: "date",
    datetime: "datetime",
    time: "time",
    timedelta: "timedelta",
}


def are_equal(left: Any, right: Any) -> bool:
    """Compare two frozen values as `==` does, but for True and False: they equal no number, at any depth."""
    kind = type(left)
    if kind is FrozenDict and type(right) is FrozenDict:
        return left.keys() == right.keys() and all(are_equal(left[key], right[key]) for key in left)
    if kind in (FrozenList, tuple) and type(right) is kind:
        return len(left) == len(right) and all(map(are_equal, left, right))
    if kind is FrozenRecord and type(right) is FrozenRecord:
        is_class = left.frozen_class is right.frozen_class
        return (
            is_class
            and are_equal(left.frozen_fields, right.frozen_fields)
            and are_equal(left.frozen_slots, right.frozen_slots)
        )
    return bool(left == right) and (kind is bool) is (type(right) is bool)


def contains(container: Any, item: Any) -> bool:
    """Return whether a frozen value contains another, ignoring the case of text."""
    if type(container) is str:
        return type(item) is str and item.casefold() in container.casefold()
    if type(container) in (FrozenList, tuple, FrozenDict):
        if type(item) is str:
            wanted = item.casefold()
            return any(type(each) is str and each.casefold() == wanted for each in container)
        return any(are_equal(each, item) for each in container)
    return False


def texts_in(value: Any) -> list[str]:
    """Return the texts that `contains` would look into: the value itself, a list's items, a dict's keys."""
    if type(value) is str:
        return [value]
    if type(value) in (FrozenList, tuple, FrozenDict):
        return [each for each in value if type(each) is str]
    return []


def has_order(value: Any) -> bool:
    """Return whether there are values that are less than this one; True and False are no numbers."""
    return type(value) in _ORDERS


def are_ordered(left: Any, right: Any) -> bool:
    """Return whether `<` means something between two frozen values."""
    return has_order(left) and has_order(right) and _order_of(left) == _order_of(right)


def kind_of(value: Any) -> str:
    """Name the type of a frozen value as its user knows it, for the text of an error."""
    kind = type(value)
    if kind is FrozenRecord:
        return str(value.frozen_class.__qualname__)
    if kind is FrozenDict or kind is FrozenList:
        return "dict" if kind is FrozenDict else "list"
    if kind in (datetime, time):
        return f"{kind.__name__} with{'out' if _is_naive(value) else ''} time zone"
    return "None" if value is None else kind.__name__


def identity(value: Any) -> Hashable:
    """Return what two frozen values have in common exactly if `actors.frozen.same` takes them for the same."""
    kind = type(value)
    if kind is FrozenDict:
        return kind, frozenset([(key, identity(item)) for key, item in value.items()])
    if kind is FrozenList or kind is tuple:
        return kind, tuple(map(identity, value))
    if kind is FrozenRecord:
        return kind, value.frozen_class, identity(value.frozen_fields), identity(value.frozen_slots)
    if kind is datetime or kind is time:
        return kind, value.replace(tzinfo=None), value.fold, repr(value.tzinfo)
    return kind, repr(value) if kind is float else value


def _order_of(value: Any) -> tuple[str, bool]:
    return _ORDERS[type(value)], _is_naive(value)


def _is_naive(value: Any) -> bool:
    return isinstance(value, datetime | time) and value.utcoffset() is None
