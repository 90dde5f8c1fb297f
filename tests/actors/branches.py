"""Branches as they ended, what they wrote by chance, and what mergers make of it."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from actors.mergers import BranchDelta, Collect, FirstWins, LastWins, Merger, Namespaced, Reduce, Union
from actors.values.freezing import freeze
from actors.values.frozen import FrozenDict
from actors.values.state import Delta, Snapshot, State
from supervisors.outcome import COMPLETED, Outcome, OutcomeKind, Reason

FAILED = Outcome(OutcomeKind.FAILED, Reason.EXCEPTION)
STOCK = [Union(), LastWins(), FirstWins(), Namespaced(), Collect(), Reduce({"a": "max"})]


class Thing:
    """What can only be shared; it refuses to be compared."""

    def __eq__(self, other: object) -> bool:
        raise AssertionError("code of a user's ran")

    __hash__ = None  # type: ignore[assignment]  # nothing needs it


THING, OTHER = Thing(), Thing()
BASE = Snapshot(freeze({"a": 1, "b": [2]}, "it"), {"s": THING})

KEPT = {"s": THING}


def branch(name: str, *removed: str, shared: Any = None, **changed: Any) -> BranchDelta:
    delta = Delta(freeze(changed, "it"), frozenset(removed), shared=shared or {}, meta={name: FrozenDict(n=1)})
    return BranchDelta(name, COMPLETED, delta)


def merged(merger: Merger, *branches: BranchDelta, base: Snapshot = BASE) -> tuple[Any, ...]:
    after = base.apply(merger.merge(base, branches))
    assert not after.values.keys() & after.shared.keys()
    assert list(after.meta) == [each.name for each in branches if each.delta.meta] or FirstWins() in (
        merger,
        getattr(merger, "default", None),
    )
    return dict(after.values), dict(after.shared)


names = st.sampled_from("abcd")
values = st.integers(0, 2) | st.lists(st.integers(0, 1), max_size=2)
things = st.sampled_from([THING, OTHER])


@st.composite
def some_branches(draw: st.DrawFn) -> list[BranchDelta]:
    branches = []
    for name in draw(st.lists(st.sampled_from("uvwxyz"), unique=True, max_size=4)):
        state = State._over(BASE)
        for key, value in draw(st.dictionaries(names, values, max_size=3)).items():
            state[key] = value
        for key in draw(st.lists(names, unique=True, max_size=2)):
            state.pop(key, None)
        for key, thing in draw(st.dictionaries(st.sampled_from("st"), things, max_size=1)).items():
            state.share(key, thing)
        branches.append(BranchDelta(name, COMPLETED, state.delta()))
    return branches


def reduced(reducer: Any, held: Any, *written: Any) -> Any:
    """Return what becomes of a key that held something (... for nothing) and that branches set."""
    base = Snapshot({} if held is ... else freeze({"key": held}, "it"))
    branches = [branch(f"branch{number}", key=value) for number, value in enumerate(written)]
    return base.apply(Reduce({"key": reducer}).merge(base, branches)).values["key"]
