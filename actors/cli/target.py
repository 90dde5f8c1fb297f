"""The target: something of the user's, named as MODULE:ATTRIBUTE, or the file of a definition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from actors.cli.definition_file import DefinitionFile
from actors.cli.errors import WrongUseError, users_code
from actors.definitions.formats import SUFFIXES
from actors.grammar import reference
from actors.orchestrators.base import Pattern
from actors.values.workflow_errors import UnresolvedReferenceError
from actors.workflows.branch import Branch

_MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Target:
    """Where something is to be found.

    Attributes:
        module: The module's dotted name.
        attribute: The attribute's name; dotted for an attribute of an attribute.
    """

    module: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}"


def parsed_target(text: str) -> Target | DefinitionFile:
    """Parse MODULE:NAME, or the name of a definition's file; for click to call.

    Raises:
        BadParameter: If it is none.
    """
    if text.lower().endswith(SUFFIXES):
        return DefinitionFile(Path(text))
    module, _, attribute = text.partition(":")
    if module.endswith(".py") or "/" in module:
        raise click.BadParameter(f"{text!r} names a file; name its module, as in package.module:NAME")
    if not module or module.startswith(".") or not attribute:
        raise click.BadParameter(
            f"{text!r} is not MODULE:NAME, such as flows:RESEARCH, or a file that ends in {', '.join(SUFFIXES)}"
        )
    return Target(module, attribute)


def load(target: Target, describe_found: Callable[[ModuleType], str]) -> Any:
    """Import the module and return the attribute. Runs the user's code.

    Args:
        target: Where it is.
        describe_found: Tells, for the error's text, what could have been named instead.

    Raises:
        WrongUseError: If the module cannot be imported, or has no such attribute.
    """
    module = imported(target.module)
    value: Any = module
    for name in target.attribute.split("."):
        value = getattr(value, name, _MISSING)
        if value is _MISSING:
            raise WrongUseError(f"module {target.module!r} has no {target.attribute!r}; {describe_found(module)}")
    return value


def load_workflow(target: Target | DefinitionFile) -> str | Pattern | Branch:
    """Return the workflow at a target.

    Raises:
        WrongUseError: If there is none; the text lists those of the module, or all mistakes of the file.
    """
    if isinstance(target, DefinitionFile):
        workflow: str | Pattern | Branch = target.definition.workflow
        return workflow
    with users_code(str(target)):
        value = load(target, _workflows_of)
        if isinstance(value, str | Pattern | Branch):
            return value
        raise WrongUseError(
            f"{str(target)!r} is a {type(value).__name__}, not a workflow: a pattern, or the name of an agent; "
            f"{_workflows_of(imported(target.module))}"
        )


def imported(name: str) -> ModuleType:
    """Import a module of the user's.

    Raises:
        WrongUseError: If there is no such module, or it raises; the text says where.
    """
    try:
        return reference.imported(name)
    except UnresolvedReferenceError as error:
        raise WrongUseError(str(error)) from error


def listed(names: list[str], what: str) -> str:
    """Return what was found, as the end of an error's text."""
    return f"it has {what}: {', '.join(map(repr, names))}" if names else f"it has no {what}"


def _workflows_of(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Pattern | Branch)]
    return listed(names, "workflows")
