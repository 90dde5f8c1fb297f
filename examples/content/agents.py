"""The agents: who prepares an article, and who contributes to it.

What they hand on in the state is plain data; each reads the keys that those before it wrote.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from actors import Agent, Event, State
from actors.mergers import BranchResult
from examples.content.article import Article
from examples.content.brief import brief_of
from examples.content.draft import draft_of, steps_for
from examples.content.editing import edits_of
from examples.content.errors import NoMaterialError
from examples.content.keywords import keywords_of
from examples.content.outline import outline_of
from examples.content.terms import Terms
from examples.research.corpus import python_reference
from examples.research.document import Document
from examples.research.index import Index
from examples.research.plan import Plan
from examples.research.scoring import Judge, best_of
from examples.research.statements import Statement
from examples.research.words import counted, listed

logger = logging.getLogger(__name__)

_MOST_HITS = 40
_CORPUS = "the corpus"
_FEWEST_EXTRACTS = 3
_PLAN = Plan(
    kind="article",
    parts=(),
    cues=r"(?:is|are) an?|called|allows?|used|when|means?",
    wants_definitions=True,
    least_share=0.25,
)


class ResearchAgent(Agent):
    """Finds what the corpus says on the subject of a brief, in an index of its own.

    Args:
        documents: What to search; the Python reference if not given.
    """

    def __init__(self, documents: Iterable[Document] | None = None) -> None:
        super().__init__()
        self._index = Index(python_reference().documents if documents is None else documents)

    def on_stop(self) -> None:
        """Give the index back."""
        self._index.close()

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        """Find passages and the statements in them.

        Raises:
            EmptyBriefError: If the brief has no subject.
            NoMaterialError: If too little is said on it.
        """
        brief = brief_of(event.data["brief"])
        stems = [term.stems for term in brief.terms]
        hits = self._index.search(stems, limit=_MOST_HITS)
        weights = dict(self._index.weights(stems))
        statements = Judge(weights, _PLAN).ranked(hits)
        extracts = best_of(statements, _PLAN)
        if len(extracts) < _FEWEST_EXTRACTS:
            raise NoMaterialError(brief.text, len(extracts))
        state.update(brief=brief, weights=weights, hits=hits, statements=statements, extracts=extracts)
        asked = listed(term.shown for term in brief.terms)
        logger.info(
            "research: %s in %s on %s", counted(len(extracts), "statement"), counted(len(hits), "passage"), asked
        )


def outline(event: Event, state: State) -> None:
    """Lay out the sections."""
    made = outline_of(state["extracts"], state["weights"])
    state["outline"] = made
    logger.info("outline: %s", listed(section.title for section in made.sections))


def write(event: Event, state: State) -> None:
    """Write the outline out as paragraphs."""
    procedure = steps_for(state["outline"], state["hits"], state["weights"])
    state["draft"] = draft_of(state["outline"], _by_key(state), procedure)
    logger.info("writer: %s", counted(len(state["outline"].keys), "statement"))


class EditorAgent(Agent):
    """Reads the outline, with a dictionary of the corpus's terms at hand.

    Args:
        documents: What defines the terms; the Python reference if not given.
    """

    def __init__(self, documents: Iterable[Document] | None = None) -> None:
        super().__init__()
        self._terms = Terms(python_reference().documents if documents is None else documents)

    def run(self, event: Event, state: State, /, *args: Any) -> None:
        """Say what to cut and which terms to explain."""
        edits = edits_of(state["outline"], _by_key(state), self._terms)
        state["edits"] = edits
        terms = listed(each.term for each in edits.glossary) or "nothing"
        logger.info("editor: %s, explain %s", counted(len(edits.cuts), "cut"), terms)


def find_keywords(event: Event, state: State) -> None:
    """Find the words that the article is found by."""
    told = _by_key(state)
    state["keywords"] = keywords_of(told[key].text for key in state["outline"].keys)
    logger.info("keywords: %s", listed(state["keywords"]))


def assembled(state: State, branches: Mapping[str, BranchResult]) -> Mapping[str, Any]:
    """Merge the contributions: print the draft as edited, headed by the keywords if somebody found them."""
    edits = branches["editor"].changed["edits"]
    passages = [*(hit.passage for hit in state["hits"]), *(each.passage for each in edits.glossary)]
    article = Article(state["brief"].title, _by_key(state), passages)
    keywords = branches["keywords"].changed.get("keywords", [])
    text = article.written(branches["writer"].changed["draft"], edits, keywords, state.get("corpus", _CORPUS))
    return {"article": text, "keywords": keywords, "edits": edits}


def _by_key(state: State) -> dict[str, Statement]:
    return {each.key: each for each in state["statements"]}
