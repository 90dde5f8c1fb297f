"""Threads that wait for runs of their agents are made up for."""

from __future__ import annotations

import threading

import pytest

from actors.control.environment import DaemonThreads
from actors.dispatchers import threads
from actors.dispatchers.threads import ThreadDispatcher
from actors.values.errors import WaitingThreadsError
from tests.actors.dispatchers.works import PATIENCE, Gate, Task


class Waiter(Task):
    """Waits at a gate as one that has started a run of its own."""

    def __init__(self, dispatcher: ThreadDispatcher, gate: Gate) -> None:
        super().__init__(self._wait)
        self._dispatcher = dispatcher
        self._gate = gate

    def _wait(self) -> bool:
        with self._dispatcher.waiting(self):
            return self._gate.wait()


def pool(max_threads: int = 1) -> ThreadDispatcher:
    return ThreadDispatcher(DaemonThreads(), max_threads, 2)


def waiter(dispatcher: ThreadDispatcher) -> tuple[Waiter, Gate]:
    """Return a work that waits, and what it waits at."""
    gate = Gate()
    work = Waiter(dispatcher, gate)
    dispatcher.execute(work)
    assert gate.is_in.wait(PATIENCE)
    return work, gate


def ended_soon(dispatcher: ThreadDispatcher, count: int) -> bool:
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.001)):
        if dispatcher.thread_count == count:
            return True
        tick.wait(0.001)
    return False


def test_work_that_comes_finds_a_thread_while_others_wait() -> None:
    dispatcher = pool()
    waiters = [waiter(dispatcher) for _ in range(5)]

    answer = Task(lambda: 42)
    dispatcher.execute(answer)

    assert answer.value() == 42
    assert dispatcher.thread_count == 6
    for work, gate in waiters:
        gate.open()
        assert work.value() is True
    assert ended_soon(dispatcher, 1)
    dispatcher.stop(PATIENCE)


def test_work_that_was_there_before_gets_the_thread() -> None:
    dispatcher, first, second = pool(), Gate(), Gate()
    work = Task(lambda: 42)

    def waits_late() -> None:
        first.wait()
        with dispatcher.waiting(late):
            second.wait()

    late = Task(waits_late)
    dispatcher.execute(late)
    assert first.is_in.wait(PATIENCE)
    dispatcher.execute(work)

    first.open()

    assert work.value() == 42
    assert second.is_in.wait(PATIENCE)
    second.open()
    late.value()
    assert ended_soon(dispatcher, 1)
    dispatcher.stop(PATIENCE)


def test_a_thread_too_many_leaves_when_its_work_is_done() -> None:
    dispatcher = pool()
    work, gate = waiter(dispatcher)
    held = Gate()
    busy = Task(held.wait)
    dispatcher.execute(busy)
    assert held.is_in.wait(PATIENCE)

    gate.open()
    work.value()

    assert ended_soon(dispatcher, 1)
    held.open()
    busy.value()
    assert ended_soon(dispatcher, 1)
    dispatcher.stop(PATIENCE)


def test_more_than_so_many_may_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MAX_WAITING", 1)
    dispatcher = pool()
    work, gate = waiter(dispatcher)
    refused = Waiter(dispatcher, Gate())

    dispatcher.execute(refused)

    assert refused.is_over.wait(PATIENCE)
    [(_, error)] = refused.endings
    assert isinstance(error, WaitingThreadsError)
    assert str(error).startswith("agent 'writer' cannot wait for a run or an answer: 1 threads do so")
    gate.open()
    work.value()
    dispatcher.stop(PATIENCE)


def test_one_that_is_abandoned_while_it_waits_counts_no_more() -> None:
    dispatcher = pool()
    work, gate = waiter(dispatcher)

    dispatcher.abandon(work)
    answer = Task(lambda: 42)
    dispatcher.execute(answer)

    assert answer.value() == 42
    assert dispatcher.thread_count == 1
    gate.open()
    assert work.value() is True
    assert ended_soon(dispatcher, 1)
    dispatcher.stop(PATIENCE)


def test_one_that_was_abandoned_is_not_made_up_for_again() -> None:
    dispatcher, first, second = pool(), Gate(), Gate()

    def waits_late() -> None:
        first.wait()
        with dispatcher.waiting(late):
            second.wait()

    late = Task(waits_late)
    dispatcher.execute(late)
    assert first.is_in.wait(PATIENCE)
    dispatcher.abandon(late)

    first.open()

    assert second.is_in.wait(PATIENCE)
    assert dispatcher._waiting_threads == 0
    second.open()
    late.value()
    dispatcher.stop(PATIENCE)


def test_a_thread_that_is_none_of_the_pools_is_not_made_up_for() -> None:
    dispatcher = pool()
    work, gate = waiter(dispatcher)

    with dispatcher.waiting(work), dispatcher.waiting(Task(lambda: 1)):
        assert dispatcher._waiting_threads == 1

    gate.open()
    work.value()
    dispatcher.stop(PATIENCE)
