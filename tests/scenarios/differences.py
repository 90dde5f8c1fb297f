"""Differences between plain states, and how mergers make one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.mergers import Collect, FirstWins, LastWins, Namespaced, Union

Data = dict[str, Any]


def difference(before: Data, after: Data) -> tuple[Data, set[str]]:
    changed = {key: value for key, value in after.items() if key not in before or before[key] != value}
    return changed, before.keys() - after.keys()


def without(state: Data, removed: set[str]) -> Data:
    return {key: value for key, value in state.items() if key not in removed}


def lay(onto: Data, before: Data, after: Data) -> None:
    changed, removed = difference(before, after)
    for key in removed:
        onto.pop(key, None)
    onto.update(changed)


def merge(merger: Any, base: Data, branches: Mapping[str, Data]) -> Data | None:
    """Return the merged state; None for a conflict."""
    result = dict(base)
    differences = {label: difference(base, state) for label, state in branches.items()}
    match merger:
        case Union():
            if not _agree(list(differences.values())):
                return None
        case FirstWins():
            differences = dict(reversed(differences.items()))
        case Namespaced():
            return {**base, **{label: changed for label, (changed, _) in differences.items()}}
        case Collect(keys=keys):
            rest = [(without(changed, set(keys)), removed - set(keys)) for changed, removed in differences.values()]
            if not _agree(rest):
                return None
            collected = {key: [each[key] for each, _ in differences.values() if key in each] for key in keys}
            differences = {**dict(zip(differences, rest, strict=True)), "": (collected, set())}
        case LastWins():
            pass
        case _:
            raise AssertionError(merger)
    for changed, removed in differences.values():
        result = {**without(result, removed), **changed}
    return result


def _agree(differences: Sequence[tuple[Data, set[str]]]) -> bool:
    written: Data = {}
    for changed, removed in differences:
        for key, write in [
            *((key, ("set", value)) for key, value in changed.items()),
            *((k, ("gone",)) for k in removed),
        ]:
            if written.setdefault(key, write) != write:
                return False
    return True
