"""The base of everything that is configured: checked when made, never changed after."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from supervisors.mistakes import argument_error


class Model(BaseModel):
    """A frozen value whose arguments are checked when it is made.

    Types are taken strictly: `True` is not a number, `"3"` is not 3 and a list is not a tuple;
    an int will do for a float, and a dict of its fields for a nested model. `nan` and the
    infinities are refused.

    A subclass may define an `__init__` of its own that ends in `super().__init__(**fields)`.
    A validator raises `ValueError` with a clause to be read after the name of the field, such
    as "must not be empty", or what `wrong_type()` returns.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        arbitrary_types_allowed=True,
    )

    def __init__(self, /, **fields: Any) -> None:
        """Check and keep the fields.

        Raises:
            TypeError: If a field is missing or unknown, or its value is of a wrong type.
            ValueError: If a value is of the right type but not allowed. In both cases the
                text has one clause for each mistake.
        """
        try:
            super().__init__(**fields)
        except ValidationError as refusal:
            raise argument_error(type(self), fields, refusal) from None

    def __repr_args__(self) -> Iterable[tuple[str, Any]]:
        """Yield the fields that are worth showing: those that are not at their defaults."""
        parameters = inspect.signature(type(self)).parameters
        for name in type(self).model_fields:
            value = getattr(self, name)
            if name not in parameters or value != parameters[name].default:
                yield name, value

    def __str__(self) -> str:
        """Return the same text as `repr()`."""
        return repr(self)


def first_repeated(names: Iterable[str]) -> str | None:
    """Return the first name that stands a second time; None if all differ. For validators."""
    seen = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def wrong_type(clause: str) -> PydanticCustomError:
    """Return what a validator raises to have a `TypeError` reported.

    Args:
        clause: What was expected, to be read after the name of the field. Braces in it are
            kept as they are.
    """
    return PydanticCustomError("wrong_type", "{clause}", {"clause": clause})
