"""Choices: conditions and mergers, each a table with one key that says which it is.

What follows the key is what the class takes: `{exists = "key"}`, `{equals = {key = "a", value = 1}}`, `{all = [...]}`.
One that is told nothing is its name alone: `"union"`. A callable is `{call = "module:function"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actors.grammar.kinds import CALL, CALL_SCHEMA, Kind, called, guarded, stand_in_function
from actors.grammar.place import Place, as_step, suggestion
from actors.grammar.table import Table
from supervisors.excerpt import excerpt

if TYPE_CHECKING:
    from actors.grammar.reader import Reader
    from actors.grammar.vocabulary import Vocabulary
    from actors.grammar.writer import Writer


class Choice(Kind):
    """One of several classes, or a callable.

    Args:
        family: Which classes: the name of a mapping in the vocabulary.
        noun: What one of them is called in errors.
        example: How one may look.
        takes_callable: Whether it may be a callable.
    """

    def __init__(self, family: str, noun: str, example: str, *, takes_callable: bool) -> None:
        self._family = family
        self._expected = f"must be a {noun} such as {example}"
        self._takes_callable = takes_callable

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the object."""
        with reader.extent.entered(place) as has_room:
            made = self._read(data, place, reader) if has_room else None
        return stand_in_function if made is None else made

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return it as data."""
        tables = self._tables(writer.vocabulary)
        tag, table = next(((tag, table) for tag, table in tables.items() if table.model is type(value)), ("", None))
        if table is not None:
            with writer.extent.entered(place) as has_room:
                return _written(tag, table, value, place, writer) if has_room else None
        if not callable(value):
            writer.refuse(place, f"{self._expected} to be written; {type(value).__name__} has no form")
            return None
        return {CALL: guarded(writer.dialect.write_callable, value, place, writer)}

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Allow each of the classes."""
        choices = [{"$ref": f"#/$defs/{self._family}"}]
        return {"anyOf": [*choices, CALL_SCHEMA]} if self._takes_callable else choices[0]

    def _tables(self, vocabulary: Vocabulary) -> Mapping[str, Table]:
        tables: Mapping[str, Table] = getattr(vocabulary, self._family)
        return tables

    def _read(self, data: Any, place: Place, reader: Reader) -> Any:
        tables = self._tables(reader.vocabulary)
        if isinstance(data, str) and data in tables:
            data = {data: {}}
        if not isinstance(data, dict) or len(data) != 1:
            reader.refuse(place, f"{self._expected}, not {excerpt(data)}")
            return None
        ((tag, content),) = data.items()
        if tag == CALL and self._takes_callable:
            return called(content, (*place, CALL), reader)
        if tag not in tables:
            reader.refuse((*place, as_step(tag)), f"is unknown here; {suggestion(tag, self._names(tables))}")
            return None
        table = tables[tag]
        if _stands_alone(table, content):
            return reader.make_of(table, table.main, content, (*place, tag))
        return reader.make(table, content, (*place, tag))

    def _names(self, tables: Mapping[str, Table]) -> list[str]:
        return [*tables, CALL] if self._takes_callable else list(tables)


def choices_schema(tables: Mapping[str, Table], vocabulary: Vocabulary) -> dict[str, Any]:
    """Return the definition of one of several classes."""
    return {"anyOf": [schema for tag, table in tables.items() for schema in _schemas(tag, table, vocabulary)]}


def _schemas(tag: str, table: Table, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    content: dict[str, Any] = {"$ref": f"#/$defs/{table.schema_name}"}
    if table.main:
        short = table.kinds[table.main].schema(vocabulary)
        content = short if len(table.kinds) == 1 else {"anyOf": [content, short]}
    properties = {tag: content}
    form = {"type": "object", "properties": properties, "required": [tag], "additionalProperties": False}
    return [form] if table.needed else [{"const": tag}, form]


def _stands_alone(table: Table, content: Any) -> bool:
    """Say whether what follows the key is the main field by itself, not a table of fields."""
    return bool(table.main) and (len(table.kinds) == 1 or not isinstance(content, dict))


def _written(tag: str, table: Table, value: Any, place: Place, writer: Writer) -> Any:
    stated = table.stated(value)
    if not stated:
        return tag
    if list(stated) == [table.main]:
        return {tag: table.kinds[table.main].write(stated[table.main], (*place, tag), writer)}
    return {tag: writer.table(table, value, (*place, tag))}
