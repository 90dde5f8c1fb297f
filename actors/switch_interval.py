"""The interpreter's switch interval: how long a busy thread keeps the GIL from another one that wants it."""

from __future__ import annotations

import sys
import threading

LOWERED = 0.0005
"""To how many seconds it is lowered, unless it is said otherwise."""

SHORTEST = 1e-6
"""The least number of seconds that the interpreter knows."""

LONGEST = 1.0
"""The most that makes any sense."""

LASTS = 1.0
"""For how many seconds it stays lowered after the last wait that ended late."""

# A wait is late by more than so many switch intervals; it takes so many late ones in a row.
_LATE = 2
_IN_A_ROW = 2


class SwitchInterval:
    """Has busy threads hand over the GIL sooner for as long as the deadline thread is late because of them.

    A thread that wants the GIL waits a switch interval for each busy one that is before it: with four busy loops a
    deadline is noticed 20 ms late by the interpreter's own 5 ms. A collection of garbage is no such thread, so one late
    wait alone changes nothing. The interval is the whole process's: it is only ever lowered, and set back when the
    deadline thread has been on time for a while, unless somebody else has changed it meanwhile.

    Used by the deadline thread only.

    Args:
        lowered: To how many seconds it is lowered; None never changes it.
    """

    def __init__(self, lowered: float | None) -> None:
        self._lowered = lowered
        self._late_in_a_row = 0
        # Until when it stays lowered; None while it is not lowered by us.
        self._ends_at: float | None = None

    def note_wait(self, late: float, now: float) -> None:
        """Take note that the deadline thread's wait ended `late` seconds after it should have."""
        if self._lowered is None:
            return
        is_late = late > _LATE * sys.getswitchinterval()
        self._late_in_a_row = self._late_in_a_row + 1 if is_late else 0
        if self._late_in_a_row >= _IN_A_ROW or (is_late and self._ends_at is not None):
            self._lower(self._lowered, now)
        elif self._ends_at is not None and now >= self._ends_at:
            self.restore()

    def limited(self, pause: float | None, now: float) -> float | None:
        """Return how long the deadline thread may sleep that wants to for `pause` seconds; None is for good."""
        if self._ends_at is None:
            return pause
        left = max(0.0, self._ends_at - now)
        return left if pause is None else min(pause, left)

    def restore(self) -> None:
        """Set it back to what it was."""
        if self._ends_at is not None:
            _process.restore(self)
        self._ends_at = None
        self._late_in_a_row = 0

    def _lower(self, seconds: float, now: float) -> None:
        if self._ends_at is None and not _process.lower(self, seconds):
            return
        self._ends_at = now + LASTS


class _Process:
    """The interval of the whole process, which several runtimes may have lowered."""

    def __init__(self) -> None:
        # Guards all below.
        self._lock = threading.Lock()
        self._before = self._set_to = 0.0
        self._lowered: dict[SwitchInterval, float] = {}

    def lower(self, owner: SwitchInterval, seconds: float) -> bool:
        """Lower it for an owner; return False if it is as low already."""
        with self._lock:
            interval = sys.getswitchinterval()
            if interval <= seconds:
                return False
            if not self._is_ours(interval):
                self._before = interval
                self._lowered.clear()
            self._lowered[owner] = seconds
            self._set(seconds)
            return True

    def restore(self, owner: SwitchInterval) -> None:
        """Take back what an owner has lowered, unless somebody else has set it meanwhile."""
        with self._lock:
            self._lowered.pop(owner, None)
            if self._is_ours(sys.getswitchinterval()):
                self._set(min(self._lowered.values(), default=self._before))

    def _is_ours(self, interval: float) -> bool:
        return abs(interval - self._set_to) <= SHORTEST  # it is kept in whole microseconds

    def _set(self, seconds: float) -> None:
        sys.setswitchinterval(seconds)
        self._set_to = seconds if self._lowered else 0.0


_process = _Process()
