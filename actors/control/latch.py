"""The latch: something that happens once, for which threads and coroutines wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any
from weakref import WeakKeyDictionary

from actors.control.wakeup import Wakeup
from actors.values.errors import WouldDeadlockError
from supervisors.clock import Clock, SystemClock

_SYSTEM_CLOCK = SystemClock()

# The event loops that do a runtime's work, with how many runtimes. Single dict operations, on each loop's thread.
_working_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, int] = WeakKeyDictionary()


def note_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Note that a loop does a runtime's work: its thread must not block for that."""
    _working_loops[loop] = _working_loops.get(loop, 0) + 1


def forget_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Take back `note_loop()`."""
    left = _working_loops.get(loop, 0) - 1
    if left > 0:
        _working_loops[loop] = left
    else:
        _working_loops.pop(loop, None)


def refuse_to_block(call: str) -> None:
    """Refuse to wait on a thread on which an event loop runs that does a runtime's work.

    Raises:
        WouldDeadlockError: If this is such a thread.
    """
    loop = asyncio._get_running_loop()
    if loop is not None and loop in _working_loops:
        raise WouldDeadlockError(call)


class Latch:
    """Opens once. Needs no lock: every step is one atomic operation, or may be repeated."""

    __slots__ = ("_waiters", "is_open")

    def __init__(self) -> None:
        # One store, by whoever opens it; read by anyone.
        self.is_open = False
        # Appended to by anyone, emptied by anyone once it is open: a waiter is appended before it is looked whether the
        # latch is open, and the latch is open before the waiters are called. A waiter may be called twice. The list is
        # made here and never replaced: of two who make it when they come first, one would wait in vain.
        self._waiters: list[Callable[[], object]] = []

    def open(self) -> None:
        """Open it and wake whoever waits; opening it again wakes whom an interrupt left out."""
        self.is_open = True
        self._wake()

    def when_open(self, waiter: Callable[[], object]) -> None:
        """Have `waiter` called when it opens, or now. It must not block, and may be called twice."""
        self._waiters.append(waiter)
        if self.is_open:
            self._wake()

    def wait(self, timeout: float | None, clock: Clock = _SYSTEM_CLOCK) -> bool:
        """Block until it is open, at most `timeout` seconds; return whether it is."""
        if self.is_open:
            return True
        wakeup = Wakeup()
        self.when_open(wakeup.set)
        if not clock.wait(wakeup, timeout) and not self.is_open:
            self._forget(wakeup.set)
        return self.is_open

    def __await__(self) -> Generator[Any, None, None]:
        if not self.is_open:
            loop = asyncio.get_running_loop()
            future: asyncio.Future[None] = loop.create_future()

            def wake() -> None:
                _resolve(loop, future)

            self.when_open(wake)
            try:
                yield from future
            finally:
                self._forget(wake)

    def _wake(self) -> None:
        waiters = self._waiters
        while waiters:
            try:
                waiter = waiters[-1]
            except IndexError:
                return  # another thread has called the last
            waiter()
            self._forget(waiter)

    def _forget(self, waiter: Callable[[], object]) -> None:
        try:
            self._waiters.remove(waiter)
        except ValueError:
            return  # somebody else did


def _resolve(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    """Resolve a loop's future from any thread."""
    try:
        if asyncio._get_running_loop() is loop:
            # Not set here: an interrupt in the midst of that would leave a future that is done and wakes nobody.
            loop.call_soon(_set, future)
        else:
            loop.call_soon_threadsafe(_set, future)
    except RuntimeError:
        return  # the loop was closed: nobody can be waiting there


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
