"""Interrupts: how SIGINT and SIGTERM end the command, in time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any, Self

LIMIT = 1.75
"""Seconds from the first signal until the process is ended by force."""

_EXIT_CODE_BASE = 128
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


_STDERR = 2
_SHOW_CURSOR = b"\x1b[?25h"


def end_process(code: int) -> None:  # pragma: no cover  # ends the process that would measure it
    """End the process at once, without asking anybody; a terminal gets back the cursor that a live tree has hidden."""
    if os.isatty(_STDERR):
        os.write(_STDERR, _SHOW_CURSOR)
    os._exit(code)


class Interruption(KeyboardInterrupt):
    """The process was told to end. Raised in the main thread, wherever it is.

    Attributes:
        name: The signal's name.
        exit_code: What the process should exit with, as shells have it.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.name = signal.Signals(number).name
        self.exit_code = exit_code_of(number)


class Interrupts:
    """A context, entered once, in which the first signal raises `Interruption` and a second ends the process at once.

    From the first signal on the process has `limit` seconds: then it is ended, whatever still runs. That holds after
    the context was left too, so that neither threads nor exit handlers of agents can hold up the exit.

    Args:
        limit: Seconds from the first signal to the end.
        exit: Ends the process with a code, without asking anybody.
    """

    def __init__(self, limit: float = LIMIT, exit: Callable[[int], Any] = end_process) -> None:
        self._limit = limit
        self._exit = exit
        # Put into by signal handlers, which may strike while the main thread is inside any lock: a SimpleQueue is
        # the one thing that they may use. The first signal, or None when there was none.
        self._first: SimpleQueue[int | None] = SimpleQueue()
        # Main thread only.
        self._previous: dict[signal.Signals, Any] = {}
        self._interruption: Interruption | None = None
        self._is_deferring = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._guard, name="mixmode-exit", daemon=True).start()
        self._previous = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._interruption is not None:
            return  # the process is ending: a second signal still counts
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._first.put(None)

    def defer(self) -> None:
        """Raise nothing until `resume()`: what comes next does not block, and must not be torn."""
        self._is_deferring = True

    def resume(self) -> None:
        """Raise again.

        Raises:
            Interruption: If a signal came meanwhile.
        """
        self._is_deferring = False
        if self._interruption is not None:
            raise self._interruption

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._interruption is not None:
            self._exit(exit_code_of(number))
        self._interruption = Interruption(number)
        self._first.put(number)
        if not self._is_deferring:
            raise self._interruption

    def _guard(self) -> None:
        number = self._first.get()
        if number is None:
            return
        try:
            self._first.get(timeout=self._limit)
        except Empty:
            self._exit(exit_code_of(number))


def exit_code_of(number: int) -> int:
    """Return what a process that a signal ended exits with, as shells have it."""
    return _EXIT_CODE_BASE + number
