"""How hard a text is to read: Flesch's reading ease (1948)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from examples.research.sentences import sentences_of

_CODE = re.compile(r"`[^`]*`")
_WORD = re.compile(r"[A-Za-z]+(?:[’'-][A-Za-z]+)*")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^laeiouy]e|[^aeiouytd]ed|[^aeiouyscxz]es)$")
_BASE, _PER_WORD, _PER_SYLLABLE = 206.835, 1.015, 84.6
_LEVELS = (
    (70.0, "easy"),
    (60.0, "plain English"),
    (50.0, "fairly difficult"),
    (30.0, "difficult"),
)
_HARDEST = "very difficult"


def reading_ease(texts: Iterable[str]) -> float:
    """Return the ease of some paragraphs, from about 100 for easy to below 0; code counts as a word of one syllable."""
    sentences = [sentence for text in texts for sentence in sentences_of(_CODE.sub("code", text))]
    words = [word for sentence in sentences for word in _WORD.findall(sentence)]
    if not words:
        return 0.0
    syllables = sum(map(_syllables, words))
    return round(_BASE - _PER_WORD * len(words) / len(sentences) - _PER_SYLLABLE * syllables / len(words), 1)


def level_of(ease: float) -> str:
    """Return in words how hard a text of that ease is."""
    return next((level for least, level in _LEVELS if ease >= least), _HARDEST)


def _syllables(word: str) -> int:
    """Return how many syllables a word has, by its groups of vowels without a silent end."""
    spoken = word.lower()
    return max(1, len(_VOWELS.findall(spoken)) - bool(_SILENT_END.search(spoken)))
