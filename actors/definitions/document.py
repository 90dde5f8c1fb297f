"""The document: what a text holds, and where in the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from actors.definitions.place import Place, dotted
from actors.workflow_errors import Mistake


class Position(NamedTuple):
    """Where in a text.

    Attributes:
        line: Counted from 1.
        column: The character in the line, counted from 1.
    """

    line: int
    column: int


Positions: TypeAlias = Mapping[Place, Position]
"""Where places begin: what is in a table with its key, what is in a list with itself."""


class Document(NamedTuple):
    """A text that was read.

    Attributes:
        data: Dicts, lists and scalars.
        positions: Where in the text.
    """

    data: Any
    positions: Positions

    def mistake(self, place: Place, problem: str) -> Mistake:
        """Return a mistake with its position: that of the innermost place that is in the text."""
        known = place
        while known and known not in self.positions:
            known = known[:-1]
        line, column = self.positions.get(known, (0, 0))
        return Mistake(dotted(place), problem, line, column)


NOWHERE: Positions = {}
"""Of what was not read from a text."""


class UnreadableError(ValueError):
    """A text is none of its format. It never leaves this package.

    Attributes:
        mistakes: What is wrong.
    """

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__(*mistakes)
        self.mistakes = mistakes


def position_of(text: str, offset: int) -> Position:
    """Return the position of a character."""
    before = text.rfind("\n", 0, offset)
    return Position(text.count("\n", 0, offset) + 1, offset - before)
