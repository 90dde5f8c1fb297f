"""Mergers: how the changes of parallel branches become one.

The stock mergers are data: they run inside the control plane, over frozen builtins. A merger may also be a callable of
`(state, branches)`; that one runs on the work plane, under a deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from actors.errors import MergeConflictError
from actors.frozen import FrozenDict, same
from actors.state import NO_CHANGE, Delta, Snapshot, overlay
from supervisors.model import Model
from supervisors.outcome import Outcome


class BranchDelta(NamedTuple):
    """What a branch changed, and how it ended; one that did not end ok changed nothing here."""

    name: str
    outcome: Outcome
    delta: Delta


class BranchResult(NamedTuple):
    """A branch as a user's merger is shown it.

    Attributes:
        outcome: How it ended; a branch that did not end ok contributes nothing, but it is here.
        changed: The keys that it set, with their values; a copy.
        removed: The keys that it removed.
    """

    outcome: Outcome
    changed: dict[str, Any]
    removed: frozenset[str]


class Merger(Model):
    """The base of the stock mergers."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the change of the base, from the branches in declared order. Runs no user code.

        Raises:
            MergeConflictError: If the branches do not go together.
        """
        raise NotImplementedError


class Union(Merger):
    """Take what every branch wrote; a key that two wrote differently is an error that names both."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the union of the changes."""
        writes: dict[str, _Write] = {}
        deltas = []
        for name, _, delta in branches:
            net = _net(base, delta)
            deltas.append(net)
            for key, kind, value in _writes(net):
                _note(writes, key, _Write(name, kind, value))
        return overlay(base, deltas)


class LastWins(Merger):
    """Take, for each key, what the last declared branch wrote that wrote it."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the changes laid over each other in declared order."""
        return overlay(base, [_net(base, branch.delta) for branch in branches])


class FirstWins(Merger):
    """Take, for each key, what the first declared branch wrote that wrote it."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the changes laid over each other in the reverse of the declared order."""
        return overlay(base, [_net(base, branch.delta) for branch in reversed(branches)])


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
        writes: dict[str, _Write] = {}
        for name, outcome, delta in branches:
            net = _net(base, delta)
            if outcome.ok:
                changed[name] = FrozenDict(net.changed)
                _note(writes, name, _Write(name, _SET, changed[name]))
            for key, value in net.shared.items():
                _note(writes, key, _Write(name, _SHARED, value))
            shared.update(net.shared)
            meta.update(net.meta)
        return Delta(changed, shared=shared, meta=meta)


AnyMerger: TypeAlias = Merger | Callable[[Any, Mapping[str, BranchResult]], Any]


def check_merger(merger: object, owner: str) -> AnyMerger:
    """Return what a user gave as a merger.

    Raises:
        TypeError: If it is neither a stock merger nor a callable.
    """
    if isinstance(merger, Merger):
        return merger
    if isinstance(merger, type) or not callable(merger):
        raise TypeError(f"{owner} must be a merger such as Union(), or a callable of (state, branches), not {merger!r}")
    return merger


def _net(base: Snapshot, delta: Delta) -> Delta:
    """Leave out what was written as it was: a branch that only passed a value on did not write it."""
    if delta is NO_CHANGE:
        return delta
    values, known = base.values, base.shared
    changed = {key: value for key, value in delta.changed.items() if key not in values or not same(value, values[key])}
    shared = {key: value for key, value in delta.shared.items() if key not in known or known[key] is not value}
    removed = frozenset(key for key in delta.removed if key in base)
    return Delta(changed, removed, shared=shared, meta=delta.meta)


class _Write(NamedTuple):
    """What a branch did to a key."""

    branch: str
    kind: str
    value: Any

    def agrees(self, other: _Write) -> bool:
        """Return whether both did the same; objects that are shared have to be one, so none of their code runs."""
        if self.kind != other.kind:
            return False
        return self.value is other.value or (self.kind == _SET and same(self.value, other.value))


_SET, _SHARED, _REMOVED = "set", "shared", "removed"


def _writes(delta: Delta) -> Iterator[tuple[str, str, Any]]:
    for key, value in delta.changed.items():
        yield key, _SET, value
    for key, value in delta.shared.items():
        yield key, _SHARED, value
    for key in sorted(delta.removed):
        yield key, _REMOVED, None


def _note(writes: dict[str, _Write], key: str, write: _Write) -> None:
    first = writes.setdefault(key, write)
    if not first.agrees(write):
        raise MergeConflictError(key, (first.branch, write.branch))
