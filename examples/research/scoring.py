"""How well a statement answers the question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from examples.research.definitions import defined_in
from examples.research.index import Hit
from examples.research.plan import Plan
from examples.research.sentences import sentences_of
from examples.research.statements import Statement, distinct, statements_of
from examples.research.words import coverage, mentions, stem_line, stems

_WORTH_OF_LEAD = 0.4
_WORTH_OF_TEXT = 0.2
_WORTH_OF_CONTEXT = 1.0
_WORTH_OF_HEADING = 0.3
_WORTH_OF_OPENING = 0.3
_WORTH_OF_RANK = 0.4
_WORTH_OF_CUE = 0.2
_WORTH_OF_DEFINITION = 0.6
_WORTH_OF_PAIRS = 0.3
_WORTH_OF_KIND = {"history": -0.8, "step": -0.3}
_WORTH_OF_WORD = -0.005
_SHORT_WORDS = 30
_OPENING_WORDS = 6
_TELLING_HEADING = 0.5
_MOST = 40


@dataclass(frozen=True)
class Judge:
    """Scores what passages state.

    Attributes:
        weights: How telling each term of the question is.
        plan: What kind of statements is wanted.
    """

    weights: Mapping[str, float]
    plan: Plan

    def ranked(self, hits: Iterable[Hit]) -> list[Statement]:
        """Return what the passages state about the question, with scores, the best first."""
        judged = (statement for hit in hits for statement in self._judged(hit))
        return sorted(judged, key=lambda statement: -statement.score)

    def _judged(self, hit: Hit) -> Iterator[Statement]:
        passage = hit.passage
        heading = stem_line(f"{passage.title} {passage.section} {passage.subject}")
        for statement in statements_of(passage):
            if self._is_relevant(statement, heading):
                yield replace(statement, score=self._score(statement, heading, hit.rank))

    def _is_relevant(self, statement: Statement, heading: str) -> bool:
        if coverage(stem_line(statement.text), self.weights):
            return True
        return coverage(heading, self.weights) >= _TELLING_HEADING

    def _score(self, statement: Statement, heading: str, rank: float) -> float:
        text = stem_line(statement.text)
        lead = stem_line(f"{statement.subject} {sentences_of(statement.text)[0]}")
        opening = stem_line(" ".join(statement.text.split()[:_OPENING_WORDS]))
        return round(
            _WORTH_OF_LEAD * coverage(lead, self.weights)
            + _WORTH_OF_TEXT * coverage(text, self.weights)
            + _WORTH_OF_CONTEXT * self._fit(heading + lead)
            + _WORTH_OF_DEFINITION * self._defines(statement.text)
            + _WORTH_OF_HEADING * coverage(heading, self.weights)
            + _WORTH_OF_OPENING * coverage(opening, self.weights)
            + _WORTH_OF_RANK * rank
            + _WORTH_OF_CUE * self.plan.suits(statement.text)
            + _WORTH_OF_PAIRS * self._share_of_pairs(text)
            + _WORTH_OF_KIND.get(statement.kind, 0)
            + _WORTH_OF_WORD * max(0, len(statement.text.split()) - _SHORT_WORDS),
            6,
        )

    def _fit(self, line: str) -> float:
        """Return how much of the question `line` has, where rare terms count more, but not only."""
        count = sum(mentions(line, term) for term in self.weights)
        return (coverage(line, self.weights) + count / len(self.weights)) / 2

    def _defines(self, text: str) -> float:
        """Return how much of a term that `text` defines is asked for; nothing if none is wanted."""
        term = stems(defined_in(text)) if self.plan.wants_definitions else []
        asked = {part for each in self.weights for part in each.split()}
        return sum(part in asked for part in term) / len(term) if term else 0.0

    def _share_of_pairs(self, text: str) -> float:
        """Return how many of the terms that the question has side by side `text` has so, too."""
        pairs = [f"{one} {other}" for one, other in pairwise(self.weights)]
        return sum(mentions(text, pair) for pair in pairs) / len(pairs) if pairs else 0.0


def best_of(ranked: Sequence[Statement], plan: Plan) -> list[Statement]:
    """Return the statements that answer the question, without repetitions, the best first.

    Args:
        ranked: All statements, the best first.
        plan: What share of the best score a statement needs.
    """
    least = plan.least_share * ranked[0].score if ranked else 0
    fitting = (each for each in ranked if each.score >= least and each.kind != "history")
    return distinct(fitting)[:_MOST]
