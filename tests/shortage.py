"""A machine that has no more threads, until it is said to have some."""

from __future__ import annotations

import threading
from collections.abc import Callable

from actors.control.environment import DaemonThreads


class ScarceThreads(DaemonThreads):
    """Refuses to start threads as the machine does.

    Args:
        left: How many there are, before there are no more; None for no limit.
    """

    def __init__(self, left: int | None = None) -> None:
        self.left = left
        self.refused = threading.Event()

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        if self.left is None:
            return super().start(name, target)
        if self.left == 0:
            self.refused.set()
            raise OSError(12, "no thread can be started (the test has no more)")
        self.left -= 1
        return super().start(name, target)
