"""Previous outcomes: conditions that ask for one where nothing can have been tried before."""

from __future__ import annotations

from collections.abc import Iterator

from actors.checks.flaw import Bars, Flaw
from actors.checks.place import Place
from actors.checks.questions import asks_what_failed
from actors.values.findings import Code


def check_previous(place: Place, *, may_have_one: bool = False) -> Iterator[Flaw]:
    """Find conditions that ask how what was tried before failed, where neither a fallback nor a retry is around.

    Args:
        place: Where to begin.
        may_have_one: Whether something may have been tried before there.
    """
    retry = place.job.retry
    is_tried_again = may_have_one or (retry is not None and retry.attempts > 1)
    for child in place.children:
        asked = (*child.gate.before, *([child.gate.after] if child.gate.after is not None else []))
        for question in () if is_tried_again else filter(asks_what_failed, asked):
            yield Flaw(
                child,
                Code.NO_PREVIOUS_OUTCOME,
                f"nothing can have been tried before it, and {question!r} asks how that failed",
                "ask that in the fallback of a Branch, or in the node of one with retry=Retry(...)",
                Bars.RUN,
            )
        yield from check_previous(child, may_have_one=is_tried_again)
    if place.fallback is not None:
        yield from check_previous(place.fallback, may_have_one=True)
