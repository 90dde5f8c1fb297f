"""Definitions: workflows as data, in TOML or YAML, validated with the line of every mistake."""

from actors.definitions.definition import Definition
from actors.definitions.schema import file_schema
from actors.grammar.agent_entry import AgentEntry
from actors.grammar.conversion import from_data, to_data

__all__ = ["AgentEntry", "Definition", "file_schema", "from_data", "to_data"]
