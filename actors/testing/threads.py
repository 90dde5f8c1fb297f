"""Threads that take turns, and the queue at which they wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

from actors.control.environment import DaemonThreads
from actors.testing.here import enter
from actors.testing.scheduler import Scheduler
from actors.testing.seat import always

_Item = TypeVar("_Item")

_ENDING_TIME = 1.0
"""Real seconds that a thread gets to be gone, once it has given its turn away for good."""


class VirtualThread(threading.Thread):
    """A thread that runs when it is its turn.

    Args:
        scheduler: Who says whose turn it is.
        name: What it is called.
        target: What it runs.
    """

    def __init__(self, scheduler: Scheduler, name: str, target: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._scheduler = scheduler
        self._work = target
        self._seat = scheduler.add(name)
        # Written by itself while it has the turn.
        self._has_left = False

    def run(self) -> None:
        """Wait for the first turn, and run."""
        enter(self._scheduler)
        self._scheduler.begin(self._seat)
        try:
            self._work()
        finally:
            self._has_left = True
            self._scheduler.leave(self._seat)

    def is_alive(self) -> bool:
        """Return whether it may take another turn."""
        return not self._has_left and super().is_alive()

    def join(self, timeout: float | None = None) -> None:
        """Let others go on until it has ended, at most some virtual seconds; real ones when virtual time is over."""
        scheduler = self._scheduler
        if not scheduler.is_closed:
            until = None if timeout is None else scheduler.now + timeout
            if not scheduler.wait(lambda: self._has_left, until=until):
                return
        super().join(_ENDING_TIME if timeout is None else timeout)


class VirtualThreads:
    """Where the threads of a virtual runtime come from.

    Args:
        scheduler: Who says whose turn it is.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._started: list[VirtualThread] = []

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Start a thread that runs when it is its turn; an ordinary one when virtual time is over."""
        if self._scheduler.is_closed:
            return DaemonThreads().start(name, target)
        self._started = [thread for thread in self._started if thread.is_alive()]
        thread = VirtualThread(self._scheduler, name, target)
        self._started.append(thread)
        thread.start()
        return thread

    def await_ends(self) -> list[str]:
        """Wait until all threads are gone, and name those that would not go. When virtual time is over."""
        for thread in self._started:
            thread.join(_ENDING_TIME)
        return [thread.name for thread in self._started if thread.is_alive()]


class VirtualQueue(SimpleQueue[_Item]):
    """A queue whose readers let others go on while it is empty, and once between taking something and returning it.

    So what was put first is taken first, and yet the seed decides what is begun first.

    Args:
        scheduler: Who says whose turn it is.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler

    def get(self, block: bool = True, timeout: float | None = None) -> _Item:
        """Return the first item, when there is one. None ends its readers when virtual time is over."""
        self._scheduler.wait(self._is_filled)
        if not self._is_filled():
            return None  # type: ignore[return-value]  # which every reader takes for the end
        item = super().get(block, timeout)
        self._scheduler.wait(always)
        return item

    def wake(self) -> None:
        """Do nothing: who waits here looks for itself."""

    def _is_filled(self) -> bool:
        return self.qsize() > 0
