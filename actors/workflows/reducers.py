"""Reducers: how what branches made of one key becomes one value.

Each starts with what the state held: a branch that writes just that cannot be told from one that writes nothing, so
whatever left it out would depend on such a coincidence. The named ones run no code of a user's.
"""

from __future__ import annotations

import decimal
import functools
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

from actors.values.comparing import ORDERING, are_ordered, has_order, is_nan, kind_of
from actors.values.errors import MergeConflictError, ReductionError
from actors.values.freezing import freeze
from actors.values.frozen import FrozenList, FrozenSet, identity, same, thaw
from actors.values.state import Snapshot
from actors.workflows.merger import NOTHING, REMOVED, SHARED, Write

# Of a sum of decimals; the control plane makes it.
_MOST_DIGITS = 1_000
_MOST_BITS = _MOST_DIGITS * 4

Reducer: TypeAlias = Callable[[str, Any, Sequence[Write]], Any]
"""Makes one frozen value of a key, what the state held (NOTHING for nothing), and what branches set; at least one."""


def reduce_key(key: str, reducer: str | Callable[[Any, Any], Any], base: Snapshot, writes: Sequence[Write]) -> Any:
    """Return the new frozen value of a key that branches wrote; NOTHING if it is to be removed.

    Raises:
        MergeConflictError: If one branch removed it and another set it.
        ReductionError: If a value is not what the reducer takes.
    """
    if key in base.shared:
        raise ReductionError(key, "", "it is shared by reference, which no reducer takes")
    for write in writes:
        refuse_shared(key, write)
        if (write.kind == REMOVED) is not (writes[0].kind == REMOVED):
            raise MergeConflictError(key, (writes[0].branch, write.branch))
    if writes[0].kind == REMOVED:
        return NOTHING
    held = base.values.get(key, NOTHING)
    return fold(key, held, writes, reducer) if callable(reducer) else REDUCERS[reducer](key, held, writes)


def refuse_shared(key: str, write: Write) -> None:
    """Refuse what is shared by reference.

    Raises:
        ReductionError: If it is.
    """
    if write.kind == SHARED:
        raise ReductionError(key, write.branch, "it is shared by reference; plain data was expected")


def fold(key: str, held: Any, writes: Sequence[Write], function: Callable[[Any, Any], Any]) -> Any:
    """Call a user's function with what there is so far and what a branch wrote, for each in turn.

    Raises:
        ReductionError: If what it returned at last is not plain data.
    """
    first, *others = writes
    if held is NOTHING:
        total = thaw(first.value)
    else:
        total, others = thaw(held), [first, *others]
    for branch, _, value in others:
        try:
            total = function(total, thaw(value))
        except Exception as error:
            error.add_note(f"while what branch {branch!r} wrote to {key!r} was reduced")
            raise
    try:
        return freeze(total, f"what the reducer of {key!r} returned")
    except (TypeError, ValueError) as error:
        raise ReductionError(key, writes[-1].branch, str(error)) from error


def _sum(key: str, held: Any, writes: Sequence[Write]) -> Any:
    _check_kinds("sum", key, held, writes)
    start = 0 if held is NOTHING else held
    terms = [start]
    for write in writes:
        terms += [write.value, start.copy_negate() if type(start) is Decimal else -start]
    if all(type(term) is int for term in terms):
        return sum(terms)
    if any(type(term) is Decimal for term in terms):
        return _sum_of_decimals(key, terms, writes[-1].branch)
    try:
        return math.fsum(terms)  # exactly rounded, so in any order the same
    except (OverflowError, ValueError) as error:
        raise ReductionError(key, writes[-1].branch, f"'sum' takes numbers that have a finite one ({error})") from None


def _sum_of_decimals(key: str, terms: Sequence[Any], branch: str) -> Decimal:
    """Add exactly, so that the order does not matter; the context is nobody else's."""
    context = decimal.Context(prec=_MOST_DIGITS, traps=[decimal.Inexact, decimal.InvalidOperation])
    if any(type(term) is float for term in terms):
        raise ReductionError(key, branch, "'sum' adds Decimals to whole numbers, not to floats")
    problem = f"'sum' takes Decimals that have a finite sum of at most {_MOST_DIGITS} digits"
    if any(type(term) is int and term.bit_length() > _MOST_BITS for term in terms):
        raise ReductionError(key, branch, problem)
    try:
        return functools.reduce(context.add, [Decimal(term) for term in terms])
    except decimal.DecimalException:
        raise ReductionError(key, branch, problem) from None


def _max(key: str, held: Any, writes: Sequence[Write]) -> Any:
    return _best("max", ORDERING[">"], key, held, writes)


def _min(key: str, held: Any, writes: Sequence[Write]) -> Any:
    return _best("min", ORDERING["<"], key, held, writes)


def _best(name: str, is_better: Callable[[Any, Any], bool], key: str, held: Any, writes: Sequence[Write]) -> Any:
    best = NOTHING
    for branch, value in _values(held, writes):
        if not has_order(value):
            raise ReductionError(key, branch, f"{name!r} takes what has an order, not {kind_of(value)}")
        if best is NOTHING:
            best = value
        elif not are_ordered(value, best):
            raise ReductionError(key, branch, f"{name!r} cannot compare {kind_of(value)} with {kind_of(best)}")
        elif is_better(value, best) or is_nan(best):  # which never wins
            best = value
    return best


def _extend(key: str, held: Any, writes: Sequence[Write]) -> Any:
    _check_kinds("extend", key, held, writes)
    start = [] if held is NOTHING else list(held)
    total = list(start)
    for write in writes:
        total += _appended(start, list(write.value))
    return FrozenList(total)


def _appended(start: list[Any], items: list[Any]) -> list[Any]:
    """Return what was appended to a list; all items of one that does not begin with it."""
    if len(items) >= len(start) and all(map(same, start, items)):
        return items[len(start) :]
    return items


def _union(key: str, held: Any, writes: Sequence[Write]) -> Any:
    _check_kinds("union", key, held, writes)
    items: dict[Hashable, Any] = {}
    for _, value in _values(held, writes):
        for item in value:
            items.setdefault(identity(item), item)
    first = type(_values(held, writes)[0][1])
    return first(items.values()) if first in _SETS else FrozenList(items.values())


def _values(held: Any, writes: Sequence[Write]) -> list[tuple[str, Any]]:
    before = [] if held is NOTHING else [("", held)]
    return before + [(write.branch, write.value) for write in writes]


def _check_kinds(name: str, key: str, held: Any, writes: Sequence[Write]) -> None:
    values = _values(held, writes)
    wanted, kinds = _TAKEN[name]
    if name == "union" and type(values[0][1]) in _SETS:
        wanted, kinds = "sets where one is a set", _SETS
    for branch, value in values:
        if type(value) not in kinds:
            raise ReductionError(key, branch, f"{name!r} takes {wanted}, not {kind_of(value)}")


_SETS: tuple[type, ...] = (FrozenSet, frozenset)
_TAKEN: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "sum": ("numbers", (int, float, Decimal)),
    "extend": ("lists", (FrozenList, tuple)),
    "union": ("lists", (FrozenList, tuple)),
}

REDUCERS: Mapping[str, Reducer] = {"sum": _sum, "max": _max, "min": _min, "extend": _extend, "union": _union}
"""The reducers that can be named."""
