"""What a question asks for: its terms, and the things it compares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from keyword import iskeyword

from examples.research.errors import EmptyQuestionError
from examples.research.words import STOP_WORDS, stem, words

_QUOTED = re.compile(r"`([^`]+)`|\"([^\"]+)\"|“([^”]+)”")
_ARTICLES = frozenset(("a", "an", "the", "each", "every", "python"))
_KINDS_OF_WORD = frozenset("statement clause keyword operator block loop expression command option".split())
_EMPTY_NOUNS = _KINDS_OF_WORD - {"block", "loop", "option"}
_COMPARED = (
    re.compile(r"\bbetween (?P<one>.+?) and (?P<other>.+)", re.IGNORECASE),
    re.compile(r"\b(?P<one>.+?) (?:vs\.?|versus|or) (?P<other>.+)", re.IGNORECASE),
    re.compile(r"\bcompare (?P<one>.+?) (?:with|to|and) (?P<other>.+)", re.IGNORECASE),
    re.compile(r"\bhow (?:does|do|is|are) (?P<one>.+?) differ(?:ent)? from (?P<other>.+)", re.I),
)


@dataclass(frozen=True)
class Term:
    """A stem to look up, or two that must stand together.

    Attributes:
        stems: What is looked up, stems joined by a space.
        shown: The same as the question spells it.
    """

    stems: str
    shown: str


def terms_of(question: str) -> tuple[Term, ...]:
    """Return what to look up for `question`, in its order and each term once.

    Words that carry no meaning are left out, unless they are quoted or used as a name: in
    "a with statement" the two words are one term.

    Raises:
        EmptyQuestionError: If nothing is left.
    """
    quoted = {word for match in _QUOTED.findall(question) for part in match for word in words(part)}
    found: dict[str, Term] = {}
    for shown in _units(words(question), quoted):
        key = " ".join(stem(word) for word in shown.split())
        found.setdefault(key, Term(key, shown))
    if not found:
        raise EmptyQuestionError(question)
    return tuple(found.values())


def compared_in(question: str) -> tuple[str, str] | None:
    """Return the two things that `question` compares, None if it compares nothing."""
    for pattern in _COMPARED:
        match = pattern.search(question)
        if match:
            return _trimmed(match["one"]), _trimmed(match["other"])
    return None


def _units(spelled: list[str], quoted: set[str]) -> Iterator[str]:
    fused = ""
    neighbours = zip(["", *spelled], spelled, [*spelled[1:], ""], strict=False)
    for before, word, follower in neighbours:
        if fused == before and fused and word in _EMPTY_NOUNS:
            fused = ""
        elif word not in STOP_WORDS:
            yield word
        elif word in quoted or _is_a_name(before, word, follower):
            fused = word if follower and follower not in STOP_WORDS else ""
            yield f"{word} {follower}" if fused else word


def _is_a_name(before: str, word: str, follower: str) -> bool:
    """Whether a word without meaning is named here, as in "the for loop"."""
    return iskeyword(word) and (before in _ARTICLES or follower in _KINDS_OF_WORD)


def _trimmed(phrase: str) -> str:
    spelled = [word for word in phrase.strip(" ?.!,;:").split() if word.lower() not in _ARTICLES]
    telling = [word for word in spelled if word.lower() not in STOP_WORDS]
    return " ".join(telling or spelled[-1:]) or phrase.strip()
