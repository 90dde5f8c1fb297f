"""Debian changelogs, as deb-changelog(5) has them, taken apart into tickets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from examples.triage.people import without_people
from examples.triage.problem import Problem, shown
from examples.triage.ticket import Ticket

_HEADER = re.compile(
    r"(?P<package>\w[-+.\w]*) \((?P<version>[^()\s]+)\)(?P<distribution>(?:\s+[-+.\w]+)*)\s*;(?P<settings>.*)",
    re.ASCII,
)
_URGENCY = re.compile(r"\b(?:urgency|priority)=\s*(?P<word>[a-z]+)", re.IGNORECASE)
_TRAILER = re.compile(r" ?--(?: |$)")
_BULLET = re.compile(r"\s+[*+~o-]\s+")
_COMMENT = re.compile(r"#|/\*.*\*/|\$\w+:.*\$|vim?:|;;|Local variables:|mode:|End:", re.IGNORECASE)
_OLD_CHANGES = re.compile(r"(?:old|original) changelog:|(?:mon|tue|wed|thu|fri|sat|sun) \w{3} ", re.IGNORECASE)
_DEFAULT_URGENCY = "low"
_NO_DISTRIBUTION = "unknown"
_LONGEST_HEADING = 60


@dataclass
class _Change:
    """A change that is being read: how far it is indented, and its lines."""

    indent: int
    lines: list[str]

    @property
    def text(self) -> str:
        return without_people(" ".join(self.lines))


@dataclass
class _Entry:
    """An entry that is being read: its header, and its changes as they are found."""

    package: str
    version: str
    distribution: str
    urgency: str
    changes: list[_Change] = field(default_factory=list)

    def add(self, line: str) -> None:
        bullet = _BULLET.match(line)
        if bullet:
            self.changes.append(_Change(bullet.end(), [line[bullet.end() :]]))
        elif not self.changes or line.startswith("  ["):
            self.changes.append(_Change(0, [line]))
        else:
            self.changes[-1].lines.append(line)

    def ticket(self, number: str) -> Ticket:
        changes = tuple(self._told())
        return Ticket(number, self.package, self.version, self.distribution, self.urgency, changes)

    def _told(self) -> Iterator[str]:
        """Yield the changes; one below a heading such as `Security fixes:` has that before it."""
        heading, indent = "", 0
        for change, follower in zip(self.changes, [*self.changes[1:], _Change(0, [])], strict=True):
            text = change.text
            if change.indent <= indent:
                heading = ""
            if text:
                yield f"{heading}: {text}" if heading else text
            if len(text) <= _LONGEST_HEADING and follower.indent > change.indent:
                heading, indent = text.rstrip(":."), change.indent


def tickets_in(text: str, place: str, owner: str) -> tuple[list[Ticket], list[Problem]]:
    """Take a changelog apart.

    Args:
        text: The changelog, the newest entry first.
        place: What the file is called in problems.
        owner: What the tickets' ids begin with; the source package if empty.

    Returns:
        A ticket for each entry, and the lines that belong to none. What stands in another form below a heading
        for old changes is left alone.
    """
    entries: list[_Entry] = []
    problems: list[Problem] = []
    is_free_form = False
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        is_free_form = not header and (is_free_form or bool(_OLD_CHANGES.match(line)))
        if header:
            entries.append(_entry_of(header))
        elif is_free_form or _is_no_change(line):
            continue
        elif entries and line.startswith("  "):
            entries[-1].add(line)
        else:
            problems.append(Problem(place, number, f"belongs to no entry: {shown(line)}"))
    return list(_numbered(entries, owner)), problems


def is_changelog(text: str) -> bool:
    """Whether `text` begins as a Debian changelog does."""
    return bool(_HEADER.match(text.lstrip().partition("\n")[0]))


def _entry_of(header: re.Match[str]) -> _Entry:
    urgency = _URGENCY.search(header["settings"])
    return _Entry(
        header["package"],
        header["version"],
        " ".join(header["distribution"].lower().split()) or _NO_DISTRIBUTION,
        urgency["word"].lower() if urgency else _DEFAULT_URGENCY,
    )


def _is_no_change(line: str) -> bool:
    return not line.strip() or bool(_TRAILER.match(line) or _COMMENT.match(line))


def _numbered(entries: list[_Entry], owner: str) -> Iterator[Ticket]:
    """Yield the tickets; a version that a changelog has twice is told apart by a number."""
    times: Counter[str] = Counter()
    for entry in entries:
        number = f"{owner or entry.package}/{entry.version}"
        times[number] += 1
        again = f"#{times[number]}" if times[number] > 1 else ""
        yield entry.ticket(f"{number}{again}")
