"""Input that is no ticket."""

from __future__ import annotations

from dataclasses import dataclass

from examples.triage.people import without_people

_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """A line that could not be read; the others of its file are used.

    Attributes:
        place: The file.
        line: The line's number, from 1; 0 if it is the whole file.
        reason: What is wrong with it.
    """

    place: str
    line: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.place}:{self.line}" if self.line else self.place
        return f"{where}: {self.reason}"


def shown(text: str) -> str:
    """Return the beginning of a line as an error shows it, people left out."""
    line = without_people(text)
    return repr(line if len(line) <= _LONGEST else f"{line[:_LONGEST]}...")
