"""The state: a value that flows through a workflow, in snapshots and deltas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from enum import Enum
from typing import Any

from actors.values.freezing import ATOMS, freeze
from actors.values.frozen import SCALARS, FrozenDict, same, thaw
from supervisors.excerpt import excerpt

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
        meta = {**self.meta, **later.meta} if later.meta else self.meta
        if not (self.removed or self.shared or later.removed or later.shared):
            return Delta({**self.changed, **later.changed}, meta=meta)
        gone = later.removed
        rewritten = later.changed.keys() | later.shared.keys()
        return Delta(
            {**_without(self.changed, gone, later.shared), **later.changed},
            (self.removed - rewritten) | gone,
            shared={**_without(self.shared, gone, later.changed), **later.shared},
            meta=meta,
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
        if not (shared or delta.removed or delta.shared):
            values = {**values, **delta.changed} if delta.changed else values
        else:
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
        values: Plain data: builtin scalars, lists, tuples, dicts and sets, dates and times, UUIDs, Decimals,
            dataclasses, members of enumerations, and pydantic models. NumPy's scalars become builtin ones.

    Raises:
        TypeError: If a key is no string or a value is not plain data.
        ValueError: If a value nests too deeply, as one that contains itself does.
    """

    __slots__ = ("_base", "_changed", "_removed", "_shared", "_thawed")

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
        exact = key if type(key) is str else _exact_key(key)
        self._forget(exact)
        if self._shared is None:
            self._shared = {}
        self._shared[exact] = value

    def clone(self) -> State:
        """Return an independent copy. What is shared stays shared."""
        return State._over(self.snapshot())

    def merge(self, other: Mapping[str, Any]) -> None:
        """Lay the keys of another state or mapping over this one."""
        if not isinstance(other, State):
            self.update(other)
            return
        taken = other.snapshot()
        for key, value in taken.values.items():
            self._put(key, value)
        for key, value in taken.shared.items():
            self.share(key, value)

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
        changed = _different(written, self._base.values)
        if self._removed or self._shared:
            known = self._base.shared
            shared = {
                key: each for key, each in (self._shared or _EMPTY).items() if known.get(key, _MISSING) is not each
            }
            if changed or shared or self._removed:
                return Delta(changed, frozenset(self._removed or ()), shared=shared)
        return Delta(changed) if changed else NO_CHANGE

    def __getitem__(self, key: str) -> Any:
        value = self._find(key)
        if value is _MISSING:
            raise KeyError(key)
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, or `default` when there is none."""
        value = self._find(key)
        return default if value is _MISSING else value

    def __setitem__(self, key: str, value: Any) -> None:
        exact = key if type(key) is str else _exact_key(key)
        self._put(exact, value if type(value) in ATOMS else freeze(value, f"state[{key!r}]"))

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
        return iter(self._keys())

    def __len__(self) -> int:
        return len(self._keys())

    def clear(self) -> None:
        """Remove all keys."""
        for key in self._keys():
            del self[key]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, State):
            return self._view() == other._view()
        if isinstance(other, Mapping):
            return self._view() == dict(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]  # as that of a dict

    def __repr__(self) -> str:
        return f"State({self._view()!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        snapshot = self.snapshot()
        return _restored, (snapshot.values, snapshot.shared, snapshot.meta)

    def __deepcopy__(self, memo: object) -> State:
        return self.clone()

    __copy__ = clone

    def _find(self, key: str) -> Any:
        """Return what is handed out for a key, or _MISSING; a container is copied first."""
        thawed = self._thawed
        if key in thawed:
            return thawed[key]
        if key in self._changed:
            value = self._changed[key]
        elif self._shared and key in self._shared:
            return self._shared[key]
        elif self._removed and key in self._removed:
            return _MISSING
        else:
            value = self._base.values.get(key, _MISSING)
            if value is _MISSING:
                return self._base.shared.get(key, _MISSING)
        if type(value) in SCALARS:
            return value
        thawed[key] = mutable = thaw(value)
        return mutable

    def _put(self, key: str, frozen: Any) -> None:
        if self._shared or self._removed or self._thawed:
            self._forget(key)
        self._changed[key] = frozen

    def _keys(self) -> list[str]:
        base, removed = self._base, self._removed or _EMPTY
        keys = [key for key in (*base.values, *base.shared) if key not in removed]
        keys += [key for key in (*self._changed, *(self._shared or _EMPTY)) if key not in base]
        return keys

    def _view(self) -> dict[str, Any]:
        """Return what it holds, nothing of it copied."""
        base = self._base
        layers = {**base.values, **base.shared, **self._changed, **(self._shared or _EMPTY), **self._thawed}
        return {key: layers[key] for key in self._keys()}

    def _forget(self, key: str) -> None:
        self._changed.pop(key, None)
        self._thawed.pop(key, None)
        if self._removed:
            self._removed.discard(key)
        if self._shared:
            self._shared.pop(key, None)


def replacement(base: Snapshot, returned: State) -> Delta:
    """Return the change that turns one snapshot into the state that was returned instead."""
    if returned._base is base:
        return returned.delta()
    target = returned.snapshot()
    changed = _different(target.values, base.values)
    shared = {key: value for key, value in target.shared.items() if base.shared.get(key, _MISSING) is not value}
    gone = frozenset(key for key in (*base.values, *base.shared) if key not in target)
    if not (changed or shared or gone):
        return NO_CHANGE
    return Delta(changed, gone, shared=shared)


def _different(written: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    different: dict[str, Any] = {}
    for key, value in written.items():
        known = values.get(key, _MISSING)
        if value is not known and (known is _MISSING or not same(value, known)):
            different[key] = value
    return different


def _restored(values: Mapping[str, Any], shared: Mapping[str, Any], meta: Mapping[str, Any]) -> State:
    return State._over(Snapshot(values, shared, meta))


def _without(mapping: Mapping[str, Any], gone: frozenset[str], rewritten: Mapping[str, Any]) -> Mapping[str, Any]:
    if not gone and not rewritten:
        return mapping
    return {key: value for key, value in mapping.items() if key not in gone and key not in rewritten}


def _exact_key(key: object) -> str:
    if isinstance(key, str) and not isinstance(key, Enum):
        return str.__str__(key)
    raise TypeError(f"a state's keys are strings, not {excerpt(key)}")


def overlay(base: Snapshot, deltas: Iterable[Delta]) -> Delta:
    """Return the changes one after the other, as one change of `base`."""
    total = NO_CHANGE
    for delta in deltas:
        total = total.then(delta)
    return total
