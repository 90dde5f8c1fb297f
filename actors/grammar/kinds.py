"""Kinds: what a field may hold, how that is written and read, and what a JSON Schema says of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import TypeAdapter

from actors.grammar.place import Place, as_step
from actors.grammar.reference import PATTERN
from supervisors.excerpt import excerpt

if TYPE_CHECKING:
    from actors.grammar.reader import Reader
    from actors.grammar.table import Table
    from actors.grammar.vocabulary import Vocabulary
    from actors.grammar.writer import Writer
    from supervisors.model import Model

CALL = "call"
"""The key under which a callable is named."""

_SCALARS = (str, bool, int, float)


class Kind(ABC):
    """What a field may hold.

    Attributes:
        takes_null: Whether null is a value of it.
    """

    takes_null: ClassVar[bool] = False

    @abstractmethod
    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return what data stands for; if they are wrong, note it and return what can stand in for it."""

    @abstractmethod
    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return the data that stand for a value; if it cannot be written, note it."""

    @abstractmethod
    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return what a JSON Schema says of it."""


class Scalar(Kind):
    """A text, a number, a truth value, or a list of such; the class checks it.

    Args:
        schema: What a JSON Schema says of it.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return it as it is."""
        for each in data if type(data) is list else (data,):
            if isinstance(each, int) and type(each) not in _SCALARS:  # a class would take it for a number
                reader.refuse(place, f"must hold plain data, not {excerpt(each)}")
        return data

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return it as it is."""
        if isinstance(value, tuple):
            return [self.write(each, place, writer) for each in value]
        if type(value) is str:
            return guarded(writer.dialect.write_text, value, place, writer)
        if type(value) not in _SCALARS:
            raise TypeError(f"{place} holds {excerpt(value)}, which is no scalar: its field needs a kind of its own")
        return value

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return what it was made with."""
        return dict(self._schema)


class Number(Scalar):
    """A number with or without a fraction: a whole one is written without."""

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return 120 for 120.0: for a field that takes numbers that is the same."""
        return int(value) if isinstance(value, float) and value.is_integer() else value


class OfField(Scalar):
    """A scalar of which the field's own declaration tells all.

    Args:
        model: The class.
        field: Which of its fields.
    """

    def __init__(self, model: type[Model], field: str) -> None:
        self._field = model.model_fields[field]

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return what pydantic makes of the declaration; null is not written."""
        annotation: Any = self._field.annotation
        declared = Annotated[annotation, *self._field.metadata, ...]  # it has to have something beside the type
        schema: dict[str, Any] = TypeAdapter(declared).json_schema()
        (written,) = [each for each in schema.get("anyOf", [schema]) if each != {"type": "null"}]
        return dict(written)


class Value(Kind):
    """Plain data of the user's."""

    takes_null = True

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the frozen value."""
        return guarded(reader.dialect.read_value, data, place, reader)

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return it as the medium holds it."""
        return guarded(writer.dialect.write_value, value, place, writer)

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Allow anything."""
        return {}


class Callable(Kind):
    """A function of the user's, or what `other` is: `{call = "module:function"}`.

    Args:
        other: What may stand instead.
    """

    def __init__(self, other: Kind) -> None:
        self._other = other

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Import the function."""
        if not isinstance(data, dict):
            return self._other.read(data, place, reader)
        if list(data) != [CALL]:
            reader.refuse(place, f"must be a table of nothing but {CALL!r}, not {excerpt(data)}")
            return stand_in_function
        return called(data[CALL], (*place, CALL), reader)

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Name the function."""
        if not callable(value):
            return self._other.write(value, place, writer)
        return {CALL: guarded(writer.dialect.write_callable, value, place, writer)}

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Allow both."""
        return {"anyOf": [self._other.schema(vocabulary), CALL_SCHEMA]}


class ListOf(Kind):
    """A list of things of one kind, at least one.

    Args:
        kind: What the things are.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the list; an empty one if it is none."""
        if not isinstance(data, list):
            reader.refuse(place, f"must be a list, not {excerpt(data)}")
            return []
        return [self._kind.read(item, (*place, index), reader) for index, item in enumerate(data)]

    def write(self, value: Sequence[Any], place: Place, writer: Writer) -> Any:
        """Return the list."""
        return [self._kind.write(item, (*place, index), writer) for index, item in enumerate(value)]

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return that of an array."""
        return {"type": "array", "items": self._kind.schema(vocabulary), "minItems": 1}


class MappingOf(Kind):
    """A table whose keys are the user's, of things of one kind.

    Args:
        kind: What the things are.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the mapping; empty if it is none."""
        if not isinstance(data, dict):
            reader.refuse(place, f"must be a table, not {excerpt(data)}")
            return {}
        return {key: self._kind.read(item, (*place, as_step(key)), reader) for key, item in data.items()}

    def write(self, value: Mapping[str, Any], place: Place, writer: Writer) -> Any:
        """Return the table."""
        return {
            guarded(writer.dialect.write_text, key, place, writer): self._kind.write(item, (*place, key), writer)
            for key, item in value.items()
        }

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return that of an object."""
        values = self._kind.schema(vocabulary)
        return {"type": "object", "additionalProperties": values, "minProperties": 1}


class TableOf(Kind):
    """An object of one class.

    Args:
        table: How the class is written.
        stand_in: Makes what stands in for one that is wrong; it is given a name that is not used elsewhere.
    """

    def __init__(self, table: Table, stand_in: Any) -> None:
        self.table = table
        self.stand_in = stand_in

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the object."""
        made = reader.make(self.table, data, place)
        return self.stand_in(reader.stand_in()) if made is None else made

    def write(self, value: Any, place: Place, writer: Writer) -> Any:
        """Return the table."""
        if type(value) is not self.table.model:
            writer.refuse(place, f"must be a {self.table.model.__name__} itself to be written, not {excerpt(value)}")
            return {}
        return writer.table(self.table, value, place)

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Refer to the definition of the class."""
        return {"$ref": f"#/$defs/{self.table.schema_name}"}


class SettingsOf(Kind):
    """Some of a class's fields by themselves, as a mapping.

    Args:
        table: How the fields are written, and no others.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, data: Any, place: Place, reader: Reader) -> Any:
        """Return the mapping; empty if it is none."""
        if not isinstance(data, dict):
            reader.refuse(place, f"must be a table of {self._table.listed}, not {excerpt(data)}")
            return {}
        stated = reader.fields(self._table, data, place)
        reader.check(self._table, stated, place)
        return stated.fields

    def write(self, value: Mapping[str, Any], place: Place, writer: Writer) -> Any:
        """Return the table, with all that the mapping holds."""
        kinds = self._table.kinds
        return {key: kinds[key].write(item, (*place, key), writer) for key, item in value.items() if item is not None}

    def schema(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Refer to the definition of the fields."""
        return {"$ref": f"#/$defs/{self._table.schema_name}"}


CALL_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {CALL: {"type": "string", "pattern": PATTERN}},
    "required": [CALL],
    "additionalProperties": False,
    "description": "A function of a module: it is imported when the file is read.",
}


def called(reference: object, place: Place, reader: Reader) -> Any:
    """Return the function of a name."""
    function = guarded(reader.dialect.read_callable, reference, place, reader)
    return stand_in_function if function is None else function


def stand_in_function(_first: Any, _second: Any) -> None:
    """Stand in for a function that is not there."""


def guarded(convert: Any, value: Any, place: Place, notes: Reader | Writer) -> Any:
    """Return what a dialect makes of a value; None if it refuses, which is noted."""
    try:
        return convert(value)
    except ValueError as error:
        notes.refuse(place, str(error))
        return None
