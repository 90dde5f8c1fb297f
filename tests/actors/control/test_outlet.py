"""The outlet: what waits for one receiver is bounded, and what is dropped is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import pytest

from actors.control.outlet import Outlet

CAPACITY = 3


class Receiver:
    """Receives when the test lets it; may raise."""

    def __init__(self) -> None:
        self.calls: deque[Callable[[], object]] = deque()
        self.received: list[object] = []
        self.raises: type[Exception] | None = None
        self.outlet: Outlet[int] = Outlet(self.calls.append, self.received.append, self._note_missed, CAPACITY)

    def _note_missed(self, items: int) -> None:
        if self.raises is not None:
            raise self.raises
        self.received.append(f"missed {items}")

    def offer(self, items: int) -> list[bool]:
        return [self.outlet.offer(number) for number in range(items)]

    def receive_all(self) -> None:
        while self.calls:
            self.calls.popleft()()


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def test_whoever_keeps_up_receives_everything_in_order(receiver: Receiver) -> None:
    had_room = receiver.offer(CAPACITY)

    receiver.receive_all()

    assert (had_room, receiver.received) == ([True] * CAPACITY, [0, 1, 2])


def test_whoever_does_not_keep_up_misses_the_oldest_and_is_told_how_many(receiver: Receiver) -> None:
    had_room = receiver.offer(CAPACITY + 2)
    missed, posted = receiver.outlet.missed, len(receiver.calls)

    receiver.receive_all()

    assert had_room == [True, True, True, False, False]
    assert (missed, posted) == (2, CAPACITY)
    assert receiver.received == ["missed 2", 2, 3, 4]
    assert receiver.outlet.missed == 0


def test_what_was_missed_is_told_once(receiver: Receiver) -> None:
    receiver.offer(CAPACITY + 1)
    receiver.receive_all()

    receiver.offer(1)
    receiver.receive_all()

    assert receiver.received == ["missed 1", 1, 2, 3, 0]


def test_nothing_more_is_lost_when_telling_what_was_missed_raises(receiver: Receiver) -> None:
    receiver.raises = ZeroDivisionError
    receiver.offer(CAPACITY + 1)

    with pytest.raises(ZeroDivisionError):
        receiver.calls.popleft()()
    receiver.receive_all()

    assert receiver.received == [1, 2, 3]


def test_a_delivery_too_many_does_no_harm(receiver: Receiver) -> None:
    receiver.offer(1)
    receiver.calls.append(receiver.calls[0])

    receiver.receive_all()

    assert receiver.received == [0]
