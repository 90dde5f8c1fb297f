"""Event loops in virtual time: the runtime's own lanes and dispatcher, with no heartbeat while nothing is blocked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from actors.control.environment import Threads
from actors.control.plane import ControlPlane
from actors.control.telemetry import Telemetry
from actors.dispatchers.lane import Lane
from actors.dispatchers.loop import LoopDispatcher, Watch
from actors.dispatchers.work import Work
from actors.testing.event_loop import VirtualLoop
from actors.testing.in_order import InOrder
from actors.testing.scheduler import Scheduler
from actors.testing.strands import strand


class VirtualLane(Lane):
    """A lane whose loop is virtual.

    Args:
        loop: The loop.
        strands: Numbers for the calls that run on it.
        look: Has somebody look whether it is getting on.
    """

    loop: VirtualLoop

    def __init__(self, loop: VirtualLoop, strands: itertools.count[int], look: Callable[[VirtualLane], None]) -> None:
        super().__init__(loop)
        self.works = InOrder()
        # Whether a work was cancelled before it began, which only somebody who looks finds out.
        self.has_lost = False
        self._strands = strands
        self._look = look
        loop.on_block = lambda: look(self)

    @property
    def needs_looks(self) -> bool:
        """Whether anything is to be found out by looking: who blocks it, or that it gets on again."""
        if self.loop.is_blocked:
            return self.blocked_by is None
        return self.has_lost or self.blocked_by is not None or self.beat_sent_at is not None

    def _start(self, work: Work) -> None:
        if work.host is not self:
            super()._start(work)  # which lets go of it
            return
        variables = work.copied_variables()
        is_new = work.home is None or work.opens_home
        variables.run(strand.set, next(self._strands) if is_new else work.home.context[strand])
        work.variables = variables
        super()._start(work)
        if not is_new:
            return

        def check(_task: Any) -> None:
            if work in self.works:
                self.has_lost = True
                self._look(self)

        work.task.add_done_callback(check)


class VirtualLoops(LoopDispatcher):
    """The dispatcher for async agents, on virtual loops.

    A heartbeat every 40 ms would have an hour consist of 90,000 of them. Here it is known when a loop gets blocked, so
    the heartbeat goes round only until it has been found out by whom.

    Args:
        plane: The control plane.
        threads: Where threads come from.
        telemetry: Who is told of blocked loops.
        scheduler: Who keeps the time.
    """

    def __init__(self, plane: ControlPlane, threads: Threads, telemetry: Telemetry, scheduler: Scheduler) -> None:
        super().__init__(plane, threads, telemetry, host_loop=None)
        self._scheduler = scheduler
        self._strands = itertools.count(1)

    def _watch(self, lane: VirtualLane) -> None:  # type: ignore[override]  # it makes all the lanes itself
        """Look whether a lane is getting on, as long as there may be something to find out."""
        lane.is_watched = False
        if lane.needs_looks:
            super()._watch(lane)
            lane.has_lost = False

    def _new_lane(self) -> VirtualLane:
        return VirtualLane(VirtualLoop(self._scheduler, self._threads.start), self._strands, self._look_at)

    def _look_at(self, lane: VirtualLane) -> None:
        if not lane.is_watched:
            self._plane.post(self, Watch(lane))
