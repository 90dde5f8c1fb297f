"""Nodes: how the steps of a workflow are written.

An agent is its name, or `{agent = "name"}` in a list of tables. `"@name"`, or `{use = "name"}`, is what stands under
that name in `[nodes]`. A pattern is a table that begins with `pattern`, a branch one that begins with `branch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.grammar.kinds import Kind, ListOf, guarded
from actors.grammar.place import Place, as_step, suggestion
from actors.workflows.branch import Branch
from supervisors.excerpt import excerpt

if TYPE_CHECKING:
    from actors.grammar.reader import Reader
    from actors.grammar.vocabulary import Vocabulary
    from actors.grammar.writer import Writer

PATTERN, BRANCH, AGENT, USE = "pattern", "branch", "agent", "use"
HEADS = (PATTERN, BRANCH, AGENT, USE)
"""The keys of which a node that is a table has exactly one."""

_REFERENCE = "@"
_NAME = {"type": "string", "minLength": 1}


class StepKind(Kind):
    """An agent, a pattern or a branch."""

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the node."""
        with reader.extent.entered(place) as has_room:
            return self._read(data, place, reader) if has_room else reader.stand_in()

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return the node as data."""
        vocabulary = writer.vocabulary
        with writer.extent.entered(place) as has_room:
            if not has_room:
                return None
            if isinstance(value, str):
                name = guarded(writer.dialect.write_text, value, place, writer)
                return {AGENT: name} if value.startswith(_REFERENCE) else name
            if type(value) is Branch:
                return writer.table(vocabulary.branch, value, place)
            table = vocabulary.pattern_of(value)
            if table is None:
                writer.refuse(place, f"must be a pattern of actors to be written; {type(value).__name__} has no form")
                return None
            return writer.table(table, value, place)

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Refer to the definition."""
        return {"$ref": "#/$defs/step"}

    def _read(self, data: Any, place: Place, reader: Reader) -> Any:
        if isinstance(data, str):
            if data.startswith(_REFERENCE):
                return reader.use(data.removeprefix(_REFERENCE), place)
            return _agent(data, place, reader)
        if not isinstance(data, dict):
            reader.refuse(
                place, f"must be an agent's name, '@' and the name of one of [nodes], or a table, not {excerpt(data)}"
            )
            return reader.stand_in()
        heads = [head for head in HEADS if head in data]
        if len(heads) != 1:
            reader.refuse(place, _wrong_heads(heads, data))
            return reader.stand_in()
        return _READERS[heads[0]](data, place, reader)


class StepsKind(ListOf):
    """A list of nodes and branches."""

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return the list; where one is a table that holds others, agents are tables too, which TOML likes better."""
        steps = super().write(value, place, writer)
        if any(isinstance(step, dict) and any(type(each) in (dict, list) for each in step.values()) for step in steps):
            return [{AGENT: step} if isinstance(step, str) else step for step in steps]
        return steps


def step_schema(vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the definition of nodes and branches."""
    kinds = [*vocabulary.patterns.values(), vocabulary.branch]
    return {
        "anyOf": [
            {**_NAME, "description": "An agent's name, or @ and the name of one of [nodes]."},
            {"$ref": "#/$defs/agent"},
            {"$ref": "#/$defs/use"},
            *[{"$ref": f"#/$defs/{table.schema_name}"} for table in kinds],
        ]
    }


def name_schema(head: str, description: str) -> dict[str, Any]:
    """Return the definition of a node that is a name in a table."""
    properties = {head: _NAME}
    return {
        "description": description,
        "type": "object",
        "properties": properties,
        "required": [head],
        "additionalProperties": False,
    }


def _agent(name: object, place: Place, reader: Reader) -> str:
    if not isinstance(name, str) or not name:
        reader.refuse(place, f"must name an agent, not {excerpt(name)}")
        return reader.stand_in()
    reader.agents.append((place, name))
    return name


def _read_agent(data: dict[Any, Any], place: Place, reader: Reader) -> Any:
    _refuse_others(AGENT, data, place, reader)
    return _agent(data[AGENT], (*place, AGENT), reader)


def _read_use(data: dict[Any, Any], place: Place, reader: Reader) -> Any:
    _refuse_others(USE, data, place, reader)
    name = data[USE]
    if not isinstance(name, str):
        reader.refuse((*place, USE), f"must be the name of one of [nodes], not {excerpt(name)}")
        return reader.stand_in()
    return reader.use(name, (*place, USE))


def _read_pattern(data: dict[Any, Any], place: Place, reader: Reader) -> Any:
    tag, patterns = data[PATTERN], reader.vocabulary.patterns
    if not isinstance(tag, str) or tag not in patterns:
        reader.refuse((*place, PATTERN), f"is none that is known: {excerpt(tag)}; {suggestion(tag, patterns)}")
        return reader.stand_in()
    made = reader.make(patterns[tag], data, place)
    return reader.stand_in() if made is None else made


def _read_branch(data: dict[Any, Any], place: Place, reader: Reader) -> Any:
    if "node" not in data and isinstance(data[BRANCH], str):
        reader.agents.append(((*place, BRANCH), data[BRANCH]))
    made = reader.make(reader.vocabulary.branch, data, place)
    return Branch(reader.stand_in()) if made is None else made


def _refuse_others(head: str, data: dict[Any, Any], place: Place, reader: Reader) -> None:
    for key in data:
        if key != head:
            problem = (
                f"cannot stand beside {head!r}; a policy is that of a branch: {{ {BRANCH} = ..., node = ..., ... }}"
            )
            reader.refuse((*place, as_step(key)), problem)


def _wrong_heads(heads: list[str], data: dict[Any, Any]) -> str:
    if heads:
        return f"must be one node, and has {' and '.join(map(repr, heads))}; a branch holds its pattern as 'node'"
    for head in ("stage", "case"):
        if head in data:
            return f"must be a node, and is a {head}, which stands in a list of {head}s only"
    return (
        f"must have one of the keys {', '.join(map(repr, HEADS))}, which tell what it is; it has {excerpt(list(data))}"
    )


_READERS = {PATTERN: _read_pattern, BRANCH: _read_branch, AGENT: _read_agent, USE: _read_use}

STEP = StepKind()
STEPS = StepsKind(STEP)
