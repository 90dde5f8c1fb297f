"""Names: paths that two nodes share, and names that stand twice."""

from __future__ import annotations

from collections.abc import Iterator

from actors.checks.flaw import Flaw
from actors.checks.place import Place
from actors.values.findings import Code


def check_names(root: Place) -> Iterator[Flaw]:
    """Find names that do not tell nodes apart."""
    first: dict[str, Place] = {}
    for place in root.walk():
        yield from _names_twice(place)
        if first.setdefault(place.path, place) is not place:
            yield Flaw(
                place,
                Code.AMBIGUOUS_PATH,
                "two nodes of the workflow have this path, so that traces and metrics cannot tell them apart",
                "give one of them another name",
            )


def _names_twice(place: Place) -> Iterator[Flaw]:
    """Find children that were given one name; an agent that works twice and a node used twice are no flaws."""
    first: dict[str, Place] = {}
    for child in place.children:
        name = _given_name(child)
        other = first.setdefault(name, child) if name else child
        if other is not child and other.node != child.node:
            yield Flaw(
                child,
                Code.DUPLICATE_NAME,
                f"it is called {name!r} like {other.path!r} beside it, which is another node",
                "give it another name",
            )


def _given_name(place: Place) -> str:
    """Return the name that the user gave a node; empty if it is called after its agent or its pattern's kind."""
    default = place.agent if place.pattern is None else place.pattern.kind
    return "" if place.label == default else place.label
