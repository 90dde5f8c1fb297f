"""Puts things that come in any order back into theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class InOrder(Generic[_Item]):
    """Hands items on in the order of their numbers, each as soon as all before it have come.

    Args:
        hand_on: Called with each item.
    """

    def __init__(self, hand_on: Callable[[_Item], object]) -> None:
        self._hand_on = hand_on
        self._next = 0
        self._waiting: dict[int, _Item] = {}

    def add(self, number: int, item: _Item) -> None:
        """Take an item; every number from 0 on has to come once."""
        self._waiting[number] = item
        while self._next in self._waiting:
            self._hand_on(self._waiting.pop(self._next))
            self._next += 1
