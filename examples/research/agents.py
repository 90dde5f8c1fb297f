"""The agents: what each stage of the workflow has done.

What they hand on in the state is plain data; each reads the keys that those before it wrote.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from actors import Agent, Event, State
from examples.research.definitions import definitions_of
from examples.research.document import Document
from examples.research.errors import NoMatchError
from examples.research.index import Index
from examples.research.material import Material
from examples.research.plan import (
    COMPARISON,
    COMPARISON_PLAN,
    DEFINITION_PLAN,
    EXPLANATION_PLAN,
    HOW_TO_PLAN,
    REASON_PLAN,
    Plan,
)
from examples.research.quality import quality_of
from examples.research.question import compared_in, terms_of
from examples.research.related import related_to
from examples.research.report import written
from examples.research.revision import first_draft, improved
from examples.research.scoring import Judge, best_of
from examples.research.steps import procedure_for
from examples.research.themes import sides_of, themes_of
from examples.research.words import counted, listed

logger = logging.getLogger(__name__)

_MOST_HITS = 40


def plan_as(plan: Plan) -> Callable[[Event, State], None]:
    """Return an agent that has the report laid out by `plan`, and puts the event's question into the state."""

    def lay_out(event: Event, state: State) -> None:
        state.setdefault("question", event.data.get("question", ""))
        compared = compared_in(state["question"]) if plan.kind == COMPARISON else None
        state["plan"] = plan.about(compared or ())
        logger.info("route: it asks for %s", plan.kind)

    return lay_out


plan_comparison = plan_as(COMPARISON_PLAN)
plan_reason = plan_as(REASON_PLAN)
plan_how_to = plan_as(HOW_TO_PLAN)
plan_definition = plan_as(DEFINITION_PLAN)
plan_explanation = plan_as(EXPLANATION_PLAN)


class SearchAgent(Agent):
    """Looks the question's terms up in an index of its own, made when the agent starts.

    Args:
        documents: What to search.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        super().__init__()
        self._documents = tuple(documents)
        self._index: Index | None = None

    def on_start(self) -> None:
        """Read the documents into the index."""
        self._index = Index(self._documents)
        found = counted(len(self._index), "passage")
        logger.info("search: %s in %s", found, counted(len(self._documents), "document"))

    def on_stop(self) -> None:
        """Give the index back."""
        if self._index is not None:
            self._index.close()

    def run(self, event: Event, state: State) -> None:
        """Find the passages.

        Raises:
            EmptyQuestionError: If the question has nothing to look up.
            NoMatchError: If no passage has any of its terms.
        """
        assert self._index is not None, "on_start has run"
        terms = terms_of(state["question"])
        hits = self._index.search((term.stems for term in terms), limit=_MOST_HITS)
        if not hits:
            raise NoMatchError(state["question"], tuple(term.shown for term in terms))
        state["terms"] = terms
        state["weights"] = dict(self._index.weights(term.stems for term in terms))
        state["hits"] = hits
        asked = listed(term.shown for term in terms)
        logger.info("search: %s for %s", counted(len(hits), "passage"), asked)


def analyse(event: Event, state: State) -> None:
    """Take the passages apart into statements, and judge each."""
    statements = Judge(state["weights"], state["plan"]).ranked(state["hits"])
    state["statements"] = statements
    logger.info("analyse: %s", counted(len(statements), "statement"))


def extract(event: Event, state: State) -> None:
    """Keep the statements that answer the question, without repetitions.

    Raises:
        NoMatchError: If there is none.
    """
    extracts = best_of(state["statements"], state["plan"])
    if not extracts:
        raise NoMatchError(state["question"], tuple(term.shown for term in state["terms"]))
    state["extracts"] = extracts
    logger.info("extract: %s kept", counted(len(extracts), "statement"))


def find_themes(event: Event, state: State) -> None:
    """Group the extracts, by the things compared if the question compares any."""
    extracts, compared = state["extracts"], state["plan"].compared
    sides = sides_of(extracts, compared) if compared else []
    themes = sides or themes_of(extracts, state["weights"])
    state["themes"] = themes
    logger.info("themes: %s", listed(theme.label for theme in themes))


def find_definitions(event: Event, state: State) -> None:
    """Find out what the terms of the extracts mean."""
    found = definitions_of(state["statements"], state["extracts"], state["weights"])
    state["definitions"] = found
    logger.info("definitions: %s", listed(each.term for each in found) or "none")


def find_steps(event: Event, state: State) -> None:
    """Find instructions for what the question asks about."""
    procedure = procedure_for(state["hits"], state["weights"])
    state["procedure"] = procedure
    logger.info("steps: %s", procedure.lead if procedure else "none")


def find_related(event: Event, state: State) -> None:
    """Find documents for further reading."""
    related = related_to(state["hits"], state["terms"], state["weights"])
    state["related"] = related
    logger.info("related: %s", listed(each.document for each in related) or "none")


def write(event: Event, state: State) -> None:
    """Write the report, or a better one than the last time, and measure it."""
    material = _material(state)
    draft = improved(state["draft"], material) if "draft" in state else first_draft(material)
    quality = quality_of(draft, material)
    state["draft"] = draft
    state["quality"] = quality
    state["report"] = written(draft, material, quality)
    state["quality_reached"] = quality.is_reached
    statements = counted(len(draft.keys), "statement")
    logger.info("write: quality %.2f in %s", quality.score, statements)


def _material(state: State) -> Material:
    return Material(
        question=state["question"],
        corpus=state.get("corpus", "the documents"),
        plan=state["plan"],
        terms=tuple(state["terms"]),
        weights=state["weights"],
        passages=tuple(hit.passage for hit in state["hits"]),
        extracts=tuple(state["extracts"]),
        themes=tuple(state["themes"]),
        definitions=tuple(state.get("definitions", ())),
        related=tuple(state.get("related", ())),
        procedure=state.get("procedure"),
    )
