"""What all mergers work with: branches as they ended, what each of them wrote, and who wrote the same key."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from actors.values.errors import MergeConflictError
from actors.values.frozen import same
from actors.values.state import NO_CHANGE, Delta, Snapshot
from actors.workflows.declared import Declared
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


class Merger(Declared):
    """The base of the stock mergers. What users derive from it is refused: it would be their code."""

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    @property
    def is_inline(self) -> bool:
        """Whether it may merge inside the control plane."""
        return True

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return the change of the base, from the branches in declared order. Runs no user code if it is inline.

        Raises:
            MergeConflictError: If the branches do not go together.
        """
        raise NotImplementedError


def net_change(base: Snapshot, delta: Delta) -> Delta:
    """Leave out of a delta what was written as it was: a branch that only passed a value on did not write it."""
    if delta is NO_CHANGE:
        return delta
    values, known = base.values, base.shared
    changed = {key: value for key, value in delta.changed.items() if key not in values or not same(value, values[key])}
    shared = {key: value for key, value in delta.shared.items() if key not in known or known[key] is not value}
    removed = frozenset(key for key in delta.removed if key in base)
    return Delta(changed, removed, shared=shared, meta=delta.meta)


SET, SHARED, REMOVED = "set", "shared", "removed"

NOTHING: Any = object()
"""Stands for the value of a key that is not there."""


class Write(NamedTuple):
    """What a branch did to a key: set it to a frozen value, shared an object under it, or removed it."""

    branch: str
    kind: str
    value: Any

    def agrees(self, other: Write) -> bool:
        """Return whether both did the same; objects that are shared have to be one, so none of their code runs."""
        if self.kind != other.kind:
            return False
        return self.value is other.value or (self.kind == SET and same(self.value, other.value))


def writes_of(delta: Delta) -> Iterator[tuple[str, str, Any]]:
    """Yield each key that was written, how, and with what."""
    for key, value in delta.changed.items():
        yield key, SET, value
    for key, value in delta.shared.items():
        yield key, SHARED, value
    for key in sorted(delta.removed):
        yield key, REMOVED, None


def note(writes: dict[str, Write], key: str, write: Write) -> None:
    """Remember the first write of a key.

    Raises:
        MergeConflictError: If it was written before, otherwise.
    """
    first = writes.setdefault(key, write)
    if not first.agrees(write):
        raise MergeConflictError(key, (first.branch, write.branch))


def part(
    branches: Sequence[BranchDelta], keys: Collection[str]
) -> tuple[Mapping[str, Sequence[Write]], Sequence[BranchDelta]]:
    """Take some keys out of net changes.

    Returns:
        Who wrote each of the keys, in declared order, and the branches with what is left.
    """
    taken: dict[str, list[Write]] = {key: [] for key in keys}
    left = []
    for branch in branches:
        delta = branch.delta
        for key, kind, value in writes_of(delta):
            if key in taken:
                taken[key].append(Write(branch.name, kind, value))
        changed = {key: value for key, value in delta.changed.items() if key not in taken}
        shared = {key: value for key, value in delta.shared.items() if key not in taken}
        rest = Delta(changed, delta.removed.difference(taken), shared=shared, meta=delta.meta)
        left.append(branch._replace(delta=rest))
    return taken, left
