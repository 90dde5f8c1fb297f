"""The reply: the future by which an asked cell answers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Generator
from types import TracebackType
from typing import Any, TypeAlias

import pykka
from pykka import Timeout

from actors.arguments import check_wait
from actors.latch import Latch, refuse_to_block
from actors.work import waiting_here
from supervisors.clock import Clock, SystemClock

_ExcInfo: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

_POLL = 0.005
_SYSTEM_CLOCK = SystemClock()


class Reply(pykka.Future[Any]):
    """A `pykka.Future` that can be awaited without blocking the loop.

    The first answer wins: setting it again does nothing, so a late answer cannot replace one that was given already.

    Attributes:
        clock: By which it is waited for; the cell that will answer sets its runtime's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock: Clock = _SYSTEM_CLOCK
        self._latch = Latch()
        # Written before the latch opens, by the first who answers.
        self._answers: list[tuple[Any, BaseException | None]] = []

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the answer, waiting for it at most `timeout` seconds.

        Raises:
            WouldDeadlockError: If it is not there yet and this thread runs an event loop of a runtime.
            WaitingThreadsError: If it is not there yet, a plain function of an agent's waits for it, and too many do.
            pykka.Timeout: If it did not come in time; it may still come.
        """
        seconds = check_wait(timeout, "Future.get():")
        if self._get_hook is not None:
            return self._get_hook(seconds)
        if not self._latch.is_open:
            refuse_to_block("Future.get()")
            with waiting_here():
                has_come = self._latch.wait(seconds, self.clock)
            if not has_come:
                raise Timeout(f"no answer within {seconds:g} s")
        try:
            return self._answer()
        finally:
            del self  # what is raised has a traceback that leads to this frame

    def set(self, value: Any = None) -> None:
        """Answer with a value."""
        self._answers.append((value, None))
        self._latch.open()

    def set_exception(self, exc_info: _ExcInfo | None = None) -> None:
        """Answer with an exception: that of `exc_info`, else the one being handled."""
        kind, error, _ = exc_info or sys.exc_info()
        if error is None:
            error = kind() if kind is not None else pykka.ActorDeadError("it failed for an unknown reason")
        self._answers.append((None, error))
        self._latch.open()

    def wait(self, timeout: float | None) -> bool:
        """Wait for the answer at most `timeout` seconds; return whether it is there. For threads without a loop."""
        return self._latch.wait(timeout, self.clock)

    def fail(self, error: BaseException) -> None:
        """Answer with an exception."""
        self.set_exception((type(error), error, None))

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the answer without blocking the loop; a future derived by `map()` and the like polls."""
        if self._get_hook is not None:
            return (yield from _hooked(self._get_hook).__await__())
        yield from self._latch.__await__()
        try:
            return self._answer()
        finally:
            del self  # what is raised has a traceback that leads to this frame

    __iter__ = __await__

    def _answer(self) -> Any:
        value, error = self._answers[0]
        try:
            if error is not None:
                raise error
            return value
        finally:
            del self, error  # the traceback leads to this frame


async def _hooked(hook: Any) -> Any:
    """Await a derived future, such as that of `ref.stop(block=False)`: it can only be asked."""
    while True:
        try:
            return hook(0)
        except Timeout:
            await asyncio.sleep(_POLL)
