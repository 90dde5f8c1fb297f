"""The reply: the future by which an asked cell answers, and what is derived from it."""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Generator, Iterable
from queue import Full
from types import TracebackType
from typing import Any, TypeAlias, TypeVar

import pykka
from pykka import Timeout

from actors.control.latch import Latch, refuse_to_block
from actors.dispatchers.work import waiting_here
from actors.values.arguments import check_wait
from actors.values.raised import traceback_of
from supervisors.clock import Clock, SystemClock

_ExcInfo: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
_Mapped = TypeVar("_Mapped")

_POLL = 0.005
_SYSTEM_CLOCK = SystemClock()


class _Answer:
    """What a reply was answered with."""

    __slots__ = ("error", "traceback", "value")

    def __init__(self, value: Any, error: BaseException | None = None, traceback: TracebackType | None = None) -> None:
        self.value = value
        self.error = error
        self.traceback = traceback

    def give(self) -> Any:
        """Return the value, or raise the error, with the traceback that it came with: it does not grow."""
        try:
            if self.error is not None:
                raise self.error.with_traceback(self.traceback)
            return self.value
        finally:
            del self  # the error holds this frame, which must not hold the error


class _Hook:
    """A function that is called for the answer, until it has returned one."""

    __slots__ = ("_function", "_returned")

    def __init__(self, function: Callable[[float | None], Any]) -> None:
        self._function = function
        # What it has returned. Appended to by anyone; the first counts.
        self._returned: list[Any] = []

    def call(self, timeout: float | None) -> Any:
        """Return what it has returned, or returns now."""
        if not self._returned:
            self._returned.append(self._function(timeout))
        return self._returned[0]


