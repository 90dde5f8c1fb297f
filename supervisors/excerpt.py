"""A glimpse of any value, for the text of an error."""

from __future__ import annotations

import re
import reprlib

LONGEST_EXCERPT = 80
LONGEST_PART = 60

# Control characters, what ends a line, what turns the direction of writing, and halves of surrogate pairs. The tab and
# spaces of all kinds do no harm.
_ACTIVE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def excerpt(value: object) -> str:
    """Return one short line that shows `value`.

    It never raises, whatever the value's own `__repr__` does, unless that is a `KeyboardInterrupt`,
    and shows no more than the first few items of a container.
    """
    try:
        text = shown(" ".join(_abridged().repr(value).splitlines()))
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - the value's own code, or an integer too long to print
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


def shown(text: str, *, keep: str = "") -> str:
    r"""Return a text on one line, with what could act on a terminal as escapes, such as `\u001b`.

    In a JSON text they mean the same as what they stand for. A text that was shown already stays as it is.

    Args:
        text: What somebody else wrote.
        keep: Which of these characters to leave as they are, such as the ends of lines that are our own.
    """
    return _ACTIVE.sub(lambda found: _escaped(found[0], keep), text)


def _escaped(character: str, keep: str) -> str:
    return character if character in keep else _NAMED.get(character) or f"\\u{ord(character):04x}"


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
