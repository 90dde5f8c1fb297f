"""The table: how an object of a class is written as keys and values."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter
from typing import TYPE_CHECKING, Any

from supervisors.model import Model

if TYPE_CHECKING:
    from actors.grammar.kinds import Kind

_MISSING: Any = object()
_VARIABLE = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Table:
    """How a class is written: its fields by their names, and a head that tells of which class it is.

    Attributes:
        model: The class.
        kinds: What each field holds.
        head: The key that tells that it is one; empty if its place tells. It holds `tag`, or if that is empty the
            object's name.
        tag: What the head holds.
        implied: Fields that need not be written where they equal another, by name.
        title: What it is called where that would not be told by the head.
        needs: Fields that must be stated though their parameters have a default.
    """

    model: type[Model]
    kinds: Mapping[str, Kind]
    head: str = ""
    tag: str = ""
    implied: tuple[tuple[str, str], ...] = ()
    title: str = ""
    needs: tuple[str, ...] = ()

    @property
    def noun(self) -> str:
        """What it is called in errors."""
        name = self.schema_name.replace("_", " ")
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    @property
    def schema_name(self) -> str:
        """What its definition is called in a JSON Schema."""
        return self.title or self.tag or self.head or self.model.__name__.lower()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Its keys, the head first."""
        others = [self.key_of(field) for field in self.kinds if self.key_of(field) != self.head]
        return (self.head, *others) if self.head else tuple(others)

    @property
    def listed(self) -> str:
        """Its keys, for the text of an error."""
        return ", ".join(self.keys)

    def key_of(self, field: str) -> str:
        """Return the key under which a field is written."""
        return self.head if field == "name" and self.head and not self.tag else field

    def field_of(self, key: object) -> str | None:
        """Return the field that a key stands for; None if it stands for none."""
        for field in self.kinds:
            if self.key_of(field) == key:
                return field
        return None

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """What the class is called with, by field."""
        return {
            name: parameter
            for name, parameter in inspect.signature(self.model).parameters.items()
            if name in self.kinds and parameter.kind is not Parameter.VAR_KEYWORD
        }

    @cached_property
    def main(self) -> str:
        """The field that may stand for all: the only one, or the one that takes any number; empty if there is none."""
        return (self.many or [*self.kinds, ""])[0] if len(self.kinds) <= 1 or self.many else ""

    @cached_property
    def many(self) -> list[str]:
        """The field of which a call takes any number, if there is one."""
        return [field for field, each in self.parameters.items() if each.kind is Parameter.VAR_POSITIONAL]

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """The fields that must be stated."""
        return tuple(
            [
                field
                for field, parameter in self.parameters.items()
                if field in self.needs or (parameter.default is Parameter.empty and self.default_of(field) is _MISSING)
            ]
        )

    def default_of(self, field: str) -> Any:
        """Return what a field holds that is not stated; something that equals nothing if it must be stated."""
        declared = self.model.model_fields[field]
        parameter = self.parameters.get(field)
        given = _MISSING if parameter is None or parameter.kind in _VARIABLE else parameter.default
        if given is not Parameter.empty and given is not _MISSING and given is not None:
            return given
        if not declared.is_required():
            return declared.get_default()
        return None if given is None else _MISSING

    def stated(self, value: Model) -> dict[str, Any]:
        """Return the fields that have to be written, in order: those that are not what they would be anyway."""
        fields = {}
        for field in self.kinds:
            held, default = getattr(value, field), self.default_of(field)
            if type(held) is type(default) and held == default:
                continue
            if any(field == one and held == getattr(value, other) for one, other in self.implied):
                continue
            fields[field] = held
        return fields

    def arguments(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields as the class holds them: those of which there may be any number are tuples."""
        return {
            field: tuple(held) if field in self.many and type(held) is list else held for field, held in fields.items()
        }

    def made(self, fields: Mapping[str, Any]) -> Model:
        """Return the object that has these fields.

        Raises:
            TypeError: If a value is of a wrong type.
            ValueError: If a value is not allowed.
        """
        named = dict(fields)
        positional = [each for field in self.many for each in named.pop(field, ())]
        return self.model(*positional, **named)
