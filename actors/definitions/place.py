"""Places: where in a definition something stands, as programs and as people name it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to it; the whole definition is `()`."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def dotted(place: Place) -> str:
    """Return a place as people write it, such as `workflow.steps[2].timeout`."""
    text = ""
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if _BARE.fullmatch(step) else f".{step!r}"
    return text.removeprefix(".")


def suggestion(name: object, known: Iterable[str]) -> str:
    """Return the end of an error's text: the known name that is most like this one, or all of them."""
    names = list(known)
    if not names:
        return "there are none"
    return nearest(name, names).rstrip() or f"known are: {', '.join(map(repr, names))}"


def nearest(name: object, known: Iterable[str]) -> str:
    """Return a question for the known name that is most like this one, and a space; nothing if none is like it."""
    likely = difflib.get_close_matches(name, list(known), 1) if isinstance(name, str) else []
    return f"did you mean {likely[0]!r}? " if likely else ""


def as_step(key: object) -> str | int:
    """Return a key as a part of a place; what was decoded may have keys of any kind."""
    return key if isinstance(key, str | int) else repr(key)
