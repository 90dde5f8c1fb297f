"""Numbered lists that say how something is done, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from examples.research.document import Passage
from examples.research.index import Hit
from examples.research.words import coverage, stem_line

_FEWEST = 3
_TELLING = 0.45


@dataclass(frozen=True)
class Procedure:
    """The steps of one numbered list.

    Attributes:
        lead: The sentence before the list, which says what the steps are for.
        steps: Word for word as the passage has them.
        passage: The id of that passage.
    """

    lead: str
    steps: tuple[str, ...]
    passage: str


def procedure_for(hits: Iterable[Hit], weights: Mapping[str, float]) -> Procedure | None:
    """Return the first list of steps for what the question asks about, None if there is none.

    Args:
        hits: The passages, the best first.
        weights: How telling each term of the question is.
    """
    for hit in hits:
        procedure = _procedure_in(hit.passage)
        if procedure and coverage(_topic(procedure, hit.passage), weights) >= _TELLING:
            return procedure
    return None


def _procedure_in(passage: Passage) -> Procedure | None:
    steps = tuple(block.text for block in passage.blocks if block.kind == "step")
    leads = [block.text for block in passage.blocks if block.text.endswith(":")]
    if len(steps) < _FEWEST or not leads:
        return None
    return Procedure(leads[0], steps, passage.id)


def _topic(procedure: Procedure, passage: Passage) -> str:
    return stem_line(f"{procedure.lead} {passage.place}")
