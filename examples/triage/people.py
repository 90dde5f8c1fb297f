"""Leaves people out of texts: a ticket is about a package, not about who worked on it."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[<(\[]?\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}[>)\]]?")
_HEADING = re.compile(r"\[ .{1,80} \]")
_THANKS = re.compile(r"[,;(]?\s*\b(?:[Mm]any |[Ww]ith )?[Tt]hanks\b[^.;()]{0,120}\)?")
_NAME = r"[A-Z][\w.’'-]{1,30}"
_CREDIT = re.compile(
    r"[,;(]?\s*\b(?i:report(?:ed)?(?:/\w{1,20})?|authored|found|spotted|noticed|suggested|provided|discovered"
    r"|submitted|pointed out|patch(?:es)?)"
    rf"(?: was| were)? (?:by|from) {_NAME}(?: {_NAME}){{0,3}}\)?"
)
_GAP = re.compile(r"\s+(?=[,;)]|\.(?:\s|$))")
_SPACES = re.compile(r"\s+")


def without_people(text: str) -> str:
    """Return `text` on one line without e-mail addresses, thanks, credits and headings that name a contributor.

    It goes by how such things are written; a name within a sentence stays.
    """
    line = _SPACES.sub(" ", text).strip()
    if _HEADING.fullmatch(line):
        return ""
    for pattern in (_ADDRESS, _THANKS, _CREDIT, _GAP):
        line = pattern.sub("", line)
    return _SPACES.sub(" ", line).strip()
