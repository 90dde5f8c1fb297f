"""What a ticket says of each vulnerability that it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

_CVE = re.compile(r"\b(?:CVE|CAN)-(?P<year>(?:19|20)\d\d)-(?P<number>\d{4,7})(?!\d)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.;])\s+(?=[A-Z])")
_NEW_UPSTREAM = re.compile(
    r"^new upstream|^import(?:ed)? (?:new )?upstream|^update to (?:new )?upstream", re.IGNORECASE
)

_DROPPED = re.compile(
    r"\b(?:drop|remove|delete)\w* (?!(?:the )?(?:test|part|hunk))(?:[^\s,()]{1,20} ){0,3}[^\s,()]{0,60}(?:CVE-|patch)"
    r"|\bCVE-[^\s:]{0,60}: (?:dropped|removed|deleted)\b",
    re.IGNORECASE,
)
_IN_UPSTREAM = re.compile(
    r"upstream|\bmerged|\bincluded|\bapplied|\bobsolete|\bno longer|\bnot needed|\bfixed", re.IGNORECASE
)
_TAKEN_BACK = re.compile(r"(?:revert|back out|backed out|disable)\S{0,3} [^()]{0,60}CVE-", re.IGNORECASE)
_NOT_AFFECTED = re.compile(
    r"\b(?:not|never)(?: be)? (?:affected|vulnerable|exploitable)\b|\bunaffected\b|\b(?:not|n't) affect\b",
    re.IGNORECASE,
)
_MITIGATED = re.compile(r"\bmitigat", re.IGNORECASE)
_FIXED = re.compile(
    r"\b(?:fix|patch|backport|cherry|address|clos[ei]|solv|resolv|prevent|correct|avoid|import|appl[iy]|add|secur"
    r"|upload|updat|protect|check|limit|reject|disallow|restrict|sanitiz|validat|harden|escap|ensure|refuse)"
    r"|[(\[][^()\[\]]{0,200}CVE-\d"
    r"|(?:^|: )\W{0,3}(?:\S{1,60},? ){0,3}CVE-\d",
    re.IGNORECASE,
)


class Stance(StrEnum):
    """What a ticket says has become of a vulnerability; the first one counts most where it says several things."""

    WITHDRAWN = "fix withdrawn"
    FIXED = "fixed"
    NOT_AFFECTED = "not affected"
    MITIGATED = "mitigated"
    MENTIONED = "mentioned"

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to ask."""
        return self in {Stance.FIXED, Stance.NOT_AFFECTED}


_SAYS_FIXED = re.compile(
    r"\b(?:fix|patch|backport|address|solv|resolv|prevent|correct|avoid|protect|clos[ei])", re.IGNORECASE
)
_RANK = {stance: rank for rank, stance in enumerate(Stance)}


def named_in(text: str) -> list[str]:
    """Return the ids of the vulnerabilities that `text` names, each once; CAN, as they began, is written CVE."""
    return list(dict.fromkeys(f"CVE-{match['year']}-{match['number']}" for match in _CVE.finditer(text)))


def claims_in(changes: Iterable[str]) -> dict[str, Stance]:
    """Return what the changes of one ticket say of each vulnerability that they name."""
    told = tuple(changes)
    is_new_upstream = any(_NEW_UPSTREAM.search(change) for change in told)
    claims: dict[str, Stance] = {}
    for change in told:
        for name in named_in(change):
            stance = _stance(change, name, is_new_upstream=is_new_upstream)
            claims[name] = min(claims.get(name, stance), stance, key=_RANK.__getitem__)
    return claims


def _stance(change: str, name: str, *, is_new_upstream: bool) -> Stance:
    if _DROPPED.search(change):
        return Stance.FIXED if is_new_upstream or _IN_UPSTREAM.search(change) else Stance.WITHDRAWN
    if _TAKEN_BACK.match(change):
        return Stance.WITHDRAWN
    if any(_NOT_AFFECTED.search(sentence) for sentence in _SENTENCE_END.split(change) if name in named_in(sentence)):
        return Stance.NOT_AFFECTED
    if _MITIGATED.search(change):
        return Stance.MITIGATED
    return Stance.FIXED if _FIXED.search(change) else Stance.MENTIONED


def claims_fix(change: str) -> bool:
    """Whether a change that names no vulnerability says that something was mended."""
    return bool(_SAYS_FIXED.search(change)) and not _TAKEN_BACK.match(change)
