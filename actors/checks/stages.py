"""Stages: prerequisites and success conditions that cannot hold, whatever the state."""

from __future__ import annotations

from collections.abc import Iterator

from actors.checks.flaw import Bars, Flaw
from actors.checks.logic import Logic
from actors.checks.place import Place
from actors.values.findings import Code
from actors.workflows.flow import Flow


def check_stages(root: Place, logic: Logic) -> Iterator[Flaw]:
    """Find stages that are never run, or never complete."""
    for place in root.walk():
        if place.parent is None or place.is_fallback or place.parent.flow is not Flow.SEQUENCE:
            continue
        if logic.never(place.gate.before):
            shown = " and ".join(map(repr, place.gate.before))
            problem = f"its prerequisites cannot hold: {shown}"
            yield Flaw(place, Code.PREREQUISITE_NEVER_HOLDS, problem, "correct them", Bars.GATE)
        success = place.gate.after
        if success is not None and logic.never((success,)):
            problem = f"its success condition cannot hold: {success!r}"
            yield Flaw(place, Code.SUCCESS_NEVER_HOLDS, problem, "correct it", Bars.GATE)
