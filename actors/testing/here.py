"""The virtual time that the calling thread is in, if it is in one."""

from __future__ import annotations

import threading

from actors.testing.scheduler import Scheduler


class _Here(threading.local):
    def __init__(self) -> None:
        # The innermost is the last: one runtime may be entered within another.
        self.schedulers: list[Scheduler] = []


_here = _Here()


def enter(scheduler: Scheduler) -> None:
    """Put this thread into a virtual time."""
    _here.schedulers.append(scheduler)


def leave(scheduler: Scheduler) -> None:
    """Take it out again."""
    _here.schedulers.remove(scheduler)


def scheduler_here() -> Scheduler | None:
    """Return the scheduler of the virtual time that this thread is in; None in real time."""
    schedulers = _here.schedulers
    return schedulers[-1] if schedulers else None
