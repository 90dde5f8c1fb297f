"""The timer heap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from actors.control.timers import ScheduledMessage, TimerHeap


class Cell:
    """To whom messages are sent."""


CELL = Cell()


def due(heap: TimerHeap, now: float) -> list[object]:
    messages = []
    while (timer := heap.first_due(now)) is not None:
        messages.append(timer.message)
        heap.drop_first()
    return messages


def test_an_empty_heap_is_never_to_be_looked_at() -> None:
    heap = TimerHeap()

    assert (len(heap), heap.next_at, heap.first_due(1.0)) == (0, None, None)


def test_what_is_due_comes_earliest_first_and_equal_moments_as_they_were_armed() -> None:
    heap = TimerHeap()
    for at, message in [(2.0, "c"), (1.0, "a"), (2.0, "d"), (1.0, "b"), (3.0, "later")]:
        heap.arm(at, CELL, message)

    messages = due(heap, 2.0)

    assert messages == ["a", "b", "c", "d"]
    assert (len(heap), heap.next_at) == (1, 3.0)


def test_a_cancelled_timer_lets_go_of_its_message_and_is_passed_over() -> None:
    heap = TimerHeap()
    first, second = heap.arm(1.0, CELL, "first"), heap.arm(1.0, CELL, "second")

    first.cancel()

    assert (first.cell, first.message, len(heap)) == (None, None, 1)
    assert heap.first_due(1.0) is second
    assert len(heap) == 1


def test_a_timer_that_fired_can_be_cancelled_without_effect() -> None:
    heap = TimerHeap()
    timer = heap.arm(1.0, CELL, "message")
    heap.arm(2.0, CELL, "other")

    messages = due(heap, 1.0)
    timer.cancel()

    assert (messages, len(heap)) == (["message"], 1)


def test_cancelling_twice_counts_once() -> None:
    heap = TimerHeap()
    timer = heap.arm(1.0, CELL, "message")
    heap.arm(2.0, CELL, "other")

    timer.cancel()
    timer.cancel()

    assert len(heap) == 1


def test_clearing_drops_everything() -> None:
    heap = TimerHeap()
    heap.arm(1.0, CELL, "message").cancel()
    heap.arm(1.0, CELL, "message")

    heap.clear()

    assert (len(heap), heap.next_at) == (0, None)


def test_cancelled_timers_are_swept_out_when_they_are_most_of_the_heap() -> None:
    heap = TimerHeap()
    kept = [heap.arm(float(number), CELL, number) for number in range(100)]
    cancelled = [heap.arm(1_000.0 + number, CELL, number) for number in range(1_000)]

    for timer in cancelled:
        timer.cancel()

    assert len(heap) == len(kept)
    assert len(heap._entries) < 2 * len(kept)
    assert due(heap, 99.0) == list(range(100))


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=300), st.integers(0, 20))
def test_exactly_what_is_due_and_not_cancelled_comes_in_order(timers: list[tuple[int, bool]], now: int) -> None:
    heap = TimerHeap()
    armed: list[tuple[int, int, bool, ScheduledMessage]] = []
    for number, (at, is_cancelled) in enumerate(timers):
        armed.append((at, number, is_cancelled, heap.arm(float(at), CELL, number)))

    for _, _, is_cancelled, timer in armed:
        if is_cancelled:
            timer.cancel()
    messages = due(heap, float(now))

    expected = [(at, number) for at, number, is_cancelled, _ in armed if not is_cancelled]
    assert messages == [number for at, number in sorted(expected) if at <= now]
    assert len(heap) == sum(at > now for at, _ in expected)
