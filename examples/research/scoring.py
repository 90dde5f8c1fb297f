"""How well a statement answers the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from examples.research.index import Hit
from examples.research.plan import Plan
from examples.research.statements import Statement, statements_of
from examples.research.words import mentions, stem_line

_WORTH_OF_TEXT = 0.6
_WORTH_OF_CONTEXT = 0.8
_WORTH_OF_OPENING = 0.3
_WORTH_OF_RANK = 0.4
_WORTH_OF_CUE = 0.2
_WORTH_OF_HISTORY = -0.8
_WORTH_OF_LENGTH = -0.15
_LONG_WORDS = 45
_OPENING_WORDS = 6
_TELLING_HEADING = 0.5


@dataclass(frozen=True)
class Judge:
    """Scores what passages state.

    Attributes:
        weights: How telling each term of the question is.
        plan: What kind of statements is wanted.
    """

    weights: Mapping[str, float]
    plan: Plan

    def judged(self, hit: Hit) -> list[Statement]:
        """Return those statements of a passage that have to do with the question, with scores."""
        passage = hit.passage
        heading = stem_line(f"{passage.title} {passage.section} {passage.subject}")
        scored = (
            replace(statement, score=self._score(statement, heading, hit.rank))
            for statement in statements_of(passage)
            if self._is_relevant(statement, heading)
        )
        return list(scored)

    def _is_relevant(self, statement: Statement, heading: str) -> bool:
        if coverage(stem_line(statement.text), self.weights):
            return True
        return coverage(heading, self.weights) >= _TELLING_HEADING

    def _score(self, statement: Statement, heading: str, rank: float) -> float:
        text = stem_line(statement.text)
        opening = stem_line(" ".join(statement.text.split()[:_OPENING_WORDS]))
        return round(
            _WORTH_OF_TEXT * coverage(text, self.weights)
            + _WORTH_OF_CONTEXT * coverage(heading + text, self.weights)
            + _WORTH_OF_OPENING * coverage(opening, self.weights)
            + _WORTH_OF_RANK * rank
            + _WORTH_OF_CUE * self.plan.suits(statement.text)
            + _WORTH_OF_HISTORY * (statement.kind == "history")
            + _WORTH_OF_LENGTH * (len(statement.text.split()) > _LONG_WORDS),
            6,
        )


def coverage(line: str, weights: Mapping[str, float]) -> float:
    """Return the share of the terms, by weight, that a line of `stem_line()` has."""
    total = sum(weights.values())
    covered = sum(weight for term, weight in weights.items() if mentions(line, term))
    return covered / total if total else 0.0
