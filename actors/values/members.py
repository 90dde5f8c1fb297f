"""Members of enumerations as values: each is one object for ever, told by its class and its name.

What is done with one here runs no code of its class: neither `__eq__`, `__hash__` and `__repr__` nor `_missing_`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, Flag
from typing import Any

_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, bytes.__bytes__),
)
_HASHES: frozenset[Any] = frozenset([kind.__hash__ for kind in (Enum, object, str, int, float, bytes)])
_EQUALITIES: frozenset[Any] = frozenset([kind.__eq__ for kind in (object, str, int, float, bytes)])
_find_flag: Callable[[type[Flag], int], object] = Flag._missing_.__func__  # type: ignore[attr-defined]  # a class method


def is_member(value: object) -> bool:
    """Return whether a value is a member of an enumeration."""
    return issubclass(type(value), Enum)


def plain_of(value: Any) -> Any:
    """Return the text or number that a member of such as `StrEnum` and `IntEnum` is; anything else as it is."""
    if is_member(value):
        for base, convert in _BASES:
            if isinstance(value, base):
                return convert(value)
    return value


def label_of(member: Enum) -> str | int:
    """Return what tells a member from the others of its class: its name; of flags, which combine, their number."""
    if isinstance(member, Flag):
        return int(member._value_)
    return str(member._name_)


def find_member(kind: type[Enum], label: object) -> Enum:
    """Return the member that has a label.

    Raises:
        ValueError: If there is none.
    """
    found: object = None
    if issubclass(kind, Flag):
        if type(label) is int:
            found = kind._value2member_map_.get(label) or _combined(kind, label)
    elif type(label) is str:
        found = kind._member_map_.get(label)
    if type(found) is not kind:
        raise ValueError("it has no such member")
    return found


def show_member(member: Enum) -> str:
    """Return how a member is written in code, such as `Colour.RED`."""
    label = label_of(member)
    kind = type(member).__qualname__
    return f"{kind}({label})" if type(label) is int else f"{kind}.{label}"


def hashes_plainly(kind: type) -> bool:
    """Return whether members of a class can lie in a set without its own code being run."""
    return kind.__hash__ in _HASHES and kind.__eq__ in _EQUALITIES


def _combined(kind: type[Flag], number: int) -> object:
    known = 0
    for member in kind._member_map_.values():
        known |= member._value_
    return _find_flag(kind, number) if number & ~known == 0 else None
