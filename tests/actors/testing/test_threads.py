from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from actors.testing.scheduler import Scheduler
from actors.testing.seat import always, never
from actors.testing.threads import VirtualQueue, VirtualThread, VirtualThreads
from tests.limits import PATIENCE


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    scheduler = Scheduler(0, 10.0)
    scheduler.open()
    yield scheduler
    scheduler.close()


def test_a_join_lets_the_thread_end_and_takes_virtual_time(scheduler: Scheduler) -> None:
    def sleep() -> None:
        scheduler.wait(never, until=60.0)

    thread = VirtualThreads(scheduler).start("sleeper", sleep)

    thread.join(10.0)
    assert (thread.is_alive(), scheduler.now) == (True, 10.0)

    thread.join()
    assert (thread.is_alive(), scheduler.now) == (False, 60.0)


def test_when_virtual_time_is_over_threads_are_ordinary_ones() -> None:
    scheduler = Scheduler(0, 10.0)
    threads = VirtualThreads(scheduler)
    scheduler.open()
    early = threads.start("early", lambda: None)
    scheduler.close()
    done = threading.Event()

    late = threads.start("late", done.set)

    assert done.wait(PATIENCE)
    assert not isinstance(late, VirtualThread)
    early.join(PATIENCE)
    assert threads.await_ends() == []


def test_a_reader_waits_until_there_is_something(scheduler: Scheduler) -> None:
    queue: VirtualQueue[int] = VirtualQueue(scheduler)
    taken: list[int] = []
    VirtualThreads(scheduler).start("reader", lambda: taken.extend([queue.get(), queue.get()]))
    scheduler.wait(always, is_last=True)
    assert taken == []

    queue.put(1)
    queue.put(2)
    scheduler.wait(always, is_last=True)

    assert taken == [1, 2]


def test_a_reader_is_given_none_when_virtual_time_is_over() -> None:
    scheduler = Scheduler(0, 10.0)
    scheduler.open()
    queue: VirtualQueue[int] = VirtualQueue(scheduler)
    taken: list[int | None] = []
    threads = VirtualThreads(scheduler)
    threads.start("reader", lambda: taken.append(queue.get()))

    scheduler.close()

    assert threads.await_ends() == []
    assert taken == [None]
