"""The file of a definition, as the command is given it."""

from __future__ import annotations

import sys
from functools import cached_property
from pathlib import Path

from actors.cli.errors import WrongUseError
from actors.definitions.definition import Definition
from actors.values.workflow_errors import DefinitionError, MissingExtraError


class DefinitionFile:
    """A definition that is read when it is first asked for.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    @cached_property
    def definition(self) -> Definition:
        """The definition. Modules that it names are found beside it too, after those of the current directory.

        Raises:
            WrongUseError: If it cannot be read, or something in it is wrong; the text tells all mistakes.
        """
        folder = str(self._path.parent.resolve())
        if folder not in sys.path:
            sys.path.insert(1, folder)
        try:
            return Definition.load(self._path)
        except OSError as error:
            raise WrongUseError(f"{str(self)!r} cannot be read: {error.strerror}") from error
        except (DefinitionError, MissingExtraError) as error:
            raise WrongUseError(str(error)) from error
