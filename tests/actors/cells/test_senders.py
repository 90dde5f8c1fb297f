"""The senders that wait for room, and every way in which that ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from actors.cells.senders import Senders
from supervisors.clock import Clock, ManualClock, SystemClock
from supervisors.outcome import Outcome, OutcomeKind, Reason
from tests.limits import PATIENCE

FULL = Outcome(OutcomeKind.REJECTED, Reason.MAILBOX_FULL)
STOPPED = Outcome(OutcomeKind.REJECTED, Reason.AGENT_STOPPED)


class Box:
    """A mailbox with so much room."""

    def __init__(self, room: int = 0) -> None:
        self.room = room
        self.taken: list[Any] = []
        self.closed: Outcome | None = None
        self.before_full: Callable[[], object] = lambda: None
        self.senders = Senders(self.submit, lambda: self.claims_room or self.room > 0 or self.closed is not None)
        self.claims_room = False

    def submit(self, invocation: Any) -> Outcome | None:
        if self.closed is not None:
            return self.closed
        if not self.room:
            self.claims_room = False
            self.before_full()
            return FULL
        self.room -= 1
        self.taken.append(invocation)
        return None

    def wait(self, name: str, seconds: float = PATIENCE, clock: Clock | None = None) -> Outcome | None:
        return self.senders.wait(name, FULL, seconds, clock or SystemClock())  # type: ignore[arg-type]  # stands for one


def in_line(
    box: Box, *names: str, clock: Clock | None = None, verdicts: list[Outcome | None] | None = None
) -> list[threading.Thread]:
    """Have threads wait, each behind the one before."""
    kept = [] if verdicts is None else verdicts
    threads = []
    for name in names:
        thread = threading.Thread(target=lambda name=name: kept.append(box.wait(name, clock=clock)), daemon=True)
        before = len(box.senders._line)
        thread.start()
        while len(box.senders._line) == before:
            thread.join(0.001)
        threads.append(thread)
    return threads


def test_room_that_was_made_meanwhile_is_taken_at_once() -> None:
    box = Box(room=1)

    rejection = box.wait("a")

    assert (rejection, box.taken) == (None, ["a"])


def test_who_waits_too_long_is_rejected() -> None:
    box = Box()

    rejection = box.wait("a", seconds=0.01)

    assert (rejection, list(box.senders._line)) == (FULL, [])


def test_room_goes_to_those_who_came_first() -> None:
    box = Box()
    threads = in_line(box, "a", "b", "c")

    box.room = 2
    box.senders.let_in()
    for thread in threads[:2]:
        thread.join(PATIENCE)

    assert (box.taken, len(box.senders._line)) == (["a", "b"], 1)
    box.room = 1
    box.senders.let_in()
    threads[2].join(PATIENCE)
    assert box.taken == ["a", "b", "c"]


def test_who_finds_the_room_gone_keeps_its_place() -> None:
    box = Box()
    threads = in_line(box, "a", "b")

    box.claims_room = True  # another was faster
    box.senders.let_in()

    assert [str(sender.invocation) for sender in box.senders._line] == ["a", "b"]
    box.closed = STOPPED
    box.senders.let_in()
    for thread in threads:
        thread.join(PATIENCE)
    assert box.taken == []


def test_who_gives_up_while_being_submitted_waits_for_the_verdict() -> None:
    box, clock = Box(), ManualClock()
    is_tried, goes_on = threading.Event(), threading.Event()
    verdicts: list[Outcome | None] = []

    def linger() -> None:
        is_tried.set()
        goes_on.wait(PATIENCE)

    box.before_full = linger
    [waiter] = in_line(box, "a", clock=clock, verdicts=verdicts)
    box.claims_room = True
    helper = threading.Thread(target=box.senders.let_in, daemon=True)
    helper.start()
    assert is_tried.wait(PATIENCE)

    clock.advance(2 * PATIENCE)
    waiter.join(0.05)
    was_waiting = waiter.is_alive()
    goes_on.set()

    waiter.join(PATIENCE)
    helper.join(PATIENCE)
    assert (was_waiting, verdicts, list(box.senders._line)) == (True, [FULL], [])
