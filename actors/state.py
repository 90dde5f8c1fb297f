"""The state: a value that flows through a workflow, in snapshots and deltas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from actors.values import SCALARS, FrozenDict, freeze, same, thaw

_EMPTY: FrozenDict = FrozenDict()
_MISSING: Any = object()


class Delta:
    """What a piece of work changed in its snapshot. Immutable by convention.

    Attributes:
        changed: The keys that were set to another value, with their frozen values.
        removed: The keys that were removed.
        shared: The keys that were shared by reference.
        meta: What orchestrators noted, by node path.
    """

    __slots__ = ("changed", "meta", "removed", "shared")

    def __init__(
        self,
        changed: Mapping[str, Any] = _EMPTY,
        removed: frozenset[str] = frozenset(),
        *,
        shared: Mapping[str, Any] = _EMPTY,
        meta: Mapping[str, Any] = _EMPTY,
    ) -> None:
        self.changed = changed
        self.removed = removed
        self.shared = shared
        self.meta = meta

    def then(self, later: Delta) -> Delta:
        """Return this change followed by a later one."""
        if self is NO_CHANGE:
            return later
        if later is NO_CHANGE:
            return self
        gone = later.removed
        rewritten = later.changed.keys() | later.shared.keys()
        return Delta(
            {**_without(self.changed, gone, later.shared), **later.changed},
            (self.removed - rewritten) | gone,
            shared={**_without(self.shared, gone, later.changed), **later.shared},
            meta={**self.meta, **later.meta} if later.meta else self.meta,
        )

    def thawed(self) -> dict[str, Any]:
        """Return a copy of what was set, for a user's eyes."""
        return {key: thaw(value) for key, value in self.changed.items()} | dict(self.shared)

    def noted(self, path: str, notes: Mapping[str, Any]) -> Delta:
        """Return this change with an orchestrator's notes on the node at `path`."""
        meta = {**self.meta, path: FrozenDict(notes)}
        return Delta(self.changed, self.removed, shared=self.shared, meta=meta)


NO_CHANGE = Delta()
"""The delta of work that changed nothing."""


class Snapshot:
    """A state at one moment, shared by whoever may read it.

    Invariant: neither the mappings nor what they hold is changed after construction.
    """

    __slots__ = ("meta", "shared", "values")

    def __init__(
        self,
        values: Mapping[str, Any] = _EMPTY,
        shared: Mapping[str, Any] = _EMPTY,
        meta: Mapping[str, Any] = _EMPTY,
    ) -> None:
        self.values = values
        self.shared = shared
        self.meta = meta

    @classmethod
    def of(cls, source: State | Mapping[str, Any] | None) -> Snapshot:
        """Take the snapshot of a state or of a mapping of plain data.

        Raises:
            TypeError: If it is neither, or holds something that is not plain data.
        """
        if source is None:
            return EMPTY_SNAPSHOT
        if not isinstance(source, State):
            source = State(source)
        return source.snapshot()

    def apply(self, delta: Delta) -> Snapshot:
        """Return the state after a change."""
        if delta is NO_CHANGE:
            return self
        values, shared = self.values, self.shared
        if delta.changed or delta.removed or delta.shared:
            values = {**_without(values, delta.removed, delta.shared), **delta.changed}
            shared = {**_without(shared, delta.removed, delta.changed), **delta.shared}
        meta = {**self.meta, **delta.meta} if delta.meta else self.meta
        return Snapshot(values, shared, meta)

    def __contains__(self, key: str) -> bool:
        return key in self.values or key in self.shared


EMPTY_SNAPSHOT = Snapshot()
"""The snapshot of an empty state."""


