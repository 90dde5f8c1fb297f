"""How a security ticket is settled: round by round, in ever more of the package's later versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from examples.research.words import counted, listed
from examples.triage.claims import Stance, claims_fix, claims_in
from examples.triage.desks import SECURITY
from examples.triage.history import Release
from examples.triage.reading import bugs_of
from examples.triage.ticket import Ticket

REACH = (0, 1, 5, 21)
"""How many later versions have been searched after each round; the round after these searches all."""

MOST_ROUNDS = len(REACH) + 1
_UNNAMED = "no id"
_MOST_SHOWN = 3


@dataclass(frozen=True)
class Investigation:
    """What is known of the vulnerabilities that a ticket is about.

    Attributes:
        settled: Those that need nothing more, and why.
        open: The others, and what was last said of them.
        bugs: What a vulnerability without an id is known by in later versions.
        rounds: How many rounds there were.
        searched: How many later versions were read.
        is_over: Whether another round could find nothing more.
    """

    settled: Mapping[str, str]
    open: Mapping[str, str]
    bugs: tuple[str, ...] = ()
    rounds: int = 0
    searched: int = 0
    is_over: bool = False

    @property
    def status(self) -> str:
        """`resolved` if nothing is open, else `escalated`."""
        return "escalated" if self.open else "resolved"

    @property
    def reason(self) -> str:
        """Why it has that status, for a reader."""
        if not self.open:
            kinds = dict.fromkeys(self.settled.values())
            return listed(f"{sum(why == kind for why in self.settled.values())} {kind}" for kind in kinds)
        shown = [f"{name}: {stance}" for name, stance in list(self.open.items())[:_MOST_SHOWN]]
        more = [f"{len(self.open) - _MOST_SHOWN} more"] if len(self.open) > _MOST_SHOWN else []
        return f"{'; '.join(shown + more)}; not settled in {counted(self.searched, 'later version')}"


def opened(ticket: Ticket) -> Investigation:
    """Begin with what the ticket itself says. One that names no vulnerability is about one that has no id."""
    claims = claims_in(ticket.changes) or {_UNNAMED: _stance_of_unnamed(ticket)}
    return Investigation(
        settled={name: f"{stance} here" for name, stance in claims.items() if stance.is_settled},
        open={name: stance.value for name, stance in claims.items() if not stance.is_settled},
        bugs=tuple(bugs_of(ticket.changes)),
    )


def searched_on(before: Investigation, later: Sequence[Release]) -> Investigation:
    """Make another round: read some of the later versions that have not been read, and take down what they say.

    Args:
        before: What is known so far.
        later: All later versions, the next one first.
    """
    reach = min(REACH[before.rounds], len(later)) if before.rounds < len(REACH) else len(later)
    settled, still_open = dict(before.settled), dict(before.open)
    for release in later[before.searched : reach]:
        for name in list(still_open):
            stance = _stance_in(release, name, before.bugs)
            if stance is not None and stance.is_settled:
                settled[name] = f"{stance} in {release.ticket.version}"
                del still_open[name]
            elif stance is not None:
                still_open[name] = stance.value
    return replace(
        before,
        settled=settled,
        open=still_open,
        rounds=before.rounds + 1,
        searched=reach,
        is_over=not still_open or reach == len(later),
    )


def _stance_of_unnamed(ticket: Ticket) -> Stance:
    told = (change for change in ticket.changes if SECURITY.concerns(change))
    return Stance.FIXED if any(map(claims_fix, told)) else Stance.MENTIONED


def _stance_in(release: Release, name: str, bugs: Sequence[str]) -> Stance | None:
    """Return what a later version says of a vulnerability, None if it says nothing."""
    if name == _UNNAMED:
        return Stance.FIXED if not release.bugs.isdisjoint(bugs) else None
    return release.claims.get(name)
