"""The one place where time is read and waited for."""

from __future__ import annotations

import math
import threading
import time
from typing import Final, Protocol

LONGEST_SLICE: Final = 0.25
"""The longest that the main thread waits without looking whether there was a signal, in seconds."""


class Waitable(Protocol):
    """What a thread can be woken by, such as `threading.Event`."""

    def wait(self, timeout: float | None = None) -> bool:
        """Block at most `timeout` seconds; return whether it was set."""
        ...


class Clock(Protocol):
    """What supervisors know of time. Every method may be called from any thread."""

    def now(self) -> float:
        """Return the monotonic time in seconds; only differences mean anything."""
        ...

    def wall_time(self) -> float:
        """Return the seconds since the epoch; it may jump when the host's clock is set."""
        ...

    def wait(self, wakeup: Waitable, timeout: float | None) -> bool:
        """Block the calling thread until `wakeup` is set or `timeout` seconds have passed.

        Args:
            wakeup: What ends the wait early. Whether it stays set is its own affair.
            timeout: The longest wait; None waits for `wakeup` alone.

        Returns:
            Whether `wakeup` was set.
        """
        ...


class SystemClock:
    """The host's clock."""

    # Bound directly, without a method around them: every message reads the clock.
    now = staticmethod(time.monotonic)
    wall_time = staticmethod(time.time)

    def wait(self, wakeup: Waitable, timeout: float | None) -> bool:
        """Block until `wakeup` is set or `timeout` seconds have passed."""
        if threading.get_ident() == threading.main_thread().ident:
            return self._wait_in_slices(wakeup, math.inf if timeout is None else timeout)
        if timeout is None:
            return wakeup.wait()
        return wakeup.wait(min(timeout, threading.TIMEOUT_MAX))

    def _wait_in_slices(self, wakeup: Waitable, timeout: float) -> bool:
        """Block, and look up now and then: a signal that comes just before the main thread blocks does not wake it."""
        end = self.now() + timeout
        left = timeout
        while left > LONGEST_SLICE:
            if wakeup.wait(LONGEST_SLICE):
                return True
            left = end - self.now()
        return wakeup.wait(max(0.0, left))


class ManualClock:
    """A clock for tests: it stands still until it is advanced."""

    # An event tells nobody but its own waiters that it was set, so a wait that must also
    # notice the clock has to look up now and then.
    LOOK_UP_INTERVAL: Final = 0.001

    def __init__(self, start: float = 0.0) -> None:
        """Stand at `start` seconds, which is also the wall time."""
        self._advancing = threading.Lock()
        # Written under the lock, read by anyone: one attribute, one store.
        self._now = start

    def now(self) -> float:
        """Return the seconds the clock stands at."""
        return self._now

    def wall_time(self) -> float:
        """Return the same as `now()`: the epoch is where the clock shows 0."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward; waits that are over by then return soon after.

        Raises:
            ValueError: If `seconds` is negative or not finite.
        """
        if not (0 <= seconds < math.inf):
            raise ValueError(f"a clock advances by 0 or more finite seconds, not {seconds!r}")
        with self._advancing:
            self._now += seconds

    def wait(self, wakeup: Waitable, timeout: float | None) -> bool:
        """Block until `wakeup` is set or the clock has been advanced by `timeout` seconds."""
        if timeout is None:
            return wakeup.wait()
        end = self._now + timeout
        while self._now < end:
            if wakeup.wait(self.LOOK_UP_INTERVAL):
                return True
        return wakeup.wait(0)
