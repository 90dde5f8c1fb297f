"""The senders that wait for room in an agent's mailbox."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from actors.control.latch import Latch
from supervisors.clock import Clock
from supervisors.outcome import Outcome, Reason

if TYPE_CHECKING:
    from actors.agents.invocation import Invocation


class _Sender:
    """One who waits, and with what."""

    __slots__ = ("has_given_up", "invocation", "latch", "rejection")

    def __init__(self, invocation: Invocation, rejection: Outcome) -> None:
        self.invocation = invocation
        self.rejection: Outcome | None = rejection
        # Opened when it is decided whether the event was taken.
        self.latch = Latch()
        # Written under the lock of the line.
        self.has_given_up = False


class Senders:
    """The line of those who wait for room, first come, first served.

    Args:
        submit: Takes an event, or says why not. Any thread; never blocks.
        may_try: Whether it is worth trying: there is room, or there never will be.
    """

    def __init__(self, submit: Callable[[Invocation], Outcome | None], may_try: Callable[[], bool]) -> None:
        self._submit = submit
        self._may_try = may_try
        # Held for a few steps, and while `may_try` is asked; never while an event is submitted.
        self._lock = threading.RLock()
        self._line: deque[_Sender] = deque()

    def wait(self, invocation: Invocation, rejection: Outcome, seconds: float, clock: Clock) -> Outcome | None:
        """Wait until an event is taken, at most so long. Blocks its sender's thread.

        Returns:
            None if it was taken; else why it was not.
        """
        sender = _Sender(invocation, rejection)
        with self._lock:
            self._line.append(sender)
        try:
            self.let_in()
            sender.latch.wait(seconds, clock)
        finally:
            self._leave(sender, clock)
        return sender.rejection

    def let_in(self) -> None:
        """Submit what waits, as far as there is room. Any thread; never blocks for long."""
        while self._line and (sender := self._next()) is not None:
            rejection = self._submit(sender.invocation)
            if rejection is None or rejection.reason is not Reason.MAILBOX_FULL or not self._return(sender):
                sender.rejection = rejection
                sender.latch.open()

    def _next(self) -> _Sender | None:
        with self._lock:
            return self._line.popleft() if self._line and self._may_try() else None

    def _return(self, sender: _Sender) -> bool:
        """Put a sender back to the front; False if it does not wait any more."""
        with self._lock:
            if not sender.has_given_up:
                self._line.appendleft(sender)
            return not sender.has_given_up

    def _leave(self, sender: _Sender, clock: Clock) -> None:
        with self._lock:
            sender.has_given_up = True
            if sender in self._line:
                self._line.remove(sender)
                return
        sender.latch.wait(None, clock)  # another thread is submitting it, and knows in a moment
