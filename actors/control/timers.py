"""The timer heap of the control plane."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any

_COMPACT_ABOVE = 64


class ScheduledMessage:
    """A message that is sent to a cell when its time comes."""

    __slots__ = ("_heap", "cell", "message")

    def __init__(self, heap: TimerHeap, cell: Any, message: Any) -> None:
        self._heap = heap
        self.cell = cell
        self.message = message

    def cancel(self) -> None:
        """Never send it, and let go at once of what it refers to. Inside the control plane only."""
        if self.cell is not None:
            self.cell = self.message = None
            self._heap.note_cancelled()


class TimerHeap:
    """Messages by the moment at which they are due. Used inside the control plane only.

    Memory follows the number of armed timers: cancelled ones are swept out when they are half of the heap.
    """

    def __init__(self) -> None:
        # The number breaks ties: equal moments fire in the order in which they were armed.
        self._entries: list[tuple[float, int, ScheduledMessage]] = []
        self._last_number = 0
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._entries) - self._cancelled

    def arm(self, at: float, cell: Any, message: Any) -> ScheduledMessage:
        """Add a message that is due at `at`."""
        timer = ScheduledMessage(self, cell, message)
        self._last_number += 1
        heappush(self._entries, (at, self._last_number, timer))
        return timer

    @property
    def next_at(self) -> float | None:
        """When the heap wants to be looked at next; None if it is empty."""
        return self._entries[0][0] if self._entries else None

    def first_due(self, now: float) -> ScheduledMessage | None:
        """Return the next message that is due, without removing it; None when none is."""
        entries = self._entries
        while entries and entries[0][0] <= now:
            timer = entries[0][2]
            if timer.cell is not None:
                return timer
            heappop(entries)
            self._cancelled -= 1
        return None

    def drop_first(self) -> None:
        """Remove what `first_due()` returned."""
        timer = heappop(self._entries)[2]
        timer.cell = timer.message = None

    def note_cancelled(self) -> None:
        """Count one more cancelled timer, and sweep when half of the heap is dead."""
        self._cancelled += 1
        if self._cancelled > _COMPACT_ABOVE and self._cancelled * 2 > len(self._entries):
            alive = [entry for entry in self._entries if entry[2].cell is not None]
            heapify(alive)
            self._entries = alive
            self._cancelled = 0

    def clear(self) -> None:
        """Drop everything."""
        self._entries = []
        self._cancelled = 0
