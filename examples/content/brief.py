"""What a brief asks for: the subject of the article, its title, and what to look up."""

from __future__ import annotations

import re
from dataclasses import dataclass

from examples.content.errors import EmptyBriefError
from examples.research.errors import EmptyQuestionError
from examples.research.question import Term, terms_of

_ORDER = re.compile(
    r"^(?:please )?(?:(?:write|prepare|draft|produce|make|give)(?: (?:me|us))? )?"
    r"(?:an? |the )?(?:(?:short|brief|long|detailed|practical|gentle|quick) )?"
    r"(?:article|post|text|piece|page|chapter|introduction|overview|guide|tutorial|primer|summary)"
    r" (?:about|on|to|of|for|in) ",
    re.IGNORECASE,
)
_READERS = re.compile(
    r",? (?:for|aimed at|written for) (?:\w+ ){0,3}"
    r"(?:readers|newcomers|beginners|developers|programmers|users|people)\.?$",
    re.IGNORECASE,
)
_OF_PYTHON = re.compile(r"\b(?:in|of|for) python\b|\bpython(?:['’]s)?\b", re.IGNORECASE)


@dataclass(frozen=True)
class Brief:
    """A brief, understood.

    Attributes:
        text: As it was given, on one line.
        subject: What the article is about: the brief without its order and without its readers.
        terms: What to look up.
    """

    text: str
    subject: str
    terms: tuple[Term, ...]

    @property
    def title(self) -> str:
        """The subject as a heading."""
        return f"{self.subject[:1].upper()}{self.subject[1:]}"


def brief_of(text: str) -> Brief:
    """Understand a brief such as "Write an introduction to generators for newcomers".

    Raises:
        EmptyBriefError: If nothing is left to look up.
    """
    line = " ".join(text.split())
    subject = _READERS.sub("", _ORDER.sub("", line)).strip(" .")
    try:
        terms = terms_of(_OF_PYTHON.sub("", subject))
    except EmptyQuestionError:
        raise EmptyBriefError(text) from None
    return Brief(line, subject, terms)
