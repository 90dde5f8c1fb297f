"""Dialects: how what is not structure is carried, values and callables, in files and in the codec's messages."""

from __future__ import annotations

from typing import Any, Protocol

from actors.grammar.reference import parsed_reference, reference_to
from actors.grammar.values import check_text, read_value, write_value
from actors.values.wire import Types, contract
from actors.values.workflow_errors import UnresolvedReferenceError
from supervisors.excerpt import excerpt


class Dialect(Protocol):
    """What a medium can carry. All that its methods raise is ValueError, with a clause that follows a field's name."""

    def write_text(self, text: str) -> str:
        """Return a text as the medium holds it."""

    def write_value(self, value: Any) -> Any:
        """Return a frozen value as the medium holds it."""

    def read_value(self, data: Any) -> Any:
        """Return the frozen value that was written."""

    def write_callable(self, function: object) -> str:
        """Return how a callable is named."""

    def read_callable(self, reference: object) -> Any:
        """Return the callable of a name."""


class FileDialect:
    """Files: values are what TOML, YAML and JSON have in common, callables are imported by their names."""

    write_text = staticmethod(check_text)
    write_value = staticmethod(write_value)
    read_value = staticmethod(read_value)
    write_callable = staticmethod(reference_to)

    def read_callable(self, reference: object) -> Any:
        """Import a callable. Runs the code of its module."""
        try:
            found = parsed_reference(reference).resolve()
        except UnresolvedReferenceError as error:
            raise ValueError(f"must name something that is there: {error}") from error
        if isinstance(found, type) or not callable(found):
            raise ValueError(f"must name a function; {reference!r} is {excerpt(found)}")
        return found


class WireDialect:
    """The codec's messages: values are as anywhere in them, and there are no callables: bytes import nothing.

    Args:
        known: The classes that may be decoded.
    """

    def __init__(self, known: Types) -> None:
        self._known = known

    def write_text(self, text: str) -> str:
        """Return the text: messages hold any."""
        return text

    def write_value(self, value: Any) -> Any:
        """Return the value: it is frozen, as the codec wants it."""
        return value

    def read_value(self, data: Any) -> Any:
        """Return the value that was in the message."""
        return contract(data, self._known)  # a CodecError is a ValueError

    def write_callable(self, function: object) -> str:
        """Refuse."""
        raise ValueError(f"must not be a callable to be encoded; it is {excerpt(function)}")

    def read_callable(self, reference: object) -> Any:
        """Refuse."""
        raise ValueError(f"must not be a callable: a message names no code, as this one does with {excerpt(reference)}")
