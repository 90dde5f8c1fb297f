"""A lane: one event loop, what runs on it, and whether it makes progress."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context as ContextVariables
from contextvars import copy_context
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from actors.control.latch import forget_loop, note_loop
from actors.control.logs import log
from actors.dispatchers.home import Home
from actors.dispatchers.leftovers import close_leftovers
from actors.dispatchers.work import Work, current_agent
from actors.values.errors import AgentExitError
from actors.values.rendering import render
from supervisors.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from actors.control.timers import ScheduledMessage

logger = logging.getLogger(__name__)

_LEFTOVER_TIME = 1.0

NOTHING_SEEN: tuple[Any, int] = (None, -1)
"""What a look at a loop compares with when there was none before: no task, and no progress."""


class Lane:
    """One event loop on which async agents run.

    Args:
        loop: The loop; it may be running already, or be run by `run_forever()` here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # What was handed over and is not done. Any thread adds and discards, by single set operations; the set itself
        # is never replaced, so nobody can add to one that is not looked at any more.
        self.works: set[Work] = set()
        # Counts what began and what ended: as long as it changes, the loop is not blocked. Written on the loop.
        self.progress = 0
        # When the heartbeat that is under way was sent; None when it was answered. Control plane and loop.
        self.beat_sent_at: float | None = None
        self.blocked_by: Work | str | None = None
        self.last_seen = NOTHING_SEEN
        self.noted_until = 0.0
        # Inside the control plane: what had no task yet when the last heartbeat was sent, and what of that had none
        # when it was answered either. Who hands work over may be held up meanwhile, but hardly for two heartbeats.
        self.unstarted: list[Work] = []
        self.suspects: list[Work] = []
        # Since when work has not been started because a wake-up was lost; None while there is none. Likewise.
        self.overdue_since: float | None = None
        # Whether somebody looks at it now and then, and when the next look is. Written inside the control plane only.
        # It turns false before it is looked whether there is work; who brings work reads it afterwards.
        self.is_watched = False
        self.next_look: ScheduledMessage | None = None
        # Whether it has been replaced. Then `on_idle` is called, on the loop, whenever it has done all that was on it.
        # Turns true before its works are moved; who brings work reads it afterwards: one of the two moves it.
        self.is_retired = False
        self.on_idle: Callable[[Lane], None] = lambda _lane: None
        # Appended to by any thread, emptied on the loop.
        self._ready: deque[Work] = deque()
        # Whether the loop has been called and has not come yet. Any thread sets it after it has appended; the loop
        # clears it before it looks at what is ready, so who finds it set has its work seen. Should the call be lost all
        # the same, the heartbeat finds work that was not started, and calls again.
        self._is_waking = False
        self._is_attached = False
        self._is_stopping = False
        self._previous_factory: Callable[..., Any] | None = None
        # The tasks of agents' instances. Written on the loop, read by anyone.
        self._homes: dict[Any, Home] = {}
        # The tasks that agents created themselves, with the agents' names.
        self._owners: WeakKeyDictionary[Any, str] = WeakKeyDictionary()

    def attach(self) -> None:
        """Prepare the loop; on its own thread, or before it runs."""
        self._is_attached = True
        note_loop(self.loop)
        self._previous_factory = self.loop.get_task_factory()
        self.loop.set_task_factory(self._make_task)  # type: ignore[arg-type]  # any keyword is passed on

    def detach(self) -> None:
        """Take back what `attach()` did, on the same thread."""
        if self._is_attached:
            forget_loop(self.loop)
            self._is_attached = False
        if self.loop.get_task_factory() == self._make_task:
            self.loop.set_task_factory(self._factory_below())

    def forget(self) -> set[Work]:
        """Return what was on the loop, which is closed, and let go of it."""
        works = self.works.copy()
        for work in works:
            self.works.discard(work)
        self._ready.clear()
        self.forget_what_was_seen()
        return works

    def forget_what_was_seen(self) -> None:
        """Let go of what looks at the loop found, when nothing is left on it. Inside the control plane."""
        self.last_seen = NOTHING_SEEN
        self.unstarted, self.suspects = [], []
        if isinstance(self.blocked_by, Work):
            self.blocked_by = None

    def execute(self, work: Work) -> None:
        """Start it on the loop soon. Any thread.

        Raises:
            RuntimeError: If the loop is closed.
        """
        if self.loop.is_closed():
            raise RuntimeError("the event loop is closed")
        work.host = self
        self.works.add(work)
        # Asked of asyncio, not of the thread's number: a host may run its loop on another thread later, and numbers of
        # threads that ended are given out again. A task that is made beside the loop does not wake it.
        if asyncio._get_running_loop() is self.loop:
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
        # A context of its own for each call: no thread can enter one that another thread is in.
        self.loop.call_soon_threadsafe(self._start_ready, context=ContextVariables())

    def rouse(self, overdue: Sequence[Work]) -> None:
        """Have started what should have been started before, and what is ready. Any thread.

        Raises:
            RuntimeError: If the loop is closed.
        """
        self.loop.call_soon_threadsafe(self._start_overdue, overdue, context=ContextVariables())

    def send_beat(self, now: float) -> None:
        """Send a heartbeat, behind what the loop was called for before. Inside the control plane.

        Raises:
            RuntimeError: If the loop is closed.
        """
        self.beat_sent_at = now
        self.unstarted = [work for work in self.works.copy() if work.task is None]
        self.loop.call_soon_threadsafe(self._note_beat, context=ContextVariables())

    def overdue(self) -> list[Work]:
        """Return what two heartbeats in a row have overtaken. Inside the control plane, when one was answered."""
        suspects, before = [work for work in self.unstarted if work.task is None and work in self.works], self.suspects
        self.suspects = suspects
        return [work for work in suspects if work in before]

    def run(self) -> None:
        """Run the loop on this thread until `stop()`, whatever is raised in it; then close it."""
        asyncio.set_event_loop(self.loop)
        self.attach()
        try:
            while not self._is_stopping:
                try:
                    self.loop.run_forever()
                except BaseException as error:  # noqa: BLE001  # of a callback or task that an agent left behind
                    log(logger, logging.ERROR, "something an agent left on its event loop raised", error=error)
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
        home = self._homes.get(task)
        if home is not None and home.current is not None:
            return home.current
        for work in self.works.copy():
            if work.task is task and work.home is None:
                return work
        return self._owners.get(task)

    def has_never_begun(self, work: Work) -> bool:
        """Return whether the task of a work was cancelled before it began."""
        return self._has_task_of(work) and work.task.done()

    def note_begun(self) -> None:
        """Count a work that began."""
        self.progress += 1

    def note_done(self, work: Work) -> None:
        """Forget a work that ended."""
        self.progress += 1
        self.works.discard(work)
        if self.is_retired and not self.works:
            self.on_idle(self)

    def note_left(self, home: Home) -> None:
        """Forget the task of an instance, which ended."""
        self._homes.pop(home.task, None)

    def _note_beat(self) -> None:
        self.beat_sent_at = None

    def _start_ready(self) -> None:
        self._is_waking = False
        ready = self._ready
        while ready:
            self._start(ready.popleft())

    def _start_overdue(self, overdue: Sequence[Work]) -> None:
        self._start_ready()
        for work in overdue:
            if work in self.works:
                self._start(work)

    def _start(self, work: Work) -> None:
        if work.host is not self:  # it was moved
            self.works.discard(work)
            return
        if self._has_task_of(work):
            return  # it was handed over twice, or started by whoever found it overdue
        if work.opens_home:
            self._open_home(work)
        elif work.home is not None:
            work.home.take(work)
        else:
            variables = work.variables
            context = variables.copy() if variables is not None else copy_context()
            work.task = self._new_task(work.perform_async(self), context)

    def _has_task_of(self, work: Work) -> bool:
        return work.task is not None and work.task.get_loop() is self.loop  # it may have been made on another lane

    def _open_home(self, start: Work) -> None:
        """Make the task in which an instance is made and lives."""
        variables = start.variables
        home = Home(self, variables.copy() if variables is not None else ContextVariables())
        task = self._new_task(home.live(start), home.context)
        task._log_destroy_pending = False  # a host may close its loop while the instance is idle
        home.task = start.task = task
        self._owners[task] = start.agent
        self._homes[task] = home

    def _new_task(self, coroutine: Coroutine[Any, Any, None], context: ContextVariables) -> Any:
        try:
            return asyncio.Task(coroutine, loop=self.loop, context=context)
        except BaseException:  # the loop is closed, or an interrupt
            coroutine.close()
            raise

    def _factory_below(self) -> Callable[..., Any] | None:
        """Return what made tasks before, other runtimes that have left the loop since passed over."""
        factory = self._previous_factory
        while isinstance(owner := getattr(factory, "__self__", None), Lane) and not owner._is_attached:
            factory = owner._previous_factory
        return factory

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
