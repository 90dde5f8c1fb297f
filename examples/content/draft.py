"""The writer's contribution: the outline written out as paragraphs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from examples.content.outline import Outline
from examples.research.index import Hit
from examples.research.statements import Statement
from examples.research.steps import Procedure, procedure_for

_LONGEST_PARAGRAPH = 5


@dataclass(frozen=True)
class DraftSection:
    """A section as the writer would print it.

    Attributes:
        paragraphs: The keys of the statements of each.
        procedure: Steps that are told after the paragraphs, if there are any.
    """

    title: str
    paragraphs: tuple[tuple[str, ...], ...]
    procedure: Procedure | None = None


@dataclass(frozen=True)
class Draft:
    """An article before it is edited.

    Attributes:
        lead: The keys of the statements that it opens with.
        sections: Its parts in order.
    """

    lead: tuple[str, ...]
    sections: tuple[DraftSection, ...]


def draft_of(outline: Outline, statements: Mapping[str, Statement], procedure: Procedure | None) -> Draft:
    """Write an outline out: what comes from one passage is one paragraph, so each keeps to one thing.

    Args:
        outline: What is told, in order.
        statements: By their keys.
        procedure: Steps for what the brief is about; told in the section that has most to do with them.
    """
    documents = [{statements[key].document for key in section.statements} for section in outline.sections]
    home = procedure.passage.rpartition(":")[0] if procedure else ""
    place = next((number for number, names in enumerate(documents) if names == {home}), None)
    sections = [
        DraftSection(
            section.title,
            _paragraphs([statements[key] for key in section.statements]),
            procedure if number == place else None,
        )
        for number, section in enumerate(outline.sections)
    ]
    return Draft(outline.lead, tuple(sections))


def steps_for(outline: Outline, hits: Iterable[Hit], weights: Mapping[str, float]) -> Procedure | None:
    """Return steps that belong to what an outline tells, None if there are none.

    Args:
        outline: What is told; steps are taken from passages that it cites.
        hits: The passages, the best first.
        weights: How telling each term of the brief is; one of them has to be what the steps are for.
    """
    told = {key.rpartition("/")[0] for key in outline.keys}
    cited = [hit for hit in hits if hit.passage.id in told]
    terms = sorted(weights, key=lambda term: (-weights[term], term))
    found = (procedure_for(cited, {term: weights[term]}) for term in terms)
    return next((procedure for procedure in found if procedure), None)


def _paragraphs(statements: Sequence[Statement]) -> tuple[tuple[str, ...], ...]:
    """Return the statements' keys, those side by side that are about one thing together."""
    paragraphs: list[tuple[str, ...]] = []
    for _, members in groupby(statements, key=lambda each: (each.passage, each.subject)):
        keys = tuple(each.key for each in members)
        parts = math.ceil(len(keys) / _LONGEST_PARAGRAPH)
        ends = [len(keys) * part // parts for part in range(parts + 1)]
        paragraphs += [keys[start:end] for start, end in pairwise(ends)]
    return tuple(paragraphs)
