"""The dispatcher `loop`: an event loop for `async def` agents, watched for whoever blocks it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from actors.control.environment import SHORTAGES, Threads, shortage_told_by
from actors.control.plane import ControlPlane
from actors.control.telemetry import Telemetry
from actors.dispatchers.lane import NOTHING_SEEN, Lane, closed_outcome
from actors.dispatchers.work import CANCELLED_EARLY, Work
from supervisors.facts import LoopBlocked, LoopBlockNoticed, WakeupLost
from supervisors.outcome import Outcome

BEAT = 0.04
"""Seconds between looks at a loop that has work. One that two looks in a row find at the same task is blocked."""

STARVED = 0.5
"""Seconds for which a loop that is at no agent's task may not answer before it counts as blocked."""

_UNKNOWN = "(not an agent)"


class Idle(NamedTuple):
    """To the dispatcher: a lane that was replaced has done all that was on it."""

    lane: Lane


class HandOver(NamedTuple):
    """To the dispatcher: a work for which the stack of whoever brought it did not suffice."""

    work: Work


class Watch(NamedTuple):
    """To the dispatcher: a lane was given work, and nobody looks at it."""

    lane: Lane


class LoopDispatcher:
    """Run async agents on a loop of the runtime's own, or on the host's.

    While there is work, a heartbeat goes round: a loop that does not answer it and makes no progress is blocked by the
    task it is at. A loop of the runtime's own that stays blocked by abandoned work is replaced. A loop that answers
    without having started what it was given before has lost a wake-up, and is woken again.

    Args:
        plane: The control plane.
        threads: Where threads come from.
        telemetry: Who is told of blocked loops.
        host_loop: The host's loop; None for one of the runtime's own.
    """

    def __init__(
        self,
        plane: ControlPlane,
        threads: Threads,
        telemetry: Telemetry,
        *,
        host_loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._plane = plane
        self._threads = threads
        self._telemetry = telemetry
        self._host_loop = host_loop
        self.is_on_host_loop = host_loop is not None
        # Made when the dispatcher starts; replaced inside the control plane. One store.
        self._lane: Lane
        self._lane_threads: dict[Lane, threading.Thread] = {}
        # Told, inside the control plane, of the lane that was replaced.
        self.on_replaced: Callable[[Lane], None] = lambda _lane: None
        # Why a lane that is blocked for good cannot be replaced; written inside the control plane, read by anyone.
        self._shortage = ""
        # Called inside the control plane when that begins.
        self.on_shortage: Callable[[LoopDispatcher], None] = lambda _loops: None

    @property
    def lane(self) -> Lane:
        """The lane that takes new work."""
        return self._lane

    def start(self) -> None:
        """Start the own loop's thread, or attach to the host's loop.

        Raises:
            OSError: If there are no descriptors or no thread for it; then nothing is left of it.
        """
        if self._host_loop is None:
            self._lane = self._start_lane()
            return
        self._lane = Lane(self._host_loop)
        with contextlib.suppress(RuntimeError):
            if asyncio.get_running_loop() is self._lane.loop:
                self._lane.attach()
                return
        self._lane.loop.call_soon_threadsafe(self._lane.attach)

    def execute(self, work: Work) -> None:
        """Start it on its lane: where it was before, else on the lane that takes new work."""
        lane = work.host if isinstance(work.host, Lane) else self._lane
        try:
            lane.execute(work)
        except RecursionError:  # a `RuntimeError`, too
            self._plane.post_from_outside(self, HandOver(work))
            return
        except RuntimeError:
            self._lose(lane, work, closed_outcome("the event loop is closed"))
            return
        if lane.is_retired and work.may_move and work.host is lane:  # it was replaced meanwhile, and blocked
            self._move(work)
        if not lane.is_watched:
            self._plane.post_from_outside(self, Watch(lane))

    @property
    def trouble(self) -> str:
        """Why async agents are not being started, if no agent is known to block them; else empty. Any thread."""
        if self.is_on_host_loop and self._lane.loop.is_closed():
            return "the host has closed its event loop, which they share"
        now = self._plane.now()
        for lane in {self._lane, *list(self._lane_threads)}:
            overdue_since, sent_at = lane.overdue_since, lane.beat_sent_at
            if overdue_since is not None:
                return f"an event loop was not woken for work that it was given {now - overdue_since:.3g} s ago"
            if lane.blocked_by is _UNKNOWN and sent_at is not None:
                return f"an event loop has not answered for {now - sent_at:.3g} s, and is at no agent's task"
        return ""

    def repair(self) -> None:
        """Make good what an interrupt may have left half-done. Inside the control plane."""
        lane = self._lane
        with contextlib.suppress(RuntimeError):  # it is closed; the heartbeat finds that
            lane.wake()
        if lane.works:
            self._plane.send(self, lane)

    def interrupt(self, work: Work) -> None:
        """Cancel its task, which acts at its next `await`; it may swallow that."""
        lane = work.host
        if isinstance(lane, Lane):
            with contextlib.suppress(RuntimeError):  # the loop is closed: nothing runs there
                lane.loop.call_soon_threadsafe(_cancel, work)

    def abandon(self, work: Work) -> None:
        """Replace the loop, if it is the runtime's own and the work blocks it; else let the task be."""
        work.is_abandoned = True  # a look that finds the loop blocked by it replaces the loop
        lane = work.host
        if lane is self._lane and lane.blocked_by is work:
            self._replace(lane)

    def _replace(self, lane: Lane) -> None:
        """Put a new loop in the place of one that abandoned work blocks. The old one ends when the work returns."""
        if self.is_on_host_loop or lane is not self._lane:
            return
        try:
            fresh = self._start_lane()
        except SHORTAGES as error:
            self._note_shortage(error)
            return
        self._shortage = ""
        self._lane = fresh
        lane.on_idle = self._note_idle
        lane.is_retired = True
        for waiting in lane.works.copy():
            if waiting.may_move:
                self._move(waiting)
        self.on_replaced(lane)
        self._plane.send(self, Idle(lane))

    def _move(self, work: Work) -> None:
        """Have it run on the lane that takes new work. Any thread; twice does no harm, as it begins once."""
        work.host = None
        self.execute(work)

    def _lose(self, lane: Lane, work: Work, outcome: Outcome) -> None:
        """Refuse what a loop will not do any more; or move it, if the loop has been replaced. Any thread.

        A retired lane that has nothing to do ends. Somebody may have found it just before it was retired, and hand work
        over while it ends: then the task of that is cancelled before it begins, or the loop is closed already.
        """
        lane.works.discard(work)
        if work.host is not lane and work.host is not None:
            return  # it was moved
        if lane.is_retired and work.may_move:
            self._move(work)
        else:
            work.refuse(outcome)

    def _note_shortage(self, error: BaseException) -> None:
        """Take note that a blocked lane cannot be replaced now; the next look at it tries again."""
        is_new = not self._shortage
        self._shortage = shortage_told_by(error)
        if is_new:
            self.on_shortage(self)

    @property
    def shortage(self) -> str:
        """Why an event loop that is blocked for good cannot be replaced; empty when that is not so. Any thread."""
        return self._shortage

    def try_again(self) -> None:
        """Do nothing: as long as a lane is blocked, each look at it tries to replace it."""

    def delayer(self, work: Work) -> str:
        """Name the agent that blocks the loop, unless it is this one's own doing."""
        lane = work.host
        blocker = lane.blocked_by if isinstance(lane, Lane) else None
        return "" if blocker is None or blocker is work else _name_of(blocker)

    def stop(self, timeout: float) -> None:
        """End the own loops, or detach from the host's."""
        if self.is_on_host_loop:
            self._detach()
            return
        for lane in list(self._lane_threads):
            lane.stop()
        for lane, thread in list(self._lane_threads.items()):
            if lane.blocked_by is None:
                thread.join(timeout)

    def _note_idle(self, lane: Lane) -> None:
        # By a message, which comes after what its last work has led to: that may be a stop hook, for the same lane.
        self._plane.post(self, Idle(lane))

    def handle(self, message: Lane | Watch | Idle | HandOver) -> None:
        """Look whether a lane makes progress, as long as it has work; end a retired one. Inside the control plane."""
        if isinstance(message, Lane):
            self._watch(message)
        elif isinstance(message, Watch):
            if not message.lane.is_watched:
                self._watch(message.lane)
        elif isinstance(message, HandOver):
            self.execute(message.work)
        elif not message.lane.works:
            message.lane.stop()

    def _watch(self, lane: Lane) -> None:
        """Look at a lane, and again later for as long as it has work."""
        now = self._plane.now()
        if lane.loop.is_closed():
            self._give_up(lane)
            return
        self._look(lane, now)
        if lane is self._lane and lane.blocked_by is None:
            self._shortage = ""
        for work in [work for work in lane.works.copy() if lane.has_never_begun(work)]:
            self._lose(lane, work, CANCELLED_EARLY)
        lane.is_watched = False
        if lane.works or lane.overdue_since is not None:  # who adds some from now on finds that nobody looks
            lane.is_watched = True
            self._look_again(lane, now + BEAT)
        else:
            lane.forget_what_was_seen()

    def _look_again(self, lane: Lane, at: float) -> None:
        """Have the next look at a lane, which is the only one under way: two would take it for blocked too soon."""
        if lane.next_look is not None:
            lane.next_look.cancel()
        lane.next_look = self._plane.schedule(at, self, lane)

    def _look(self, lane: Lane, now: float) -> None:
        sent_at = lane.beat_sent_at  # once: the loop may answer at any moment
        if sent_at is None:
            lane.blocked_by = None
            lane.last_seen = NOTHING_SEEN
            with contextlib.suppress(RuntimeError):  # closed just now; the next look finds that
                self._look_for_lost_wakeups(lane, now)
                lane.send_beat(now)
            return
        seen = (asyncio.current_task(lane.loop), lane.progress)
        if seen != lane.last_seen:
            lane.last_seen = seen
            lane.noted_until = sent_at if lane.blocked_by is None else lane.noted_until
            lane.blocked_by = None
            return
        blocker = lane.owner_of(seen[0])
        if blocker is None and now - sent_at < STARVED:
            return  # its thread may only be waiting for the processor
        is_new = lane.blocked_by is None
        lane.blocked_by = blocker or _UNKNOWN
        self._note_blocked(lane, now, is_new=is_new)
        if isinstance(lane.blocked_by, Work) and lane.blocked_by.is_abandoned:
            self._replace(lane)

    def _look_for_lost_wakeups(self, lane: Lane, now: float) -> None:
        """Have started what the loop should have started before it answered.

        What a loop is called for is done in order. So the wake-up for work that was there before the heartbeat was sent
        came before it, or will never come.
        """
        overdue = lane.overdue()
        if not overdue:
            lane.overdue_since = None
            return
        lane.rouse(overdue)
        if lane.overdue_since is None:
            lane.overdue_since = now - 2 * BEAT
            self._telemetry.observe(WakeupLost(len(overdue), 2 * BEAT))

    def _note_blocked(self, lane: Lane, now: float, *, is_new: bool) -> None:
        blocker = lane.blocked_by
        if blocker is None:
            return
        name, seconds = _name_of(blocker), now - lane.noted_until
        self._telemetry.observe(LoopBlocked(name, seconds))
        if is_new and blocker is not _UNKNOWN:
            self._telemetry.observe(LoopBlockNoticed(name, seconds))
        lane.noted_until = now
        for work in lane.works.copy():
            if work is not blocker:
                work.delayed_by = name

    def _give_up(self, lane: Lane) -> None:
        """Refuse what was on a loop that was closed before it was done."""
        lane.is_watched = False
        for work in lane.forget():
            if work.task is not None:
                _bury(work.task)
            self._lose(lane, work, closed_outcome("the event loop was closed before the agent was done"))

    def _new_lane(self) -> Lane:
        """Return a lane with an event loop of the runtime's own."""
        return Lane(_new_event_loop())

    def _start_lane(self) -> Lane:
        """Return a new lane that runs on a thread of its own."""
        lane = self._new_lane()
        try:
            thread = self._threads.start("mixmode-loop", lane.run)
        except BaseException:
            lane.loop.close()
            raise
        self._lane_threads = {old: other for old, other in self._lane_threads.items() if other.is_alive()}
        self._lane_threads[lane] = thread
        return lane

    def _detach(self) -> None:
        loop = self._lane.loop
        if loop.is_closed():
            self._lane.detach()
            return
        with contextlib.suppress(RuntimeError):
            if asyncio.get_running_loop() is loop:
                self._lane.detach()
                return
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._lane.detach)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop.

    Raises:
        OSError: If there are not enough descriptors. That is found out first: of an event loop that was made in part
            asyncio complains on stderr when it is collected.
    """
    with selectors.DefaultSelector():
        for end in socket.socketpair():
            end.close()
    return asyncio.new_event_loop()


def _name_of(blocker: Work | str) -> str:
    return blocker if isinstance(blocker, str) else blocker.agent


def _cancel(work: Work) -> None:
    if work.home is not None:
        work.home.cancel(work)
    elif work.task is not None:
        work.task.cancel()


def _bury(task: Any) -> None:
    """Let go of a task that cannot go on, quietly: who waits for it is told. Runs no user code."""
    task._log_destroy_pending = False
    coroutine = task.get_coro()
    if inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED:
        coroutine.close()
