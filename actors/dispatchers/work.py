"""Work: one call of user code, wherever it is run."""

from __future__ import annotations

import sys
from asyncio import CancelledError
from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import Context as ContextVariables
from contextvars import ContextVar, copy_context
from inspect import isawaitable
from types import CoroutineType, FrameType
from typing import Any, Protocol
from weakref import ref

from actors.values.rendering import render
from supervisors.outcome import Outcome, OutcomeKind, Reason


class Lane(Protocol):
    """The event loop that a work is on, as the work sees it."""

    def note_begun(self) -> None:
        """Count a work that began."""

    def note_done(self, work: Work) -> None:
        """Forget a work that ended."""


_CANCELLED = "its task was cancelled on its event loop: by itself, by other code there, or because the loop is closing"

CANCELLED_EARLY = Outcome(
    OutcomeKind.FAILED, Reason.EXCEPTION, detail="something on its event loop cancelled its task before it began"
)
"""Of work whose task ended before it could begin."""

current_agent: ContextVar[str] = ContextVar("mixmode_agent")
"""The agent whose code is running; tasks that it creates inherit it."""

# By a weak reference: what is submitted here takes a copy of it along, and must not keep what submitted it.
_current_work: ContextVar[ref[Work]] = ContextVar("mixmode_work")


class Work:
    """One call of user code, and the one place that catches everything it may raise.

    A dispatcher runs it by `perform` on a thread, or by `perform_async` on an event loop. What `call` returns, or
    raises, goes to `done`. Subclasses say what is called and what becomes of it.

    Attributes:
        agent: On whose behalf it is.
        host: Where it is run; set by the dispatcher.
        task: Its task, on an event loop.
        home: The one task, or the one thread, that its agent's instance has for all of its life; None if it has none.
        is_hook: Whether it shares the context of that task; all else is run in the copy that it is given.
        delayed_by: The agent that blocked the event loop while this was on it.
        is_abandoned: Whether it was abandoned.
    """

    __slots__ = ("__weakref__", "agent", "delayed_by", "home", "host", "is_abandoned", "task", "variables")

    is_hook = False

    def __init__(self, agent: str, variables: ContextVariables | None = None) -> None:
        self.agent = agent
        self.host: Any = None
        self.task: Any = None
        self.home: Any = None
        self.delayed_by = ""
        self.is_abandoned = False
        # Context variables as they were where the run was submitted; each work gets a copy.
        self.variables = variables

    @property
    def is_wanted(self) -> bool:
        """Whether it is still to be done, as long as it has not begun."""
        return True

    @property
    def opens_home(self) -> bool:
        """Whether it makes an instance that has one task for all of its life."""
        return False

    @property
    def may_move(self) -> bool:
        """Whether it may be run elsewhere instead: it has not begun, and belongs to no place."""
        return False

    def begin(self) -> bool:
        """Say that it begins now; False if it is not wanted any more, or has begun already."""
        raise NotImplementedError

    def call(self) -> Any:
        """Call the user's code and digest what it returns; may return an awaitable for that."""
        raise NotImplementedError

    def digest(self, returned: Any) -> Any:
        """Turn what the user's code returned into what is wanted; may run user code too."""
        return returned

    def done(self, value: Any, error: BaseException | None) -> None:
        """Report the digested value, or what was raised. Must not raise."""
        raise NotImplementedError

    def refuse(self, outcome: Outcome) -> None:
        """Report that the dispatcher will not run it."""
        raise NotImplementedError

    def lose(self) -> None:
        """Report that the task in which it was to be done has ended. On the event loop."""
        self.refuse(CANCELLED_EARLY)

    def waiting(self) -> AbstractContextManager[None]:
        """Have this thread compensated as long as it waits for other work; may be nothing to do."""
        return nullcontext()

    def copied_variables(self) -> ContextVariables:
        """Return the context variables to run in."""
        return self.variables.copy() if self.variables is not None else copy_context()

    def perform(self) -> None:
        """Run it on this thread."""
        if not self.begin():
            return
        value = error = None
        try:
            value = self.copied_variables().run(self._call_and_digest)
        except BaseException as raised:  # noqa: BLE001  # nothing that user code raises may go further
            error = bared(raised)
        try:
            self.done(value, error)
        finally:
            del self, error  # what was raised may lead to this frame

    async def perform_async(self, lane: Lane, home: Any = None) -> None:
        """Run it on this event loop, as a task of its own or in that of its agent's instance."""
        if self.host is not lane or not self.begin():  # it was moved, or is not wanted any more
            lane.note_done(self)
            return
        lane.note_begun()
        self.home = home
        value = error = None
        try:
            self._enter()
            returned = self.call()
            if type(returned) is CoroutineType or isawaitable(returned):
                returned = await returned
            value = self.digest(returned)
        except BaseException as raised:  # noqa: BLE001  # nothing that user code raises may go further
            error = bared(raised)
        try:
            self.done(value, error)
        except Exception as untold:  # noqa: BLE001  # no memory, where its end was told
            fail_untold(self, untold)
        finally:
            # Last: what comes of it may be for this loop too
            lane.note_done(self)
            del self, error  # what was raised may lead to this frame

    def _enter(self) -> None:
        """Have what runs in these context variables know whose it is."""
        current_agent.set(self.agent)
        _current_work.set(ref(self))

    def _call_and_digest(self) -> Any:
        self._enter()
        returned = self.call()
        if isawaitable(returned):
            discard(returned)
            raise TypeError(
                f"agent {self.agent!r} returned an awaitable from a plain function; "
                "make it `async def` or spawn it with dispatcher='loop'"
            )
        return self.digest(returned)


def work_here() -> Work | None:
    """Return the work whose code runs here, tasks that it created included; None if there is none, or it is gone."""
    known = _current_work.get(None)
    return None if known is None else known()


def waiting_here() -> AbstractContextManager[None]:
    """Have this thread compensated as long as it waits for other work, if an agent's code runs on it.

    Raises:
        WaitingThreadsError: On entering, if as many threads wait already as may.
    """
    work = work_here()
    return nullcontext() if work is None else work.waiting()


def fail_untold(work: Work, error: Exception) -> None:
    """Report a work whose end could not be told."""
    detail = f"how it ended could not be told: {type(error).__name__}"
    with suppress(Exception):
        work.refuse(Outcome(OutcomeKind.FAILED, Reason.INTERNAL_ERROR, detail=detail))


def discard(awaitable: Awaitable[Any]) -> None:
    """Close a coroutine that nobody will await, so that Python does not warn of it."""
    close = getattr(awaitable, "close", None)
    if close is not None:
        close()


def bared(error: BaseException) -> BaseException:
    """Return the exception that is being handled, its traceback without our own frames, which hold the work.

    They lie before those of the user's code, and are cleared, as that leads back to them. What was raised by our own
    code keeps its last frame.
    """
    _, _, trace = sys.exc_info()
    while trace is not None and trace.tb_next is not None and _is_own(trace.tb_frame):
        with suppress(RuntimeError):  # the frame of whoever catches it is still executing
            trace.tb_frame.clear()
        trace = trace.tb_next
    return BaseException.with_traceback(error, trace)


def _is_own(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return type(name) is str and name.startswith("actors.")


def failed(reason: Reason, error: BaseException, *, is_task: bool = False) -> Outcome:
    """Return the outcome of work that raised; `is_task` says that it was a task of an event loop."""
    failure = render(error)
    detail = f"{failure.text} ({_CANCELLED})" if is_task and isinstance(error, CancelledError) else ""
    return Outcome(OutcomeKind.FAILED, reason, detail=detail, failure=failure)