class State(MutableMapping[str, Any]):
    """A mapping of plain data that agents read and change.

    Values are copied when they are set, and a nested container is copied when it is first read, so a state shares
    nothing with its origin. An agent works on a state of its own; what it changed is found out when it returns. Not
    thread-safe: a state belongs to whoever holds it.

    Args:
        values: Plain data: what msgpack carries, datetimes, dataclasses and pydantic models.

    Raises:
        TypeError: If a key is no string or a value is not plain data.
        ValueError: If a value nests too deeply, as one that contains itself does.
    """

    __slots__ = ("_base", "_changed", "_shared", "_removed", "_thawed")

    def __init__(self, values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        self._base = EMPTY_SNAPSHOT
        # Invariant: a key is in at most one of _changed, _shared and _removed; _thawed holds
        # the mutable copies that were handed out, which win over everything.
        self._changed: dict[str, Any] = {}
        self._thawed: dict[str, Any] = {}
        self._removed: set[str] | None = None
        self._shared: dict[str, Any] | None = None
        if values is not None and not isinstance(values, Mapping):
            raise TypeError(f"a state is made of a mapping, not of {type(values).__name__}")
        if isinstance(values, State):
            self._base = values.snapshot()
        elif values:
            self.update(values)
        if more:
            self.update(more)

    @classmethod
    def _over(cls, snapshot: Snapshot) -> State:
        state = cls.__new__(cls)
        state._base = snapshot
        state._changed = {}
        state._thawed = {}
        state._removed = None
        state._shared = None
        return state

    @property
    def meta(self) -> Mapping[str, Mapping[str, Any]]:
        """What orchestrators noted about the run so far, by node path. Cannot be changed."""
        return FrozenDict(self._base.meta)

    def share(self, key: str, value: object) -> None:
        """Hand over an object by reference, explicitly neither isolated nor durable.

        Whoever gets this state, in whatever thread, gets the object itself; the codec refuses it.
        """
        _check_key(key)
        self._forget(key)
        if self._shared is None:
            self._shared = {}
        self._shared[key] = value

    def clone(self) -> State:
        """Return an independent copy. What is shared stays shared."""
        return State._over(self.snapshot())

    def merge(self, other: Mapping[str, Any]) -> None:
        """Lay the keys of another state or mapping over this one."""
        if isinstance(other, State):
            other = other.clone()
            for key, value in (*other._base.shared.items(),):
                self.share(key, value)
            self.update({key: thaw(value) for key, value in other._base.values.items()})
        else:
            self.update(other)

    def snapshot(self) -> Snapshot:
        """Freeze what it holds now; an untouched state costs nothing."""
        return self._base.apply(self.delta())

    def delta(self) -> Delta:
        """Check all that was touched and return what differs from the snapshot it came from.

        Raises:
            TypeError: If something that is not plain data was put into a container.
            ValueError: If a container nests too deeply, as one that contains itself does.
        """
        written = self._changed
        if self._thawed:
            written = dict(written)
            for key, value in self._thawed.items():
                written[key] = freeze(value, f"state[{key!r}]")
        elif not (written or self._removed or self._shared):
            return NO_CHANGE
        values = self._base.values
        changed = {key: value for key, value in written.items() if key not in values or not same(value, values[key])}
        if self._removed or self._shared:
            return Delta(changed, frozenset(self._removed or ()), shared=dict(self._shared or ()))
        return Delta(changed) if changed else NO_CHANGE

    def __getitem__(self, key: str) -> Any:
        thawed = self._thawed
        if key in thawed:
            return thawed[key]
        value = self._frozen(key)
        if value is _MISSING:
            return self._shared_value(key)
        if type(value) in SCALARS:
            return value
        thawed[key] = mutable = thaw(value)
        return mutable

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default` when there is none."""
        try:
            return self[key]
        except KeyError:
            return default

    def __setitem__(self, key: str, value: Any) -> None:
        _check_key(key)
        frozen = value if type(value) is str else freeze(value, f"state[{key!r}]")
        if self._shared or self._removed or self._thawed or self._base.shared:
            self._forget(key)
        self._changed[key] = frozen

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._forget(key)
        if key in self._base:
            if self._removed is None:
                self._removed = set()
            self._removed.add(key)

    def __contains__(self, key: object) -> bool:
        if key in self._changed or key in self._thawed or (self._shared and key in self._shared):
            return True
        if self._removed and key in self._removed:
            return False
        return key in self._base.values or key in self._base.shared

    def __iter__(self) -> Iterator[str]:
        shared = self._shared or _EMPTY
        removed = self._removed or _EMPTY
        for key in (*self._base.values, *self._base.shared):
            if key not in removed:
                yield key
        for key in (*self._changed, *shared):
            if key not in self._base:
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"State({dict(self)!r})"

    def __deepcopy__(self, memo: object) -> State:
        return self.clone()

    __copy__ = clone

    def _frozen(self, key: str) -> Any:
        if key in self._changed:
            return self._changed[key]
        if self._removed and key in self._removed:
            return _MISSING
        if self._shared and key in self._shared:
            return _MISSING
        return self._base.values.get(key, _MISSING)

    def _shared_value(self, key: str) -> Any:
        if self._shared and key in self._shared:
            return self._shared[key]
        if self._removed and key in self._removed:
            raise KeyError(key)
        return self._base.shared[key]

    def _forget(self, key: str) -> None:
        self._changed.pop(key, None)
        self._thawed.pop(key, None)
        if self._removed:
            self._removed.discard(key)
        if self._shared:
            self._shared.pop(key, None)


def replacement(base: Snapshot, returned: State) -> Delta:
    """Return the change that turns one snapshot into the state that was returned instead."""
    target = returned.snapshot()
    changed = {key: value for key, value in target.values.items() if not same(value, base.values.get(key, _MISSING))}
    shared = {key: value for key, value in target.shared.items() if base.shared.get(key, _MISSING) is not value}
    gone = frozenset(key for key in (*base.values, *base.shared) if key not in target)
    if not (changed or shared or gone):
        return NO_CHANGE
    return Delta(changed, gone, shared=shared)


def _without(mapping: Mapping[str, Any], gone: frozenset[str], rewritten: Mapping[str, Any]) -> Mapping[str, Any]:
    if not gone and not rewritten:
        return mapping
    return {key: value for key, value in mapping.items() if key not in gone and key not in rewritten}


def _check_key(key: object) -> None:
    if type(key) is not str:
        raise TypeError(f"a state's keys are strings, not {key!r}")


def overlay(base: Snapshot, deltas: Iterable[Delta]) -> Delta:
    """Return the changes one after the other, as one change of `base`."""
    total = NO_CHANGE
    for delta in deltas:
        total = total.then(delta)
    return total
