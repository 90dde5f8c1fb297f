"""A lane: one event loop, what runs on it, and whether it is getting on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context as ContextVariables
from contextvars import copy_context
from threading import get_ident
from typing import Any
from weakref import WeakKeyDictionary

from actors.errors import AgentExitError
from actors.latch import forget_loop, note_loop
from actors.leftovers import close_leftovers
from actors.rendering import render
from actors.work import Work, current_agent
from supervisors.outcome import Outcome, OutcomeKind, Reason

logger = logging.getLogger(__name__)

_LEFTOVER_TIME = 1.0
_NO_VARIABLES = ContextVariables()


class Lane:
    """One event loop on which async agents run.

    Args:
        loop: The loop; it may be running already, or be run by `run_forever()` here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # What was handed over and is not done. Written on any thread, by single set operations.
        self.works: set[Work] = set()
        # Counts what began and what ended: as long as it changes the loop is getting on. Written on the loop.
        self.progress = 0
        # When the heartbeat that is under way was sent; None when it was answered. Control plane and loop.
        self.beat_sent_at: float | None = None
        self.blocked_by: Work | str | None = None
        self.last_seen: tuple[Any, int] = (None, -1)
        self.noted_until = 0.0
        self.is_watched = False
        # Whether it has been replaced. Then `on_idle` is called, on the loop, whenever it has done all that was on it.
        self.is_retired = False
        self.on_idle: Callable[[Lane], None] = lambda _lane: None
        self._ready: deque[Work] = deque()
        self._is_waking = False
        self._ident = 0
        self._is_stopping = False
        self._previous_factory: Callable[..., Any] | None = None
        # The tasks that agents created themselves, with the agents' names.
        self._owners: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def attach(self) -> None:
        """Prepare the loop; on its own thread, or before it runs."""
        self._ident = get_ident()
        note_loop(self.loop)
        self._previous_factory = self.loop.get_task_factory()
        self.loop.set_task_factory(self._make_task)  # type: ignore[arg-type]  # any keyword is passed on

    def detach(self) -> None:
        """Take back what `attach()` did, on the same thread."""
        if self._ident:
            forget_loop(self.loop)
            self._ident = 0
        if self.loop.get_task_factory() == self._make_task:
            self.loop.set_task_factory(self._previous_factory)

    def forget(self) -> set[Work]:
        """Return what was on the loop, which is closed, and let go of it."""
        works, self.works = self.works, set()
        self._ready.clear()
        return works

    def execute(self, work: Work) -> None:
        """Start it on the loop soon. Any thread.

        Raises:
            RuntimeError: If the loop is closed.
        """
        if self.loop.is_closed():
            raise RuntimeError("the event loop is closed")
        work.host = self
        self.works.add(work)
        if get_ident() == self._ident:
            return self._start(work)
        self._ready.append(work)
        if not self._is_waking:
            self.wake()
        return None

    def wake(self) -> None:
        """Have what is ready started. Any thread; once too often does no harm.

        Raises:
            RuntimeError: If the loop is closed.
        """
        self._is_waking = True
        self.loop.call_soon_threadsafe(self._start_ready, context=_NO_VARIABLES)

    def run(self) -> None:
        """Run the loop on this thread until `stop()`, whatever is raised in it; then close it."""
        asyncio.set_event_loop(self.loop)
        self.attach()
        try:
            while not self._is_stopping:
                try:
                    self.loop.run_forever()
                except BaseException:
                    # A callback or task that an agent left behind; the loop itself is unharmed.
                    logger.exception("something an agent left on its event loop raised")
            self._cancel_leftovers()
        finally:
            self.detach()
            self.loop.close()

    def stop(self) -> None:
        """End `run()` soon. Any thread."""
        self._is_stopping = True
        with contextlib.suppress(RuntimeError):  # it is closed already
            self.loop.call_soon_threadsafe(self.loop.stop)

    def owner_of(self, task: Any) -> Work | str | None:
        """Return the work whose task it is, or the agent that created it; None for anybody else's."""
        if task is None:
            return None  # work that was not started yet has none either
        for work in self.works.copy():
            if work.task is task:
                return work
        return self._owners.get(task)

    def note_begun(self) -> None:
        """Count a work that began."""
        self.progress += 1

    def note_done(self, work: Work) -> None:
        """Forget a work that ended."""
        self.progress += 1
        self.works.discard(work)
        if self.is_retired and not self.works:
            self.on_idle(self)

    def _start_ready(self) -> None:
        if not self._ident:
            self._ident = get_ident()
        self._is_waking = False
        ready = self._ready
        while ready:
            self._start(ready.popleft())

    def _start(self, work: Work) -> None:
        if work.host is not self:  # it was moved
            self.works.discard(work)
            return
        coroutine = work.perform_async(self)
        try:
            variables = work.variables
            context = variables.copy() if variables is not None else copy_context()
            work.task = asyncio.Task(coroutine, loop=self.loop, context=context)
        except BaseException:  # the loop is closed, or an interrupt
            coroutine.close()
            raise

    def _make_task(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **options: Any) -> Any:
        """Make a task; one that an agent creates cannot end the loop by raising `SystemExit`."""
        agent = current_agent.get("")
        if agent:
            coroutine = _contained(coroutine, agent)
        if self._previous_factory is not None:
            task = self._previous_factory(loop, coroutine, **options)
        else:
            task = asyncio.Task(coroutine, loop=loop, **options)
        if agent:
            self._owners[task] = agent
        return task

    def _cancel_leftovers(self) -> None:
        """Cancel what agents left running, and give it a moment to end."""
        leftovers = asyncio.all_tasks(self.loop)
        for task in leftovers:
            task.cancel()
        with contextlib.suppress(BaseException):
            if leftovers:
                self.loop.run_until_complete(asyncio.wait(leftovers, timeout=_LEFTOVER_TIME))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        close_leftovers(self.loop, asyncio.all_tasks(self.loop))


async def _contained(coroutine: Coroutine[Any, Any, Any], agent: str) -> Any:
    try:
        return await coroutine
    except (SystemExit, KeyboardInterrupt) as error:
        raise AgentExitError(agent, render(error).text) from error


def closed_outcome(detail: str) -> Outcome:
    """Return the outcome of work whose event loop was closed under it."""
    return Outcome(OutcomeKind.CANCELLED, Reason.LOOP_CLOSED, detail=detail)
