"""Conditions: what loops and stages ask of the state.

The stock conditions are data: they are evaluated inside the control plane, over frozen builtins. A condition may also
be a callable of `(state)` or of `(event, state)`; that one runs on the work plane, under a deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self, TypeAlias

from pydantic import Field, field_validator

from actors.errors import SharedValueError
from actors.frozen import FrozenDict, FrozenList
from actors.state import Snapshot
from actors.values import freeze
from supervisors.model import Model

_MISSING: Any = object()
_VALUE = "the value"


class Condition(Model):
    """The base of the stock conditions."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    def holds(self, state: Snapshot) -> bool:
        """Return whether it holds for a state. Runs no user code."""
        raise NotImplementedError

    def __deepcopy__(self, memo: object = None) -> Self:
        return self


class Exists(Condition):
    """Holds when the state has the key, whatever its value."""

    key: str = Field(min_length=1)

    def __init__(self, key: str) -> None:
        super().__init__(key=key)

    def holds(self, state: Snapshot) -> bool:
        """Return whether the key is there."""
        return self.key in state


class _Comparison(Condition):
    key: str = Field(min_length=1)
    value: Any

    @field_validator("value", mode="plain")
    @classmethod
    def _frozen(cls, value: object) -> Any:
        try:
            return freeze(value, _VALUE)
        except ValueError as error:
            raise ValueError(str(error).removeprefix(f"{_VALUE} ")) from None

    def _found(self, state: Snapshot) -> Any:
        if self.key in state.shared:
            raise SharedValueError(self.key)
        return state.values.get(self.key, _MISSING)


class Equals(_Comparison):
    """Holds when the key is there and equal: 1 equals 1.0, but neither equals True."""

    def __init__(self, key: str, value: object) -> None:
        super().__init__(key=key, value=value)

    def holds(self, state: Snapshot) -> bool:
        """Return whether the key's value is equal."""
        return _are_equal(self._found(state), self.value)


class Contains(_Comparison):
    """Holds when the key's value contains the given one: text in text (ignoring case), an item, a dict's key."""

    def __init__(self, key: str, value: object) -> None:
        super().__init__(key=key, value=value)

    def holds(self, state: Snapshot) -> bool:
        """Return whether the key's value contains the given one; False if it is no container."""
        return contains(self._found(state), self.value)


def contains(container: Any, item: Any) -> bool:
    """Return whether a frozen value contains another, ignoring the case of text."""
    if type(container) is str:
        return type(item) is str and item.casefold() in container.casefold()
    if type(container) in (FrozenList, tuple, FrozenDict):
        if type(item) is str:
            wanted = item.casefold()
            return any(type(each) is str and each.casefold() == wanted for each in container)
        return any(_are_equal(each, item) for each in container)
    return False


def _are_equal(left: Any, right: Any) -> bool:
    """Compare two frozen values as `==` does, but for True and False: they equal no number, at any depth."""
    kind = type(left)
    if kind is FrozenDict and type(right) is FrozenDict:
        return left.keys() == right.keys() and all(_are_equal(left[key], right[key]) for key in left)
    if kind in (FrozenList, tuple) and type(right) is kind:
        return len(left) == len(right) and all(map(_are_equal, left, right))
    return bool(left == right) and (kind is bool) is (type(right) is bool)


AnyCondition: TypeAlias = Condition | Callable[..., Any]


def check_condition(condition: object, owner: str) -> AnyCondition:
    """Return what a user gave as a condition.

    Raises:
        TypeError: If it is neither a stock condition nor a callable.
    """
    if isinstance(condition, Condition):
        return condition
    if isinstance(condition, type) or not callable(condition):
        raise TypeError(
            f"{owner} must be a condition such as Exists('key'), or a callable of (state) or (event, state), "
            f"not {condition!r}"
        )
    return condition
