"""Comparisons: the conditions that compare a value of the state with another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from actors.values.comparing import ORDERING, are_equal, are_ordered, contains, has_order, kind_of
from actors.values.errors import IncomparableError
from actors.values.freezing import freeze
from actors.values.frozen import identity, same, showable
from actors.workflows.condition import MISSING, Condition, Situation, value_of
from supervisors.model import wrong_type

_VALUE = "the value"


class Exists(Condition):
    """Holds when the state has the key, whatever its value."""

    key: str = Field(min_length=1)

    def __init__(self, key: str) -> None:
        super().__init__(key=key)

    def holds(self, situation: Situation) -> bool:
        """Return whether the key is there."""
        return self.key in situation.state


class _Comparison(Condition):
    key: str = Field(min_length=1)
    value: Any

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    @field_validator("value", mode="plain")
    @classmethod
    def _frozen(cls, value: object) -> Any:
        try:
            return freeze(value, _VALUE)
        except ValueError as error:
            raise ValueError(str(error).removeprefix(f"{_VALUE} ")) from None

    def __eq__(self, other: object) -> bool:
        """Compare type-strictly: 1, 1.0 and True are three values, though the first two mean the same here."""
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self.__dict__, other.__dict__
        return all(same(mine[name], theirs[name]) for name in type(self).model_fields)

    def __hash__(self) -> int:
        held = self.__dict__
        return hash((type(self), *[identity(held[name]) for name in type(self).model_fields]))

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:  # type: ignore[override]  # as that of its base
        """Yield the arguments. The control plane shows conditions in details, so no code of a value's may run."""
        return [(name, showable(value)) for name, value in super().__repr_args__()]


class Equals(_Comparison):
    """Holds when the key is there and equal: 1 equals 1.0, but neither equals True."""

    def __init__(self, key: str, value: object) -> None:
        super().__init__(key=key, value=value)

    def holds(self, situation: Situation) -> bool:
        """Return whether the key's value is equal."""
        return are_equal(value_of(situation.state, self.key), self.value)


class Contains(_Comparison):
    """Holds when the key's value contains the given one: text in text (ignoring case), an item, a dict's key."""

    def __init__(self, key: str, value: object) -> None:
        super().__init__(key=key, value=value)

    def holds(self, situation: Situation) -> bool:
        """Return whether the key's value contains the given one; False if it is no container."""
        return contains(value_of(situation.state, self.key), self.value)


Operator: TypeAlias = Literal["<", "<=", ">", ">=", "==", "!="]


class Compare(_Comparison):
    """Holds when the key is there and compares as stated: `Compare("score", ">=", 0.8)`.

    What is missing never holds, whatever the operator, `!=` included; `Not(Equals(key, value))` takes it for different.
    `==` and `!=` compare anything, as `Equals` does. The other operators have an order of numbers, of texts (by code
    points, case counts), of bytes, of dates, of durations, and of moments and times that either all have a time zone
    or all have none; True and False are no numbers, and nan is neither less nor more than anything. A value that has
    no order with the given one is an error which names both types, not False.

    Args:
        key: Which value of the state.
        op: "<", "<=", ">", ">=", "==" or "!=", read as `state[key] op value`.
        value: What it is compared with.
    """

    op: Operator

    def __init__(self, key: str, op: Operator, value: object) -> None:
        super().__init__(key=key, value=value, op=op)

    @field_validator("op")
    @classmethod
    def _orders_the_value(cls, op: str, info: ValidationInfo) -> str:
        value = info.data.get("value", 0)  # without one, that is the mistake to report
        if op in ORDERING and not has_order(value):
            raise wrong_type(f"has no order for a value of type {kind_of(value)}; use '==' or '!=', or a callable")
        return op

    def holds(self, situation: Situation) -> bool:
        """Return whether the comparison holds.

        Raises:
            IncomparableError: If the two values have no order.
        """
        found = value_of(situation.state, self.key)
        if found is MISSING:
            return False
        compare = ORDERING.get(self.op)
        if compare is None:
            return are_equal(found, self.value) is (self.op == "==")
        if not are_ordered(found, self.value):
            raise IncomparableError(self.key, self.op, kind_of(found), kind_of(self.value))
        return compare(found, self.value)
