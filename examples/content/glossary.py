"""Links from the words of an article to its glossary."""

from __future__ import annotations

import re
from collections.abc import Iterable

from examples.research.words import stem

_NOT_IN_ANCHOR = re.compile(r"[^\w\s-]")
_WORD = re.compile(r"`?\w+(?:\.\w+)*(?:\(\))?`?")
_GUARDED = re.compile(r"\[[^\]]*\]\([^)]*\)|`[^`]*[^`\w][^`]*`")


def anchor_of(heading: str) -> str:
    """Return the anchor that Markdown gives a heading."""
    return "-".join(_NOT_IN_ANCHOR.sub("", heading.lower()).split())


class Linker:
    """Links the first mention of each term in all the texts that it is given.

    Args:
        headings: The headings of the glossary, by the stems of what they explain.
    """

    def __init__(self, headings: Iterable[tuple[str, str]]) -> None:
        self._left = sorted(headings, key=lambda pair: (-len(pair[0]), pair))

    def linked(self, text: str) -> str:
        """Return `text` with links; longer code, and what is a link already, stays as it is."""
        for pair in list(self._left):
            key, heading = pair
            span = _mention(key.split(" "), text)
            if span:
                start, end = span
                text = f"{text[:start]}[{text[start:end]}](#{anchor_of(heading)}){text[end:]}"
                self._left.remove(pair)
        return text


def _mention(stems: list[str], text: str) -> tuple[int, int] | None:
    """Return where the words with these stems stand side by side, None if they do not."""
    guarded = [match.span() for match in _GUARDED.finditer(text)]
    found = [match for match in _WORD.finditer(text) if not any(a <= match.start() < b for a, b in guarded)]
    for first in range(len(found) - len(stems) + 1):
        run = found[first : first + len(stems)]
        start, end = run[0].start(), run[-1].end()
        between = text[start:end].replace("`", "").split()
        if [stem(word.lower()) for word in between] == stems:
            return start, end
    return None
