"""Blocking calls for agents under test: they take virtual time where it runs, else real time."""

from __future__ import annotations

import asyncio
import math
from contextlib import nullcontext

from actors.control.wakeup import Wakeup
from actors.testing.clock import clock_here
from actors.testing.event_loop import VirtualLoop
from actors.testing.here import scheduler_here
from actors.testing.seat import never


def sleep(seconds: float) -> None:
    """Block this thread, as `time.sleep()` does. In a coroutine it blocks the event loop, as that does too.

    In a test it lets `seconds` pass, as `VirtualRuntime.advance()` does, but what is due at the end may still be to do.

    Raises:
        ValueError: If `seconds` is negative or not finite.
    """
    _block(check_seconds(seconds, "sleep():"))


def hang() -> None:
    """Block this thread for good: until the virtual runtime is left, when `CancelledError` is raised here."""
    _block(None)


def check_seconds(seconds: float, owner: str) -> float:
    """Return a number of seconds that can pass.

    Raises:
        TypeError: If it is no number.
        ValueError: If it is negative or not finite.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{owner} seconds must be a number, not {seconds!r}")
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{owner} only 0 or more finite seconds can pass, not {seconds!r}")
    return float(seconds)


def _block(seconds: float | None) -> None:
    scheduler = scheduler_here()
    if scheduler is None:
        clock_here().wait(Wakeup(), seconds)
        return
    until = None if seconds is None else scheduler.now + seconds
    loop = asyncio._get_running_loop()
    with loop.blocked() if isinstance(loop, VirtualLoop) else nullcontext():
        scheduler.wait(never, until=until, is_agents=True)
