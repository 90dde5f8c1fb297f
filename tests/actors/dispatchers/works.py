"""Works for dispatchers, and a loop dispatcher whose clock stands still."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any

from actors.control.environment import DaemonThreads
from actors.dispatchers.loop import BEAT, LoopDispatcher
from actors.dispatchers.work import Work
from supervisors.outcome import Outcome
from tests import limits
from tests.actors.by_hand import Rig

PATIENCE = limits.PATIENCE
"""Seconds after which a test gives up waiting for what has to happen. Waiting longer never helps."""


class Task(Work):
    """Calls a function, and keeps what became of it."""

    def __init__(self, function: Callable[[], Any], *, agent: str = "writer", variables: Context | None = None) -> None:
        super().__init__(agent, variables)
        self._function = function
        self.is_live = True
        self.is_over = threading.Event()
        self.thread: threading.Thread | None = None
        self.endings: list[tuple[Any, BaseException | None]] = []
        self.refusals: list[Outcome] = []

    @property
    def is_wanted(self) -> bool:
        return self.is_live

    def begin(self) -> bool:
        self.thread = threading.current_thread()
        return self.is_live

    def call(self) -> Any:
        return self._function()

    def done(self, value: Any, error: BaseException | None) -> None:
        self.endings.append((value, error))
        self.is_over.set()

    def refuse(self, outcome: Outcome) -> None:
        self.refusals.append(outcome)
        self.is_over.set()

    @property
    def may_move(self) -> bool:
        return self.thread is None

    def value(self) -> Any:
        """Wait for the end and return what it gave."""
        assert self.is_over.wait(PATIENCE)
        [(value, error)] = self.endings
        assert error is None
        return value


class Untellable(Task):
    """Its end cannot be told for want of memory."""

    def done(self, value: object, error: BaseException | None) -> None:
        raise MemoryError


class Gate:
    """What a work waits at."""

    def __init__(self) -> None:
        self.is_in, self._gate = threading.Event(), threading.Event()

    def wait(self) -> bool:
        self.is_in.set()
        return self._gate.wait(PATIENCE)

    def open(self) -> None:
        self._gate.set()


class Loops:
    """A dispatcher with a loop of its own, driven by a clock that stands still."""

    def __init__(self, host_loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.rig = Rig()
        system = self.rig.system
        self.dispatcher = LoopDispatcher(system.plane, DaemonThreads(), system.telemetry, host_loop=host_loop)

    def look(self) -> None:
        """Let the next look at the loop be due."""
        self.rig.advance(BEAT)

    def is_seen_answering(self) -> bool:
        """Return whether the loop answers a heartbeat that was sent."""
        tick = threading.Event()
        for _ in range(int(PATIENCE / 0.001)):
            if self.dispatcher.lane.beat_sent_at is None:
                return True
            tick.wait(0.001)
        return False

    def inside(self, call: Callable[[], object]) -> None:
        self.rig.inside(call)


async def answer() -> int:
    return 42
