"""Statements that say what something is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from examples.research.statements import Statement
from examples.research.words import coverage, mentions, stem_line, stems

_NAME = r"(?:\*[^*]+\*|`[^`]+`|[\w’'-]+)"
_NAMES = rf"{_NAME}(?:\s{_NAME}){{0,2}}?"
_NO_ERROR = r"(?!(?:\w+\s)?error)"
_SAYS = r"(?:(?:is|are)\s(?!not\b|also\b|always\b|only\b|\w+ed\b)|refers?\sto|means?\s)"
_PATTERNS = (
    re.compile(r"\b(?:(?:is|are) (?:also )?called|known as) (?:an? |the )?(?P<term>\*[^*]+\*)"),
    re.compile(rf"^(?:An?|The|Each|Every)\s(?P<term>\*[^*]+\*)\s{_SAYS}"),
    re.compile(rf"^(?P<term>\*[A-Z][^*]+\*)\s{_SAYS}"),
    re.compile(rf"^(?:In general, a|A)n?\s(?P<term>{_NAMES})\s(?:is|represents?)\san?\s{_NO_ERROR}"),
    re.compile(r"^(?P<term>[A-Z]\w+s(?:\s\w+s)?)\sare\s(?!not\b|also\b|always\b|\w+ed\b)\w"),
    re.compile(r"^The\s(?P<term>`[^`]+`(?:\s\w+)?)\sis\s(?:an?|used\sto|the)\s"),
)
_NO_TERMS = frozenset("there others objects names some values items examples".split())
_MOST = 5
_COMMON = 2
_TELLING = 0.3


@dataclass(frozen=True)
class Definition:
    """A term and the statement that says what it is."""

    term: str
    statement: Statement


def definitions_of(
    statements: Iterable[Statement], extracts: Sequence[Statement], weights: Mapping[str, float]
) -> list[Definition]:
    """Find definitions of the terms that matter to the question, the most wanted first.

    Args:
        statements: Where to look.
        extracts: The best statements; a term that occurs in several of them matters.
        weights: How telling each term of the question is; terms that have those matter, too.
    """
    lines = [stem_line(extract.text) for extract in extracts]
    wanted: dict[str, tuple[float, Definition]] = {}
    for statement in statements:
        term = defined_in(statement.text)
        key = " ".join(stems(term))
        if not key or key in wanted or statement.kind == "history":
            continue
        common = sum(mentions(line, key) for line in lines)
        asked = coverage(f" {key} ", weights)
        if asked >= _TELLING or (common >= _COMMON and not asked):
            wanted[key] = common + statement.score, Definition(term, statement)
    ranked = sorted(wanted.values(), key=lambda pair: (-pair[0], pair[1].term))
    return [definition for _, definition in ranked[:_MOST]]


def defined_in(text: str) -> str:
    """Return the term that a statement defines, empty if it defines none."""
    for pattern in _PATTERNS:
        match = pattern.search(text)
        if match and match["term"].lower() not in _NO_TERMS:
            return match["term"].strip("*")
    return ""
