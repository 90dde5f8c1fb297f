"""What is wrong with a model's arguments, in one line for each mistake."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from supervisors.excerpt import excerpt

# Kinds that are mistakes of type although their name does not end in `_type`.
TYPE_MISTAKES: Final = frozenset({"missing", "extra_forbidden", "is_instance_of", "is_subclass_of", "none_required"})

# Where pydantic's own words ("Input should be ...") would read worse than ours.
CLAUSES: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "model_type": "must be an instance of {class_name}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
}

MUST_BE: Final = "must be "


def argument_error(
    owner: type[BaseModel], arguments: Mapping[str, Any], refusal: ValidationError
) -> TypeError | ValueError:
    """Return the error to raise instead of pydantic's.

    Args:
        owner: The model that was to be made.
        arguments: What it was to be made of.
        refusal: Pydantic's list of mistakes.

    Returns:
        A TypeError if any of the mistakes is one of type, else a ValueError.
    """
    by_place: dict[str, list[ErrorDetails]] = {}
    for mistake in refusal.errors(include_url=False):
        by_place.setdefault(_place(mistake["loc"], arguments), []).append(mistake)
    text = "; ".join(_line(owner, place, mistakes) for place, mistakes in by_place.items())
    if any(_is_about_type(mistakes) for mistakes in by_place.values()):
        return TypeError(text)
    return ValueError(text)


def _place(location: tuple[int | str, ...], arguments: Mapping[str, Any]) -> str:
    """Return where the mistake is, such as `branches[2]`; empty for the model as a whole.

    Pydantic's location also names the members of unions. Only the arguments tell those from
    the keys of a dict, so the location is followed into them.
    """
    if not location:
        return ""
    place = str(location[0])
    container: Any = arguments.get(place)
    for step in location[1:]:
        if _leads_into(container, step):
            place += f"[{step!r}]"
            container = container[step]
    return place


def _leads_into(container: Any, step: int | str) -> bool:
    """Say whether `step` is an index or a key of the container; exact builtins only."""
    if type(container) is dict:
        return step in container
    if type(container) in (tuple, list):
        return isinstance(step, int) and step < len(container)
    return False


def _line(owner: type[BaseModel], place: str, mistakes: list[ErrorDetails]) -> str:
    """Return the line for the mistakes in one place: several are the members of a union."""
    clause = _either(dict.fromkeys(_clause(owner, mistake) for mistake in mistakes))
    if not place:
        return f"{owner.__name__}: {clause}"
    if mistakes[0]["type"] == "missing":
        return f"{owner.__name__}(): {place} {clause}"
    field = owner.model_fields.get(place)
    if field and type(None) in get_args(field.annotation) and clause.startswith(MUST_BE):
        clause += " or None"
    return f"{owner.__name__}({place}={excerpt(mistakes[0]['input'])}): {place} {clause}"


def _either(clauses: Iterable[str]) -> str:
    """Return one clause that offers them all."""
    first, *others = clauses
    return " or ".join([first, *(other.removeprefix(MUST_BE) for other in others)])


def _clause(owner: type[BaseModel], mistake: ErrorDetails) -> str:
    """Return what was expected, to be read after the name of the field."""
    kind, context = mistake["type"], mistake.get("ctx", {})
    if kind == "extra_forbidden":
        return f"is unknown; {owner.__name__} takes {', '.join(owner.model_fields)}"
    if kind == "value_error":
        return str(context["error"])
    if kind in CLAUSES:
        return CLAUSES[kind].format_map({key: _plain(value) for key, value in context.items()})
    clause = re.sub(r"^\w+ should ", "must ", mistake["msg"])
    return clause.replace("a valid ", "a ", 1).partition(" after validation")[0]


def _plain(limit: Any) -> Any:
    """Return a limit as it was most likely written: 0, not 0.0."""
    return int(limit) if isinstance(limit, float) and limit.is_integer() else limit


def _is_about_type(mistakes: list[ErrorDetails]) -> bool:
    """Say whether no member of the union takes a value of that type."""
    return all(mistake["type"].endswith("_type") or mistake["type"] in TYPE_MISTAKES for mistake in mistakes)
