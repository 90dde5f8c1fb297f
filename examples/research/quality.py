"""How good a report is, in numbers that a reader can check."""

from __future__ import annotations

from dataclasses import dataclass

from examples.research.draft import (
    Draft,
    cited_documents,
    quoted_texts,
    related_documents,
    repetitions,
)
from examples.research.material import Material
from examples.research.statements import Statement
from examples.research.words import coverage, stem_line

TARGET = 0.95
"""The score that a report is rewritten for."""

ENOUGH_WORDS = 360
MOST_WORDS = 750
_ENOUGH_DOCUMENTS = 3
_OBTAINABLE = 0.8
"""Of the words in all statements found, how many a report can use without saying things twice."""

_SHARES = {
    "coverage": 0.3,
    "cited": 0.2,
    "breadth": 0.15,
    "length": 0.15,
    "parts": 0.1,
    "distinctness": 0.1,
}


@dataclass(frozen=True)
class Quality:
    """Measures from 0 to 1.

    Attributes:
        coverage: The share of the question's terms that statements have, by weight; what no
            document has counts, too.
        cited: The share of statements that their source has word for word.
        breadth: How many documents are cited, of three or of all there are.
        length: 1 for a report of 360 to 750 words, less for one outside those bounds.
        parts: The share of the planned parts that there was material for and that it has.
        distinctness: The share of statements that repeat no other one.
    """

    coverage: float
    cited: float
    breadth: float
    length: float
    parts: float
    distinctness: float

    @property
    def score(self) -> float:
        """All measures in one, each with its share."""
        total = sum(share * float(getattr(self, name)) for name, share in _SHARES.items())
        return round(total, 4)

    def __str__(self) -> str:
        measures = ", ".join(f"{name} {getattr(self, name):.2f}" for name in _SHARES)
        return f"Quality {self.score:.2f}: {measures}"

    @property
    def is_reached(self) -> bool:
        """Whether nothing is left to improve: every statement is sourced and the score is high."""
        return self.cited == 1 and self.score >= TARGET


def quality_of(draft: Draft, material: Material) -> Quality:
    """Measure `draft`."""
    return Quality(
        coverage=_coverage(draft, material),
        cited=_cited(draft, material),
        breadth=min(1, len(cited_documents(draft, material)) / documents_wanted(material)),
        length=_length(draft, material),
        parts=_parts(draft, material),
        distinctness=_distinctness(draft, material),
    )


def words_in(draft: Draft, material: Material) -> int:
    """Return the number of words that `draft` quotes."""
    return sum(len(text.split()) for text, _ in quoted_texts(draft, material))


def words_wanted(material: Material) -> int:
    """Return the number of words that a report should have at least."""
    available = sum(len(statement.text.split()) for statement in material.by_key.values())
    return max(1, min(ENOUGH_WORDS, int(available * _OBTAINABLE)))


def documents_wanted(material: Material) -> int:
    """Return the number of documents that a report should cite at least."""
    available = {statement.document for statement in material.extracts}
    return max(1, min(_ENOUGH_DOCUMENTS, len(available)))


def covered_line(draft: Draft, material: Material) -> str:
    """Return all that `draft` says, sections included, as one line of stems."""
    texts = [f"{each.section} {each.subject} {each.text}" for each in _statements(draft, material)]
    return "".join(stem_line(text) for text in texts)


def _statements(draft: Draft, material: Material) -> list[Statement]:
    return material.statements(draft.keys)


def _coverage(draft: Draft, material: Material) -> float:
    known = len(material.weights) / len(material.terms)
    return known * coverage(covered_line(draft, material), material.weights)


def _cited(draft: Draft, material: Material) -> float:
    quotes = quoted_texts(draft, material)
    found = [
        quote in material.passage_by_id[source].text for quote, source in quotes if source in material.passage_by_id
    ]
    return sum(found) / len(quotes) if quotes else 0.0


def _length(draft: Draft, material: Material) -> float:
    count = words_in(draft, material)
    return min(1.0, count / words_wanted(material), MOST_WORDS / max(1, count))


def _parts(draft: Draft, material: Material) -> float:
    others = {*draft.summary, *draft.findings}
    available = {
        "summary": True,
        "steps": material.procedure is not None,
        "definitions": any(each.statement.key not in others for each in material.definitions),
        "findings": len(material.extracts) > len(draft.summary),
        "related": bool(related_documents(draft, material)),
    }
    wanted = {part for part in material.plan.parts if available[part]}
    return len(wanted & draft.parts()) / len(wanted)


def _distinctness(draft: Draft, material: Material) -> float:
    statements = _statements(draft, material)
    return 1 - len(repetitions(statements)) / len(statements) if statements else 0.0
