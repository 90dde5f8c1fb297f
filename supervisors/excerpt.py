"""A glimpse of any value, for the text of an error."""

from __future__ import annotations

import reprlib

LONGEST_EXCERPT = 80
LONGEST_PART = 60


def excerpt(value: object) -> str:
    """Return one short line that shows `value`.

    It never raises, whatever the value's own `__repr__` does, and shows no more than the first
    few items of a container.
    """
    try:
        text = " ".join(_abridged().repr(value).splitlines())
    except Exception:  # noqa: BLE001 - the value's own code, or an integer too long to print
        text = object.__repr__(value)
    if len(text) <= LONGEST_EXCERPT:
        return text
    return text[: LONGEST_EXCERPT - 3] + "..."


def _abridged() -> reprlib.Repr:
    """Return a renderer of our own, so that nobody else's settings matter."""
    abridged = reprlib.Repr()
    abridged.maxstring = LONGEST_PART
    abridged.maxother = LONGEST_PART
    return abridged


def cut(text: str, most: int) -> str:
    """Return a text of at most `most` characters and what says how many were left out of its middle.

    The result is an exact `str`, and none of the code of a subclass is run.
    """
    length = str.__len__(text)
    if length <= most:
        return str.__getitem__(text, slice(None))
    end = most // 2
    head, tail = str.__getitem__(text, slice(most - end)), str.__getitem__(text, slice(length - end, None))
    return f"{head}[... {length - most} characters left out ...]{tail}"
