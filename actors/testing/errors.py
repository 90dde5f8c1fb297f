"""What goes wrong in virtual time. The error texts say what to do."""

from __future__ import annotations

from actors.values.errors import ActorError


class StalledError(ActorError):
    """Nothing is left that could happen, or nothing ends: what was waited for can never come.

    Attributes:
        at: The virtual time in seconds.
        why: What was found.
        waiting: What waits for what, one text each.
    """

    def __init__(self, at: float, why: str, waiting: tuple[str, ...] = ()) -> None:
        super().__init__(at, why, waiting)
        self.at = at
        self.why = why
        self.waiting = waiting

    def __str__(self) -> str:
        return "\n  ".join((f"after {self.at:g} virtual seconds {self.why}", *self.waiting))


class BlockedError(ActorError):
    """Code blocked its thread in real time, which is not virtual: with `time.sleep()`, a lock, a socket, a long loop.

    Attributes:
        thread: The name of the thread.
        place: Where its code is; empty if unknown.
        patience: How many real seconds it was given.
    """

    def __init__(self, thread: str, place: str, patience: float) -> None:
        super().__init__(thread, place, patience)
        self.thread = thread
        self.place = place
        self.patience = patience

    def __str__(self) -> str:
        where = f" at {self.place}" if self.place else ""
        return (
            f"thread {self.thread!r} has been busy or blocked{where} for {self.patience:g} real seconds, and holds "
            "everybody up; let it call actors.testing.sleep() or hang() instead, or make the runtime with more patience"
        )


class NotVirtualError(ActorError):
    """Something was tried that reaches outside virtual time.

    Attributes:
        call: What was called.
        advice: What to do instead.
    """

    def __init__(self, call: str, advice: str) -> None:
        super().__init__(call, advice)
        self.call = call
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.call} reaches outside virtual time: {self.advice}"
