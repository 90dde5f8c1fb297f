"""The thread dispatcher: a pool that replaces what hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from errno import ENOMEM

import pytest

from actors.control.environment import DaemonThreads
from actors.dispatchers.threads import ThreadDispatcher
from supervisors.outcome import Reason
from tests.actors.dispatchers.works import PATIENCE, Gate, Task, Untellable


class FailingThreads(DaemonThreads):
    """Fails to start a thread as often as it is told to."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)

    def start(self, name: str, target: Callable[[], None]) -> threading.Thread:
        if self.errors:
            raise self.errors.pop(0)
        return super().start(name, target)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


def pool(*errors: BaseException, max_threads: int = 2, max_abandoned: int = 2) -> ThreadDispatcher:
    return ThreadDispatcher(FailingThreads(*errors), max_threads, max_abandoned)


def busy(dispatcher: ThreadDispatcher, gate: Gate) -> Task:
    """Have a work held at a gate."""
    work = Task(gate.wait)
    dispatcher.execute(work)
    assert gate.is_in.wait(PATIENCE)
    gate.is_in.clear()
    return work


def await_idle(dispatcher: ThreadDispatcher) -> None:
    """Wait until a thread has nothing to do; it says so just after its work has ended."""
    tick = threading.Event()
    while not dispatcher._idle:
        assert not tick.wait(0.001)


def test_it_runs_work_on_threads_of_its_own_and_keeps_them() -> None:
    dispatcher = pool()
    first, second = Task(lambda: 1), Task(lambda: 2)

    dispatcher.execute(first)
    values = [first.value()]
    await_idle(dispatcher)
    dispatcher.execute(second)
    values.append(second.value())

    assert values == [1, 2]
    assert first.thread is second.thread is not threading.current_thread()
    assert dispatcher.thread_count == 1
    dispatcher.stop(PATIENCE)


def test_what_finds_no_thread_waits_its_turn(gate: Gate) -> None:
    dispatcher = pool(max_threads=1)
    busy(dispatcher, gate)
    waiting = [Task(lambda number=number: number) for number in range(3)]  # type: ignore[misc]
    for work in waiting:
        dispatcher.execute(work)

    gate.open()

    assert [work.value() for work in waiting] == [0, 1, 2]
    assert dispatcher.thread_count == 1
    dispatcher.stop(PATIENCE)


def test_stopping_ends_the_idle_and_refuses_what_comes(gate: Gate) -> None:
    dispatcher = pool()
    held = busy(dispatcher, gate)
    idle = Task(lambda: 1)
    dispatcher.execute(idle)
    idle.value()
    await_idle(dispatcher)
    late = Task(lambda: 2)

    dispatcher.stop(PATIENCE)
    dispatcher.execute(late)
    assert idle.thread is not None
    assert not idle.thread.is_alive()
    gate.open()

    assert [refusal.reason for refusal in late.refusals] == [Reason.SHUTDOWN]
    assert held.value() is True
    assert held.thread is not None
    held.thread.join(PATIENCE)
    assert dispatcher.thread_count == 0


def test_a_thread_cannot_be_interrupted_and_is_delayed_by_nobody() -> None:
    dispatcher, work = pool(), Task(lambda: 1)

    dispatcher.interrupt(work)

    assert dispatcher.delayer(work) == ""


# Abandoned work


def test_an_abandoned_thread_is_replaced_and_ends_with_its_work(gate: Gate) -> None:
    dispatcher = pool(max_threads=1)
    held, waiting = busy(dispatcher, gate), Task(lambda: 1)
    dispatcher.execute(waiting)

    dispatcher.abandon(held)
    dispatcher.abandon(held)
    value = waiting.value()
    gate.open()

    assert value == 1
    assert held.thread is not None
    held.thread.join(PATIENCE)
    assert not held.thread.is_alive()
    assert dispatcher.thread_count == 1
    dispatcher.stop(PATIENCE)


def test_without_work_that_waits_no_thread_is_started_instead(gate: Gate) -> None:
    dispatcher = pool()
    held = busy(dispatcher, gate)

    dispatcher.abandon(held)

    assert dispatcher.thread_count == 0


