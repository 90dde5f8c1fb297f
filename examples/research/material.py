"""All that a report is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from examples.research.definitions import Definition
from examples.research.document import Passage
from examples.research.plan import Plan
from examples.research.question import Term
from examples.research.related import Related
from examples.research.statements import Statement
from examples.research.steps import Procedure
from examples.research.themes import Theme


@dataclass(frozen=True)
class Material:
    """What was found out about a question.

    Attributes:
        corpus: What was searched, as a reader should know it.
        terms: What was looked up.
        weights: How telling each of those terms is that occurs in any document.
        passages: Whatever may be cited.
        extracts: The statements that answer the question, the best first.
    """

    question: str
    corpus: str
    plan: Plan
    terms: tuple[Term, ...]
    weights: Mapping[str, float]
    passages: tuple[Passage, ...]
    extracts: tuple[Statement, ...]
    themes: tuple[Theme, ...]
    definitions: tuple[Definition, ...] = ()
    related: tuple[Related, ...] = ()
    procedure: Procedure | None = None

    @cached_property
    def by_key(self) -> Mapping[str, Statement]:
        """Every statement a report may make, by its key."""
        defined = (definition.statement for definition in self.definitions)
        return {statement.key: statement for statement in (*defined, *self.extracts)}

    @cached_property
    def passage_by_id(self) -> Mapping[str, Passage]:
        """Every passage that may be cited, by its id."""
        return {passage.id: passage for passage in self.passages}

    @cached_property
    def theme_by_key(self) -> Mapping[str, Theme]:
        """The theme of every extract that has one, by the key of the statement."""
        return {key: theme for theme in self.themes for key in theme.statements}

    def statements(self, keys: Iterable[str]) -> list[Statement]:
        """Return the statements with `keys`, in their order."""
        return [self.by_key[key] for key in keys]
