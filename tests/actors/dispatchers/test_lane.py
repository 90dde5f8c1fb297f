"""The lane: one event loop, what runs on it, and whether it is getting on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from actors.control.latch import refuse_to_block
from actors.dispatchers.lane import Lane
from actors.dispatchers.work import current_agent
from actors.values.errors import AgentExitError, WouldDeadlockError
from tests.actors.dispatchers.works import PATIENCE, Gate, Task

mood: ContextVar[str] = ContextVar("mood", default="calm")


class Running:
    """A lane whose loop runs on a thread of its own."""

    def __init__(self) -> None:
        self.lane = Lane(asyncio.new_event_loop())
        self.thread = threading.Thread(target=self.lane.run, name="lane")
        self.thread.start()

    def has_ended(self) -> bool:
        self.thread.join(PATIENCE)
        return not self.thread.is_alive() and self.lane.loop.is_closed()

    def performed(self, work: Task) -> Any:
        self.lane.execute(work)
        return work.value()


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running()
    yield running
    running.lane.stop()
    assert running.has_ended()


async def answer() -> str:
    await asyncio.sleep(0)
    return current_agent.get()


# Works


def test_work_is_done_on_the_loop(running: Running) -> None:
    work = Task(answer)

    assert running.performed(work) == "writer"
    assert work.thread is running.thread


def test_works_that_come_while_the_loop_is_busy_are_started_in_order(running: Running) -> None:
    gate, begun = Gate(), list[int]()
    running.lane.execute(Task(gate.wait))
    assert gate.is_in.wait(PATIENCE)

    works = [Task(lambda number=number: begun.append(number)) for number in range(3)]  # type: ignore[misc]
    for work in works:
        running.lane.execute(work)
    gate.open()

    assert [work.value() for work in works] == [None, None, None]
    assert begun == [0, 1, 2]


def test_work_that_is_handed_over_on_the_loop_is_started_at_once(running: Running) -> None:
    inner = Task(answer)

    async def hand_over() -> bool:
        running.lane.execute(inner)
        return inner.task is not None

    assert running.performed(Task(hand_over)) is True
    assert inner.value() == "writer"


def test_work_runs_in_a_copy_of_the_context_variables_it_was_given(running: Running) -> None:
    variables = copy_context()
    variables.run(mood.set, "angry")

    async def change() -> str:
        before = mood.get()
        mood.set("changed")
        return before

    assert running.performed(Task(change, variables=variables)) == "angry"
    assert variables[mood] == "angry"


def test_what_has_ended_is_forgotten_and_counts_as_progress(running: Running) -> None:
    before = running.lane.progress

    running.performed(Task(answer))

    assert running.lane.works == set()
    assert running.lane.progress == before + 2


class Slow(Task):
    """Keeps the loop from getting any further while it is being started."""

    gate = Gate()

    def perform_async(self, lane: Any, home: Any = None) -> Any:
        self.gate.wait()
        return super().perform_async(lane, home)


def test_a_loop_starts_its_works_while_another_is_starting_its_own(running: Running) -> None:
    other, slow, work = Running(), Slow(answer), Task(answer)
    other.lane.execute(slow)
    assert slow.gate.is_in.wait(PATIENCE)

    running.lane.execute(work)
    value = work.value()
    slow.gate.open()

    assert (value, slow.value()) == ("writer", "writer")
    other.lane.stop()
    assert other.has_ended()


def test_on_a_thread_that_ran_the_loop_before_work_is_handed_over_to_the_one_that_does_now() -> None:
    loop = asyncio.new_event_loop()
    lane, first, second = Lane(loop), Task(answer), Task(answer)
    lane.attach()
    lane.execute(first)
    loop.run_until_complete(asyncio.sleep(0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    is_running = threading.Event()
    loop.call_soon_threadsafe(is_running.set)
    assert is_running.wait(PATIENCE)

    lane.execute(second)

    assert (first.value(), second.value()) == ("writer", "writer")
    assert second.thread is thread
    loop.call_soon_threadsafe(lane.detach)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


def test_a_closed_loop_takes_no_work() -> None:
    loop = asyncio.new_event_loop()
    lane = Lane(loop)
    loop.close()

    with pytest.raises(RuntimeError):
        lane.execute(Task(answer))
    lane.stop()


@pytest.mark.expects_errors  # asyncio tells of the task, which it made before it looked at the loop
def test_work_that_cannot_be_started_leaves_no_coroutine_behind() -> None:
    loop = asyncio.new_event_loop()
    lane, work = Lane(loop), Task(answer)
    work.host = lane
    loop.close()

    with pytest.raises(RuntimeError, match="closed"):
        lane._start(work)  # a coroutine that nobody awaits or closes would be warned of


# The life of a loop


def test_its_thread_must_not_block_while_it_runs(running: Running) -> None:
    async def block() -> str:
        try:
            refuse_to_block("Run.result()")
        except WouldDeadlockError:
            return "refused"
        return "allowed"

    assert running.performed(Task(block)) == "refused"


@pytest.mark.expects_errors
def test_what_agents_leave_on_the_loop_cannot_end_it(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    async def leave() -> None:
        asyncio.get_running_loop().call_soon(exit_process)

    running.performed(Task(leave))

    assert running.performed(Task(answer)) == "writer"
    assert "something an agent left on its event loop raised" in caplog.text


def exit_process() -> None:
    raise SystemExit(3)


def test_what_still_runs_when_it_is_stopped_is_cancelled(running: Running) -> None:
    is_cancelled, gate = threading.Event(), Gate()

    async def linger() -> None:
        gate.is_in.set()
        try:
            await asyncio.sleep(PATIENCE)  # the agent: lingers until it is cancelled
        finally:
            is_cancelled.set()

    running.lane.execute(Task(linger))
    assert gate.is_in.wait(PATIENCE)

    running.lane.stop()

    assert is_cancelled.wait(PATIENCE)
    assert running.has_ended()


def test_a_retired_lane_tells_when_its_last_work_has_been_reported(running: Running) -> None:
    gate, idle = Gate(), threading.Event()
    works = [Task(gate.wait), Task(answer)]
    told: list[list[bool]] = []
    for work in works:
        running.lane.execute(work)
    assert gate.is_in.wait(PATIENCE)

    def note(_lane: Lane) -> None:
        told.append([work.is_over.is_set() for work in works])
        idle.set()

    running.lane.on_idle = note
    running.lane.is_retired = True
    gate.open()

    assert idle.wait(PATIENCE)
    assert told == [[True, True]]


def test_what_was_moved_before_it_was_started_is_let_go_of(running: Running) -> None:
    gate, moved = Gate(), Task(answer)
    running.lane.execute(Task(gate.wait))
    assert gate.is_in.wait(PATIENCE)
    running.lane.execute(moved)

    moved.host = None
    gate.open()
    after = Task(answer)
    running.lane.execute(after)

    assert after.value() == "writer"
    assert moved.task is None
    assert moved not in running.lane.works


def test_nothing_is_started_on_a_closed_loop() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    lane = Lane(loop)

    for _ in range(3):
        with pytest.raises(RuntimeError, match="the event loop is closed"):
            lane.execute(Task(answer))

    assert (lane.works, list(lane._ready)) == (set(), [])


def test_a_lane_may_be_detached_though_it_was_never_attached() -> None:
    loop = asyncio.new_event_loop()

    Lane(loop).detach()

    assert loop.get_task_factory() is None
    loop.close()


def test_detaching_leaves_a_task_factory_that_was_set_meanwhile() -> None:
    loop = asyncio.new_event_loop()
    lane = Lane(loop)
    lane.attach()
    loop.set_task_factory(make_task)

    lane.detach()

    assert loop.get_task_factory() is make_task
    loop.close()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_lanes_on_one_loop_leave_nothing_in_whatever_order_they_leave(order: tuple[int, ...]) -> None:
    loop = asyncio.new_event_loop()
    loop.set_task_factory(make_task)
    lanes = [Lane(loop) for _ in order]
    for lane in lanes:
        lane.attach()

    for number in order:
        lanes[number].detach()

    assert loop.get_task_factory() is make_task
    loop.close()


class HostTask(asyncio.Task[Any]):
    """A task as the host makes them."""


def make_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Future[Any]:
    return HostTask(coroutine, loop=loop, **options)


# Tasks of agents


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_task_of_an_agent_cannot_end_the_loop(running: Running, error: type[BaseException]) -> None:
    async def leave() -> None:
        raise error

    async def spawn() -> str:
        try:
            await asyncio.create_task(leave())
        except AgentExitError as raised:
            return str(raised)
        return "nothing was raised"

    assert error.__name__ in running.performed(Task(spawn))
    assert running.performed(Task(answer)) == "writer"


def test_whose_a_task_is_can_be_told(running: Running) -> None:
    lane, owners = running.lane, list[object]()

    async def spawn() -> None:
        child = asyncio.create_task(asyncio.sleep(0))
        owners.extend([lane.owner_of(asyncio.current_task()), lane.owner_of(child), lane.owner_of(None)])
        await child

    work, not_started = Task(spawn), Task(answer)
    lane.works.add(not_started)
    running.performed(work)
    lane.works.discard(not_started)

    assert owners == [work, "writer", None]


def test_the_tasks_of_a_host_are_made_as_it_wants_them() -> None:
    kinds = list[type]()

    async def host() -> None:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(make_task)
        lane = Lane(loop)
        lane.attach()
        kinds.append(type(asyncio.create_task(asyncio.sleep(0))))
        lane.detach()
        assert loop.get_task_factory() is make_task
        loop.set_task_factory(None)

    asyncio.run(host())

    assert kinds == [HostTask]


def test_a_loop_that_runs_already_is_known_by_the_first_work_that_it_starts() -> None:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    work = Task(answer)

    Lane(loop).execute(work)

    assert work.value() == "writer"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()
