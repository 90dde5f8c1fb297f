"""Where code waits, for the text of errors."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import Any

_NOT_USERS = ("actors", "asyncio", "threading", "queue", "pykka")


def place_of_thread(ident: int) -> str:
    """Say where the user's code of a thread is; empty if none is running there."""
    return _first_of_users(_outwards(sys._current_frames().get(ident)))


def place_of_task(task: Any) -> str:
    """Say where the user's code of a task waits; empty if none does."""
    return _first_of_users(reversed(list(_inwards(task.get_coro()))))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _inwards(coroutine: Any) -> Iterator[FrameType]:
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        yield frame
        coroutine = coroutine.cr_await


def _first_of_users(frames: Iterable[FrameType]) -> str:
    for frame in frames:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in _NOT_USERS:
            code = frame.f_code
            return f"{code.co_filename}:{frame.f_lineno} in {code.co_qualname}"
    return ""
