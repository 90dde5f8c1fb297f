"""The ticket: what is triaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Ticket:
    """One entry of a package's changelog, or one line of a table.

    Attributes:
        id: Where it comes from and its version; no two tickets of a source have the same.
        package: The source package that it is about.
        version: The package's version that it describes.
        distribution: Where that version was uploaded to, in lower case.
        urgency: How urgent that was, one word in lower case.
        changes: What it says, one item each; names and addresses of people are left out.
    """

    id: str
    package: str
    version: str
    distribution: str
    urgency: str
    changes: tuple[str, ...]

    def as_data(self) -> Mapping[str, Any]:
        """Return it as the data of an event."""
        return {**asdict(self), "changes": list(self.changes)}


def ticket_of(data: Mapping[str, Any]) -> Ticket:
    """Return the ticket that an event was made of."""
    return Ticket(**{**data, "changes": tuple(data["changes"])})
