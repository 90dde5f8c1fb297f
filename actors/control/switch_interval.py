"""The interpreter's switch interval: how long a busy thread keeps the GIL from another one that wants it."""

from __future__ import annotations

import sys
import threading
from collections import deque
from statistics import median

LOWERED = 0.0005
"""To how many seconds it is lowered, unless it is said otherwise."""

SHORTEST = 1e-6
"""The least number of seconds that the interpreter knows."""

LONGEST = 1.0
"""The most that makes any sense."""

LASTS = 2.0
"""For how many seconds it stays lowered after the last wait that ended late."""

PROBES = 5
"""How many short waits follow a late one; if half of them are late too, there are busy threads."""

PROBE = 0.001
"""How long each of them is, in seconds."""

LASTS = 2.0
"""For how many seconds it stays lowered after the last time that half of so many waits were late."""

# In switch intervals. One busy thread makes a wait late by one interval at most, a collection of garbage by any time.
_SUSPICIOUS = 2.0
_LATE = 1.2


class SwitchInterval:
    """Has busy threads hand over the GIL sooner for as long as the deadline thread is late because of them.

    A thread that wants the GIL waits a switch interval for each busy one that is before it: with four busy loops a
    deadline is noticed 20 ms late by the interpreter's own 5 ms. A collection of garbage is no such thread, though it
    makes a wait late too; so after a late wait some short ones follow, and they decide. The interval is the whole
    process's: it is only ever lowered, and set back when the deadline thread has been on time for a while, unless
    somebody else has changed it.

    Used by the deadline thread only.

    Args:
        lowered: To how many seconds it is lowered; None never changes it.
    """

    def __init__(self, lowered: float | None) -> None:
        self._lowered = lowered
        # How late the last waits ended, and how many short ones are to follow.
        self._recent: deque[float] = deque(maxlen=PROBES)
        self._probes_left = 0
        # Until when it stays lowered; None while it is not lowered by us.
        self._ends_at: float | None = None

    def note_wait(self, late: float, now: float) -> None:
        """Take note that the deadline thread's wait ended `late` seconds after it should have."""
        if self._lowered is None:
            return
        interval = sys.getswitchinterval()
        self._recent.append(late)
        is_late = len(self._recent) == PROBES and median(self._recent) > _LATE * interval
        if self._ends_at is not None:
            if is_late:
                self._ends_at = now + LASTS
            elif now >= self._ends_at:
                self.restore()
        elif self._probes_left:
            self._probes_left -= 1
            if is_late and not self._probes_left and _process.lower(self, self._lowered):
                self._ends_at = now + LASTS
                self._recent.clear()
        elif late > _SUSPICIOUS * interval:
            self._recent.clear()
            self._probes_left = PROBES

    def limited(self, pause: float | None, now: float) -> float | None:
        """Return how long the deadline thread may sleep that wants to for `pause` seconds; None is for good."""
        if self._ends_at is not None:
            longest = max(0.0, self._ends_at - now)
        elif self._probes_left:
            longest = PROBE
        else:
            return pause
        return longest if pause is None else min(pause, longest)

    def restore(self) -> None:
        """Set it back to what it was."""
        if self._ends_at is not None:
            _process.restore(self)
        self._ends_at = None
        self._probes_left = 0
        self._recent.clear()


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
