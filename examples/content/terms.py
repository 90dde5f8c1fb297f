"""The terms that a corpus defines, for glossaries."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from examples.research.definitions import defined_in
from examples.research.document import Document, Passage
from examples.research.passages import passages_of
from examples.research.statements import Statement, statements_of
from examples.research.words import content_stems, mentions, similarity, stem_line, stems

_SAYS_WHAT = re.compile(
    r"\b(?:is|are) (?:an?|the|used|mutable|immutable|functions|Python’s)\b|\b(?:called|known as)\b", re.IGNORECASE
)
_CODE = re.compile(r"`\S+`")
_SAME = 0.6
_MOST = 5
_FEWEST_WORDS = 7


@dataclass(frozen=True)
class Definition:
    """A term with what says what it is.

    Attributes:
        term: As a heading of a glossary.
        key: Its stems, by which mentions of it are found.
        statement: What says it.
        passage: Where that is said.
    """

    term: str
    key: str
    statement: Statement
    passage: Passage


class Terms:
    """The definitions in some documents, one for each term: the first that is made.

    Args:
        documents: What is searched for definitions, once.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        passages = [passage for document in documents for passage in passages_of(document)]
        self._definitions: dict[str, Definition] = {}
        for passage in passages:
            for statement in statements_of(passage):
                term = defined_in(statement.text)
                key = " ".join(stems(term))
                if key and not _CODE.fullmatch(term) and statement.kind != "history" and _says_what(statement.text):
                    self._definitions.setdefault(key, Definition(_heading(term), key, statement, passage))
        lines = [stem_line(passage.text) for passage in passages]
        self._rarity = {
            key: math.log(len(lines) / sum(mentions(line, key) for line in lines)) for key in self._definitions
        }

    def wanted_in(self, texts: Sequence[str]) -> list[Definition]:
        """Return the definitions that the readers of `texts` want, by their terms.

        They want those of terms that are mentioned often, and rarely elsewhere, unless a text gives it itself.
        """
        told = [content_stems(text) for text in texts]
        lines = [stem_line(text) for text in texts]
        worth: dict[str, float] = {}
        for key, definition in self._definitions.items():
            count = sum(mentions(line, key) for line in lines)
            if count and not _repeats(definition.statement.text, told):
                worth[key] = count * self._rarity[key]
        best = sorted(worth, key=lambda key: (-worth[key], key))[:_MOST]
        return sorted((self._definitions[key] for key in best), key=lambda each: each.term.strip("`").lower())


def _repeats(text: str, told: Iterable[frozenset[str]]) -> bool:
    own = content_stems(text)
    return any(similarity(own, other) >= _SAME for other in told)


def _says_what(text: str) -> bool:
    return len(text.split()) >= _FEWEST_WORDS and bool(_SAYS_WHAT.search(text))


def _heading(term: str) -> str:
    return term if term.startswith("`") else f"{term[:1].upper()}{term[1:]}"