class Reply(pykka.Future[Any]):
    """A `pykka.Future` that can be awaited without blocking the loop.

    Attributes:
        clock: By which it is waited for; the cell that will answer sets its runtime's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock: Clock = _SYSTEM_CLOCK
        self._latch = Latch()
        # Appended to by anyone, before the latch opens; the first counts, whatever comes after it is dropped.
        self._answers: list[_Answer | _Hook] = []

    @property
    def is_answered(self) -> bool:
        """Whether the answer is there."""
        return self._latch.is_open

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the answer, waiting for it at most `timeout` seconds.

        Raises:
            WouldDeadlockError: If it is not there yet and this thread runs an event loop of a runtime.
            WaitingThreadsError: If it is not there yet, a plain function of an agent's waits for it, and too many do.
            pykka.Timeout: If it did not come in time; it may still come.
        """
        seconds = check_wait(timeout, "Future.get():")
        if (hook := self._hook) is not None:
            return hook.call(seconds)
        if not self._latch.is_open:
            refuse_to_block("Future.get()")
            with waiting_here():
                has_come = self._latch.wait(seconds, self.clock)
            if not has_come:
                raise Timeout(f"no answer within {seconds:g} s")
        try:
            return self._given().give()
        finally:
            del self  # the error that is raised holds this frame

    def set(self, value: Any = None) -> None:
        """Answer with a value.

        Raises:
            queue.Full: If it is answered already, or has a hook.
        """
        self._put(_Answer(value))

    def set_exception(self, exc_info: _ExcInfo | None = None) -> None:
        """Answer with an exception: that of `exc_info`, else the one being handled.

        Raises:
            queue.Full: If it is answered already, or has a hook.
        """
        kind, error, traceback = exc_info or sys.exc_info()
        if error is None:
            error = kind() if kind is not None else pykka.ActorDeadError("it failed for an unknown reason")
        self._put(_Answer(None, error, traceback))

    def set_get_hook(self, func: Callable[[float | None], Any]) -> None:
        """Have the answer come from a function of `get()`'s timeout, which is called until it has returned one.

        Who waits for it by `await` has it called again and again, with a timeout of 0, as long as it raises
        `pykka.Timeout`. It may be called by several threads at once.

        Raises:
            queue.Full: If it is answered already.
        """
        hook = _Hook(func)
        if not self._offer(hook):
            if self._hook is None:
                raise Full("the future is answered already: it takes no hook")
            self._answers[0] = hook

    def answer(self, value: Any = None) -> None:
        """Answer with a value, unless it is answered already: a late answer does not replace one that was given."""
        if self._offer(_Answer(value)):
            self._latch.open()

    def fail(self, error: BaseException) -> None:
        """Answer with an exception, unless it is answered already."""
        if self._offer(_Answer(None, error, traceback_of(error))):
            self._latch.open()

    def wait(self, timeout: float | None) -> bool:
        """Wait for the answer at most `timeout` seconds; return whether it is there. For threads without a loop."""
        return self._latch.wait(timeout, self.clock)

    # What is derived from it

    def map(self, func: Callable[[Any], _Mapped]) -> pykka.Future[_Mapped]:
        """Return a future of what a function makes of the answer; it is called once, when somebody wants that."""
        return _Derived(func, [self])

    def filter(self, func: Callable[[Any], bool]) -> pykka.Future[Iterable[Any]]:
        """Return a future of those items of the answer for which a function holds; it is called once for each."""
        return _Derived(lambda answer: list(filter(func, answer)), [self])

    def reduce(self, func: Callable[[Any, Any], Any], *args: Any) -> pykka.Future[Any]:
        """Return a future of the answer's items reduced to one value; the function is called once for each."""
        return _Derived(lambda answer: functools.reduce(func, answer, *args), [self])

    def join(self, *futures: pykka.Future[Any]) -> pykka.Future[Iterable[Any]]:
        """Return a future of a list: the answer and those of other futures, which all have one timeout."""
        return _Derived(lambda *answers: list(answers), [self, *futures])

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the answer without blocking the loop."""
        if (hook := self._hook) is not None:
            return (yield from _polled(hook.call).__await__())
        yield from self._latch.__await__()
        try:
            return self._given().give()
        finally:
            del self  # the error that is raised holds this frame

    __iter__ = __await__

    @property
    def _hook(self) -> _Hook | None:
        first = self._answers[0] if self._answers else None
        return first if isinstance(first, _Hook) else None

    def _put(self, answer: _Answer) -> None:
        if not self._offer(answer):
            has_hook = self._hook is not None
            raise Full(f"the future {'has a hook' if has_hook else 'is answered already'}: it takes no other answer")
        self._latch.open()

    def _offer(self, answer: _Answer | _Hook) -> bool:
        """Say whether it is the first."""
        self._answers.append(answer)
        is_first = self._answers[0] is answer
        if not is_first:
            del self._answers[1:]
        return is_first

    def _given(self) -> _Answer:
        answer = self._answers[0]
        if isinstance(answer, _Hook):
            raise AssertionError("the latch opens for answers only")
        return answer


class _Derived(Reply):
    """A future of what a function makes of the answers of others.

    The function is called once, by whoever is first to want that when all answers are there; what it returns or raises
    is kept. What the others raise is raised, and the function is not called.
    """

    def __init__(self, function: Callable[..., Any], sources: list[pykka.Future[Any]]) -> None:
        super().__init__()
        self.clock = getattr(sources[0], "clock", _SYSTEM_CLOCK)
        self._function = function
        self._sources = sources
        # Appended to by whoever wants to call the function; the first does.
        self._callers: list[object] = []

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the answer, waiting for it and for those that it is made of at most `timeout` seconds."""
        seconds = check_wait(timeout, "Future.get():")
        until = None if seconds is None else self.clock.now() + seconds
        if not self._latch.is_open:
            answers = [source.get(timeout=self._left(until)) for source in self._sources]
            self._call_once(answers)
        return super().get(timeout=self._left(until))

    def set_get_hook(self, func: Callable[[float | None], Any]) -> None:
        """Refuse.

        Raises:
            queue.Full: Always: it is answered by a function already.
        """
        raise Full("the future is made of others: it takes no hook")

    def __await__(self) -> Generator[Any, None, Any]:
        """Wait for the answer, and for those that it is made of, without blocking the loop."""
        if not self._latch.is_open:
            answers = []
            for source in self._sources:
                waiting = source if isinstance(source, Reply) else _polled(functools.partial(_looked_at, source))
                answers.append((yield from waiting.__await__()))
            self._call_once(answers)
        return (yield from super().__await__())

    __iter__ = __await__

    def _put(self, answer: _Answer) -> None:
        raise Full("the future is made of others: it takes no other answer")

    def _left(self, until: float | None) -> float | None:
        return None if until is None else max(0.0, until - self.clock.now())

    def _call_once(self, answers: list[Any]) -> None:
        me = object()
        self._callers.append(me)
        if self._callers[0] is not me:
            return
        try:
            self.answer(self._function(*answers))
        except BaseException as error:  # noqa: BLE001  # raised by whoever gets it, this caller first
            self.fail(error)


def _looked_at(future: pykka.Future[Any], timeout: float | None) -> Any:
    return future.get(timeout=timeout)


async def _polled(get: Callable[[float | None], Any]) -> Any:
    """Await what can only be asked for, such as a hook, and a future of Pykka's own."""
    while True:
        try:
            return get(0)
        except Timeout:
            await asyncio.sleep(_POLL)
