"""The home of an async instance: the one task, and the one context, in which all of its code runs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context as ContextVariables
from typing import Any, Protocol

from actors.dispatchers.work import Lane, Work


class HomeLane(Lane, Protocol):
    """The event loop that a home is on, as the home sees it."""

    loop: asyncio.AbstractEventLoop

    def note_left(self, home: Home) -> None:
        """Forget a home whose task ended."""


class Home:
    """A task that makes an instance, calls its hooks and its `run`, one after the other, and ends with it.

    So what `on_start` enters can be left in `on_stop`: cancel scopes and task groups are bound to a task, the tokens of
    context variables to a context. The hooks share the context of the task; each `run` has the copy that it is given.

    All of it is used on the loop's thread, unless it is said otherwise.

    Args:
        lane: The event loop.
        context: The context that the hooks share.

    Attributes:
        lane: The event loop.
        context: The context that the hooks share.
        task: The task. Set by whoever makes it of `live()`.
        current: What it is doing; None while it is idle.
        is_lost: Whether others than its runtime have cancelled it: it ends, and the instance with it.
    """

    def __init__(self, lane: HomeLane, context: ContextVariables) -> None:
        self.lane = lane
        self.context = context
        self.task: asyncio.Task[None]
        self.current: Work | None = None
        # Set before `_on_cancelled` is called, read under the cell's lock by whoever would count on the instance.
        self.is_lost = False
        # Calls the instance's hook, whatever that raises; None before the instance has started, and once it was called.
        self._on_stop: Callable[[], Awaitable[None]] | None = None
        self._on_cancelled: Callable[[], object] = _nobody
        self._stop_within = 0.0
        self._works: deque[Work] = deque()
        # What the idle task waits for. Nobody but the loop touches it.
        self._call: asyncio.Future[None] | None = None
        # Set by any thread, before the task is called; read by the task before it waits.
        self._is_dismissed = False
        # On whose behalf the instance is to be stopped: the start of the one that replaces it.
        self._successor: Work | None = None
        # How often its own runtime has cancelled what it is doing.
        self._cancels = 0

    async def live(self, start: Work) -> None:
        """Do the start, then what comes, until the instance was stopped or nobody counts on it any more."""
        try:
            await self._do(start)
            del start  # it leads to what the instance replaces
            while self._on_stop is not None and not self._is_dismissed:
                if self.is_lost or not await self._is_called():
                    await self._end_cancelled()
                elif self._works:
                    await self._do_next()
                elif self._successor is not None:
                    self.current = self._successor
                    await self.finish()
        except GeneratorExit:  # its loop is closed; it may be the collector of garbage that says so
            self._is_dismissed = True
            self._works.clear()
            raise
        finally:
            self._leave()

    def furnish(
        self, on_stop: Callable[[], Awaitable[None]], on_cancelled: Callable[[], object], stop_within: float
    ) -> None:
        """Live on with the instance that was made, until it is stopped.

        Args:
            on_stop: Calls the instance's hook, whatever that raises.
            on_cancelled: Called when others than its runtime have cancelled the task, before that calls the hook.
            stop_within: Seconds that the hook has then.
        """
        self._on_stop, self._on_cancelled, self._stop_within = on_stop, on_cancelled, stop_within

    def take(self, work: Work) -> None:
        """Have a work done after what was taken before."""
        if self.task.done():
            self._refuse(work)
            return
        work.task = self.task
        self._works.append(work)
        self._wake()

    def cancel(self, work: Work) -> None:
        """Cancel a work that is being done, or the hook for which it waits; no other."""
        if self.current is work:
            self._cancels += 1
            self.task.cancel()
        elif self.is_lost:
            self.task.cancel()

    def dismiss(self) -> None:
        """Have the task end after what it is doing, without `on_stop`. Any thread; does not wait."""
        self._is_dismissed = True
        with suppress(RuntimeError):  # the loop is closed
            self.lane.loop.call_soon_threadsafe(self._wake, context=ContextVariables())

    async def end(self, successor: Work) -> None:
        """Stop the instance in its own task, and return when that has ended. In another task of the same loop.

        Cancelling this cancels the hook; it is waited for all the same.
        """
        if successor.host is not self.lane:  # the loop was replaced meanwhile
            self.dismiss()
            return
        self._successor = successor
        self._wake()
        while not self.task.done():
            try:
                await asyncio.wait([self.task])
            except asyncio.CancelledError:
                self.task.cancel()

    async def finish(self) -> None:
        """Call `on_stop`, unless that was done already."""
        on_stop, self._on_stop = self._on_stop, None
        if on_stop is not None:
            await on_stop()

    async def _do_next(self) -> None:
        work = self._works.popleft()
        if work.home is self:  # it was not put back meanwhile
            await self._do(work)

    async def _do(self, work: Work) -> None:
        self.current, self._cancels, before = work, 0, self.task.cancelling()
        call = work.perform_async(self.lane, self)
        try:
            await (call if work.is_hook else Driven(call, work.copied_variables()))
        except (GeneratorExit, asyncio.CancelledError):
            raise
        except BaseException as error:  # noqa: BLE001  # an interrupt, which struck when it was reported
            _surface(self.lane.loop, error)
        self.current = None
        if self.task.cancelling() > before:
            await self._settle(before)

    async def _settle(self, before: int) -> None:
        """Bring the task back to what it was before its runtime cancelled what it was doing.

        A cancellation by others stays, and ends the task: a host that ends its loop waits for that.
        """
        with suppress(asyncio.CancelledError):  # it may not have been delivered yet
            await asyncio.sleep(0)
        while self._cancels and self.task.cancelling() > before:
            self._cancels -= 1
            self.task.uncancel()
        self.is_lost = self.task.cancelling() > before

    async def _is_called(self) -> bool:
        """Let others on the loop go on, and wait until there is something to do; False if the task is cancelled."""
        try:
            if self._works or self._successor is not None:
                await asyncio.sleep(0)
            elif not self._is_dismissed:
                self._call = self.lane.loop.create_future()
                await self._call
        except asyncio.CancelledError:
            return False
        finally:
            self._call = None
        return True

    def _wake(self) -> None:
        if self._call is not None and not self._call.done():
            self._call.set_result(None)

    async def _end_cancelled(self) -> None:
        """End the instance: a task group or a cancel scope that it has entered is cancelled, or its loop ends."""
        self.is_lost = True
        self._on_cancelled()
        async with asyncio.timeout(self._stop_within):
            await self.finish()

    def _leave(self) -> None:
        if self._on_stop is not None and not self._is_dismissed:  # an interrupt struck while it was idle
            self.is_lost = True
            self._on_cancelled()
        self._on_stop, self._on_cancelled = None, _nobody  # they refer to the instance
        self.current = self._successor = None  # the second refers to this home
        self.lane.note_left(self)
        while self._works:
            self._refuse(self._works.popleft())

    def _refuse(self, work: Work) -> None:
        """Have no more done; what was put back meanwhile may be in another home by now."""
        if work.home is self:
            work.lose()
        if work.home is self or work.host is not self.lane:
            self.lane.note_done(work)


def _surface(loop: asyncio.AbstractEventLoop, error: BaseException) -> None:
    """Have something raised out of the loop next, but not by this task, which would be the end of it."""
    loop.call_soon(_raise, error)
    ready = getattr(loop, "_ready", None)
    if isinstance(ready, deque):  # before all else: the host's main task may end, and the loop with it
        ready.rotate()


def _raise(error: BaseException) -> None:
    raise error


def _nobody() -> None:
    """Stand in for who wants to know."""


class Driven:
    """Awaits a coroutine in a context of its own, in the task that awaits this.

    To whoever closes what is left on an event loop it looks like a coroutine that awaits another.

    Args:
        coroutine: The coroutine.
        context: The context.
    """

    __slots__ = ("_coroutine", "_run")

    def __init__(self, coroutine: Coroutine[Any, Any, Any], context: ContextVariables) -> None:
        self._coroutine = coroutine
        self._run = context.run

    def __await__(self) -> Driven:
        return self

    def __iter__(self) -> Driven:
        return self

    def __next__(self) -> Any:
        """Go on to the next that is awaited."""
        return self._run(self._coroutine.send, None)

    def send(self, value: Any) -> Any:
        """Go on with what was awaited."""
        return self._run(self._coroutine.send, value)

    def throw(self, kind: Any, value: Any = None, traceback: Any = None) -> Any:
        """Go on with what is raised instead, such as a cancellation."""
        return self._run(self._coroutine.throw, kind, value, traceback)

    def close(self) -> None:
        """End it where it is."""
        self._run(self._coroutine.close)

    @property
    def cr_frame(self) -> Any:
        """The frame of the coroutine; None when that has ended."""
        return self._coroutine.cr_frame  # type: ignore[attr-defined]  # it is what `async def` makes

    @property
    def cr_await(self) -> Any:
        """The coroutine."""
        return self._coroutine
