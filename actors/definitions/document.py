"""The document: what a text holds, and where in the text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, NamedTuple, TypeAlias

from actors.grammar.place import Place, dotted
from actors.values.workflow_errors import Mistake


class Position(NamedTuple):
    """Where in a text.

    Attributes:
        line: Counted from 1.
        column: The character in the line, counted from 1.
    """

    line: int
    column: int


Positions: TypeAlias = Callable[[Set[Place]], Mapping[Place, Position]]
"""Tells where some places begin: what is in a table with its key, what is in a list with itself."""


class Document(NamedTuple):
    """A text that was read.

    Attributes:
        data: Dicts, lists and scalars.
        positions: Where in the text; found when an error tells it, and for what that names.
    """

    data: Any
    positions: Positions

    def mistakes(self, problems: Iterable[tuple[Place, str]]) -> tuple[Mistake, ...]:
        """Return mistakes with their positions: those of the innermost places that are in the text."""
        told = list(problems)
        wanted = frozenset([place[:size] for place, _ in told for size in range(len(place) + 1)])
        positions = self.positions(wanted)
        return tuple([_mistake(place, problem, positions) for place, problem in told])


def _mistake(place: Place, problem: str, positions: Mapping[Place, Position]) -> Mistake:
    known = place
    while known and known not in positions:
        known = known[:-1]
    line, column = positions.get(known, (0, 0))
    return Mistake(dotted(place), problem, line, column)


def nowhere(_wanted: Set[Place]) -> Mapping[Place, Position]:
    """Return no positions: those of what was not read from a text."""
    return {}


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
