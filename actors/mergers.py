"""Mergers: how the changes of parallel branches become one.

The stock mergers are data: they run inside the control plane, over frozen builtins. A merger may also be a callable of
`(state, branches)`; that one runs on the work plane, under a deadline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from actors.errors import MergeConflictError
from actors.state import NO_CHANGE, Delta, Snapshot, overlay
from actors.values import FROZEN_TYPES, FrozenDict, same
from supervisors.model import Model
from supervisors.outcome import Outcome

_REMOVED: Any = object()


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
        writers: dict[str, tuple[str, Any]] = {}
        deltas = []
        for name, _, delta in branches:
            net = _net(base, delta)
            deltas.append(net)
            for key, value in _writes(net):
                other, written = writers.setdefault(key, (name, value))
                if other != name and not _agree(written, value):
                    raise MergeConflictError(key, (other, name))
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
    """Put what each branch wrote into a dict under the branch's name; what it removed is left alone."""

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return one key for each branch that ended ok. What a branch shared keeps its key."""
        changed = {}
        shared: dict[str, Any] = {}
        meta: dict[str, Any] = {}
        for name, outcome, delta in branches:
            if outcome.ok:
                changed[name] = FrozenDict(_net(base, delta).changed)
            shared.update(delta.shared)
            meta.update(delta.meta)
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
    values = base.values
    changed = {key: value for key, value in delta.changed.items() if key not in values or not same(value, values[key])}
    removed = frozenset(key for key in delta.removed if key in base)
    return Delta(changed, removed, shared=delta.shared, meta=delta.meta)


def _writes(delta: Delta) -> list[tuple[str, Any]]:
    gone = [(key, _REMOVED) for key in sorted(delta.removed)]
    return [*delta.changed.items(), *delta.shared.items(), *gone]


def _agree(left: Any, right: Any) -> bool:
    if left is right:
        return True
    return left is not _REMOVED and right is not _REMOVED and _same_plain(left, right)


def _same_plain(left: Any, right: Any) -> bool:
    """Compare two written values; shared objects agree only if they are one, so none of their code runs."""
    return type(left) is type(right) and type(left) in FROZEN_TYPES and same(left, right)
