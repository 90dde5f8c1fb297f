"""References: something in a user's module, named as `module:attribute`."""

from __future__ import annotations

import importlib
import re
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from actors.grammar.place import nearest
from actors.values.raised import traceback_of
from actors.values.rendering import render
from actors.values.workflow_errors import UnresolvedReferenceError
from supervisors.excerpt import excerpt, shown

_DOTTED = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
PATTERN = f"^{_DOTTED}:{_DOTTED}$"
"""What references look like, as a regular expression."""

_MISSING: Any = object()

# How the names of files begin whose code is not the user's: frozen modules, the import system, this package.
_NOT_USERS = ("<", str(Path(importlib.__file__).parent), str(Path(__file__).parents[1]))


class Reference(NamedTuple):
    """Where something is to be found.

    Attributes:
        module: The module's dotted name.
        attribute: The attribute's name; dotted for an attribute of an attribute.
    """

    module: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}"

    def resolve(self) -> Any:
        """Import the module and return the attribute. Runs the user's code.

        Raises:
            UnresolvedReferenceError: If the module cannot be imported, or has no such attribute.
        """
        module = imported(self.module)
        value = _attribute(module, self.attribute)
        if value is _MISSING:
            problem = f"module {self.module!r} has no {self.attribute!r}; {nearest(self.attribute, vars(module))}"
            raise UnresolvedReferenceError(str(self), problem.rstrip("; "))
        return value


def parsed_reference(text: object) -> Reference:
    """Return the reference that a text is.

    Raises:
        ValueError: If it is none; the text is to be read after the name of the field.
    """
    if not isinstance(text, str) or not re.fullmatch(PATTERN, text):
        raise ValueError(f"must be 'module:attribute', such as 'flows:search', not {excerpt(text)}")
    return Reference(*text.split(":"))


def reference_to(value: object) -> str:
    """Return the reference by which a function or a class can be found again.

    Raises:
        ValueError: If it cannot be found; the text is to be read after the name of the field.
    """
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    expected = "must be something that a module holds under its name, to be written as 'module:attribute'"
    if not isinstance(module, str) or not isinstance(name, str):
        raise ValueError(f"{expected}; {excerpt(value)} has no name")
    if "<" in name:
        kind = "a lambda" if name.endswith("<lambda>") else "made inside a function"
        raise ValueError(f"{expected}; {excerpt(value)} is {kind}")
    if module == "__main__":
        raise ValueError(f"{expected}; {name!r} is in the script that is being run: move it into a module")
    if _attribute(sys.modules.get(module), name) is not value:
        raise ValueError(f"{expected}; under '{module}:{name}' there is something else")
    return f"{module}:{name}"


def imported(name: str) -> ModuleType:
    """Import a module of the user's.

    Raises:
        UnresolvedReferenceError: If there is no such module, or it raises; the text says where.
    """
    try:
        return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a user's module may raise anything
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}."):
            hint = "run from the folder that holds it, or install its package"
            raise UnresolvedReferenceError(name, f"there is no module {error.name!r}; {hint}") from None
        raise UnresolvedReferenceError(name, f"module {name!r} cannot be imported: {located(error)}") from error


def located(error: BaseException) -> str:
    """Return an exception as text on one line, with the place in the user's code that it comes from."""
    text = shown(render(error).text)
    trace = traceback.extract_tb(traceback_of(error))
    frames = [frame for frame in trace if not frame.filename.startswith(_NOT_USERS)]
    return f"{text} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else text


def _attribute(owner: Any, dotted_name: str) -> Any:
    for name in dotted_name.split("."):
        owner = getattr(owner, name, _MISSING)
    return owner
