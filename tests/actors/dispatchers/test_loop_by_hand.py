"""The loop dispatcher, step by step: its looks at a loop, and what becomes of work whose loop is blocked or closed."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from math import ceil
from types import SimpleNamespace
from typing import Any

import pytest

from actors.dispatchers.lane import NOTHING_SEEN, Lane
from actors.dispatchers.loop import BEAT, STARVED, Watch
from actors.dispatchers.work import Work
from supervisors.facts import LoopBlocked, LoopBlockNoticed, WakeupLost
from supervisors.outcome import Reason
from tests.actors.dispatchers.works import PATIENCE, Gate, Loops, Task, Untellable, answer
from tests.shortage import ScarceThreads


@pytest.fixture
def loops() -> Iterator[Loops]:
    loops = Loops()
    loops.dispatcher.start()
    yield loops
    loops.dispatcher.stop(PATIENCE)


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.open()


@pytest.fixture
def closed_loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    loop.close()
    return loop


def blocking(loops: Loops, gate: Gate, *, agent: str = "blocker") -> Task:
    """Have a work block the loop."""
    work = Task(gate.wait, agent=agent)
    loops.dispatcher.execute(work)
    assert gate.is_in.wait(PATIENCE)
    return work


# Work


def test_work_is_done_and_the_loop_is_looked_at_as_long_as_there_is_any(loops: Loops) -> None:
    work = Task(answer)

    loops.dispatcher.execute(work)
    value = work.value()
    assert loops.is_seen_answering()
    while loops.rig.system.plane.armed_timers:
        loops.look()

    assert value == 42
    assert loops.dispatcher.lane.is_watched is False
    assert loops.rig.facts == []


def test_work_for_which_the_callers_stack_did_not_suffice_is_no_work_of_a_closed_loop(
    loops: Loops, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, failures = Task(answer), [RecursionError()]
    wake = loops.dispatcher.lane.wake

    def fail_once() -> None:
        if failures:
            raise failures.pop()
        wake()

    monkeypatch.setattr(loops.dispatcher.lane, "wake", fail_once)

    loops.dispatcher.execute(work)

    assert (work.value(), work.refusals) == (42, [])


def test_a_loop_that_is_idle_again_keeps_nothing_of_its_work(loops: Loops, gate: Gate) -> None:
    work = blocking(loops, gate)
    lane = loops.dispatcher.lane
    while lane.blocked_by is not work:
        loops.look()
    lane.unstarted, lane.suspects = [work], [work]
    gate.open()
    work.value()

    while lane.is_watched:
        loops.look()

    assert lane.last_seen == NOTHING_SEEN
    assert [*lane.unstarted, *lane.suspects] == []
    assert not isinstance(lane.blocked_by, Work)


def test_work_goes_back_to_the_lane_where_it_was(loops: Loops) -> None:
    elsewhere = Lane(asyncio.new_event_loop())
    thread = threading.Thread(target=elsewhere.run)
    thread.start()
    work = Task(answer)
    work.host = elsewhere

    loops.dispatcher.execute(work)

    assert work.value() == 42
    assert work.thread is thread
    elsewhere.stop()
    thread.join(PATIENCE)


def test_a_loop_survives_that_an_end_cannot_be_told(loops: Loops) -> None:
    untellable, following = Untellable(answer), Task(answer)

    loops.dispatcher.execute(untellable)
    loops.dispatcher.execute(following)

    assert following.value() == 42
    [refusal] = untellable.refusals
    assert (refusal.reason, refusal.detail) == (Reason.INTERNAL_ERROR, "how it ended could not be told: MemoryError")


def test_interrupting_cancels_the_task(loops: Loops) -> None:
    is_in = threading.Event()

    async def wait() -> None:
        is_in.set()
        await asyncio.sleep(PATIENCE)  # the agent: waits until it is cancelled

    work = Task(wait)
    loops.dispatcher.execute(work)
    assert is_in.wait(PATIENCE)

    loops.dispatcher.interrupt(work)

    assert work.is_over.wait(PATIENCE)
    assert isinstance(work.endings[0][1], asyncio.CancelledError)


def test_what_has_no_lane_or_no_task_is_not_interrupted(loops: Loops) -> None:
    homeless, not_started = Task(answer), Task(answer)
    not_started.host = loops.dispatcher.lane

    loops.dispatcher.interrupt(homeless)
    loops.dispatcher.interrupt(not_started)
    after = Task(answer)
    loops.dispatcher.execute(after)

    assert after.value() == 42
    assert loops.dispatcher.delayer(homeless) == ""


def test_work_whose_task_was_cancelled_before_it_began_is_refused(loops: Loops) -> None:
    lane = loops.dispatcher.lane
    work = Task(answer)
    work.task = SimpleNamespace(done=lambda: True, get_loop=lambda: lane.loop)
    lane.works.add(work)

    loops.inside(lambda: loops.dispatcher.handle(lane))

    [outcome] = work.refusals
    assert (outcome.reason, work in lane.works) == (Reason.EXCEPTION, False)


def test_work_that_is_handed_over_while_the_last_look_ends_is_looked_at(loops: Loops) -> None:
    lane = loops.dispatcher.lane

    class Works(set[Any]):
        """It is given work just before it is asked whether there is any."""

        def __bool__(self) -> bool:
            seen.append(lane.is_watched)
            return True

    seen = list[bool]()
    lane.works = Works()
    loops.inside(lambda: loops.dispatcher.handle(lane))

    assert (seen, lane.is_watched) == ([False], True)
    assert loops.rig.system.plane.armed_timers == 1
    lane.works = set()


def test_two_that_find_a_lane_unwatched_have_it_looked_at_once(loops: Loops) -> None:
    loops.dispatcher.lane.works.add(Task(answer))

    for _ in range(2):
        loops.inside(lambda: loops.dispatcher.handle(Watch(loops.dispatcher.lane)))
    loops.inside(lambda: loops.dispatcher.handle(loops.dispatcher.lane))

    assert loops.rig.system.plane.armed_timers == 1


# Lost wake-ups


def lose_wakeup(loops: Loops, work: Task) -> None:
    """Hand over work for which the loop is not called, as if the call had been lost."""
    loops.dispatcher.lane._is_waking = True
    loops.dispatcher.execute(work)
    for _ in range(2):
        assert loops.is_seen_answering()
        assert (work.task, loops.dispatcher.trouble) == (None, "")
        loops.look()


def test_a_lost_wakeup_is_told_of_and_the_loop_woken_again(loops: Loops) -> None:
    work = Task(answer)
    lose_wakeup(loops, work)

    while_it_lasts = loops.dispatcher.trouble
    value = work.value()
    assert loops.is_seen_answering()
    loops.look()

    assert (value, loops.dispatcher.trouble) == (42, "")
    assert while_it_lasts == "an event loop was not woken for work that it was given 0.08 s ago"
    assert loops.rig.told(WakeupLost) == [WakeupLost(1, 2 * BEAT)]


class Losing(deque[Any]):
    """Loses what it is given, as when an interrupt strikes just after it was taken."""

    def append(self, work: Any) -> None:
        """Lose it."""


def test_work_that_was_taken_and_not_started_is_started_too(loops: Loops) -> None:
    work = Task(answer)
    loops.dispatcher.lane._ready = Losing()
    lose_wakeup(loops, work)

    assert work.value() == 42


def test_work_that_is_started_when_it_is_found_overdue_is_started_once(loops: Loops) -> None:
    work = Task(answer)
    loops.dispatcher.execute(work)
    value, task = work.value(), work.task

    loops.dispatcher.lane.works.add(work)
    loops.dispatcher.lane.rouse([work])
    after = Task(answer)
    loops.dispatcher.execute(after)

    assert (value, after.value()) == (42, 42)
    assert work.task is task
    loops.dispatcher.lane.works.discard(work)


def test_work_that_ended_before_the_loop_was_roused_is_let_be(loops: Loops) -> None:
    gone, after = Task(answer), Task(answer)

    loops.dispatcher.lane.rouse([gone])
    loops.dispatcher.execute(after)

    assert after.value() == 42
    assert gone.task is None


def test_a_loop_that_does_not_answer_though_no_agent_blocks_it_is_trouble(loops: Loops, gate: Gate) -> None:
    loops.dispatcher.lane.loop.call_soon_threadsafe(gate.wait)
    assert gate.is_in.wait(PATIENCE)
    loops.dispatcher.execute(Task(answer))

    for _ in range(ceil(STARVED / BEAT) + 2):
        loops.look()

    assert "and is at no agent's task" in loops.dispatcher.trouble


def test_work_that_is_handed_to_a_lane_while_it_is_replaced_is_moved(loops: Loops, gate: Gate) -> None:
    old = loops.dispatcher.lane
    blocking(loops, gate)
    loops.inside(lambda: loops.dispatcher._replace(old))

    late = Task(answer)
    late.host = old  # it was found when it was still the lane for new work
    loops.dispatcher.execute(late)

    assert late.value() == 42
    assert late.host is loops.dispatcher.lane


def test_work_that_is_handed_to_a_lane_while_it_ends_is_moved(loops: Loops, gate: Gate) -> None:
    old, [thread] = loops.dispatcher.lane, loops.dispatcher._lane_threads.values()
    loops.inside(lambda: loops.dispatcher._replace(old))
    thread.join(PATIENCE)
    assert old.loop.is_closed()

    late = Task(answer)
    late.host = old  # it was found when it was still the lane for new work
    loops.dispatcher.execute(late)

    assert late.value() == 42
    assert late.host is loops.dispatcher.lane


@pytest.mark.parametrize("had_task", [False, True])
def test_work_that_a_lane_has_left_undone_when_it_ended_is_moved(loops: Loops, gate: Gate, had_task: bool) -> None:
    old = loops.dispatcher.lane
    blocking(loops, gate)
    loops.inside(lambda: loops.dispatcher._replace(old))
    late = Task(answer)
    late.host = old
    if had_task:  # which was cancelled before it began
        late.task = SimpleNamespace(done=lambda: True, get_loop=lambda: old.loop)
    old.works.add(late)

    loops.inside(lambda: loops.dispatcher.handle(old) if had_task else loops.dispatcher._give_up(old))

    assert late.value() == 42
    assert late.refusals == []


def test_work_that_was_moved_is_not_refused_by_the_lane_that_it_left(loops: Loops, gate: Gate) -> None:
    old = loops.dispatcher.lane
    blocking(loops, gate)
    loops.inside(lambda: loops.dispatcher._replace(old))
    moved = Task(answer)
    loops.dispatcher.execute(moved)
    moved.value()
    old.works.add(moved)

    loops.inside(lambda: loops.dispatcher._give_up(old))

    assert moved.refusals == []


def test_repairing_an_idle_loop_has_nothing_looked_at(loops: Loops) -> None:
    loops.inside(loops.dispatcher.repair)

    assert loops.dispatcher.lane.is_watched is False
    assert loops.rig.system.plane.armed_timers == 0


# Blocked loops


def test_a_loop_that_two_looks_find_at_the_same_task_is_blocked_by_it(loops: Loops, gate: Gate) -> None:
    blocker = blocking(loops, gate)
    bystander = Task(answer, agent="bystander")
    loops.dispatcher.execute(bystander)

    for _ in range(4):
        loops.look()

    dispatcher = loops.dispatcher
    assert (dispatcher.delayer(bystander), dispatcher.delayer(blocker)) == ("blocker", "")
    assert [fact.agent for fact in loops.rig.told(LoopBlockNoticed)] == ["blocker"]
    assert {fact.agent for fact in loops.rig.told(LoopBlocked)} == {"blocker"}
    gate.open()
    assert bystander.value() == 42
    assert bystander.delayed_by == "blocker"


def test_a_loop_may_be_blocked_by_what_is_no_agents(loops: Loops, gate: Gate) -> None:
    lane = loops.dispatcher.lane
    lane.loop.call_soon_threadsafe(gate.wait)
    assert gate.is_in.wait(PATIENCE)
    bystander = Task(answer, agent="bystander")
    loops.dispatcher.execute(bystander)

    for _ in range(4):
        loops.look()
    assert loops.dispatcher.delayer(bystander) == ""  # its thread may only be waiting for the processor
    for _ in range(ceil(STARVED / BEAT)):
        loops.look()

    assert loops.dispatcher.delayer(bystander) == "(not an agent)"
    assert loops.rig.told(LoopBlockNoticed) == []


def test_a_loop_that_is_blocked_by_abandoned_work_is_replaced(loops: Loops, gate: Gate) -> None:
    dispatcher, left = loops.dispatcher, list[Lane]()
    dispatcher.on_replaced = left.append
    old = dispatcher.lane
    blocker = blocking(loops, gate)
    waiting = Task(answer)
    dispatcher.execute(waiting)
    for _ in range(3):
        loops.look()

    loops.inside(lambda: dispatcher.abandon(blocker))
    loops.inside(lambda: dispatcher._replace(old))

    assert waiting.value() == 42
    assert (left, dispatcher.lane is old, old.is_retired) == ([old], False, True)


def test_a_loop_that_cannot_be_replaced_now_is_replaced_when_that_can_be_done(loops: Loops, gate: Gate) -> None:
    dispatcher, told = loops.dispatcher, list[str]()
    dispatcher.on_shortage = lambda short: told.append(short.shortage)
    old = dispatcher.lane
    blocking(loops, gate).is_abandoned = True
    waiting = Task(answer)
    dispatcher.execute(waiting)

    dispatcher._threads = ScarceThreads(0)
    for _ in range(5):
        loops.look()
    kept, shortage = dispatcher.lane is old, dispatcher.shortage
    dispatcher.try_again()  # the looks do
    dispatcher._threads = ScarceThreads()
    loops.look()

    assert waiting.value() == 42
    assert (kept, told, shortage) == (True, [shortage], "no thread can be started (the test has no more)")
    assert (dispatcher.lane is old, dispatcher.shortage) == (False, "")


def test_a_loop_that_gets_on_again_needs_no_other(loops: Loops, gate: Gate) -> None:
    dispatcher = loops.dispatcher
    blocker = blocking(loops, gate)
    blocker.is_abandoned = True
    dispatcher._threads = ScarceThreads(0)
    for _ in range(3):
        loops.look()
    before = dispatcher.shortage

    gate.open()
    blocker.value()
    assert loops.is_seen_answering()
    loops.look()

    assert before != ""
    assert dispatcher.shortage == ""


def test_work_that_was_abandoned_before_it_blocked_has_its_loop_replaced_when_it_is_found_out(
    loops: Loops, gate: Gate
) -> None:
    old = loops.dispatcher.lane
    blocker = blocking(loops, gate)
    blocker.is_abandoned = True

    for _ in range(3):
        loops.look()

    assert loops.dispatcher.lane is not old


def test_abandoned_work_that_blocks_nothing_is_let_be(loops: Loops) -> None:
    old, is_in = loops.dispatcher.lane, threading.Event()

    async def wait() -> None:
        is_in.set()
        await asyncio.sleep(PATIENCE)  # the agent: waits until it is cancelled

    work = Task(wait)
    loops.dispatcher.execute(work)
    assert is_in.wait(PATIENCE)

    loops.inside(lambda: loops.dispatcher.abandon(work))

    assert work.is_abandoned
    assert loops.dispatcher.lane is old


def test_the_loop_of_a_host_is_never_replaced(closed_loop: asyncio.AbstractEventLoop) -> None:
    loops = Loops(closed_loop)
    loops.dispatcher._lane = lane = Lane(closed_loop)

    loops.dispatcher._replace(lane)

    assert loops.dispatcher.lane is lane


def test_nobody_is_told_of_a_lane_that_nothing_blocks(loops: Loops) -> None:
    loops.dispatcher._note_blocked(loops.dispatcher.lane, 0.0, is_new=True)

    assert loops.rig.facts == []


def test_a_blocked_loop_is_not_waited_for_when_the_dispatcher_stops(gate: Gate) -> None:
    loops = Loops()
    loops.dispatcher.start()
    blocking(loops, gate)
    for _ in range(3):
        loops.look()

    loops.dispatcher.stop(PATIENCE)

    assert loops.dispatcher._lane_threads[loops.dispatcher.lane].is_alive()


# Closed loops


def test_on_a_closed_loop_work_is_refused(closed_loop: asyncio.AbstractEventLoop) -> None:
    loops, work = Loops(closed_loop), Task(answer)
    loops.dispatcher._lane = Lane(closed_loop)

    loops.dispatcher.execute(work)
    work.host = loops.dispatcher.lane
    loops.dispatcher.interrupt(work)

    assert [outcome.reason for outcome in work.refusals] == [Reason.LOOP_CLOSED]
    assert loops.dispatcher.lane.works == set()


def test_what_was_on_a_loop_when_it_was_closed_is_refused(closed_loop: asyncio.AbstractEventLoop) -> None:
    loops, never_started = Loops(closed_loop), Task(answer)
    lane = loops.dispatcher._lane = Lane(closed_loop)
    lane.works.add(never_started)

    loops.inside(loops.dispatcher.repair)

    assert [outcome.reason for outcome in never_started.refusals] == [Reason.LOOP_CLOSED]
    assert (lane.works, lane.is_watched) == (set(), False)


@pytest.mark.parametrize("has_begun", [False, True])
def test_a_task_on_a_closed_loop_is_buried_quietly(has_begun: bool) -> None:
    loop = asyncio.new_event_loop()
    loops, work = Loops(loop), Task(wait_for_ever)
    lane = loops.dispatcher._lane = Lane(loop)
    lane.execute(work)
    loop.run_until_complete(asyncio.sleep(0))
    if has_begun:
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()

    loops.inside(lambda: loops.dispatcher.handle(lane))

    assert [outcome.reason for outcome in work.refusals] == [Reason.LOOP_CLOSED]


async def wait_for_ever() -> None:
    await asyncio.get_running_loop().create_future()


def test_a_loop_that_closes_under_a_look_is_found_out_by_the_next(closed_loop: asyncio.AbstractEventLoop) -> None:
    loops = Loops(closed_loop)
    lane = loops.dispatcher._lane = Lane(closed_loop)

    loops.dispatcher._look(lane, 0.0)

    assert lane.beat_sent_at == 0.0


class Answering(Lane):
    """A lane whose loop answers the heartbeat while somebody looks whether it has."""

    sent_at: float | None = None

    @property
    def beat_sent_at(self) -> float | None:
        sent_at, self.sent_at = self.sent_at, None
        return sent_at

    @beat_sent_at.setter
    def beat_sent_at(self, moment: float | None) -> None:
        self.sent_at = moment


@pytest.mark.parametrize("late", [STARVED / 2, 2 * STARVED])
def test_a_loop_may_answer_while_it_is_looked_at(loops: Loops, late: float) -> None:
    lane = Answering(loops.dispatcher.lane.loop)
    for _ in range(2):  # the second time it is seen where it was before
        lane.sent_at = 1.0
        loops.dispatcher._look(lane, 1.0 + late)

    assert lane.sent_at is None
    blocked = [fact.seconds for fact in loops.rig.facts if isinstance(fact, LoopBlocked)]
    assert blocked == ([late] if late > STARVED else [])
