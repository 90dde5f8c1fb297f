"""The work queue: whoever waits is woken for what is put, whatever comes between."""

from __future__ import annotations

import threading
from collections import deque
from queue import Empty

import pytest

from actors.dispatchers.work import Work
from actors.dispatchers.work_queue import WorkQueue
from tests.actors.dispatchers.works import PATIENCE, Task

WORKS, THREADS = 2_000, 8


def works(number: int) -> list[Task]:
    return [Task(lambda: None) for _ in range(number)]


def reader(queue: WorkQueue, taken: deque[Work]) -> threading.Thread:
    """Start a thread that takes work until it is given None, which it leaves for the next."""

    def read() -> None:
        while (work := queue.get()) is not None:
            taken.append(work)
        queue.put(None)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def put_all(queue: WorkQueue, put: list[Task]) -> None:
    for work in put:
        queue.put(work)


def test_what_was_put_first_is_taken_first() -> None:
    queue, put = WorkQueue(), works(3)
    for work in put:
        queue.put(work)

    assert queue.qsize() == 3
    assert [queue.get(), queue.get_nowait(), queue.get()] == put
    with pytest.raises(Empty):
        queue.get_nowait()


def test_threads_that_wait_take_each_work_once_and_none_is_left() -> None:
    queue, taken = WorkQueue(), deque[Work]()
    put = works(WORKS)
    threads = [reader(queue, taken) for _ in range(THREADS)]
    writers = [threading.Thread(target=put_all, args=(queue, part)) for part in (put[::2], put[1::2])]

    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(PATIENCE)
    queue.put(None)
    for thread in threads:
        thread.join(PATIENCE)

    assert not any(thread.is_alive() for thread in threads)
    assert set(taken) == set(put)
    assert len(taken) == WORKS


def test_a_thread_that_was_woken_wakes_another_for_what_is_left() -> None:
    queue, meeting = WorkQueue(), threading.Barrier(2)
    threads = [threading.Thread(target=lambda: (queue.get(), meeting.wait(PATIENCE)), daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    tick = threading.Event()
    while len(queue._sleepers) < 2:
        tick.wait(0.001)

    queue._items.extend(works(2))
    queue.wake()  # one for both

    for thread in threads:
        thread.join(PATIENCE)
    assert not meeting.broken
    assert not any(thread.is_alive() for thread in threads)
    assert queue._sleepers == deque()


class Late(deque[Work | None]):
    """Items of which one is put just when a thread has found none."""

    def __init__(self, late: Work) -> None:
        super().__init__()
        self._late = [late]

    def popleft(self) -> Work | None:
        try:
            return super().popleft()
        finally:
            if self._late:
                self.append(self._late.pop())


def test_what_is_put_while_a_thread_goes_to_sleep_is_found() -> None:
    queue, [late] = WorkQueue(), works(1)
    queue._items = Late(late)

    assert queue.get() is late


def test_waking_where_nobody_waits_does_no_harm() -> None:
    queue, [work] = WorkQueue(), works(1)

    queue.wake()
    queue.put(work)

    assert queue.get() is work
