"""Loops: conditions of which it is certain, before they are asked, whether they end a loop."""

from __future__ import annotations

from collections.abc import Iterator

from actors.checks.flaw import Flaw
from actors.checks.logic import Logic
from actors.checks.place import Place
from actors.values.findings import Code
from actors.workflows.flow import Flow


def check_loops(root: Place, logic: Logic) -> Iterator[Flaw]:
    """Find loops that always reach their maximum, and those that never repeat anything."""
    for place in root.walk():
        if place.flow is Flow.LOOP:
            yield from _check_loop(place, logic)


def _check_loop(loop: Place, logic: Logic) -> Iterator[Flaw]:
    (body,) = loop.children
    until = body.gate.after
    if until is None:
        return
    if logic.never((until,)):
        problem = f"it always goes on to its maximum of {body.gate.times} iterations: {until!r} cannot hold"
        yield Flaw(loop, Code.UNTIL_NEVER_HOLDS, problem, "correct until")
    elif logic.always((until,)):
        problem = f"it ends after its first iteration: {until!r} always holds"
        yield Flaw(loop, Code.UNTIL_ALWAYS_HOLDS, problem, "correct until, or leave out the loop")
    else:
        inner = _last_loop(body)
        ends_it = None if inner is None else inner.children[0].gate.after
        if inner is not None and ends_it is not None and logic.implies(ends_it, until):
            yield Flaw(
                loop,
                Code.UNTIL_SHARED,
                f"it ends with the loop {inner.path!r} in it: where {ends_it!r} ends that one, {until!r} holds",
                "let one of the two loops ask for another key with until=",
            )


def _last_loop(place: Place) -> Place | None:
    """Return the loop whose end is the end of a node; None if there is none for certain."""
    if place.fallback is not None or not place.job.required:
        return None
    if place.flow is Flow.LOOP:
        return place
    return _last_loop(place.children[-1]) if place.flow is Flow.SEQUENCE else None
