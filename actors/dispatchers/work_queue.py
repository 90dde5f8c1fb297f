"""The work queue: where threads wait for work, those of a pool and those that instances keep."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from queue import Empty
from typing import Protocol

from actors.control.wakeup import Wakeup
from actors.dispatchers.work import Work


class Queue(Protocol):
    """Where threads wait for work. The test kit has its own."""

    def qsize(self) -> int:
        """Return how much is queued."""

    def put(self, work: Work | None, /) -> None:
        """Queue something, and wake a thread for it. Any thread."""

    def get(self) -> Work | None:
        """Return what was put first, waiting for it."""

    def get_nowait(self) -> Work | None:
        """Return what was put first; raise `queue.Empty` if nothing is queued."""

    def wake(self) -> None:
        """Wake a thread that waits, if there is one; once too often does no harm."""


class WorkQueue:
    """A queue of work at which threads wait; who came last is woken first. Any thread.

    Not `queue.SimpleQueue`. That keeps its items in a list, which is shortened by whichever thread takes an item, and
    what a list frees stays in glibc's cache for that thread, in ever more sizes: up to 0.24 MB for each thread, for
    good. A deque consists of blocks of one size, which Python keeps itself.

    Every step is one atomic operation. An interrupt of who puts something may only cost its wake-up; `wake()` makes it
    good, and so does whoever puts or takes something next.
    """

    def __init__(self) -> None:
        # Appended to and popped from by single calls.
        self._items: deque[Work | None] = deque()
        # Where threads wait. Each adds its own and removes it again. Invariant: it looks for work after it has added
        # its own, and whoever puts work looks for it after that, so one of the two sees the other.
        self._sleepers: deque[Wakeup] = deque()

    def qsize(self) -> int:
        """Return how much is queued."""
        return len(self._items)

    def put(self, work: Work | None) -> None:
        """Queue something, and wake a thread for it."""
        self._items.append(work)
        self.wake()

    def get(self) -> Work | None:
        """Return what was put first, waiting for it."""
        wakeup = None
        while True:
            try:
                return self.get_nowait()
            except Empty:
                wakeup = wakeup or Wakeup()
            self._sleepers.append(wakeup)
            if not self._items:
                wakeup.wait()
            self._sleepers.remove(wakeup)

    def get_nowait(self) -> Work | None:
        """Return what was put first.

        Raises:
            Empty: If nothing is queued.
        """
        try:
            work = self._items.popleft()
        except IndexError:
            raise Empty from None
        if self._items:  # who put that may have woken the same thread once more
            self.wake()
        return work

    def wake(self) -> None:
        """Wake a thread that waits, if there is one; once too often does no harm."""
        with suppress(IndexError):
            self._sleepers[-1].set()
