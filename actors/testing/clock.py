"""The virtual clock."""

from __future__ import annotations

from actors.dispatchers.work import current_agent
from actors.testing.here import scheduler_here
from actors.testing.scheduler import Scheduler
from supervisors.clock import Clock, SystemClock, Waitable

_EPOCH = 946_684_800.0  # 2000-01-01, so that wall times are no surprise in a trace

_SYSTEM_CLOCK = SystemClock()


class VirtualClock:
    """A clock that stands still while anybody can go on, and then jumps to the next moment that is waited for.

    Args:
        scheduler: Who keeps the time.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def now(self) -> float:
        """Return the virtual seconds since the runtime was made."""
        return self._scheduler.now

    def wall_time(self) -> float:
        """Return the time that it would be if the runtime had been made when 2000 began, in UTC."""
        return _EPOCH + self._scheduler.now

    def wait(self, wakeup: Waitable, timeout: float | None) -> bool:
        """Let others go on until `wakeup` is set or `timeout` virtual seconds have passed."""
        is_set = False

        def is_woken() -> bool:
            nonlocal is_set
            is_set = is_set or wakeup.wait(0)  # which takes the call back, as a wait does
            return is_set

        until = None if timeout is None else self._scheduler.now + timeout
        return self._scheduler.wait(is_woken, until=until, is_agents=bool(current_agent.get("")))


def clock_here() -> Clock:
    """Return the clock of the virtual time that this thread is in, else the system's."""
    scheduler = scheduler_here()
    return _SYSTEM_CLOCK if scheduler is None else VirtualClock(scheduler)
