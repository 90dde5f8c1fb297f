"""Places: where in a definition something stands, as programs and as people name it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import islice
from typing import TypeAlias

Place: TypeAlias = tuple[str | int, ...]
"""The keys and indices that lead to it; the whole definition is `()`."""

# Comparing names takes long, and an error tells a hundred of them.
_MOST_COMPARED, _LONGEST_COMPARED, _MOST_LISTED = 500, 60, 30
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
    listed = ", ".join([repr(each) for each in names[:_MOST_LISTED]])
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return nearest(name, names).rstrip() or f"known are: {listed}{more}"


def nearest(name: object, known: Iterable[str]) -> str:
    """Return a question for the known name that is most like this one, and a space; nothing if none is like it."""
    candidates = [each for each in islice(known, _MOST_COMPARED) if len(each) <= _LONGEST_COMPARED]
    if not isinstance(name, str) or len(name) > _LONGEST_COMPARED:
        return ""
    likely = difflib.get_close_matches(name, candidates, 1)
    return f"did you mean {likely[0]!r}? " if likely else ""


def as_step(key: object) -> str | int:
    """Return a key as a part of a place; what was decoded may have keys of any kind."""
    return key if isinstance(key, str | int) else repr(key)
