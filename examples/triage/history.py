"""What a package's later versions say of earlier vulnerabilities."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from examples.triage.claims import Stance, claims_in
from examples.triage.reading import bugs_of
from examples.triage.ticket import Ticket
from examples.triage.versions import VersionKey, version_key


@dataclass(frozen=True)
class Release:
    """One version of a package. What it says is worked out when it is first asked for."""

    ticket: Ticket

    @cached_property
    def claims(self) -> dict[str, Stance]:
        """What it says of each vulnerability that it names."""
        return claims_in(self.ticket.changes)

    @cached_property
    def bugs(self) -> frozenset[str]:
        """The numbers of the bugs that it closes."""
        return frozenset(bugs_of(self.ticket.changes))


class History:
    """All versions of all packages, each once, in the order of their numbers. May be read from several threads."""

    def __init__(self, tickets: Iterable[Ticket]) -> None:
        releases: defaultdict[str, dict[VersionKey, Release]] = defaultdict(dict)
        for ticket in tickets:
            releases[ticket.package].setdefault(version_key(ticket.version), Release(ticket))
        self._keys = {package: sorted(known) for package, known in releases.items()}
        self._releases = {package: [releases[package][key] for key in keys] for package, keys in self._keys.items()}

    def later(self, package: str, version: str) -> Sequence[Release]:
        """Return what was released of a package after a version, the next one first."""
        keys = self._keys.get(package, [])
        return self._releases.get(package, [])[bisect_right(keys, version_key(version)) :]
