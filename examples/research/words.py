"""Words as the search compares them: without case, endings and words that carry no meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

STOP_WORDS = frozenset(
    """
    a about above according after again against all almost also although always am among an and
    another any anyone anything are around as at away be became because become been before being
    below best better between both but by came can cannot come compare compared could define
    describe did differ difference differences different do does doing done down during each
    either ever every exactly explain few for from gets give given go goes had happen happened
    happening happens has have having he her here how however i if in inside instead interact
    interacts into is it its itself just let like made make makes many may me mean means might
    mine more most much must my near need neither never no nor not now of off on once one only
    onto or other others our out outside over own please rather related same say see shall she
    should show since so some something still such tell than that the their them then there
    these they thing things this those through thus to together too under until up upon us use
    used uses using versus very via vs want was way we well were what whatever when where
    whether which while who whole whom whose why will with within without work working works
    would yet you your
    """.split()
)
"""Words that join the others, and those that questions are phrased in."""

_WORD = re.compile(r"\w+")
_CONTRACTION = re.compile(r"(?<=\w)(?:n['’]t|['’](?:s|re|ve|ll|d|m))\b", re.IGNORECASE)
_SHORTEST_STEM = 3
_VOWEL = re.compile(r"[aeiouy]")


def words(text: str) -> list[str]:
    """Return the words of `text` in lower case, identifiers stripped of outer underscores."""
    plain = _CONTRACTION.sub("", text.lower())
    stripped = (word.strip("_") for word in _WORD.findall(plain))
    return [word for word in stripped if word]


def stem(word: str) -> str:
    """Return `word` without the endings of plurals and tenses, so that its forms compare equal.

    The result need not be a word: `raise`, `raised` and `raising` all become `rais`.
    """
    singular = _without_plural(word)
    for ending in ("ing", "ed"):
        base = singular.removesuffix(ending)
        if base != singular and len(base) >= _SHORTEST_STEM and _VOWEL.search(base):
            return _without_silent_end(base)
    return _without_silent_end(singular)


def stems(text: str) -> list[str]:
    """Return the stems of all words of `text`, in order."""
    return [stem(word) for word in words(text)]


def stem_line(text: str) -> str:
    """Return the stems of `text` on one line, fenced with spaces, for `mentions()`."""
    return f" {' '.join(stems(text))} "


def mentions(line: str, term: str) -> bool:
    """Whether a line of `stem_line()` has `term`, one stem or several adjacent ones."""
    return f" {term} " in line


def content_stems(text: str) -> frozenset[str]:
    """Return the stems of those words of `text` that carry meaning."""
    return frozenset(stem(word) for word in words(text) if word not in STOP_WORDS)


def coverage(line: str, weights: Mapping[str, float]) -> float:
    """Return the share of the terms, by weight, that a line of `stem_line()` has."""
    total = sum(weights.values())
    covered = sum(weight for term, weight in weights.items() if mentions(line, term))
    return covered / total if total else 0.0


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how much two sets of stems share, from 0 for nothing to 1 for all (Dice)."""
    total = len(one) + len(other)
    return 2 * len(one & other) / total if total else 0.0


def listed(names: Iterable[str]) -> str:
    """Return `names` as they are enumerated in a sentence: `a, b and c`."""
    *rest, last = list(names) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last


def counted(number: int, name: str) -> str:
    """Return `number` with the name of what is counted: `1 passage`, `2 passages`."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def _without_plural(word: str) -> str:
    if len(word) <= _SHORTEST_STEM:
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_silent_end(base: str) -> str:
    if len(base) <= _SHORTEST_STEM:
        return base
    if base.endswith("e"):
        return base[:-1]
    if base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    return base
