"""The assembly: makes the runtime's parts, joins them, and contains their defects."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Final

from actors.control.cell import ControlCell
from actors.control.delivery import Delivery
from actors.control.environment import Environment
from actors.control.facilities import System
from actors.control.plane import ControlPlane
from actors.control.shortages import Shortages
from actors.control.switch_interval import SwitchInterval
from actors.control.telemetry import FactCounter, Observer, Telemetry
from actors.dispatchers.lane import Lane
from actors.dispatchers.loop import LoopDispatcher
from actors.dispatchers.pinned import PinnedDispatcher
from actors.dispatchers.threads import ThreadDispatcher
from actors.orchestrators.caches import Caches
from actors.processes.dispatcher import ProcessDispatcher
from actors.processes.matching import Matchers
from actors.runs.admission import WaitingLine
from actors.runs.run import RunKeeper
from actors.runtime.settings import RuntimeSettings
from actors.values.rendering import render
from supervisors.agents.agent_supervisor import AgentSupervisor
from supervisors.clock import SystemClock
from supervisors.policies.retry_budget import RetryBudgets

_ENDING_TIME: Final = 1.0
"""Seconds for a thread to end that has nothing to do."""


class Containment:
    """Keeps what goes wrong inside the control plane where it went wrong. Nothing here raises.

    Args:
        system: The runtime's parts.
        runs: The runs in progress.
    """

    def __init__(self, system: System, runs: dict[int, RunKeeper]) -> None:
        self._system = system
        self._runs = runs

    def on_defect(self, recipient: Any, message: Any, error: BaseException) -> None:
        """End the run that a message belonged to; a message of the runtime's own is handled again if interrupted."""
        number = recipient.run if isinstance(recipient, ControlCell) else 0
        keeper = recipient if isinstance(recipient, RunKeeper) else self._keeper(number)
        text = render(error).text
        if keeper is not None:
            keeper.fail(text)
        elif not isinstance(error, Exception) and not getattr(recipient, "is_stopped", False):
            recipient.handle(message)
            return
        told = "internal error: %s while %r handled %r"
        self._system.delivery.log(logging.ERROR, told, text, recipient, type(message), error=error)

    def _keeper(self, number: int) -> RunKeeper | None:
        return self._runs.get(number) or self._system.child_keepers.get(number)

    def on_interrupt(self) -> None:
        """Make good what an interrupt may have left half-done."""
        self._system.threads.repair()
        self._system.pinned.repair()
        self._system.loops.repair()
        self._system.processes.repair()
        for cell in list(self._system.agents.values()):
            cell.repair()
        self._system.caches.repair()

    def on_lane_replaced(self, lane: Lane) -> None:
        """Move the agents that lived on an event loop that was replaced."""
        for cell in list(self._system.agents.values()):
            cell.lifecycle.leave(lane)


class StockParts:
    """Makes the parts in which threads wait for each other as the machine has them."""

    def delivery(self, environment: Environment) -> Delivery:
        """Return what calls callbacks and observers."""
        return Delivery(environment)

    def threads(self, environment: Environment, settings: RuntimeSettings) -> ThreadDispatcher:
        """Return the dispatcher for plain functions."""
        return ThreadDispatcher(environment.threads, settings.max_threads, settings.max_abandoned)

    def pinned(self, pool: ThreadDispatcher, settings: RuntimeSettings) -> PinnedDispatcher:
        """Return the dispatcher for plain agents that keep a thread; one of the pool's is left for others."""
        return PinnedDispatcher(pool, settings.max_threads - 1)

    def loops(
        self,
        environment: Environment,
        plane: ControlPlane,
        telemetry: Telemetry,
        host_loop: asyncio.AbstractEventLoop | None,
    ) -> LoopDispatcher:
        """Return the dispatcher for async agents."""
        return LoopDispatcher(plane, environment.threads, telemetry, host_loop=host_loop)


def assemble(
    settings: RuntimeSettings,
    environment: Environment,
    *,
    loop: asyncio.AbstractEventLoop | None,
    counter: FactCounter | None,
    observers: Sequence[Observer],
    runs: dict[int, RunKeeper],
) -> System:
    """Make the parts of a runtime and join them. Starts nothing.

    Args:
        settings: The runtime's settings.
        environment: Where time, randomness and threads come from.
        loop: The host's event loop; None for one of the runtime's own.
        counter: What counts facts for the metrics; None for nothing.
        observers: Who else wants facts.
        runs: Where the runs in progress will be kept.
    """
    system = System()
    containment = Containment(system, runs)
    parts = environment.parts or StockParts()
    system.environment = environment
    system.delivery = parts.delivery(environment)
    system.telemetry = Telemetry(system.delivery, counter, observers)
    # Only the host's own time can be late.
    lowered = settings.switch_interval if isinstance(environment.clock, SystemClock) else None
    system.plane = ControlPlane(environment, containment.on_defect, containment.on_interrupt, SwitchInterval(lowered))
    system.threads = parts.threads(environment, settings)
    system.pinned = parts.pinned(system.threads, settings)
    system.processes = ProcessDispatcher(environment.threads, settings.hook_timeout)
    system.loops = parts.loops(environment, system.plane, system.telemetry, loop)
    system.loops.on_replaced = containment.on_lane_replaced
    shortages = Shortages(system.plane, system.delivery)
    system.threads.on_shortage = system.loops.on_shortage = shortages.begin
    system.processes.on_shortage(shortages.begin)
    system.caches = Caches(system.plane)
    system.matchers = Matchers()
    system.abandon_after = settings.abandon_after
    system.hook_timeout = settings.hook_timeout
    system.line = WaitingLine(system, settings.max_runs) if settings.waiting else None
    system.retry_budgets = None if settings.retry_budget is None else RetryBudgets(settings.retry_budget)
    system.agent_supervisor = ControlCell(AgentSupervisor(), system)
    return system


def start_up(system: System) -> None:
    """Start the threads of a runtime's parts; all of them, or none if one cannot be had. It may be tried again then.

    Raises:
        OSError: If the machine has no thread or no descriptors for it.
    """
    with ExitStack() as undo:
        try:
            system.delivery.start()
            undo.callback(system.delivery.stop, _ENDING_TIME)
            system.plane.start()
            undo.callback(system.plane.stop)
            system.loops.start()
        except OSError as error:
            text = f"the runtime cannot be started: {error.strerror}; nothing of it is left, start it again later"
            raise OSError(error.errno, text) from error
        undo.pop_all()
