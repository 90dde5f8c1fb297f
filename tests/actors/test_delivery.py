"""The delivery thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest

from actors import Event, Runtime, State
from actors.delivery import Delivery
from actors.environment import Environment

PATIENCE = 10.0


def agent(event: Event, state: State) -> None:
    """Do nothing."""


def test_calls_are_delivered_in_order_on_a_thread_of_their_own() -> None:
    delivery, seen = Delivery(Environment()), list[tuple[int, str]]()

    for number in range(100):
        delivery.post(lambda number=number: seen.append((number, threading.current_thread().name)))  # type: ignore[misc]
    assert delivery.stop(PATIENCE)

    assert seen == [(number, "mixmode-delivery") for number in range(100)]


@pytest.mark.expects_errors
def test_a_call_that_raises_is_logged_and_the_next_is_delivered(caplog: pytest.LogCaptureFixture) -> None:
    delivery, arrived = Delivery(Environment()), threading.Event()

    delivery.post(lambda: exec("raise SystemExit"))  # a statement where an expression must stand
    delivery.post(arrived.set)

    assert arrived.wait(PATIENCE)
    assert delivery.stop(PATIENCE)
    assert "a callback or observer raised" in caplog.text


def test_it_may_be_stopped_by_what_it_delivers() -> None:
    delivery, stopped, is_over = Delivery(Environment()), list[bool](), threading.Event()
    delivery.post(lambda: stopped.append(delivery.stop(PATIENCE)))
    delivery.post(is_over.set)

    assert is_over.wait(PATIENCE)
    assert stopped == [False]  # it goes on until what was queued before is delivered


class Starting:
    """A lock; something happens when it is first entered."""

    def __init__(self, delivery: Delivery, event: Callable[[], object]) -> None:
        self._delivery, self._event = delivery, event
        self._lock, delivery._starting = delivery._starting, self  # type: ignore[assignment]  # it does as a lock

    def __enter__(self) -> None:
        self._delivery._starting = self._lock
        self._event()

    def __exit__(self, *_: object) -> None:
        """Let go of nothing."""


def test_who_posts_while_another_starts_the_thread_starts_no_second() -> None:
    delivery, delivered = Delivery(Environment()), threading.Semaphore(0)
    Starting(delivery, lambda: delivery.post(delivered.release))

    delivery.post(delivered.release)

    assert delivered.acquire(timeout=PATIENCE)
    assert delivered.acquire(timeout=PATIENCE)
    assert [thread.name for thread in threading.enumerate()].count("mixmode-delivery") == 1
    assert delivery.stop(PATIENCE)


def test_what_was_posted_just_before_it_was_stopped_is_delivered() -> None:
    delivery, delivered = Delivery(Environment()), threading.Event()
    Starting(delivery, lambda: delivery.stop(PATIENCE))

    delivery.post(delivered.set)

    assert delivered.wait(PATIENCE)
    assert delivery._thread is not None
    delivery._thread.join(PATIENCE)
    assert not delivery._thread.is_alive()


def test_what_is_logged_is_handled_on_the_delivery_thread(caplog: pytest.LogCaptureFixture) -> None:
    delivery = Delivery(Environment())

    delivery.log(logging.WARNING, "agent %r is late", "writer")
    assert delivery.stop(PATIENCE)

    [record] = caplog.records
    assert (record.getMessage(), record.threadName) == ("agent 'writer' is late", "mixmode-delivery")


def test_what_is_not_logged_costs_no_thread() -> None:
    delivery = Delivery(Environment())

    delivery.log(logging.NOTSET + 1, "nobody listens")

    assert delivery.stop(PATIENCE)


def test_a_callback_added_after_the_runtime_has_stopped_is_called() -> None:
    with Runtime() as runtime:
        runtime.spawn("agent", agent)
        run = runtime.submit("agent")
        run.result(PATIENCE)
    called = threading.Event()

    run.add_done_callback(lambda _: called.set())

    assert called.wait(PATIENCE)
