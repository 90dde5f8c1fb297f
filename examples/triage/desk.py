"""The desk: who takes care of one kind of tickets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_MOST_FACTS = 12


@dataclass(frozen=True)
class Desk:
    """Who takes care of one kind of tickets.

    Attributes:
        name: What routes and summaries call it.
        cue: What tells that a ticket concerns it; looked for in lower case.
        facts: What it takes down of a ticket: patterns whose first group is kept, by the names of what they find.
    """

    name: str
    cue: re.Pattern[str]
    facts: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    def concerns(self, text: str) -> bool:
        """Whether a text is for this desk."""
        return bool(self.cue.search(text.lower()))

    def facts_of(self, changes: Iterable[str]) -> dict[str, list[str]]:
        """Return what the changes tell, each fact once, in their order; a dozen of a kind at most."""
        text = "\n".join(changes)
        found = {name: list(dict.fromkeys(pattern.findall(text))) for name, pattern in self.facts.items()}
        return {name: values[:_MOST_FACTS] for name, values in found.items() if values}
