"""Names of exception types: what policies keep instead of the types themselves."""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator

from supervisors.excerpt import cut, excerpt
from supervisors.model import wrong_type

# What users may write where exception types are asked for.
ErrorTypes: TypeAlias = type[BaseException] | str | Sequence[type[BaseException] | str]

LONGEST_NAME: Final = 500
"""How many characters of the name of a class are kept."""

_PART: Final = r"(?:[^\W\d]\w*|<locals>)"
_DOTTED_NAME: Final = re.compile(rf"{_PART}(?:\.{_PART})+")
_BUILTIN_PREFIX: Final = "builtins."


def qualified_name(cls: type) -> str:
    """Return the name by which policies know a class, such as `builtins.TimeoutError`."""
    return cut(f"{_own(cls, '__module__')}.{_own(cls, '__qualname__')}", LONGEST_NAME)


def plain_name(cls: type) -> str:
    """Return the name of a class without its module, cut if it is long."""
    return cut(_own(cls, "__name__"), LONGEST_NAME)


def qualified_names(cls: type) -> tuple[str, ...]:
    """Return the names of a class and of its bases, nearest first, without `object`."""
    return tuple(qualified_name(base) for base in type.mro(cls) if base is not object)


def _own(cls: type, attribute: str) -> str:
    """Return what a class itself says of its name; what its metaclass says of it is a user's code."""
    said = type.__dict__[attribute].__get__(cls)
    return said if type(said) is str else "?"


def error_names(given: object) -> tuple[str, ...]:
    """Return the qualified names of the exception types a user gave, each once.

    Args:
        given: An exception type, its dotted name, or a tuple or list of these. A name has to be
            the one the class itself carries (`builtins.TimeoutError`), not one under which it
            can be imported as well (`asyncio.TimeoutError`); only the built-in ones are checked.

    Raises:
        ValueError: If a string is not a dotted name, or names no built-in exception.
        PydanticCustomError: If anything else is given.
    """
    items = given if isinstance(given, tuple | list) else (given,)
    return tuple(dict.fromkeys(_error_name(item) for item in items))


def _error_name(item: object) -> str:
    if isinstance(item, str):
        return _checked_name(item)
    if isinstance(item, type) and issubclass(item, BaseException):
        return qualified_name(item)
    raise wrong_type(f"must name exception types; {excerpt(item)} is not one")


def _checked_name(name: str) -> str:
    if not _DOTTED_NAME.fullmatch(name):
        raise ValueError(f"must hold dotted names such as 'builtins.TimeoutError', not {excerpt(name)}")
    if not name.startswith(_BUILTIN_PREFIX):
        return str(name)
    found = getattr(builtins, name.removeprefix(_BUILTIN_PREFIX), None)
    if isinstance(found, type) and issubclass(found, BaseException):
        return qualified_name(found)
    raise ValueError(f"must name exception types; there is no built-in one {excerpt(name)}")


ErrorNames: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(error_names)]
