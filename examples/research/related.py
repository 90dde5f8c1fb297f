"""Documents that a reader of the report may want to read next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from examples.research.index import Hit
from examples.research.question import Term
from examples.research.words import coverage, mentions, stem_line

_MOST = 8
_TELLING = 0.5


@dataclass(frozen=True)
class Related:
    """A document that has to do with the question.

    Attributes:
        title: Its first heading.
        section: Where in it the terms are.
        passage: The id of the passage that has them.
        terms: The terms of the question that the passage has, as the question spells them.
    """

    document: str
    title: str
    section: str
    passage: str
    terms: tuple[str, ...]


def related_to(hits: Iterable[Hit], terms: Iterable[Term], weights: Mapping[str, float]) -> list[Related]:
    """Return the documents that have most of the terms, one passage of each, the best first.

    Args:
        hits: The passages, the best first.
        weights: How telling each of `terms` is that occurs in any document.
    """
    asked = tuple(terms)
    found: dict[str, Related] = {}
    for hit in hits:
        passage = hit.passage
        line = stem_line(f"{passage.title} {passage.section} {passage.text}")
        shared = tuple(term.shown for term in asked if mentions(line, term.stems))
        related = Related(passage.document, passage.title, passage.section, passage.id, shared)
        if coverage(line, weights) >= _TELLING:
            found.setdefault(passage.document, related)
    return list(found.values())[:_MOST]
