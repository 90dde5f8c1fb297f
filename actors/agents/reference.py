"""References: agents by the names under which another process finds them."""

from __future__ import annotations

import importlib
import sys
from types import MethodType
from typing import Any

_ADVICE = "define it at the top of a module, or use another dispatcher"


def reference_of(name: str, agent: object) -> str:
    """Return `module:qualified.name` of an agent.

    Args:
        name: The agent's name, for the error text.
        agent: A class, a factory or a function.

    Raises:
        ValueError: If another process could not find it there.
    """
    module, qualname = getattr(agent, "__module__", None), getattr(agent, "__qualname__", None)
    refused = f"agent {name!r}: dispatcher 'process' needs a class, a factory or a function that can be imported"
    if not isinstance(module, str) or not isinstance(qualname, str):
        raise ValueError(f"{refused}, and {agent!r} has no name of its own; {_ADVICE}")
    reference = f"{module}:{qualname}"
    if module == "__main__":
        raise ValueError(
            f"{refused}, and {qualname!r} is defined in the main program, which no other process runs again; "
            "move it to a module that the program imports"
        )
    try:
        found = referred(sys.modules[module], qualname)
    except (KeyError, AttributeError):
        raise ValueError(f"{refused}, and nothing is found under {reference!r}; {_ADVICE}") from None
    if found is not agent and not _is_same_method(found, agent):
        raise ValueError(f"{refused}, and {reference!r} is something else than {agent!r}; {_ADVICE}")
    return reference


def imported(reference: str) -> Any:
    """Import what a reference names.

    Raises:
        ImportError: If its module cannot be imported.
        AttributeError: If nothing of that name is in it.
    """
    module, _, qualname = reference.partition(":")
    return referred(importlib.import_module(module), qualname)


def loaded(reference: str) -> Any:
    """Return what a reference names in a module that was imported already.

    Raises:
        KeyError: If it was not.
        AttributeError: If nothing of that name is in it.
    """
    module, _, qualname = reference.partition(":")
    return referred(sys.modules[module], qualname)


def referred(module: object, qualname: str) -> Any:
    """Return what a qualified name stands for in a module.

    Raises:
        AttributeError: If it stands for nothing there, as that of a local function does.
    """
    found = module
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _is_same_method(found: object, agent: object) -> bool:
    """Say whether both are the same class method: each look at one makes a new object."""
    if type(found) is not MethodType or type(agent) is not MethodType:
        return False
    return found.__func__ is agent.__func__ and found.__self__ is agent.__self__
