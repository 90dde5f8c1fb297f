"""The stages of a run as they stand: what is running, what has ended, below what."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from supervisors.facts import Fact, StageEnded, StageStarted
from supervisors.outcome import Outcome

KEPT = 30
"""How many ended stages below one are kept one by one; those that ended earlier are only counted."""

SHOWN = 40
"""How many stages below one are shown."""


class Row:
    """One stage, or what became of it each time it was run.

    Attributes:
        path: Its path.
        name: The last part of that, or more if its parent is not shown.
        pattern: Its kind.
        running: How often it is running now.
        times: How often it was started.
        since: When it was last started, on the clock.
        duration: Seconds that it took the last time that it ended.
        outcome: How it ended the last time; None while it has not.
        below: The stages below it, by their paths.
        folded: How many stages below it ended and are only counted.
        folded_failures: How many of those did not end ok.
    """

    def __init__(self, path: str, name: str, pattern: str) -> None:
        self.path = path
        self.name = name
        self.pattern = pattern
        self.running = 0
        self.times = 0
        self.since = 0.0
        self.duration = 0.0
        self.outcome: Outcome | None = None
        self.below: dict[str, Row] = {}
        # Those of them that are not running, in the order in which they ended.
        self.ended: dict[str, Row] = {}
        self.folded = 0
        self.folded_failures = 0


class Stages:
    """The rows of one run. Not synchronised; memory is bounded by what is running and by `KEPT` for each stage."""

    def __init__(self) -> None:
        self.root: Row | None = None

    def note(self, fact: Fact, now: float) -> None:
        """Take note of a fact; of those that concern no stage nothing is noted."""
        if isinstance(fact, StageStarted):
            row, parent = self._row(fact.path, fact.pattern)
            row.running += 1
            row.times += 1
            row.since = now
            if parent is not None:
                parent.ended.pop(row.path, None)
        elif isinstance(fact, StageEnded):
            record = fact.record
            row, parent = self._row(record.path, record.pattern)
            row.running = max(0, row.running - 1)  # one that never began was not told to have started
            row.duration, row.outcome = record.duration, record.outcome
            if parent is not None and not row.running:
                _fold(parent, row)

    def rows(self) -> Iterator[tuple[Row, int]]:
        """Yield the rows with their depths, parents first; of those below one, `SHOWN` at most."""
        pending = [(self.root, 0)] if self.root is not None else []
        while pending:
            row, depth = pending.pop()
            yield row, depth
            shown = list(islice(row.below.values(), SHOWN))
            pending.extend((below, depth + 1) for below in reversed(shown))

    def _row(self, path: str, pattern: str) -> tuple[Row, Row | None]:
        """Return the row of a stage, a new one if it has none, and the row above it."""
        if self.root is None:
            self.root = Row(path, path, pattern)
        if path == self.root.path:
            return self.root, None
        parent, name = self._parent(self.root, path)
        if path not in parent.below:
            parent.below[path] = Row(path, name, pattern)
        return parent.below[path], parent

    @staticmethod
    def _parent(root: Row, path: str) -> tuple[Row, str]:
        """Return the nearest row above a path, and what of the path lies below that."""
        parent, name = root, path.removeprefix(f"{root.path}/")
        slash = len(root.path)
        while (slash := path.find("/", slash + 1)) != -1:
            below = parent.below.get(path[:slash])
            if below is not None:
                parent, name = below, path[slash + 1 :]
        return parent, name


def _fold(parent: Row, row: Row) -> None:
    """Note that a stage ended; if too many have, the one that ended first is only counted from now on."""
    parent.ended.pop(row.path, None)
    parent.ended[row.path] = row
    if len(parent.ended) > KEPT:
        oldest = parent.ended.pop(next(iter(parent.ended)))
        del parent.below[oldest.path]
        parent.folded += 1
        parent.folded_failures += oldest.outcome is not None and not oldest.outcome.ok
