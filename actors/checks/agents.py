"""Agents: which of them are known, and what these declare."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeAlias

from actors.checks.flaw import Bars, Flaw
from actors.checks.place import Place
from actors.values.findings import Code


class Declaration(NamedTuple):
    """What is known of an agent without running it.

    Attributes:
        requires: The state keys without which it is not run.
        produces: The state keys that it leaves behind; empty if it declares none, which says nothing.
        timeout: Its own timeout.
    """

    requires: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    timeout: float | None = None


Declarations: TypeAlias = Mapping[str, Declaration]
"""What agents declare, by their names; an agent that is not in it is not known."""


def check_agents(root: Place, declarations: Declarations, known: tuple[str, ...]) -> Iterator[Flaw]:
    """Find agents that are not known, each where it is named first.

    Args:
        root: The workflow.
        declarations: What the workflow's agents declare.
        known: The names to choose from, for the advice.
    """
    unknown: dict[str, list[Place]] = {}
    for place in root.walk():
        if place.pattern is None and place.agent not in declarations:
            unknown.setdefault(place.agent, []).append(place)
    names = ", ".join(map(repr, known)) or "none"
    for name, places in unknown.items():
        also = f", and it is named {len(places)} times" if len(places) > 1 else ""
        yield Flaw(
            places[0],
            Code.UNKNOWN_AGENT,
            f"no agent is spawned under the name {name!r}{also}",
            f"spawn one, or name one of those known: {names}",
            Bars.RUN,
        )
