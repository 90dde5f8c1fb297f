"""The seat: a thread's place among those that take turns, and what it waits for."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable

MOST_ENDINGS = 100
"""How often a wait of an agent is ended with an exception, before it is left alone for good."""


class Seat:
    """A thread's place among those that take turns. It is touched by whoever has the turn.

    Args:
        name: The thread's name.

    Attributes:
        ident: The thread's number; None before it began.
        baton: Locked, except while the turn is being handed to this thread.
        is_ready: Says whether it can go on.
        until: When it goes on in any case; None for never.
        is_last: Whether others go first.
        is_agents: Whether an agent's code waits here: then it is ended when the runtime is left.
        endings: How often such a wait was ended.
        error: What is raised where it waits.
    """

    __slots__ = ("baton", "endings", "error", "ident", "is_agents", "is_last", "is_ready", "name", "until")

    def __init__(self, name: str) -> None:
        self.name = name
        self.ident: int | None = None
        self.baton = allocate_lock()
        self.baton.acquire()
        self.is_ready: Callable[[], bool] = always
        self.until: float | None = None
        self.is_last = self.is_agents = False
        self.endings = 0
        self.error: Exception | None = None

    def expect(self, is_ready: Callable[[], bool], until: float | None, *, is_last: bool, is_agents: bool) -> None:
        """Note what it waits for from now on."""
        self.is_ready = is_ready
        self.until = until
        self.is_last = is_last
        self.is_agents = is_agents

    def can_go(self, now: float, *, is_ending: bool) -> bool:
        """Say whether it can go on."""
        if is_ending and self.is_agents:
            return self.endings < MOST_ENDINGS
        return self.is_ready() or (self.until is not None and self.until <= now)


def always() -> bool:
    """Say that it can go on."""
    return True


def never() -> bool:
    """Say that only time lets it go on."""
    return False
