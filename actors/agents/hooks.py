"""Hooks: the calls of an agent's constructor, `on_start`, `on_restart` and `on_stop`."""

from __future__ import annotations

import logging
from asyncio import CancelledError
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.agents.agent import AgentDefinition, resolve
from actors.control.logs import log
from actors.dispatchers.work import Work
from actors.values.rendering import render
from supervisors.outcome import Outcome

if TYPE_CHECKING:
    from actors.agents.instance import Instance
    from actors.cells.agent_cell import AgentCell
    from actors.control.timers import ScheduledMessage

logger = logging.getLogger(__name__)


class StartWork(Work):
    """Makes an instance and calls its first hooks; before that, ends the one it replaces.

    Args:
        cell: The agent's cell.
        instance: What to fill.
        reason: Why it is restarted; empty for the first start.
        previous: What to end first, if its code is not running any more: a behaviour, or the home of one that has one.
        product: A behaviour that was made already and only needs its hooks.

    Attributes:
        tries: How often it was tried before, when the machine had too little of something.
    """

    __slots__ = (
        "cell",
        "definition",
        "has_begun",
        "has_ended",
        "instance",
        "is_ending_previous",
        "is_made_only",
        "previous",
        "product",
        "reason",
        "timer",
        "tries",
    )

    is_hook = True

    def __init__(
        self,
        cell: AgentCell,
        instance: Instance,
        *,
        reason: str = "",
        previous: Any = None,
        product: Any = None,
    ) -> None:
        super().__init__(cell.name)
        self.cell = cell
        self.definition: AgentDefinition = cell.definition
        self.instance = instance
        self.reason = reason
        self.previous = previous
        self.product = product
        self.timer: ScheduledMessage | None = None
        self.tries = 0
        # Written inside the control plane: it was reported, or abandoned. Read where it runs.
        self.has_ended = False
        # Written where it runs, read inside the control plane: how far it has come. The second becomes False only after
        # a look whether it was abandoned.
        self.has_begun = self.is_ending_previous = False
        # Whether the factory turned out to make async agents: the hooks are called elsewhere, by another work.
        self.is_made_only = False

    @property
    def is_wanted(self) -> bool:
        """Whether it was not abandoned."""
        return not self.has_ended

    @property
    def opens_home(self) -> bool:
        """Whether it makes an async instance, which has one task for all of its life."""
        return self.definition.is_async

    @property
    def may_move(self) -> bool:
        """Whether it may be run on another event loop instead."""
        return not self.has_begun

    def waiting(self) -> AbstractContextManager[None]:
        """Have another thread compensate for this one as long as a hook waits for a run or an answer."""
        return self.cell.system.threads.waiting(self)

    def begin(self) -> bool:
        """Begin, unless it was abandoned while it was queued."""
        with self.cell.lock:  # of two event loops that begin it, as it was moved, one does
            if self.has_begun:
                return False
            self.has_begun = True  # before it looks: the control plane, which abandons it, looks at this after
        is_wanted = not self.has_ended
        if not is_wanted:
            self.done(None, None)
        return is_wanted

    def call(self) -> Any:
        """Make the instance and call its hooks."""
        return self._start_async() if self.definition.is_async else self._start()

    def done(self, value: Any, error: BaseException | None) -> None:
        """Report to the cell."""
        self.cell.lifecycle.start_ended(self, value, error)

    def refuse(self, outcome: Outcome) -> None:
        """Report that the dispatcher will not run it."""
        self.cell.lifecycle.start_ended(self, None, RuntimeError(str(outcome)))

    def _start(self) -> Any:
        if self.previous is not None:
            self.is_ending_previous = True
            if self.home is not None:  # it goes on on the same thread
                self.home.finish()
            else:
                _survive(self.agent, self.previous.on_stop)
        product = self._make()
        self.definition = resolve(self.definition, product)
        if self.definition.is_async:
            self.is_made_only = True
            return product
        product.on_start()
        if self.reason:
            product.on_restart(self.reason)
        if self.home is not None:
            self.home.furnish(partial(_survive, self.agent, product.on_stop))
        return product

    async def _start_async(self) -> Any:
        if self.previous is not None:
            self.is_ending_previous = True
            await self.previous.end(self)
        product = self._make()
        await _finished(product.on_start())
        if self.reason:
            await _finished(product.on_restart(self.reason))
        self.home.furnish(
            partial(_survive_async, self.agent, product.on_stop),
            partial(self.cell.lifecycle.note_cancelled, self.instance),
            self.cell.system.hook_timeout,
        )
        return product

    def _make(self) -> Any:
        if self.has_ended:
            raise CancelledError("it was given up while the instance before it was being stopped")
        self.is_ending_previous = False
        if self.product is not None:
            return self.product
        make = self.definition.make
        if make is None:
            raise AssertionError("a function has no instances")
        return make()


class StopWork(Work):
    """Calls the `on_stop` of an instance that is not needed any more."""

    __slots__ = ("behaviour", "cell")

    is_hook = True

    def __init__(self, cell: AgentCell, behaviour: Any) -> None:
        super().__init__(cell.name)
        self.cell = cell
        self.behaviour = behaviour

    def waiting(self) -> AbstractContextManager[None]:
        """Have another thread compensate for this one as long as the hook waits for a run or an answer."""
        return self.cell.system.threads.waiting(self)

    def begin(self) -> bool:
        """Begin."""
        return True

    def call(self) -> Any:
        """Call the hook."""
        if self.home is not None:
            return self.home.finish()
        return _survive(self.agent, self.behaviour.on_stop)

    def done(self, value: Any, error: BaseException | None) -> None:
        """Report to the cell."""
        self.cell.lifecycle.stop_hook_ended(self)

    def lose(self) -> None:
        """Report that the instance has ended itself."""
        self.done(None, None)

    def refuse(self, outcome: Outcome) -> None:
        """Report to the cell that the hook will not run."""
        self.cell.lifecycle.stop_hook_ended(self)


async def _finished(returned: Any) -> None:
    if returned is not None:
        await returned


def _survive(agent: str, hook: Any) -> None:
    try:
        hook()
    except BaseException as error:  # noqa: BLE001  # what a stop hook raises must not stop the stopping
        log(logger, logging.WARNING, "on_stop of agent %r raised %s", agent, render(error).text, error=error)


async def _survive_async(agent: str, hook: Any) -> None:
    try:
        await _finished(hook())
    except BaseException as error:  # noqa: BLE001  # what a stop hook raises must not stop the stopping
        log(logger, logging.WARNING, "on_stop of agent %r raised %s", agent, render(error).text, error=error)
