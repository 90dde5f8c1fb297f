"""The contents of a definition's text: named nodes, agents and the workflow, read with all their mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from actors.definitions.document import Document
from actors.grammar.agent_entry import AgentEntry
from actors.grammar.dialects import FileDialect
from actors.grammar.place import Place, as_step, nearest, suggestion
from actors.grammar.reader import Reader
from actors.grammar.vocabulary import VOCABULARY
from actors.values.arguments import check_name
from actors.values.workflow_errors import DefinitionError
from supervisors.excerpt import excerpt

AGENTS, NODES, WORKFLOW = "agents", "nodes", "workflow"
KEYS = (AGENTS, NODES, WORKFLOW)
"""The keys of a definition."""


class Contents(NamedTuple):
    """What a definition holds."""

    workflow: Any
    agents: Mapping[str, AgentEntry]


def contents_of(document: Document, source: str) -> Contents:
    """Return what a text holds. Imports the modules of the callables that it names.

    Raises:
        DefinitionError: If something in it is wrong; it tells all mistakes, with their positions.
    """
    data = document.data
    if not isinstance(data, dict):
        expected = f"must be a table of {', '.join(KEYS)}, not {excerpt(data)}"
        raise DefinitionError(source, document.mistakes([((), expected)]))
    nodes = data.get(NODES, {})
    reader = Reader(VOCABULARY, FileDialect(), nodes if isinstance(nodes, dict) else {})
    contents = reader.up_to_a_limit(lambda: _read(data, reader))
    if contents is None or reader.problems:
        mistakes = document.mistakes(reader.problems)
        raise DefinitionError(source, tuple(sorted(mistakes, key=lambda mistake: (mistake.line, mistake.column))))
    return contents


def _read(data: dict[Any, Any], reader: Reader) -> Contents:
    for key in data:
        if key not in KEYS:
            reader.refuse((as_step(key),), f"is unknown; {nearest(key, KEYS)}a definition takes {', '.join(KEYS)}")
    agents = _agents(data[AGENTS], reader) if AGENTS in data else {}
    if not isinstance(data.get(NODES, {}), dict):
        reader.refuse((NODES,), f"must be a table of nodes by their names, not {excerpt(data[NODES])}")
    if WORKFLOW not in data:
        reader.refuse((), f"lacks {WORKFLOW!r}: the node that is run, as in [workflow] with pattern = ...")
        return Contents("", agents)
    workflow = reader.vocabulary.step.read(data[WORKFLOW], (WORKFLOW,), reader)
    reader.refuse_unused()
    if AGENTS in data:
        for place, name in reader.agents:
            if name not in agents:
                reader.refuse(place, f"names an agent that is not in [agents]: {name!r}; {suggestion(name, agents)}")
    return Contents(workflow, agents)


def _agents(data: Any, reader: Reader) -> dict[str, AgentEntry]:
    if not isinstance(data, dict):
        reader.refuse((AGENTS,), f"must be a table of agents by their names, not {excerpt(data)}")
        return {}
    agents = {}
    for name, entry in data.items():
        place: Place = (AGENTS, name)
        try:
            check_name(name)
        except ValueError as error:
            reader.refuse(place, f"is wrong: {error}")
        agents[name] = reader.vocabulary.entry.read(entry, place, reader)
    return agents
