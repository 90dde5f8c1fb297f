"""What a question is researched with, without a runtime."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing

from examples.research.definitions import definitions_of
from examples.research.document import Block, Document, Passage
from examples.research.index import Index
from examples.research.material import Material
from examples.research.plan import EXPLANATION_PLAN, Plan
from examples.research.question import compared_in, terms_of
from examples.research.related import related_to
from examples.research.scoring import Judge, best_of
from examples.research.statements import Statement
from examples.research.steps import procedure_for
from examples.research.themes import sides_of, themes_of

KITCHEN = (
    Document(
        "bread.md",
        "# Bread\n\n"
        "A *sourdough* is a dough that rises by wild yeast. "
        "The yeast needs a whole day to rise.\n\n"
        "## Baking\n\n"
        "Baking bread with wild yeast proceeds as follows:\n\n"
        "1. Feed the yeast.\n\n2. Knead the dough for ten minutes.\n\n3. Bake the bread.\n\n"
        "If the oven is too cold, the bread stays pale and the crust stays soft.\n",
        "markdown",
    ),
    Document(
        "beer.md",
        "# Beer\n\nBrewers add yeast to the wort when it has cooled down. "
        "Hot wort kills the yeast within a few seconds.\n",
        "markdown",
    ),
    Document(
        "cellar.md",
        "# Cellar\n\nThe cellar keeps both beer and bread cool during the hot months.\n\n"
        "# Yeast\n\nDried yeast keeps for two years in a dark place of the cellar.\n",
        "markdown",
    ),
)
"""A few documents with a definition, steps and statements on yeast."""


def passage(*texts: str, section: str = "Section", subject: str = "") -> Passage:
    """Return a passage with a paragraph for each text."""
    blocks = tuple(Block(text, section=section, subject=subject) for text in texts)
    return Passage("notes:1", "notes", "Notes", section, subject, blocks)


def statement(text: str, *, number: int = 1, section: str = "Section") -> Statement:
    """Return a statement from a passage of its own in one document."""
    source = f"notes:{number}"
    return Statement(f"{source}/1", text, source, "notes", "Notes", section, score=1 / number)


def material_for(question: str, documents: Iterable[Document] = KITCHEN, plan: Plan = EXPLANATION_PLAN) -> Material:
    """Return what the agents find out about `question`."""
    terms = terms_of(question)
    with closing(Index(documents)) as index:
        hits = index.search((term.stems for term in terms), limit=40)
        weights = index.weights(term.stems for term in terms)
    statements = Judge(weights, plan).ranked(hits)
    extracts = best_of(statements, plan)
    compared = compared_in(question) if plan.compared else None
    return Material(
        question=question,
        corpus="the kitchen",
        plan=plan,
        terms=terms,
        weights=weights,
        passages=tuple(hit.passage for hit in hits),
        extracts=tuple(extracts),
        themes=tuple(sides_of(extracts, compared) if compared else themes_of(extracts, weights)),
        definitions=tuple(definitions_of(statements, extracts, weights)),
        related=tuple(related_to(hits, terms, weights)),
        procedure=procedure_for(hits, weights),
    )
