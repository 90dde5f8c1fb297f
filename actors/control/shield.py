"""The shield: keeps interrupts out of what must not be left half-done."""

from __future__ import annotations

# Without the enums that `signal` wraps around its functions: those cost ten times the call.
import _signal  # type: ignore[import-not-found]  # it has no stubs
import asyncio
import os
import threading
from asyncio.unix_events import _sighandler_noop  # type: ignore[attr-defined]  # it has no stub
from functools import partial
from signal import SIGALRM, SIGINT, SIGTERM
from threading import get_ident
from types import FrameType, MethodType
from typing import Any
from weakref import WeakSet

_INTERRUPT, _TERMINATE, _ALARM = int(SIGINT), int(SIGTERM), int(SIGALRM)
_NOT_SEEN = object()
_handler_of = _signal.getsignal
_main_ident = threading.main_thread().ident


class Shield:
    """While it is up on the main thread, the handlers of SIGINT, SIGTERM and SIGALRM wait; they are called afterwards.

    Those are the signals by which programs have something raised: Ctrl-C, `sys.exit()` when asked to terminate, a limit
    of time. It may be put up while it is up. Trio shields its internals from Ctrl-C too, by the frames on the stack.
    """

    __slots__ = (
        "__weakref__",
        "_alarm",
        "_depth",
        "_interrupt",
        "_replaced",
        "_runner",
        "_striking",
        "_terminate",
        "_waiting",
    )

    def __init__(self) -> None:
        # All of these are touched by the main thread only.
        self._depth = 0
        # The handlers that were seen last, those of them that may raise, and who tells when they do.
        self._interrupt = self._terminate = self._alarm = _NOT_SEEN
        self._striking: dict[int, Any] = {}
        self._runner: Any = _HARMLESS
        # The handlers to put back, and those to be called then, with the frame that was interrupted.
        self._replaced: dict[int, Any] = {}
        self._waiting: dict[int, tuple[Any, FrameType | None]] = {}
        _shields.add(self)

    @property
    def is_needed(self) -> bool:
        """Whether an interrupt could strike now: not on other threads, not while it is up, not where nothing raises."""
        if get_ident() != _main_ident:
            return False
        if (
            _handler_of(_INTERRUPT) is self._interrupt
            and _handler_of(_TERMINATE) is self._terminate
            and _handler_of(_ALARM) is self._alarm
        ):
            return self._runner._interrupt_count > 0  # type: ignore[no-any-return]  # an int
        return not self._depth and self._look()

    def put_up(self) -> None:
        """Put it up, once it was found to be needed."""
        try:
            for number, handler in self._striking.items():
                self._replaced[number] = handler
                self._replaced[number] = _signal.signal(number, self._hold)  # another, if one was pending that set it
            self._depth = 1
        except BaseException:  # an interrupt, while not all were replaced
            self._put_back()
            raise

    def take_down(self) -> None:
        """Take it down, and call the handlers that wait if nobody else had put it up before."""
        self._depth -= 1
        if not self._depth:
            self._put_back()

    def __enter__(self) -> None:
        if self.is_needed:
            self.put_up()
        elif self._depth and get_ident() == _main_ident:
            self._depth += 1

    def __exit__(self, *_: object) -> None:
        if self._depth and get_ident() == _main_ident:
            self.take_down()

    def _look(self) -> bool:
        """Look at handlers that were not seen before, and keep in mind what they are like."""
        handlers = {number: _handler_of(number) for number in (_INTERRUPT, _TERMINATE, _ALARM)}
        self._striking = {number: handler for number, handler in handlers.items() if _may_raise(handler)}
        self._runner = _runner_of(self._striking)
        self._interrupt, self._terminate, self._alarm = handlers.values()
        return self._runner._interrupt_count > 0  # type: ignore[no-any-return]  # an int

    def _put_back(self) -> None:
        """Put the handlers back and call those that wait, whatever they raise."""
        try:
            for number, handler in [*self._replaced.items()]:
                _signal.signal(number, handler)  # what is pending is held first
            self._replaced.clear()
            while self._waiting:
                number, (handler, frame) = self._waiting.popitem()
                handler(number, frame)
        finally:
            if self._replaced or self._waiting:
                self._put_back()

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._waiting[number] = self._replaced[number], frame


class _Verdict:
    """Stands in for a runner where the handlers are not those of `asyncio.run()` alone."""

    def __init__(self, interrupt_count: int) -> None:
        self._interrupt_count = interrupt_count


_HARMLESS, _RAISING = _Verdict(0), _Verdict(1)


def _runner_of(striking: dict[int, Any]) -> Any:
    """Return the runner whose handler is the only one: its first Ctrl-C cancels the main task, the next one raises."""
    if not striking:
        return _HARMLESS
    handler = striking.get(_INTERRUPT)
    method = handler.func if isinstance(handler, partial) else None
    runner = method.__self__ if isinstance(method, MethodType) else None
    return runner if isinstance(runner, asyncio.Runner) and len(striking) == 1 else _RAISING


def _may_raise(handler: object) -> bool:
    """Return whether it may: not what waits already, and not what asyncio puts there for its own handlers."""
    if isinstance(handler, MethodType) and isinstance(handler.__self__, Shield):
        return False
    return callable(handler) and handler is not _sighandler_noop


_shields: WeakSet[Shield] = WeakSet()


def _after_fork() -> None:
    """Take down in the child what was up on the parent's main thread, which is not there any more."""
    global _main_ident  # noqa: PLW0603  # one store, before anything else runs in the child
    _main_ident = get_ident()
    for shield in list(_shields):
        shield._depth = 0
        shield._waiting.clear()
        shield._put_back()


os.register_at_fork(after_in_child=_after_fork)
