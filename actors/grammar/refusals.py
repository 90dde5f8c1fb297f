"""Refusals: which of a class's arguments were refused when it was made, each with what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from actors.grammar.place import Place
from supervisors.excerpt import excerpt
from supervisors.mistakes import argument_error
from supervisors.model import Model

Refusal: TypeAlias = tuple[Place, str]
"""A field, with an index for an item of it, and what is wrong with it; `()` is the class as a whole."""

_SHOWN = (str, bool, int, float, type(None))
_OWN_KINDS = ("wrong_type",)
_IN_FILES = {"must be a boolean": "must be true or false"}


def refusals(model: type[Model], arguments: Mapping[str, Any]) -> Iterator[Refusal]:
    """Yield what a model refuses of some of its arguments; those that are not there are not missed.

    Args:
        model: The class.
        arguments: What it was to be made of, by field.
    """
    try:
        # Not by its own constructor, which has to be given all: that sets defaults, and fields alone refuse.
        BaseModel.__init__(model.__new__(model), **arguments)
    except ValidationError as refused:
        grouped: dict[Place, list[ErrorDetails]] = {}
        for details in refused.errors(include_url=False):
            if details["type"] != "missing":
                grouped.setdefault(_place(details["loc"], arguments), []).append(details)
        for place, group in grouped.items():
            yield place, _problem(model, arguments, place, group)


def refusal_of(model: type[Model], error: Exception) -> Refusal:
    """Take apart what a constructor raised by itself, such as "Parallel: require must be ..."."""
    clause = str(error).removeprefix(f"{model.__name__}: ")
    field, _, rest = clause.partition(" ")
    return ((field,), rest) if field in model.model_fields else ((), clause)


def _place(location: tuple[int | str, ...], arguments: Mapping[str, Any]) -> Place:
    """Return the field, with the index of an item if there is one; pydantic also names members of unions."""
    is_item = (
        len(location) > 1 and isinstance(location[1], int) and isinstance(arguments.get(str(location[0])), list | tuple)
    )
    return location[: 1 + is_item]


def _problem(model: type[Model], arguments: Mapping[str, Any], place: Place, group: list[ErrorDetails]) -> str:
    """Return what `argument_error` says of one field, without the call that it begins with."""
    given = group[0]["input"]
    only = ValidationError.from_exception_data(model.__name__, [_again(details) for details in group])
    text = str(argument_error(model, arguments, only))
    name = "".join([str(step) if number == 0 else f"[{step}]" for number, step in enumerate(place)])
    for call in (f"{model.__name__}({name}={excerpt(given)}): {name} ", f"{model.__name__}: "):
        text = text.removeprefix(call)
    clause = text.removesuffix(" or None")
    clause = _IN_FILES.get(clause, clause)
    if type(given) not in _SHOWN or not clause.startswith("must ") or ", not " in clause:
        return clause
    return f"{clause}; it is {excerpt(given)}" if clause.startswith("must not ") else f"{clause}, not {excerpt(given)}"


def _again(details: ErrorDetails) -> InitErrorDetails:
    """Return what pydantic told of a mistake in the form in which it can be told of it."""
    kind: Any = details["type"]
    context = details.get("ctx", {})
    if kind in _OWN_KINDS:
        kind = PydanticCustomError(kind, "{clause}", context)
    return InitErrorDetails(type=kind, loc=details["loc"], input=details["input"], ctx=context)
