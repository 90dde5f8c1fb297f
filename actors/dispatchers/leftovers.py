"""Leftovers: tasks that did not end on an event loop that is about to be closed."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Iterable, Iterator
from typing import Any


def close_leftovers(loop: asyncio.AbstractEventLoop, tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Close the coroutines of tasks that will never go on, so that their `finally` blocks run; none is awaited.

    On the loop's thread, when the loop does not run any more and is not closed yet. What goes on regardless is never
    collected: whoever collects it would have to close it again, and an agent that swallows everything and awaits once
    more then goes round for ever, as no event loop runs there.
    """
    asyncio._set_running_loop(loop)
    try:
        for task in tasks:
            if not task.done():
                _close(loop, task)
    finally:
        asyncio._set_running_loop(None)


def _close(loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any]) -> None:
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # as asyncio.gather() does
    coroutine: Any = task.get_coro()
    chain = list(_awaited(coroutine))
    asyncio.tasks._enter_task(loop, task)
    try:
        coroutine.close()
    except BaseException:  # noqa: BLE001  # what a user's `finally` raises, or that it goes on regardless
        pass
    finally:
        asyncio.tasks._leave_task(loop, task)
    for each in chain:
        if _frame_of(each) is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(each))  # a list would be emptied when the interpreter ends


def _awaited(coroutine: Any) -> Iterator[Any]:
    """Yield a coroutine, the one that it awaits, and so on; generators too."""
    while _frame_of(coroutine) is not None:
        yield coroutine
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)


def _frame_of(coroutine: Any) -> Any:
    """Return the frame of a coroutine or generator that has not ended; None for anything else."""
    return getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
