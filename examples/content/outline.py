"""The outline: which sections an article has, and what each can say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examples.research.definitions import defined_in
from examples.research.statements import Statement
from examples.research.themes import REST, themes_of
from examples.research.words import coverage, stem_line

_MOST_SECTIONS = 6
_FEWEST_STATEMENTS = 2
_MOST_STATEMENTS = 9
_LEADS = 2
_LEAST_SHARE = 0.6
_CONDITIONAL = re.compile(r"(?:If|When|While|Because|Since|Once|Unless|Although|After|Before|By|For|In|From|Any|You)\b")
_FOOTNOTES = "Footnotes"
_REST_TITLE = "Also worth knowing"


@dataclass(frozen=True)
class Section:
    """A part of the article.

    Attributes:
        title: Its heading.
        statements: The keys of what it can say, in the order in which their sources have it.
    """

    title: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """What an article is made of.

    Attributes:
        lead: The keys of the statements that it opens with.
        sections: Its parts, the most important one first.
    """

    lead: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all statements, in the article's order."""
        return (*self.lead, *(key for section in self.sections for key in section.statements))


def outline_of(extracts: Sequence[Statement], weights: Mapping[str, float]) -> Outline:
    """Lay out an article.

    Args:
        extracts: What can be said, without repetitions, the best first; at least one.
        weights: How telling each term of the brief is.

    Returns:
        An outline that uses each statement once; what stands alone in its theme is left out.
    """
    prose = [each for each in extracts if each.kind != "step" and each.section != _FOOTNOTES] or list(extracts)
    by_key = {each.key: each for each in prose}
    themes = themes_of(prose, weights)
    lead = _lead_of(prose, weights)
    sections = []
    for theme in themes:
        members = [by_key[key] for key in theme.statements if key not in lead]
        if theme.label == REST:
            members = [each for each in members if each.score >= _LEAST_SHARE * prose[0].score]
        if len(members) >= _FEWEST_STATEMENTS:
            sections.append(_section(theme.label, members))
    return Outline(lead, tuple(sections[:_MOST_SECTIONS]))


def _lead_of(prose: Sequence[Statement], weights: Mapping[str, float]) -> tuple[str, ...]:
    """Return what an article can open with: what says what its subject is, from different documents.

    If there is but one such statement, what its source goes on with follows it.
    """
    general = [each for each in prose if not _CONDITIONAL.match(each.text)] or list(prose)
    defining = [each for each in general if coverage(stem_line(defined_in(each.text)), weights)]
    best = list({each.document: each for each in reversed(defining)}.values())[::-1] or general[:1]
    if len(best) == 1:
        followers = (each for each in prose if each.passage == best[0].passage and each.position > best[0].position)
        best += sorted(followers, key=lambda each: each.position)
    return tuple(each.key for each in best[:_LEADS])


def _section(label: str, members: Sequence[Statement]) -> Section:
    best = sorted(members, key=lambda each: -each.score)[:_MOST_STATEMENTS]
    in_order = sorted(best, key=lambda each: each.position)
    title = _REST_TITLE if label == REST else label
    return Section(title, tuple(each.key for each in in_order))
