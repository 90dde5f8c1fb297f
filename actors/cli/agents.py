"""The agents of the module that is run: found, and spawned."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

from actors.cli.definition_file import DefinitionFile
from actors.cli.errors import WrongUseError, users_code
from actors.cli.target import Target, imported, listed, load
from actors.runtime.runtime import Runtime
from actors.values.errors import ActorError
from actors.values.workflow_errors import DefinitionError

ATTRIBUTE = "AGENTS"
"""What a module calls its agents, unless the user says otherwise."""

_OPTIONS = ("concurrency", "dispatcher", "timeout", "restart", "mailbox", "breaker")
_EXPECTED = "a mapping of names to agents, or a function that is given the runtime and spawns them"


class FoundAgents(NamedTuple):
    """The agents that a workflow may name.

    Attributes:
        where: Where they are.
        agents: A mapping, or a function that spawns them.
        advice: What to do where the workflow names others.
        is_said: Whether somebody said where they are; else there are none.
    """

    where: str
    agents: Any
    advice: str
    is_said: bool = True


def load_agents(target: Target | DefinitionFile | None, workflow: Target | DefinitionFile) -> FoundAgents:
    """Return the agents of a workflow; none, and how to say where they are, if nobody said that.

    Args:
        target: Where the user says they are; None for `AGENTS` beside the workflow, if there is one, or those of its
            definition.
        workflow: Where the workflow is.

    Raises:
        WrongUseError: If they are not there, or are neither a mapping nor a function.
    """
    source = workflow if target is None else target
    if isinstance(source, DefinitionFile):
        if target is None and not source.definition.agents:
            return _unsaid(f"list them under [agents] in {str(source)!r}")
        return _found(source, source.definition.spawn_into)
    if target is None:
        source = Target(source.module, ATTRIBUTE)
        with users_code(str(source)):
            has_agents = hasattr(imported(source.module), ATTRIBUTE)
        if not has_agents:
            return _unsaid(f"call them {ATTRIBUTE} in module {source.module!r}")
    with users_code(str(source)):
        agents = load(source, _candidates_of)
        is_function = callable(agents) and not inspect.isclass(agents) and not inspect.iscoroutinefunction(agents)
        if not isinstance(agents, Mapping) and not is_function:
            found = _candidates_of(imported(source.module))
            raise WrongUseError(f"{str(source)!r} is a {type(agents).__name__}; expected {_EXPECTED}; {found}")
    return _found(source, agents)


def _found(source: Target | DefinitionFile, agents: Any) -> FoundAgents:
    return FoundAgents(str(source), agents, f"agents are taken from {str(source)!r}, or from what --agents names")


def _unsaid(how: str) -> FoundAgents:
    return FoundAgents("", {}, f"nobody said where the agents are: {how}, or name them with --agents", is_said=False)


def spawn_agents(runtime: Runtime, agents: Any, where: str) -> None:
    """Spawn the agents of a mapping, or have a function spawn them. Runs the user's code.

    Raises:
        WrongUseError: If one cannot be spawned, or the function raises.
    """
    with users_code(where):
        if isinstance(agents, Mapping):
            for name, agent in agents.items():
                _spawn(runtime, name, agent, where)
            return
        try:
            agents(runtime)
        except DefinitionError as error:
            raise WrongUseError(str(error)) from error


def _spawn(runtime: Runtime, name: Any, agent: Any, where: str) -> None:
    options: dict[str, Any] = {}
    if isinstance(agent, Mapping):
        options = dict(agent)
        agent = options.pop("agent", None)
        unknown = [key for key in options if key not in _OPTIONS]
        if agent is None or unknown:
            problem = f"the unknown option {unknown[0]!r}" if unknown else "no 'agent'"
            known = ", ".join(map(repr, _OPTIONS))
            raise WrongUseError(f"{where!r}: {name!r} has {problem}; expected 'agent' and any of {known}")
    try:
        runtime.spawn(name, agent, **options)
    except (ActorError, TypeError, ValueError) as error:
        raise WrongUseError(f"{where!r}: {error}") from error


def _candidates_of(module: ModuleType) -> str:
    names = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and (isinstance(value, Mapping) or _is_own_function(value, module))
    ]
    return listed(names, "mappings and functions")


def _is_own_function(value: object, module: ModuleType) -> bool:
    return inspect.isfunction(value) and value.__module__ == module.__name__
