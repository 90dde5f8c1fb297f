"""A set whose order does not depend on the addresses of what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

_Item = TypeVar("_Item")


class InOrder(set[_Item]):
    """A set that is iterated in the order in which things were added, so that two runs of one seed are alike.

    Only what the runtime does with its sets is kept in order: adding, discarding, iterating, copying, clearing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._order: dict[_Item, None] = {}

    def add(self, item: _Item) -> None:
        """Add something at the end, unless it is there."""
        super().add(item)
        self._order[item] = None

    def discard(self, item: Any) -> None:
        """Remove something, if it is there."""
        super().discard(item)
        self._order.pop(item, None)

    def clear(self) -> None:
        """Remove everything."""
        super().clear()
        self._order.clear()

    def copy(self) -> InOrder[_Item]:
        """Return another set of the same, in the same order."""
        copied: InOrder[_Item] = InOrder()
        for item in self:
            copied.add(item)
        return copied

    def __iter__(self) -> Iterator[_Item]:
        return iter(self._order)
