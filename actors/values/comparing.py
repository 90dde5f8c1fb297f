"""Comparing frozen values: equality, containment and order. Runs no code of a user's."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from actors.values.frozen import FrozenDict, FrozenList, FrozenRecord, FrozenSet
from actors.values.members import is_member, plain_of

_ORDERS: Mapping[type, str] = {
    int: "number",
    float: "number",
    Decimal: "number",
    str: "str",
    bytes: "bytes",
    date: "date",
    datetime: "datetime",
    time: "time",
    timedelta: "timedelta",
}
# Comparing a decimal with a longer integer takes time that grows with the square of its length.
_MOST_BITS_BESIDE_A_DECIMAL = 1 << 13


def are_equal(left: Any, right: Any) -> bool:
    """Compare two frozen values as `==` does, but for True and False: they equal no number, at any depth."""
    kind = type(left)
    if kind in (FrozenSet, frozenset) and type(right) in (FrozenSet, frozenset):
        return len(left) == len(right) and {*map(_told_apart, left)} == {*map(_told_apart, right)}
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
    if is_member(left) or is_member(right):
        plain = plain_of(left), plain_of(right)
        return left is right or (not any(map(is_member, plain)) and are_equal(*plain))
    if Decimal in (kind, type(right)):
        return are_ordered(left, right) and _compares(operator.eq)(left, right)
    return bool(left == right) and (kind is bool) is (type(right) is bool)


def contains(container: Any, item: Any) -> bool:
    """Return whether a frozen value contains another, ignoring the case of text."""
    container, item = plain_of(container), plain_of(item)
    if type(container) is str:
        return type(item) is str and item.casefold() in container.casefold()
    if type(container) in _CONTAINERS:
        if type(item) is str:
            wanted = item.casefold()
            return any(each.casefold() == wanted for each in texts_in(container))
        return any(are_equal(each, item) for each in container)
    return False


def texts_in(value: Any) -> list[str]:
    """Return the texts that `contains` would look into: the value itself, a list's or set's items, a dict's keys."""
    value = plain_of(value)
    if type(value) is str:
        return [value]
    if type(value) in _CONTAINERS:
        return [each for each in map(plain_of, value) if type(each) is str]
    return []


def has_order(value: Any) -> bool:
    """Return whether there are values that are less than this one; True and False are no numbers."""
    return type(plain_of(value)) in _ORDERS


def are_ordered(left: Any, right: Any) -> bool:
    """Return whether `<` means something between two frozen values."""
    left, right = plain_of(left), plain_of(right)
    if not (has_order(left) and has_order(right) and _order_of(left) == _order_of(right)):
        return False
    return not any(map(_is_long, (left, right))) or Decimal not in (type(left), type(right))


def is_nan(value: Any) -> bool:
    """Return whether a frozen value is one of those numbers that are none."""
    if type(value) is Decimal:
        return value.is_nan()
    return type(value) is float and value != value  # noqa: PLR0124  # only nan differs from itself


def kind_of(value: Any) -> str:
    """Name the type of a frozen value as its user knows it, for the text of an error."""
    kind = type(value)
    if kind is FrozenRecord:
        return str(value.frozen_class.__qualname__)
    if kind in _NAMES:
        return _NAMES[kind]
    if kind in (datetime, time):
        return f"{kind.__name__} with{'out' if _is_naive(value) else ''} time zone"
    return "None" if value is None else kind.__name__


def _compares(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Return a comparison of values that have an order, which nan has with nothing."""

    def compared(left: Any, right: Any) -> bool:
        left, right = plain_of(left), plain_of(right)
        if Decimal in (type(left), type(right)):
            if is_nan(left) or is_nan(right):
                return False
            # A context of a user's may refuse to compare them with floats.
            left, right = [Decimal.from_float(each) if type(each) is float else each for each in (left, right)]
        return compare(left, right)

    return compared


ORDERING: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": _compares(operator.lt),
    "<=": _compares(operator.le),
    ">": _compares(operator.gt),
    ">=": _compares(operator.ge),
}
"""Comparisons of two values that are ordered, by how they are written. Run no code of a user's."""

_CONTAINERS: frozenset[type] = frozenset({FrozenList, tuple, FrozenDict, FrozenSet, frozenset})
_NAMES: Mapping[type, str] = {FrozenDict: "dict", FrozenList: "list", FrozenSet: "set"}


def _told_apart(item: Any) -> Any:
    """Return an item of a set so that neither True equals 1 nor False 0."""
    kind = type(item)
    if kind is bool:
        return bool, item
    if kind is tuple or kind is frozenset:
        return kind, kind(map(_told_apart, item))
    return item


def _is_long(value: Any) -> bool:
    return type(value) is int and value.bit_length() > _MOST_BITS_BESIDE_A_DECIMAL


def _order_of(value: Any) -> tuple[str, bool]:
    return _ORDERS[type(value)], _is_naive(value)


def _is_naive(value: Any) -> bool:
    return isinstance(value, datetime | time) and value.utcoffset() is None
