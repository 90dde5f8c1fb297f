"""What a report says, before it is written out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from examples.research.material import Material
from examples.research.plan import Part
from examples.research.related import Related
from examples.research.statements import Statement
from examples.research.words import content_stems, similarity

_MOST_RELATED = 5
SAME = 0.6
"""Two statements that share this much of their words say the same."""


@dataclass(frozen=True)
class Draft:
    """The choice of what to report.

    Attributes:
        summary: Keys of statements, the most important first.
        findings: Keys of statements, in any order; a report groups them by theme.
        definitions: Keys of statements that define something.
        with_steps: Whether the procedure is told, if there is one.
        with_related: Whether documents are listed that the rest does not cite.
    """

    summary: tuple[str, ...]
    findings: tuple[str, ...] = ()
    definitions: tuple[str, ...] = ()
    with_steps: bool = False
    with_related: bool = False

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all statements."""
        return (*self.summary, *self.definitions, *self.findings)

    def parts(self) -> frozenset[Part]:
        """Return which parts the report has."""
        filled: dict[Part, bool] = {
            "summary": bool(self.summary),
            "steps": self.with_steps,
            "definitions": bool(self.definitions),
            "findings": bool(self.findings),
            "related": self.with_related,
        }
        return frozenset(part for part, is_filled in filled.items() if is_filled)


def cited_documents(draft: Draft, material: Material) -> set[str]:
    """Return the names of the documents that the statements of `draft` come from."""
    documents = {statement.document for statement in material.statements(draft.keys)}
    if draft.with_steps and material.procedure:
        documents.add(material.passage_by_id[material.procedure.passage].document)
    return documents


def related_documents(draft: Draft, material: Material) -> list[Related]:
    """Return the best documents for further reading, none of which `draft` cites."""
    cited = cited_documents(draft, material)
    uncited = (related for related in material.related if related.document not in cited)
    return list(islice(uncited, _MOST_RELATED))


def quoted_texts(draft: Draft, material: Material) -> list[tuple[str, str]]:
    """Return every text that `draft` quotes, with the id of the passage it is quoted from."""
    quotes = [(statement.text, statement.passage) for statement in material.statements(draft.keys)]
    if draft.with_steps and material.procedure:
        procedure = material.procedure
        quotes += [(text, procedure.passage) for text in (procedure.lead, *procedure.steps)]
    return quotes


def repetitions(statements: Sequence[Statement]) -> list[Statement]:
    """Return those statements that say what an earlier one has said."""
    found: list[Statement] = []
    earlier: list[frozenset[str]] = []
    for statement in statements:
        stems = content_stems(statement.text)
        if says_same(stems, earlier):
            found.append(statement)
        else:
            earlier.append(stems)
    return found


def says_same(stems: frozenset[str], others: Iterable[frozenset[str]]) -> bool:
    """Whether a statement with these stems repeats any of those with the other stems."""
    return any(similarity(stems, other) >= SAME for other in others)
