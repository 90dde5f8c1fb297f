"""The delivery thread: where callbacks of users and log records leave the control plane."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple

from actors.control.environment import SHORTAGES, Environment
from actors.control.logs import log
from actors.control.outlet import Outlet

logger = logging.getLogger(__name__)


RECORDS_WAITING = 10_000
"""How many log records may wait while a callback or observer blocks."""


class _Record(NamedTuple):
    """What is to be logged."""

    level: int
    message: str
    values: tuple[object, ...]
    error: BaseException | None


class Delivery:
    """Run what may block or raise (callbacks, observers, log handlers) on a thread of its own, in order.

    What comes before it is started waits for that. A callback that hangs holds up other callbacks and log records, and
    nothing else. At most `RECORDS_WAITING` log records wait for it; beyond that the oldest are dropped.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._queue: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._starting = threading.Lock()
        # Both: written under the lock above, by whoever starts or stops it.
        self._thread: threading.Thread | None = None
        self._is_stopped = False
        self._records: Outlet[_Record] = Outlet(self.post, _emit, _tell_missed, RECORDS_WAITING)

    def start(self) -> None:
        """Start the thread; again, after it was stopped.

        Raises:
            OSError: If there is no thread for it.
        """
        with self._starting:
            self._thread = self._environment.threads.start("mixmode-delivery", self._run)
            self._is_stopped = False

    def post(self, call: Callable[[], object]) -> None:
        """Have something called soon on the delivery thread. Never blocks."""
        self._queue.put(call)
        # Read after the put: the thread that is being stopped finds the call, or this one sees that it was stopped.
        if self._is_stopped:
            # Whoever adds a callback to a run after the end of its runtime is called too, by a thread for that alone.
            with suppress(*SHORTAGES):  # then it is called with the next one
                self._environment.threads.start("mixmode-delivery", self._run_rest)

    def log(self, level: int, message: str, *values: object, error: BaseException | None = None) -> None:
        """Log from inside the control plane; the handlers run on the delivery thread."""
        if logger.isEnabledFor(level):
            self._records.offer(_Record(level, message, values, error))

    def stop(self, timeout: float) -> bool:
        """Deliver what is queued, then end the thread; return whether that was done in time."""
        with self._starting:
            self._is_stopped = True
            thread = self._thread
        if thread is None:
            return True
        self._queue.put(None)
        if thread is not threading.current_thread():
            thread.join(timeout)
        return not thread.is_alive()

    def _run_rest(self) -> None:
        """Deliver what is queued; all of it, unless the thread that was stopped is still there to do so."""
        with suppress(Empty):
            while (call := self._queue.get_nowait()) is not None:
                _survive(call)
            self._queue.put(None)  # it is for that thread

    def _run(self) -> None:
        while (call := self._queue.get()) is not None:
            _survive(call)
            call = None  # it is not kept while the thread waits for the next one


def _emit(record: _Record) -> None:
    log(logger, record.level, record.message, *record.values, error=record.error)


def _tell_missed(records: int) -> None:
    logger.warning("%d log records were dropped: a callback or observer blocked the delivery of the rest", records)


def _survive(call: Callable[[], object]) -> None:
    try:
        call()
    except BaseException as error:  # noqa: BLE001  # it is a user's; nothing it raises may end others' deliveries
        log(logger, logging.ERROR, "a callback or observer raised", error=error)
