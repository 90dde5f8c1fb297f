"""The JSON Schema of definitions, for editors: made of the same vocabulary by which they are read."""

from __future__ import annotations

import inspect
import re
from typing import Any

from actors.grammar.choices import choices_schema
from actors.grammar.nodes import AGENT, USE, name_schema, step_schema
from actors.grammar.table import Table
from actors.grammar.vocabulary import VOCABULARY

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FIELD = re.compile(r"^    (\w+): (.*?)(?=^    \w+: |^\S|\Z)", re.DOTALL | re.MULTILINE)
_SECTION = re.compile(r"^(?:Args|Attributes):\n(.*?)(?=^\S|\Z)", re.DOTALL | re.MULTILINE)


def file_schema() -> dict[str, Any]:
    """Return the JSON Schema, draft 2020-12, of a definition's file.

    What it refuses, `Definition` refuses too; what depends on more than one place, such as names that must differ, is
    for `Definition` alone to find.
    """
    step = VOCABULARY.step.schema(VOCABULARY)
    agents = {"description": "The agents, by the names by which nodes call them.", "type": "object"}
    nodes = {"description": "Nodes that are named '@name' wherever they are used.", "type": "object"}
    return {
        "$schema": DIALECT,
        "title": "A mixmode workflow",
        "type": "object",
        "properties": {
            "agents": {
                **agents,
                "propertyNames": {"minLength": 1, "pattern": "^[^/]*$"},
                "additionalProperties": VOCABULARY.entry.schema(VOCABULARY),
            },
            "nodes": {**nodes, "additionalProperties": step},
            "workflow": {**step, "description": "The node that is run."},
        },
        "required": ["workflow"],
        "additionalProperties": False,
        "$defs": _definitions(),
    }


def _definitions() -> dict[str, Any]:
    return {
        "step": step_schema(VOCABULARY),
        "agent": name_schema(AGENT, "An agent, in a list of tables."),
        "use": name_schema(USE, "One of [nodes]."),
        "conditions": choices_schema(VOCABULARY.conditions, VOCABULARY),
        "mergers": choices_schema(VOCABULARY.mergers, VOCABULARY),
        **{table.schema_name: table_schema(table) for table in VOCABULARY.tables},
    }


def table_schema(table: Table) -> dict[str, Any]:
    """Return the definition of a class."""
    text = inspect.getdoc(table.model) or ""
    told = _told_fields(table.model)
    properties: dict[str, Any] = {table.head: {"const": table.tag}} if table.tag else {}
    for field, kind in table.kinds.items():
        schema = kind.schema(VOCABULARY)
        properties[table.key_of(field)] = {**schema, **({"description": told[field]} if field in told else {})}
    return {
        "description": text.partition("\n")[0],
        "type": "object",
        "properties": properties,
        "required": [*([table.head] if table.tag else []), *map(table.key_of, table.needed)],
        "additionalProperties": False,
    }


def _told_fields(model: type) -> dict[str, str]:
    """Return what the docstrings of a class and its bases say of each field."""
    told = {}
    for base in reversed(model.__mro__):
        for section in _SECTION.findall(inspect.cleandoc(vars(base).get("__doc__") or "")):
            told.update({name: " ".join(text.split()) for name, text in _FIELD.findall(section)})
    return told
