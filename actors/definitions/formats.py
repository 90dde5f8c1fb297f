"""Formats: the languages in which definitions are written, by name. What reads one is imported when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import PurePath
from typing import Any, NamedTuple, Protocol

from actors.definitions.document import Document
from actors.values.workflow_errors import MissingExtraError
from supervisors.excerpt import excerpt

EXTRA = "definitions"
"""The extra that installs what the formats need."""


class Format(Protocol):
    """A language in which definitions are written."""

    def parse(self, text: str) -> Document:
        """Read a text."""

    def dump(self, data: dict[str, Any]) -> str:
        """Return data as text."""


class _Entry(NamedTuple):
    module: str
    needs: str
    suffixes: tuple[str, ...]


_FORMATS: Mapping[str, _Entry] = {
    "toml": _Entry("actors.definitions.toml", "", (".toml",)),
    "yaml": _Entry("actors.definitions.yaml", "yaml", (".yaml", ".yml")),
}

SUFFIXES = tuple([suffix for entry in _FORMATS.values() for suffix in entry.suffixes])
"""How the names of files end that hold definitions."""


def format_named(name: object) -> Format:
    """Return a format.

    Raises:
        ValueError: If there is none of that name.
        MissingExtraError: If the library that it needs is not installed.
    """
    if not isinstance(name, str) or name not in _FORMATS:
        raise ValueError(f"format must be {' or '.join(map(repr, _FORMATS))}, not {excerpt(name)}")
    entry = _FORMATS[name]
    try:
        loaded: Any = import_module(entry.module)
    except ModuleNotFoundError as error:
        if error.name != entry.needs:  # that one is there, and something else is not
            raise
        raise MissingExtraError(f"a definition in {name.upper()}", EXTRA) from error
    return loaded  # type: ignore[no-any-return]  # a module with both functions


def format_of(path: PurePath) -> str:
    """Return the name of a file's format, by how its name ends.

    Raises:
        ValueError: If that tells none.
    """
    for name, entry in _FORMATS.items():
        if path.suffix.lower() in entry.suffixes:
            return name
    raise ValueError(f"{str(path)!r} must end in {', '.join(SUFFIXES)}, which tells its format")
