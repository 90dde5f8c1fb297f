"""The line of starts: a few processes are started at once, the others in the order in which they came.

A process takes the processor for a tenth of a second before its agent can start. Two hundred at once would each take
twenty seconds or more, be abandoned for that, be restarted, and so never come to an end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from actors.dispatchers.work import Work

_PER_CORE: Final = 2
_LEAST_CORES: Final = 2


def most_at_once() -> int:
    """Return how many processes are started at once: two for each core, as a start waits for something at times."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _PER_CORE * max(_LEAST_CORES, usable)


class StartLine:
    """Starts that are under way, and those that wait. Any thread.

    Args:
        at_once: How many are under way at once.
        begin: Called with what is to be done for a start when it is its turn. It does not block.
    """

    def __init__(self, at_once: int, begin: Callable[[Work], None]) -> None:
        self._at_once = at_once
        self._begin = begin
        self._lock = threading.Lock()
        # All below: written under the lock. What is to be done for each start that waits, in order.
        self._waiting: dict[Work, Work] = {}
        self._under_way: set[Work] = set()
        self._is_closed = False

    def enter(self, start: Work, errand: Work) -> None:
        """Have a start begin when it is its turn. To enter it again, after an interrupt, does no harm."""
        with self._lock:
            is_next = self._is_closed or start in self._under_way or len(self._under_way) < self._at_once
            if is_next:
                self._under_way.add(start)
            else:
                self._waiting[start] = errand
        if is_next:
            self._begin(errand)

    def leave(self, start: Work) -> None:
        """Take note that a start has ended, and have the next begin."""
        with self._lock:
            self._under_way.discard(start)
            following = errand = None
            if self._waiting and len(self._under_way) < self._at_once:
                following = next(iter(self._waiting))
                errand = self._waiting.pop(following)
                self._under_way.add(following)
        if errand is not None:
            self._begin(errand)

    def withdraw(self, start: Work) -> bool:
        """Take a start out of the line; return False if it does not wait any more, or never did."""
        with self._lock:
            return self._waiting.pop(start, None) is not None

    def close(self) -> list[Work]:
        """Return what was to be done for those that wait; they will not begin. Who comes from now on begins at once."""
        with self._lock:
            self._is_closed = True
            left = list(self._waiting.values())
            self._waiting.clear()
        return left
