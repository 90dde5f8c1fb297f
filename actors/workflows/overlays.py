"""Overlays: the mergers that lay what branches changed over each other, or side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.values.frozen import FrozenDict
from actors.values.state import Delta, Snapshot, overlay
from actors.workflows.merger import SET, SHARED, BranchDelta, Merger, Write, net_change, note, writes_of


class Union(Merger):
    """Take what every branch wrote; a key that two wrote differently is an error that names both."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the union of the changes."""
        writes: dict[str, Write] = {}
        deltas = []
        for name, _, delta in branches:
            net = net_change(base, delta)
            deltas.append(net)
            for key, kind, value in writes_of(net):
                note(writes, key, Write(name, kind, value))
        return overlay(base, deltas)


class LastWins(Merger):
    """Take, for each key, what the last declared branch wrote that wrote it."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the changes laid over each other in declared order."""
        return overlay(base, [net_change(base, branch.delta) for branch in branches])


class FirstWins(Merger):
    """Take, for each key, what the first declared branch wrote that wrote it."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the changes laid over each other in the reverse of the declared order."""
        return overlay(base, [net_change(base, branch.delta) for branch in reversed(branches)])


class Namespaced(Merger):
    """Put what each branch wrote into a dict under the branch's name; what it removed is left alone.

    What a branch shared by reference keeps its key: two branches that share different objects under one key, or one
    under another's name, are an error that names both.
    """

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return one key for each branch that ended ok, and what was shared."""
        changed: dict[str, Any] = {}
        shared: dict[str, Any] = {}
        meta: dict[str, Any] = {}
        writes: dict[str, Write] = {}
        for name, outcome, delta in branches:
            net = net_change(base, delta)
            if outcome.ok:
                changed[name] = FrozenDict(net.changed)
                note(writes, name, Write(name, SET, changed[name]))
            for key, value in net.shared.items():
                note(writes, key, Write(name, SHARED, value))
            shared.update(net.shared)
            meta.update(net.meta)
        return Delta(changed, shared=shared, meta=meta)
