"""What can go wrong before a ticket is triaged."""

from __future__ import annotations


class TriageError(Exception):
    """The base of every error this program raises on purpose."""


class NoTicketsError(TriageError):
    """A source has no ticket that could be read.

    Attributes:
        place: Where tickets were looked for.
        malformed: How many lines there were no tickets.
    """

    def __init__(self, place: str, malformed: int) -> None:
        super().__init__(place, malformed)
        self.place = place
        self.malformed = malformed

    def __str__(self) -> str:
        if self.malformed:
            return f"no tickets in {self.place!r}: {self.malformed} lines are malformed, and there are no others"
        return f"no tickets in {self.place!r}; expected changelogs, a .csv or a .jsonl file"


class UnknownFormatError(TriageError):
    """A file is of no kind that holds tickets."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place

    def __str__(self) -> str:
        return f"cannot tell what {self.place!r} holds; expected a name with 'changelog', or ending in .csv or .jsonl"


class MissingColumnsError(TriageError):
    """A table lacks columns that every ticket needs."""

    def __init__(self, place: str, columns: tuple[str, ...]) -> None:
        super().__init__(place, columns)
        self.place = place
        self.columns = columns

    def __str__(self) -> str:
        listed = ", ".join(repr(column) for column in self.columns)
        return f"{self.place!r} has no column {listed}; its first line must name package, version and changes"
