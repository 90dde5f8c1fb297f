"""States, snapshots and changes: by chance, and as they can be compared."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict
from actors.values.state import NO_CHANGE, Delta, Snapshot, State

names = st.sampled_from("abcde")
small = st.dictionaries(names, st.integers(0, 2) | st.booleans() | st.lists(st.integers(0, 1), max_size=2))


class Thing:
    """What can only be shared."""


THINGS = [Thing(), Thing()]
snapshots = st.builds(
    lambda values, shared: Snapshot(
        freeze(values, "it"), {key: value for key, value in shared.items() if key not in values}
    ),
    small,
    st.dictionaries(names, st.sampled_from(THINGS), max_size=2),
)


@st.composite
def deltas(draw: st.DrawFn) -> Delta:
    """Return a change in which each key has one fate."""
    fates = draw(st.dictionaries(names, st.sampled_from(["set", "remove", "share"])))
    changed = {key: draw(st.integers(0, 2)) for key, fate in fates.items() if fate == "set"}
    shared = {key: draw(st.sampled_from(THINGS)) for key, fate in fates.items() if fate == "share"}
    removed = frozenset(key for key, fate in fates.items() if fate == "remove")
    meta = draw(st.dictionaries(st.sampled_from(["x", "y"]), st.just(FrozenDict(n=1)) | st.just(FrozenDict(n=2))))
    return draw(st.sampled_from([NO_CHANGE, Delta(changed, removed, shared=shared, meta=meta)]))


def parts(snapshot: Snapshot) -> tuple[Any, ...]:
    return dict(snapshot.values), dict(snapshot.shared), dict(snapshot.meta)


def change(delta: Delta) -> tuple[Any, ...]:
    return dict(delta.changed), delta.removed, dict(delta.shared)


def on(*values: Any, **more: Any) -> State:
    """Return the state that an agent is given."""
    return State._over(State(*values, **more).snapshot())


@st.composite
def edits(draw: st.DrawFn) -> list[tuple[str, str, Any]]:
    kinds = st.sampled_from(["set", "delete", "read", "share", "nest", "clear", "merge"])
    value = st.integers(0, 2) | st.booleans() | st.lists(st.integers(0, 1), max_size=2)
    return draw(st.lists(st.tuples(kinds, names, value), max_size=12))


def edit(mapping: Any, kind: str, key: str, value: Any) -> None:
    """Do the same to a state and to a dict."""
    if kind == "set":
        mapping[key] = value
    elif kind == "delete":
        mapping.pop(key, None)
    elif kind == "read":
        mapping.get(key)
    elif kind == "share":
        mapping.share(key, THINGS[0]) if isinstance(mapping, State) else mapping.update({key: THINGS[0]})
    elif kind == "nest":
        if isinstance(mapping.get(key), list):
            mapping[key].append(5)
    elif kind == "clear":
        mapping.clear()
    else:
        mapping.update({key: value, "e": copy.copy(value)})
