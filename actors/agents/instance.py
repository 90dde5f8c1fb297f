"""The instance: one behaviour of an agent, and what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.agents.invocation import Invocation
    from actors.dispatchers.work import Work


class Instance:
    """One instance of an agent: it handles one event at a time. The cell's lock guards it.

    Attributes:
        behaviour: The user's object; None until it is made, and for functions.
        work: What it is doing; None when it is idle or not ready.
        is_starting: Whether it is being made.
        is_ready: Whether it has started and not crashed.
        is_stale: Whether it is to be restarted as soon as it is idle, because its event loop was replaced.
        host: Where its home is: an event loop or a thread; None if it has no home.
        home: The one task, or the one thread, in which all of its code runs. None if a plain agent keeps no thread.
    """

    __slots__ = ("behaviour", "home", "host", "is_ready", "is_stale", "is_starting", "number", "work")

    def __init__(self, number: int) -> None:
        self.number = number
        self.behaviour: Any = None
        self.work: Invocation | None = None
        self.is_ready = self.is_starting = False
        self.is_stale = False
        self.host: Any = None
        self.home: Any = None

    def take(self, invocation: Invocation) -> None:
        """Have it do an event."""
        invocation.instance = self
        invocation.host, invocation.home = self.host, self.home
        self.work = invocation

    def put_down(self) -> Invocation | None:
        """Take away what it has not begun, and return that."""
        invocation = self.work
        if invocation is None or invocation.begun_at is not None:
            return None
        invocation.instance = invocation.host = invocation.home = invocation.task = self.work = None
        return invocation

    def move_in(self, product: Any, work: Work) -> None:
        """Become what was made by a work, where that was done."""
        self.behaviour = product
        if work.home is not None:
            self.host, self.home = work.host, work.home

    def lose(self) -> None:
        """Count on its code no longer: what that is doing goes on, nothing follows, and no hook is called."""
        self.work = self.behaviour = None
        self.is_ready = False
        if self.home is not None:
            self.home.dismiss()
            self.home = None
