"""A wake-up call between threads."""

from __future__ import annotations

from _thread import allocate_lock


class Wakeup:
    """Wake one waiting thread; a call that comes before the wait ends the wait at once.

    Unlike `threading.Event` it consists of single C calls, so an interrupt of the main thread cannot leave it locked,
    and a wait consumes the call.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiting thread, or the next that waits."""
        try:
            self._lock.release()
        except RuntimeError:
            return  # it was set already

    def wait(self, timeout: float | None = None) -> bool:
        """Block until it is set, at most `timeout` seconds; return whether it was."""
        return self._lock.acquire(timeout=-1 if timeout is None else timeout)
