"""What a machine may lack: threads that cannot be started for a while."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable

from actors.control.environment import DaemonThreads


class ScarceThreads(DaemonThreads):
    """Daemon threads of which none can be had now and then.

    Attributes:
        are_scarce: Whether the threads of the pool for plain functions cannot be started now. One store, by anyone.
        none_from: The how manieth start, of any thread, is the first to fail; None if none does.
    """

    def __init__(self, none_from: int | None = None) -> None:
        self.are_scarce = False
        self.none_from = none_from
        self._started = 0

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        """Start one, or fail as `DaemonThreads` does when the machine has no more.

        Raises:
            OSError: If none can be had.
        """
        self._started += 1
        is_refused = self.none_from is not None and self._started >= self.none_from
        if is_refused or (self.are_scarce and name.startswith("mixmode-worker")):
            raise OSError(errno.ENOMEM, "no thread can be started, as the torture will have it")
        return super().start(name, target)
