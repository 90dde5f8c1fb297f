"""The loop dispatcher on the loop of a host: attached to and left, wherever it is started and stopped."""

from __future__ import annotations

import asyncio
import threading

from actors.dispatchers.lane import Lane
from tests.actors.dispatchers.works import PATIENCE, Loops, Task, answer


def test_a_host_loop_is_attached_to_and_left_on_its_own_thread() -> None:
    async def host() -> tuple[bool, bool]:
        loop = asyncio.get_running_loop()
        loops = Loops(loop)
        loops.dispatcher.start()
        is_attached = loop.get_task_factory() is not None
        loops.dispatcher.stop(PATIENCE)
        return is_attached, loop.get_task_factory() is None

    assert asyncio.run(host()) == (True, True)


def test_a_host_loop_is_attached_to_and_left_from_another_thread() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    loops, work = Loops(loop), Task(answer)

    loops.dispatcher.start()
    loops.dispatcher.execute(work)
    value = work.value()
    loops.dispatcher.stop(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)

    assert value == 42
    assert loop.get_task_factory() is None
    loop.close()


def test_from_another_loop_a_host_loop_is_left_too() -> None:
    loop = asyncio.new_event_loop()
    loops = Loops(loop)

    async def elsewhere() -> None:
        loops.dispatcher.start()
        loops.dispatcher.stop(PATIENCE)

    asyncio.run(elsewhere())
    loop.run_until_complete(asyncio.sleep(0))

    assert loop.get_task_factory() is None
    loop.close()


def test_a_closed_host_loop_is_left_at_once() -> None:
    loop = asyncio.new_event_loop()
    loops = Loops(loop)
    lane = loops.dispatcher._lane = Lane(loop)
    lane.attach()
    loop.close()

    loops.dispatcher.stop(PATIENCE)

    assert loop.get_task_factory() is None
