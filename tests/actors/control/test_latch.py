"""The latch, and which threads must not wait for one."""

from __future__ import annotations

import asyncio
import threading

import pytest

from actors.control.latch import Latch, forget_loop, note_loop, refuse_to_block
from actors.values.errors import WouldDeadlockError
from supervisors.clock import ManualClock
from tests.limits import PATIENCE

# Opening


def test_it_opens_once_and_for_good() -> None:
    latch = Latch()
    was_open = latch.is_open

    latch.open()
    latch.open()

    assert (was_open, latch.is_open, latch.wait(None)) == (False, True, True)


def test_whoever_waits_is_called_when_it_opens_and_forgotten() -> None:
    latch, called = Latch(), list[int]()
    for number in range(3):
        latch.when_open(lambda number=number: called.append(number))  # type: ignore[misc]
    before = list(called)

    latch.open()
    latch.open()

    assert (before, sorted(called)) == ([], [0, 1, 2])


def test_whoever_comes_when_it_is_open_is_called_at_once() -> None:
    latch, called = Latch(), list[str]()
    latch.open()

    latch.when_open(lambda: called.append("late"))

    assert called == ["late"]


def test_a_waiter_that_another_thread_forgot_meanwhile_is_no_error() -> None:
    latch = Latch()

    def forget_meanwhile() -> None:
        latch._forget(forget_meanwhile)

    latch.when_open(forget_meanwhile)

    latch.open()

    assert latch.is_open


# Waiting on a thread


def test_a_thread_waits_until_it_opens() -> None:
    latch, seen = Latch(), list[bool]()
    thread = threading.Thread(target=lambda: seen.append(latch.wait(PATIENCE)))
    thread.start()

    latch.open()

    thread.join(PATIENCE)
    assert seen == [True]


def test_a_wait_that_is_over_first_says_so_and_leaves_nothing_behind() -> None:
    latch = Latch()

    was_open = latch.wait(0.0, ManualClock())

    assert was_open is False
    assert latch._waiters == []


@pytest.mark.usefixtures("hasty_threads")
def test_of_two_threads_that_begin_to_wait_at_once_both_are_called() -> None:
    latches, begin = [Latch() for _ in range(5_000)], threading.Barrier(2)
    called: list[set[int]] = [set(), set()]

    def wait(mine: set[int]) -> None:
        begin.wait(PATIENCE)
        for number, latch in enumerate(latches):
            latch.when_open(lambda number=number: mine.add(number))  # type: ignore[misc]

    threads = [threading.Thread(target=wait, args=(mine,)) for mine in called]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    for latch in latches:
        latch.open()

    assert [len(mine) for mine in called] == [len(latches)] * 2


# Waiting on a loop


def test_any_number_of_tasks_on_any_loops_wait_for_it() -> None:
    latch, both_wait = Latch(), threading.Barrier(3)

    async def wait() -> None:
        waiting = [asyncio.ensure_future(_wait(latch)) for _ in range(3)]
        await asyncio.sleep(0)  # now they do
        await asyncio.to_thread(both_wait.wait, PATIENCE)
        await asyncio.gather(*waiting)

    threads = [threading.Thread(target=asyncio.run, args=(wait(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    both_wait.wait(PATIENCE)

    latch.open()

    for thread in threads:
        thread.join(PATIENCE)
    assert [thread.is_alive() for thread in threads] == [False, False]
    assert latch._waiters == []


async def _wait(latch: Latch) -> None:
    await latch


def test_it_may_be_opened_on_the_loop_that_waits_for_it() -> None:
    async def wait_and_open() -> None:
        latch = Latch()
        waiting = asyncio.ensure_future(_wait(latch))
        await asyncio.sleep(0)  # now it waits
        latch.open()
        await asyncio.wait_for(waiting, PATIENCE)
        await latch

    asyncio.run(wait_and_open())


def test_a_task_that_was_cancelled_while_it_waited_is_forgotten() -> None:
    latch = Latch()

    async def wait_and_cancel() -> None:
        waiting = asyncio.ensure_future(_wait(latch))
        await asyncio.sleep(0)  # now it waits
        waiting.cancel()
        latch.open()  # the future that it waited for has been cancelled
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(wait_and_cancel())

    assert latch._waiters == []


def test_opening_it_after_the_loop_was_closed_is_no_error() -> None:
    latch = Latch()
    loop = asyncio.new_event_loop()
    task = loop.create_task(_wait(latch))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    latch.open()

    assert latch.is_open
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is not to tell of itself


# Which threads must not wait


def test_a_thread_whose_loop_does_a_runtimes_work_must_not_block() -> None:
    refused = list[bool]()

    def is_refused() -> bool:
        try:
            refuse_to_block("Run.result()")
        except WouldDeadlockError as error:
            assert "Run.result()" in str(error)
            return True
        return False

    async def work() -> None:
        loop = asyncio.get_running_loop()
        refused.append(is_refused())
        note_loop(loop)
        note_loop(loop)
        refused.append(is_refused())
        forget_loop(loop)
        refused.append(is_refused())  # it still works for another runtime
        forget_loop(loop)
        refused.append(is_refused())

    asyncio.run(work())

    assert refused == [False, True, True, False]
    assert not is_refused()
