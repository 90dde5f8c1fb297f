"""Producers: which nodes leave which keys behind, by what agents declare and patterns do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.checks.agents import Declarations
from actors.checks.place import Place
from actors.workflows.flow import Flow
from actors.workflows.keyed_mergers import Collect, Merger, Namespaced, Reduce, Union


class Producers:
    """Tells what nodes produce.

    Args:
        declarations: What agents declare. One that declares no key may produce any.
    """

    def __init__(self, declarations: Declarations) -> None:
        self._declarations = declarations

    def all_declare(self, place: Place) -> bool:
        """Return whether everything in a node tells what it leaves behind."""
        return all(self._declares(each) for each in place.walk())

    def of(self, place: Place) -> Mapping[str, Place]:
        """Return the keys that a node leaves in its parent's state, each with a node that does, in declared order."""
        return self._found(place, only_new=False)

    def new_of(self, place: Place) -> Mapping[str, Place]:
        """Return the same without what agents require as well: they may just have left that as it was."""
        return self._found(place, only_new=True)

    def makes(self, place: Place, key: str) -> bool:
        """Return whether a node itself, and none below it, leaves a key behind that may not have been there before."""
        declared = self._declarations.get(place.agent)
        if declared is not None:
            return key in declared.produces and key not in declared.requires
        return any(child.gate.scope is not None and child.gate.scope.into == key for child in place.children)

    def _declares(self, place: Place) -> bool:
        if place.agent:
            return place.agent in self._declarations and bool(self._declarations[place.agent].produces)
        return place.flow is not Flow.UNKNOWN and isinstance(merger_of(place), Merger | None)

    def _found(self, place: Place, *, only_new: bool) -> dict[str, Place]:
        found = self._kept(place, only_new=only_new)
        if place.fallback is not None:
            found = {**self._found(place.fallback, only_new=only_new), **found}
        return found

    def _kept(self, place: Place, *, only_new: bool) -> dict[str, Place]:
        if place.agent:
            declared = self._declarations.get(place.agent)
            keys = () if declared is None else declared.produces
            return {key: place for key in keys if not only_new or (declared and key not in declared.requires)}
        if isinstance(merger_of(place), Namespaced):
            return {child.label: child for child in place.children}
        found: dict[str, Place] = {}
        for child in reversed(place.children):
            inside = self._found(child, only_new=only_new)
            found.update(inside if child.gate.scope is None else {child.gate.scope.into: place})
        return found


def merger_of(place: Place) -> Any:
    """Return what merges the branches of a group; None for anything else."""
    return place.pattern.checks().get("merge") if place.pattern is not None and place.flow is Flow.GROUP else None


def may_conflict(merger: Any, key: str) -> bool:
    """Return whether a merger refuses what two branches wrote differently to a key."""
    while isinstance(merger, Collect | Reduce):
        if key in merger.taken_keys() or not merger.taken_keys():
            return False
        merger = merger.default
    return isinstance(merger, Union)
