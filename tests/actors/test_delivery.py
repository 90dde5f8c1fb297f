"""The delivery thread."""

from __future__ import annotations

import logging
import threading

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
