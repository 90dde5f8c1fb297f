"""The instance: one behaviour of an agent, and what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.invocation import Invocation


class Instance:
    """One instance of an agent: it handles one event at a time. The cell's lock guards it.

    Attributes:
        behaviour: The user's object; None until it is made, and for functions.
        work: What it is doing; None when it is idle or not ready.
        is_starting: Whether it is being made.
        is_ready: Whether it has started and not crashed.
        is_stale: Whether it is to be restarted as soon as it is idle, because its event loop was replaced.
        host: The lane that it lives on.
    """

    __slots__ = ("behaviour", "host", "is_ready", "is_stale", "is_starting", "number", "work")

    def __init__(self, number: int) -> None:
        self.number = number
        self.behaviour: Any = None
        self.work: Invocation | None = None
        self.is_ready = self.is_starting = False
        self.is_stale = False
        self.host: Any = None
