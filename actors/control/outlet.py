"""The outlet: the bounded line of what is to be delivered to one receiver, who may not keep up."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class Outlet(Generic[_Item]):
    """A bounded line of items for one receiver. When it is full, the oldest item is dropped. Any thread.

    Args:
        post: Has something called soon, in order, where receivers are called. Never blocks.
        receive: Takes an item.
        tell_missed: Told how many items were dropped, before the receiver is given the next one.
        capacity: How many items may wait.
    """

    def __init__(
        self,
        post: Callable[[Callable[[], object]], object],
        receive: Callable[[_Item], object],
        tell_missed: Callable[[int], object],
        capacity: int,
    ) -> None:
        self._post = post
        self._receive = receive
        self._tell_missed = tell_missed
        self._capacity = capacity
        # Reentrant: a finalizer that strikes inside may offer, too. All below: written under the lock.
        self._lock = threading.RLock()
        self._items: deque[_Item] = deque()
        self._missed = 0

    @property
    def missed(self) -> int:
        """How many items were dropped since the receiver was given the last one."""
        return self._missed

    def offer(self, item: _Item) -> bool:
        """Have an item received soon; return whether there was room, so that no older item was dropped for it."""
        with self._lock:
            has_room = len(self._items) < self._capacity
            if not has_room:
                self._items.popleft()
                self._missed += 1
            self._items.append(item)
        if has_room:  # else as many deliveries are posted already as items wait
            self._post(self._deliver)
        return has_room

    def _deliver(self) -> None:
        with self._lock:
            if not self._items:
                return  # an interrupt had one delivery posted twice
            item = self._items.popleft()
            missed, self._missed = self._missed, 0
        try:
            if missed:
                self._tell_missed(missed)
        finally:
            self._receive(item)
