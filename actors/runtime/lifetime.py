"""The lifetime of a runtime: it is started once and stopped once, by calls or as a context manager."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from actors.control.environment import SHORTAGES
from actors.control.facilities import System
from actors.control.latch import Latch, refuse_to_block
from actors.control.shortages import AGAIN_AFTER
from actors.control.stack import refuse_used_up_stack
from actors.runtime.green_threads import refuse_green_threads
from actors.runtime.settings import RuntimeSettings
from actors.runtime.shutdown import StopReport
from actors.values.arguments import check_stop_timeout
from actors.values.errors import ForkedRuntimeError, RuntimeNotRunningError


class Lifetime(ABC):
    """What starts once and stops once. All methods may be called from any thread.

    Args:
        settings: The runtime's settings.
    """

    _system: System

    def __init__(self, settings: RuntimeSettings) -> None:
        self.settings = settings
        # Guards the status, and what may only be changed while the runtime has one.
        self._admission = threading.Lock()
        # Written under the lock: new, running, stopping, stopped.
        self._status = "new"

    @abstractmethod
    def _open(self) -> None:
        """Start whatever has to be started; leave nothing behind when that fails. Under the lock."""

    @abstractmethod
    def _close(self, seconds: float) -> StopReport:
        """Stop whatever was started, within about a time, or at once if it is interrupted. Blocks."""

    def start(self) -> Self:
        """Start the threads, and serve metrics if a port was given. Does not block.

        Raises:
            RuntimeNotRunningError: If it was started before.
            GreenThreadsError: If gevent or the like has patched threads, queues or selectors.
            OSError: If the metrics port, a thread or a descriptor cannot be had; nothing is left of it then, and it may
                be started again.
            RecursionError: If this thread's stack is almost used up; likewise.
        """
        refuse_used_up_stack("Runtime.start()")
        with self._admission:
            self._check_not_forked()
            if self._status != "new":
                raise RuntimeNotRunningError(self._status)
            refuse_green_threads()
            self._open()
            self._status = "running"
        return self

    def stop(self, timeout: float | None = None) -> StopReport:
        """Stop: take no new runs, drain, cancel what is left, stop the agents. Blocks.

        Args:
            timeout: Seconds for runs in progress and for agents to end; `grace` if not given. 0 cancels at once.

        Returns:
            What was not finished. Stopping again reports nothing.

        Raises:
            WouldDeadlockError: On a thread that runs an event loop of a runtime; leave `async with` there instead.
            RecursionError: If this thread's stack is almost used up; nothing has been stopped, and it may be once more.
        """
        seconds = self.settings.grace if timeout is None else check_stop_timeout(timeout)
        if self._status == "running" and not self._system.is_forked:
            refuse_to_block("Runtime.stop()")
            refuse_used_up_stack("Runtime.stop()")
        if self._system.is_forked or not self._begin_stop():
            return StopReport((), {})
        return self._shut_down(seconds)

    async def stop_async(self, timeout: float | None = None) -> StopReport:
        """Stop as `stop()` does, without blocking the event loop that this is awaited on."""
        seconds = self.settings.grace if timeout is None else check_stop_timeout(timeout)
        if self._system.is_forked or not self._begin_stop():
            return StopReport((), {})
        latch = Latch()
        reports: list[StopReport] = []

        def stop() -> None:
            try:
                reports.append(self._shut_down(seconds))
            finally:
                latch.open()

        await self._start_stopping(stop)
        await latch
        return reports[0] if reports else StopReport((), {})

    async def _start_stopping(self, stop: Callable[[], None]) -> None:
        """Have it stopped on a thread of its own, as soon as there is one: nothing else may block for so long."""
        threads = self._system.environment.threads
        try:
            while True:
                try:
                    threads.start("mixmode-stop", stop)
                except SHORTAGES:
                    await asyncio.sleep(AGAIN_AFTER)
                else:
                    return
        except BaseException:
            self._status = "running"  # it was cancelled meanwhile: nothing has been stopped, and it may be once more
            raise

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop(0 if kind is not None else None)

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop_async(0 if kind is not None else None)

    def check_running(self) -> None:
        """Refuse unless the runtime is running.

        Raises:
            RuntimeNotRunningError: If it was not started, or is stopping or stopped.
            ForkedRuntimeError: In the child of a fork.
        """
        self._check_not_forked()
        if self._status != "running":
            raise RuntimeNotRunningError(self._status)

    def _check_not_forked(self) -> None:
        if self._system.is_forked:
            raise ForkedRuntimeError

    def _begin_stop(self) -> bool:
        """Take no new work from now on; False if there is nothing to stop."""
        with self._admission:
            was_running = self._status == "running"
            if was_running:
                self._status = "stopping"
            elif self._status == "new":
                self._status = "stopped"
        return was_running

    def _shut_down(self, seconds: float) -> StopReport:
        try:
            return self._close(seconds)
        finally:
            self._status = "stopped"
