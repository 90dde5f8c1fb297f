"""The delivery thread."""

from __future__ import annotations

import logging
import threading
import weakref

import pytest

from actors import Event, Runtime, State
from actors.control.delivery import Delivery
from actors.control.environment import Environment
from tests.limits import PATIENCE
from tests.scenarios.timing import eventually
from tests.shortage import ScarceThreads


def agent(event: Event, state: State) -> None:
    """Do nothing."""


def test_calls_are_delivered_in_order_on_a_thread_of_their_own() -> None:
    delivery, seen = Delivery(Environment()), list[tuple[int, str]]()
    delivery.start()

    for number in range(100):
        delivery.post(lambda number=number: seen.append((number, threading.current_thread().name)))  # type: ignore[misc]
    assert delivery.stop(PATIENCE)

    assert seen == [(number, "mixmode-delivery") for number in range(100)]


@pytest.mark.expects_errors
def test_a_call_that_raises_is_logged_and_the_next_is_delivered(caplog: pytest.LogCaptureFixture) -> None:
    delivery, arrived = Delivery(Environment()), threading.Event()
    delivery.start()

    delivery.post(lambda: exec("raise SystemExit"))  # a statement where an expression must stand
    delivery.post(arrived.set)

    assert arrived.wait(PATIENCE)
    assert delivery.stop(PATIENCE)
    assert "a callback or observer raised" in caplog.text


def test_it_may_be_stopped_by_what_it_delivers() -> None:
    delivery, stopped, is_over = Delivery(Environment()), list[bool](), threading.Event()
    delivery.start()
    delivery.post(lambda: stopped.append(delivery.stop(PATIENCE)))
    delivery.post(is_over.set)

    assert is_over.wait(PATIENCE)
    assert stopped == [False]  # it goes on until what was queued before is delivered


def test_what_comes_before_it_is_started_waits_for_that() -> None:
    delivery, delivered = Delivery(Environment()), threading.Event()

    delivery.post(delivered.set)
    was_delivered = delivered.is_set()
    delivery.start()

    assert delivered.wait(PATIENCE)
    assert not was_delivered
    assert delivery.stop(PATIENCE)


def test_what_came_after_its_end_and_found_no_thread_is_called_with_the_next() -> None:
    threads, called = ScarceThreads(), list[int]()
    delivery, is_over = Delivery(Environment(threads=threads)), threading.Event()
    delivery.start()
    delivery.stop(PATIENCE)

    threads.left = 0
    delivery.post(lambda: called.append(1))
    threads.left = None
    delivery.post(lambda: called.append(2))
    delivery.post(is_over.set)

    assert is_over.wait(PATIENCE)
    assert sorted(called) == [1, 2]


def test_what_is_logged_is_handled_on_the_delivery_thread(caplog: pytest.LogCaptureFixture) -> None:
    delivery = Delivery(Environment())
    delivery.start()

    delivery.log(logging.WARNING, "agent %r is late", "writer")
    assert delivery.stop(PATIENCE)

    [record] = caplog.records
    assert (record.getMessage(), record.threadName) == ("agent 'writer' is late", "mixmode-delivery")


def test_what_is_not_logged_is_not_delivered() -> None:
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


def test_log_records_that_wait_behind_a_callback_that_blocks_are_bounded(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.control.delivery.RECORDS_WAITING", 2)
    delivery, go_on = Delivery(Environment()), threading.Event()
    delivery.start()
    delivery.post(lambda: go_on.wait(PATIENCE))

    for number in range(5):
        delivery.log(logging.WARNING, "record %d", number)
    go_on.set()
    assert delivery.stop(PATIENCE)

    texts = [record.getMessage() for record in caplog.records]
    assert texts[1:] == ["record 3", "record 4"]
    assert texts[0].startswith("3 log records were dropped")


def test_the_thread_keeps_nothing_of_what_it_delivered_last() -> None:
    delivery, delivered = Delivery(Environment()), threading.Event()
    delivery.start()
    kept = weakref.ref(delivered)
    delivery.post(delivered.set)
    assert delivered.wait(PATIENCE)

    del delivered

    assert eventually(lambda: kept() is None)
    assert delivery.stop(PATIENCE)


def test_a_call_that_comes_while_the_thread_is_being_stopped_is_delivered() -> None:
    delivery, seen = Delivery(Environment()), threading.Event()
    delivery._is_stopped = True
    delivery._queue.put(None)  # for the thread, which has not seen it yet

    delivery.post(seen.set)
    delivery._run_rest()
    if not seen.is_set():
        delivery._run()

    assert seen.wait(PATIENCE)
