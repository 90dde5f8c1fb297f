"""The steps of a script: what an agent does with one event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from actors.testing.clock import clock_here
from actors.testing.waits import check_seconds, hang, sleep
from actors.values.arguments import check_count
from actors.values.event import Event
from actors.values.state import State


class Step:
    """What a scripted agent does with one event: it waits, and then answers. The base of all steps.

    Attributes:
        times: For how many events it stands.
    """

    times: int = 1

    def pass_time(self) -> None:
        """Take the time that it takes, on a thread."""

    async def pass_time_async(self) -> None:
        """Take the time that it takes, on an event loop."""

    def answer(self, event: Event, state: State) -> Any:
        """Return what the agent returns, or raise what it raises."""


@dataclass(frozen=True, slots=True)
class Returns(Step):
    """Answer at once.

    Attributes:
        value: What is returned: what any agent may return, or rubbish.
        times: For how many events.
    """

    value: Any = None
    times: int = 1

    def __post_init__(self) -> None:
        check_count(self.times, "Returns: times")

    def answer(self, event: Event, state: State) -> Any:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Fails(Step):
    """Raise something.

    Attributes:
        error: What is raised: an exception or a class of exceptions, `SystemExit` included.
        times: For how many events.
        after: How many seconds it takes until then; an async agent that is cancelled meanwhile raises that instead.
    """

    error: BaseException | type[BaseException]
    times: int = 1
    after: float = 0.0

    def __post_init__(self) -> None:
        is_class = isinstance(self.error, type) and issubclass(self.error, BaseException)
        if not is_class and not isinstance(self.error, BaseException):
            raise TypeError(f"Fails: expected an exception or a class of exceptions, not {self.error!r}")
        check_count(self.times, "Fails: times")
        check_seconds(self.after, "Fails: after:")

    def pass_time(self) -> None:
        """Block for that time."""
        if self.after:
            sleep(self.after)

    async def pass_time_async(self) -> None:
        """Wait for that time."""
        if self.after:
            await asyncio.sleep(self.after)

    def answer(self, event: Event, state: State) -> Any:
        """Raise it, without the traceback of the time before."""
        if isinstance(self.error, type):
            raise self.error
        raise self.error.with_traceback(None)


@dataclass(frozen=True, slots=True)
class Hangs(Step):
    """Never answer: an async agent until it is cancelled, a plain one until the runtime is left."""

    def pass_time(self) -> None:
        """Block for good."""
        hang()

    async def pass_time_async(self) -> None:
        """Wait for good."""
        await asyncio.get_running_loop().create_future()


@dataclass(frozen=True, slots=True)
class AnswersAfter(Step):
    """Answer when some time has passed.

    Attributes:
        seconds: How long it takes.
        value: What is returned then.
        stubborn: Whether an async agent goes on when it is cancelled, and so answers late; a plain one always does.
    """

    seconds: float
    value: Any = None
    stubborn: bool = False

    def __post_init__(self) -> None:
        check_seconds(self.seconds, "AnswersAfter:")

    def pass_time(self) -> None:
        """Block for that time."""
        sleep(self.seconds)

    async def pass_time_async(self) -> None:
        """Wait for that time."""
        now = clock_here().now
        ends = now() + self.seconds
        while (left := ends - now()) > 0:
            try:
                await asyncio.sleep(left)
            except asyncio.CancelledError:
                if not self.stubborn:
                    raise

    def answer(self, event: Event, state: State) -> Any:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Blocks(Step):
    """Block the thread for some time, and then answer: an async agent blocks its event loop, and all others on it.

    Attributes:
        seconds: How long it takes.
        value: What is returned then.
    """

    seconds: float
    value: Any = None

    def __post_init__(self) -> None:
        check_seconds(self.seconds, "Blocks:")

    def pass_time(self) -> None:
        """Block for that time."""
        sleep(self.seconds)

    async def pass_time_async(self) -> None:
        """Block the event loop for that time."""
        sleep(self.seconds)

    def answer(self, event: Event, state: State) -> Any:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Calls(Step):
    """Do what a function does.

    Attributes:
        function: Called with the event and the state; what it returns or raises is the agent's answer.
        times: For how many events.
    """

    function: Callable[[Event, State], Any]
    times: int = 1

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"Calls: expected a function of (event, state), not {self.function!r}")
        check_count(self.times, "Calls: times")

    def answer(self, event: Event, state: State) -> Any:
        """Call it."""
        return self.function(event, state)
