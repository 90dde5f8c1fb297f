"""What a ticket is about, before anybody takes care of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from examples.triage.desks import DESKS, SECURITY

_BUG = r"(?:bugs?:?\s{0,3})?#?"
_CLOSES = re.compile(rf"\bcloses?:?\s{{0,3}}{_BUG}\d{{2,7}}(?:[,\s]{{1,3}}{_BUG}\d{{2,7}}){{0,40}}", re.IGNORECASE)
_NUMBER = re.compile(r"\d{2,7}")


def topics_of(changes: Iterable[str], distribution: str) -> list[str]:
    """Return the names of all desks that a ticket concerns, in their order; none if there is none.

    What was uploaded to a security distribution concerns the security desk, whatever it says.
    """
    text = "\n".join(changes)
    is_security = "security" in distribution
    return [desk.name for desk in DESKS if (is_security and desk is SECURITY) or desk.concerns(text)]


def bugs_of(changes: Iterable[str]) -> list[str]:
    """Return the numbers of the bugs that the changes close, each once."""
    closing = (match[0] for change in changes for match in _CLOSES.finditer(change))
    return list(dict.fromkeys(number for text in closing for number in _NUMBER.findall(text)))
