"""Mergers: how the changes of parallel branches become one.

The stock mergers are data: they run inside the control plane, over frozen builtins. A merger may also be a callable of
`(state, branches)`; that one runs on the work plane, under a deadline, as does a `Reduce` that holds a callable.
"""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeAlias

from pydantic import field_validator, model_validator

from actors.values.errors import ReductionError
from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict
from actors.values.state import Delta, Snapshot
from actors.workflows.merger import NOTHING, SET, BranchDelta, BranchResult, Merger, Write, net_change, part
from actors.workflows.overlays import FirstWins, LastWins, Namespaced, Union
from actors.workflows.reducers import REDUCERS, reduce_key, refuse_shared
from supervisors.model import first_repeated, wrong_type

__all__ = [
    "STOCK_MERGERS",
    "AnyMerger",
    "BranchDelta",
    "BranchResult",
    "Collect",
    "FirstWins",
    "LastWins",
    "Merger",
    "Namespaced",
    "Reduce",
    "Union",
    "check_merger",
]

MAX_MERGER_DEPTH = 8
"""How many mergers may stand in each other's `default`."""

_UNION = Union()


class _Partial(Merger):
    """A merger of some keys; the others are left to another."""

    default: Any = _UNION

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)

    @field_validator("default", mode="plain")
    @classmethod
    def _usable_default(cls, default: object) -> object:
        if type(default) not in (Union, LastWins, FirstWins, Collect, Reduce):
            raise wrong_type("must be Union(), LastWins(), FirstWins(), Collect(...) or Reduce(...)")
        return default

    @model_validator(mode="after")
    def _no_key_twice(self) -> Self:
        own = self.taken_keys()
        each, depth = self.default, 1
        while isinstance(each, _Partial):
            depth += 1
            if depth > MAX_MERGER_DEPTH:
                raise ValueError(f"default must not nest deeper than {MAX_MERGER_DEPTH} mergers")
            twice = [key for key in each.taken_keys() if key in own]
            if twice or not own:
                raise ValueError(f"default must not take {twice[0]!r} too" if twice else "no keys are left to default")
            own, each = (*own, *each.taken_keys()), each.default
        return self

    @property
    def is_inline(self) -> bool:
        """Whether the merger of the other keys is."""
        return bool(self.default.is_inline)

    @abstractmethod
    def taken_keys(self) -> Sequence[str]:
        """Return its own keys; empty for all."""

    def _merge_others(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        merged: Delta = self.default.merge(base, branches)
        return merged


class Collect(_Partial):
    """Collect what the branches set under some keys into a list each, in declared order.

    After `Parallel("ann", "bob", merge=Collect("finding"))` the state's `finding` is `["ann's", "bob's"]`. It is a list
    in any case: of one item if one branch set the key, of none if no branch did. Who did not end ok, did not set the
    key, removed it, or left it as it was, has no item. What the state held before is not in the list;
    `Reduce({"finding": "extend"})` keeps it.

    Args:
        keys: Which keys; without any, every key that a branch set.
        default: What merges the other keys.
    """

    keys: tuple[str, ...] = ()

    def __init__(self, *keys: str, default: Merger = _UNION) -> None:
        super().__init__(keys=keys, default=default)

    @field_validator("keys")
    @classmethod
    def _usable_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if "" in keys:
            raise ValueError("must name keys, and one is empty")
        twice = first_repeated(keys)
        if twice is not None:
            raise ValueError(f"must differ, and {twice!r} stands twice")
        return keys

    def taken_keys(self) -> Sequence[str]:
        """Return the keys that it collects; empty for all."""
        return self.keys

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return a list for each key, and what becomes of the others."""
        net = _net(base, branches)
        keys = self.keys or tuple(dict.fromkeys(key for branch in net for key in branch.delta.changed))
        writes, others = part(net, keys)
        collected = {key: _collected(key, writes[key]) for key in keys}
        return self._merge_others(base, others).then(net_change(base, Delta(collected)))


class Reduce(_Partial):
    """Reduce what the branches made of some keys to one value each, by the reducer that is named for it.

    What the state held takes part, and each branch counts with what it changed, since it works on a copy that holds
    that already: of a `total` of 10, `state["total"] += 2` in one branch and `+= 3` in another make 15. A branch that
    left a key as it was, or did not end ok, does not count; a key that no branch wrote stays as it is.

    - "sum": what was there, or 0, and how much each branch added to it.
    - "max", "min": the largest or smallest of what was there and what branches set, by the order that
      `conditions.Compare` has; nan never wins.
    - "extend": the list that was there and what each branch appended to it, in declared order; a list that does not
      begin with it is appended as a whole, as one that a branch returned beside the old one.
    - "union": as a list without repetitions, what was there and what branches set, in order of appearance; 1, 1.0 and
      True are three items.
    - a callable of `(value, written)`: called with what there is so far and what a branch set, for one branch after the
      other in declared order; without anything there, the first stands as it is. It runs on the work plane, under a
      deadline of 5 s, and then the whole merger does.

    A branch that removed a key does not go with one that set it. A value of a type that the reducer does not take
    fails the group, and so does what is shared by reference; the error names key, branch and type.

    Args:
        reducers: "sum", "max", "min", "extend", "union" or a callable, by key.
        default: What merges the other keys.
    """

    reducers: dict[str, Any]

    def __init__(self, reducers: Mapping[str, str | Callable[[Any, Any], Any]], *, default: Merger = _UNION) -> None:
        super().__init__(reducers=reducers, default=default)

    def __hash__(self) -> int:
        return hash((type(self), tuple(sorted(self.reducers)), self.default))

    @field_validator("reducers", mode="plain")
    @classmethod
    def _usable_reducers(cls, reducers: object) -> FrozenDict:
        if not isinstance(reducers, Mapping) or not all(isinstance(key, str) for key in reducers):
            raise wrong_type("must be a mapping of keys to reducers")
        if not reducers or "" in reducers:
            raise ValueError("must have keys that are not empty, at least one")
        return FrozenDict({key: _usable_reducer(key, reducer) for key, reducer in reducers.items()})

    @property
    def is_inline(self) -> bool:
        """Whether no reducer is a callable."""
        return super().is_inline and not any(callable(reducer) for reducer in self.reducers.values())

    def taken_keys(self) -> Sequence[str]:
        """Return the keys that have a reducer."""
        return tuple(self.reducers)

    def merge(self, base: Snapshot, branches: Sequence[BranchDelta]) -> Delta:
        """Return each key's new value, and what becomes of the others."""
        writes, others = part(_net(base, branches), self.reducers)
        reduced = {
            key: reduce_key(key, reducer, base, writes[key]) for key, reducer in self.reducers.items() if writes[key]
        }
        removed = frozenset([key for key, value in reduced.items() if value is NOTHING])
        kept = {key: value for key, value in reduced.items() if value is not NOTHING}
        return self._merge_others(base, others).then(net_change(base, Delta(kept, removed)))


STOCK_MERGERS: frozenset[type[Merger]] = frozenset({Union, LastWins, FirstWins, Namespaced, Collect, Reduce})
"""The exact types of stock mergers."""

AnyMerger: TypeAlias = Merger | Callable[[Any, Mapping[str, BranchResult]], Any]


def check_merger(merger: object, owner: str) -> AnyMerger:
    """Return what a user gave as a merger.

    Raises:
        TypeError: If it is neither a stock merger nor a callable.
    """
    if isinstance(merger, Merger) and type(merger) in STOCK_MERGERS:
        return merger
    if isinstance(merger, type | Merger) or not callable(merger):
        raise TypeError(f"{owner} must be a merger such as Union(), or a callable of (state, branches), not {merger!r}")
    return merger


def _net(base: Snapshot, branches: Sequence[BranchDelta]) -> list[BranchDelta]:
    return [branch._replace(delta=net_change(base, branch.delta)) for branch in branches]


def _collected(key: str, writes: Sequence[Write]) -> Any:
    for write in writes:
        refuse_shared(key, write)
    values = [write.value for write in writes if write.kind == SET]
    try:
        return freeze(values, "it")
    except ValueError as error:  # one level deeper is too deep
        raise ReductionError(key, writes[-1].branch, str(error)) from None


def _usable_reducer(key: str, reducer: object) -> object:
    if isinstance(reducer, str):
        if reducer not in REDUCERS:
            names = ", ".join(map(repr, REDUCERS))
            raise ValueError(f"must be {names} or a callable of (value, written), unlike {reducer!r} of {key!r}")
        return reducer
    if isinstance(reducer, type) or not callable(reducer):
        raise wrong_type(f"must be names or callables of (value, written), unlike {reducer!r} of {key!r}")
    if inspect.iscoroutinefunction(reducer):
        raise wrong_type(f"must be plain functions, unlike {reducer!r} of {key!r}, which is `async def`")
    if reducer is sum:
        raise ValueError(f"must name a reducer: write 'sum' for {key!r}, as the builtin takes no two numbers")
    return reducer
