"""The virtual environment: what a runtime takes from the test kit instead of from the machine."""

from __future__ import annotations

import asyncio
from random import Random

from actors.control.delivery import Delivery
from actors.control.environment import Environment
from actors.control.plane import ControlPlane
from actors.control.telemetry import Telemetry
from actors.dispatchers.loop import LoopDispatcher
from actors.dispatchers.pinned import PinnedDispatcher
from actors.dispatchers.threads import ThreadDispatcher
from actors.runtime.assembly import StockParts
from actors.runtime.settings import RuntimeSettings
from actors.testing.clock import VirtualClock
from actors.testing.in_order import InOrder
from actors.testing.lanes import VirtualLoops
from actors.testing.scheduler import Scheduler
from actors.testing.threads import VirtualQueue, VirtualThreads


class VirtualParts(StockParts):
    """Makes the stock parts, and has their threads wait in virtual time.

    Args:
        scheduler: Who says whose turn it is.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def delivery(self, environment: Environment) -> Delivery:
        """Return what calls callbacks and observers."""
        delivery = super().delivery(environment)
        delivery._queue = VirtualQueue(self._scheduler)
        return delivery

    def threads(self, environment: Environment, settings: RuntimeSettings) -> ThreadDispatcher:
        """Return the dispatcher for plain functions."""
        dispatcher = super().threads(environment, settings)
        dispatcher._queue = VirtualQueue(self._scheduler)
        dispatcher._workers = InOrder()
        return dispatcher

    def pinned(self, pool: ThreadDispatcher, settings: RuntimeSettings) -> PinnedDispatcher:
        """Return the dispatcher for plain agents that keep a thread."""
        dispatcher = super().pinned(pool, settings)
        dispatcher.new_queue = lambda: VirtualQueue(self._scheduler)
        return dispatcher

    def loops(
        self,
        environment: Environment,
        plane: ControlPlane,
        telemetry: Telemetry,
        host_loop: asyncio.AbstractEventLoop | None,
    ) -> LoopDispatcher:
        """Return the dispatcher for async agents; the host's loop, if there is one, runs in real time."""
        return VirtualLoops(plane, environment.threads, telemetry, self._scheduler)


def virtual_environment(scheduler: Scheduler, threads: VirtualThreads, seed: int) -> Environment:
    """Return the environment of a virtual runtime.

    Args:
        scheduler: Who says whose turn it is.
        threads: Where threads come from.
        seed: What jitter is drawn from.
    """
    return Environment(
        clock=VirtualClock(scheduler),
        random=Random(f"jitter of {seed}"),
        threads=threads,
        parts=VirtualParts(scheduler),
    )
