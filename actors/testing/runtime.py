"""The virtual runtime: a runtime for tests, in which time jumps and a seed decides every interleaving."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Mapping
from types import TracebackType
from typing import Any, NoReturn, TypeVar

import pykka

from actors.agents.invocation import Invocation
from actors.cells.agent_cell import AgentCell
from actors.orchestrators.base import Pattern
from actors.runs.run import Run
from actors.runtime.runtime import Runtime
from actors.runtime.shutdown import StopReport
from actors.testing.environment import virtual_environment
from actors.testing.errors import NotVirtualError
from actors.testing.here import enter, leave
from actors.testing.in_order import InOrder
from actors.testing.places import place_of_task, place_of_thread
from actors.testing.scheduler import Scheduler
from actors.testing.seat import always, never
from actors.testing.threads import VirtualThreads
from actors.testing.waits import check_seconds
from actors.values.event import Event
from actors.values.state import State
from actors.workflows.branch import Branch

logger = logging.getLogger(__name__)

_Result = TypeVar("_Result")

PATIENCE = 10.0
"""Real seconds that an agent may keep everybody waiting."""


class VirtualRuntime(Runtime):
    """A runtime in virtual time, for tests: an hour passes at once, and a failure is replayed from its seed.

    It is the real runtime, but for its clock, its random numbers, and that its threads take turns. While the test's own
    thread runs, everything else stands still; it goes on while the test waits: in `run()`, in `Run.result()`, in the
    `get()` of a reply, in `settle()` and `advance()`. When nobody can go on, time jumps to the next moment that
    somebody waits for. Whose turn it is, and whose callback is next on the event loop, is drawn from the seed: the same
    seed gives the same trace, byte for byte. An error that leaves the `with` block is noted the seed.

    What blocks in real time (`time.sleep()`, a lock, a socket) is not virtual and holds everybody up; agents call
    `actors.testing.sleep()` and `hang()`, or await. A plain function runs on until it does so or returns: no other
    agent's code runs in the middle of it. What agents draw from `random`, or read off `time`, is not the seed's.

    Args:
        seed: What decides.
        patience: Real seconds that an agent may keep everybody waiting, before that is a `BlockedError`.
        settings: What `Runtime` takes, but for `loop` and `environment`.

    Entering it raises `NotVirtualError` on a thread that runs an event loop, as an `async def` test does.

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If an argument is out of range.
    """

    def __init__(self, *, seed: int = 0, patience: float = PATIENCE, **settings: Any) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise TypeError(f"VirtualRuntime: seed must be a whole number, not {seed!r}")
        for taken in {"loop", "environment"} & settings.keys():
            raise TypeError(f"VirtualRuntime: it has its own {taken}; leave {taken}= out, or make a Runtime")
        self._scheduler = Scheduler(seed, check_seconds(patience, "VirtualRuntime: patience:"))
        self._virtual_threads = VirtualThreads(self._scheduler)
        environment = virtual_environment(self._scheduler, self._virtual_threads, seed)
        super().__init__(environment=environment, **settings)
        self._scheduler.tell_waiting = self._tell_waiting
        self._event_numbers = itertools.count(1)
        self.seed = seed

    def __repr__(self) -> str:
        return f"VirtualRuntime(seed={self.seed})"

    # Time

    @property
    def now(self) -> float:
        """The virtual seconds since the runtime was made."""
        return self._scheduler.now

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, and all happen that is due by then.

        Raises:
            ValueError: If `seconds` is negative or not finite.
        """
        self._scheduler.wait(never, until=self.now + check_seconds(seconds, "advance():"), is_last=True)

    def settle(self) -> None:
        """Let everybody go on until nobody can without time passing."""
        self._scheduler.wait(always, is_last=True)

    def complete(self, awaitable: Awaitable[_Result]) -> _Result:
        """Run a coroutine of the test's on the runtime's event loop, in virtual time, and return its result.

        For code that awaits the runtime, such as `await runtime.submit(workflow)`.

        Raises:
            StalledError: If it can never end; and whatever it raises.
        """
        future = asyncio.run_coroutine_threadsafe(_awaited(awaitable), self._system.loops.lane.loop)
        try:
            self._scheduler.wait(future.done)
        finally:
            future.cancel()
        return future.result()

    # What a runtime does, made repeatable

    def spawn(self, name: str, agent: object, **options: Any) -> pykka.ActorRef[Any]:
        """Start an agent under a name and return its ref at once, as `Runtime.spawn()` does.

        Raises:
            NotVirtualError: If it is to live in a process of its own; and whatever `Runtime.spawn()` raises.
        """
        if options.get("dispatcher") == "process":
            raise NotVirtualError(f"spawn({name!r}, dispatcher='process')", "leave the dispatcher out in this test")
        ref = super().spawn(name, agent, **options)
        self._agents.cell(name).active = InOrder()
        return ref

    def submit(
        self,
        workflow: str | Pattern | Branch,
        event: Event | Mapping[str, Any] | None = None,
        state: State | Mapping[str, Any] | None = None,
        timeout: float | None = None,
    ) -> Run:
        """Start a run and return it at once, as `Runtime.submit()` does; ids of events are numbers from 1."""
        if event is None or isinstance(event, Mapping):
            event = Event(_label_of(workflow), dict(event or {}), id=str(next(self._event_numbers)))
        return super().submit(workflow, event, state, timeout)

    # Lifetime

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            error.add_note(f"it happened with VirtualRuntime(seed={self.seed}), which replays it")
        super().__exit__(kind, error, traceback)

    async def __aenter__(self) -> NoReturn:
        raise TypeError("a VirtualRuntime is entered by `with`; run coroutines of the test by its complete()")

    def _open(self) -> None:
        if asyncio._get_running_loop() is not None:  # nothing that is awaited on it would ever end
            raise NotVirtualError(
                "entering a VirtualRuntime in a coroutine",
                "write a plain test function, and have what awaits run by the runtime's complete()",
            )
        self._scheduler.open()
        enter(self._scheduler)
        try:
            super()._open()
        except BaseException:
            self._end()
            raise

    def _close(self, seconds: float) -> StopReport:
        self._scheduler.prepare_to_close()
        try:
            return super()._close(seconds)
        except BaseException:  # somebody keeps the turn, or an interrupt: stop without waiting
            self._scheduler.prepare_to_close()
            super()._close(0)
            raise
        finally:
            self._end()

    def _end(self) -> None:
        self._scheduler.close()
        leave(self._scheduler)
        left = self._virtual_threads.await_ends()
        if left:
            logger.warning("threads that would not end when their virtual runtime was left: %s", ", ".join(left))

    def _tell_waiting(self) -> tuple[str, ...]:
        lines = [repr(keeper.run) for keeper in self._runs.values()]
        for name, cell in self._agents.items():
            lines.extend(f"agent {name!r} {_what_it_does(invocation)}" for invocation in cell.running())
            lines.extend(_what_queues(name, cell))
        return (*lines, "give the run a timeout, or let what it waits for end")


def _label_of(workflow: object) -> str:
    return str(workflow if isinstance(workflow, str) else getattr(workflow, "label", "")) or "workflow"


async def _awaited(awaitable: Awaitable[_Result]) -> _Result:
    return await awaitable


def _what_it_does(invocation: Invocation) -> str:
    if invocation.begun_at is None:
        return "has not begun an event that it was handed"
    if invocation.task is not None:
        place = place_of_task(invocation.task)
    else:
        ident = getattr(getattr(invocation.host, "thread", None), "ident", None)
        place = "" if ident is None else place_of_thread(ident)
    return f"has not finished an event{f'; it waits at {place}' if place else ''}"


def _what_queues(name: str, cell: AgentCell) -> list[str]:
    return [f"agent {name!r} has {cell.depth} more in its mailbox"] if cell.depth else []