def test_what_has_no_thread_is_not_abandoned() -> None:
    dispatcher, work = pool(), Task(lambda: 1)
    dispatcher.execute(work)
    work.value()
    await_idle(dispatcher)

    dispatcher.abandon(Task(lambda: 2))
    dispatcher.abandon(work)

    assert dispatcher.thread_count == 1
    dispatcher.stop(PATIENCE)


def test_with_too_many_abandoned_threads_work_is_refused(gate: Gate) -> None:
    dispatcher, refused = pool(max_abandoned=1), Task(lambda: 1)
    assert dispatcher.refusal == ""
    dispatcher.abandon(busy(dispatcher, gate))

    dispatcher.execute(refused)

    [outcome] = refused.refusals
    assert outcome.reason is Reason.ABANDONED_LIMIT
    assert outcome.detail == dispatcher.refusal == "1 threads are held by work that could not be stopped"


# Threads that cannot be had


def test_when_the_system_has_no_more_threads_work_waits_for_one_that_is_there(gate: Gate) -> None:
    dispatcher = pool()
    held = busy(dispatcher, gate)
    dispatcher._threads = FailingThreads(OSError(ENOMEM, "no more"))
    waiting = Task(lambda: 1)

    dispatcher.execute(waiting)
    gate.open()

    assert (held.value(), waiting.value()) == (True, 1)
    dispatcher.try_again()
    assert dispatcher.shortage == ""
    dispatcher.stop(PATIENCE)


@pytest.mark.parametrize(
    ("error", "shortage"), [(OSError(ENOMEM, "no more"), "no more"), (MemoryError(), "MemoryError")]
)
def test_a_shortage_is_told_once_and_lasts_until_what_waits_has_its_threads(error: Exception, shortage: str) -> None:
    dispatcher, told = pool(error, error, error), list[str]()
    dispatcher.on_shortage = lambda short: told.append(short.shortage)
    works = [Task(lambda: 1), Task(lambda: 2)]

    for work in works:
        dispatcher.execute(work)
    dispatcher.try_again()
    during = dispatcher.shortage
    dispatcher.try_again()

    assert [work.value() for work in works] == [1, 2]
    assert (told, during, dispatcher.shortage) == ([shortage], shortage, "")
    dispatcher.stop(PATIENCE)


def test_after_the_end_nothing_is_tried_again() -> None:
    dispatcher = pool(OSError(ENOMEM, "no more"))
    dispatcher.execute(Task(lambda: 1))
    dispatcher.stop(PATIENCE)

    dispatcher.try_again()

    assert (dispatcher.shortage, dispatcher.thread_count) == ("", 0)


def test_a_thread_survives_that_an_end_cannot_be_told() -> None:
    dispatcher = pool(max_threads=1)
    untellable, following = Untellable(lambda: 1), Task(lambda: 2)

    dispatcher.execute(untellable)
    dispatcher.execute(following)

    assert following.value() == 2
    [refusal] = untellable.refusals
    assert (refusal.reason, refusal.detail) == (Reason.INTERNAL_ERROR, "how it ended could not be told: MemoryError")
    dispatcher.stop(PATIENCE)


def test_an_interrupt_while_a_thread_is_started_costs_no_work() -> None:
    dispatcher, work = pool(KeyboardInterrupt()), Task(lambda: 1)

    with pytest.raises(KeyboardInterrupt):
        dispatcher.execute(work)
    dispatcher.repair()

    assert work.value() == 1
    dispatcher.stop(PATIENCE)


@pytest.mark.parametrize("is_stopping", [True, False])
def test_where_nothing_waits_or_nothing_is_wanted_nothing_is_repaired(is_stopping: bool) -> None:
    dispatcher = pool(KeyboardInterrupt())
    if is_stopping:
        with pytest.raises(KeyboardInterrupt):
            dispatcher.execute(Task(lambda: 1))
        dispatcher.stop(PATIENCE)

    dispatcher.repair()

    assert dispatcher.thread_count == 0
