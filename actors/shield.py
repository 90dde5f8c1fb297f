"""The shield: keeps a Ctrl-C out of what must not be left half-done."""

from __future__ import annotations

# Without the enums that `signal` wraps around its functions: those cost ten times the call.
import _signal  # type: ignore[import-not-found]  # it has no stubs
import asyncio
import os
import threading
from collections.abc import Callable
from signal import SIGINT
from threading import get_ident
from types import FrameType
from typing import Any

_INTERRUPT = int(SIGINT)
_main_ident = threading.main_thread().ident


class Shield:
    """While it is up on the main thread, the handler of SIGINT waits; it is called when it comes down.

    It may be put up while it is up. Trio shields its internals from Ctrl-C too, by the frames on the stack.
    """

    __slots__ = ("_depth", "_handler", "_harmless", "_held", "_is_held")

    def __init__(self) -> None:
        # All of these are touched by the main thread only.
        self._depth = 0
        self._handler: Callable[[int, FrameType | None], Any] | None = None
        self._held: FrameType | None = None
        self._is_held = False
        # The handler that was found last not to strike.
        self._harmless: object = None

    @property
    def is_needed(self) -> bool:
        """Whether an interrupt could strike now: not on other threads, not where the handler does not raise."""
        if get_ident() != _main_ident:
            return False
        handler = _signal.getsignal(_INTERRUPT)
        if handler is self._harmless:
            return False
        if callable(handler) and not _is_asyncio_runners(handler):
            return True
        self._harmless = handler
        return False

    def __enter__(self) -> None:
        if get_ident() != _main_ident:
            return
        if self._depth:
            self._depth += 1
            return
        handler = _signal.getsignal(_INTERRUPT)
        if callable(handler):
            _signal.signal(_INTERRUPT, self._hold)
            # From here on no interrupt is raised on this thread.
            self._handler = handler
            self._depth = 1

    def __exit__(self, *_: object) -> None:
        if get_ident() != _main_ident or not self._depth:
            return
        self._depth -= 1
        if self._depth:
            return
        handler, frame, is_held = self._handler, self._held, self._is_held
        self._handler = self._held = None
        self._is_held = False
        _signal.signal(_INTERRUPT, handler)
        if is_held and handler is not None:
            handler(_INTERRUPT, frame)

    def _hold(self, number: int, frame: FrameType | None) -> None:
        self._held, self._is_held = frame, True


def _is_asyncio_runners(handler: Callable[..., Any]) -> bool:
    """Return whether it is that of `asyncio.run()`: at the first Ctrl-C it cancels the main task and raises nothing."""
    method = getattr(handler, "func", None)
    return getattr(method, "__func__", None) is getattr(asyncio.Runner, "_on_sigint", handler)


def _after_fork() -> None:
    global _main_ident  # noqa: PLW0603  # one store, before anything else runs in the child
    _main_ident = get_ident()


os.register_at_fork(after_in_child=_after_fork)
