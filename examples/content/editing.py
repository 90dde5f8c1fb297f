"""What an editor has to say on an outline: what to cut, and which terms to explain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from examples.content.outline import Outline
from examples.content.readability import reading_ease
from examples.content.terms import Definition, Terms
from examples.research.statements import Statement
from examples.research.words import content_stems, similarity

_SAME = 0.6
_HARDEST = -10.0
_MOST_WORDS = 48
_DANGLING = re.compile(
    r"^(?:The (?:details|specification|rules|syntax|list) |See |Refer |(?:When|By|In) doing (?:so|this)\b)"
    r"|\bdescribed in\b|\bcontained in the\b|, etc\."
)


@dataclass(frozen=True)
class Cut:
    """A statement that should not be printed.

    Attributes:
        key: Which one.
        reason: Why: `repeats`, `hard to read` or `points elsewhere`.
    """

    key: str
    reason: str


@dataclass(frozen=True)
class Edits:
    """The editor's contribution.

    Attributes:
        cuts: What should not be printed.
        glossary: What the reader wants explained, in the order of the terms.
    """

    cuts: tuple[Cut, ...]
    glossary: tuple[Definition, ...]


def edits_of(outline: Outline, statements: Mapping[str, Statement], terms: Terms) -> Edits:
    """Read an outline's statements as their reader will.

    Args:
        outline: The statements' order; of two that say the same the later one is cut.
        statements: By their keys.
        terms: Where definitions are looked up.
    """
    cuts: list[Cut] = []
    kept: dict[str, str] = {}
    for key in outline.keys:
        text = statements[key].text
        reason = _complaint(text, kept.values(), is_lead=key in outline.lead)
        if reason:
            cuts.append(Cut(key, reason))
        else:
            kept[key] = text
    return Edits(tuple(cuts), tuple(terms.wanted_in(list(kept.values()))))


def _complaint(text: str, said: Iterable[str], *, is_lead: bool) -> str:
    """Return why a text should be cut, nothing if it should not; a lead may be hard."""
    stems = content_stems(text)
    if any(similarity(stems, content_stems(other)) >= _SAME for other in said):
        return "repeats"
    if _DANGLING.search(text):
        return "points elsewhere"
    return "hard to read" if not is_lead and _is_hard(text) else ""


def _is_hard(text: str) -> bool:
    return len(text.split()) > _MOST_WORDS or reading_ease([text]) < _HARDEST
