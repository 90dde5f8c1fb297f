"""The virtual event loop: asyncio's own, but for the clock and the selector."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from actors.dispatchers.leftovers import close_leftovers
from actors.testing.errors import NotVirtualError
from actors.testing.scheduler import Scheduler
from actors.testing.seat import always
from actors.testing.strands import Strands

_OUTSIDE = """
    add_reader add_signal_handler add_writer connect_accepted_socket connect_read_pipe connect_write_pipe
    create_connection create_datagram_endpoint create_server create_unix_connection create_unix_server getaddrinfo
    getnameinfo sendfile sock_accept sock_connect sock_recv sock_recv_into sock_recvfrom sock_recvfrom_into sock_sendall
    sock_sendfile sock_sendto start_tls subprocess_exec subprocess_shell
""".split()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop whose time is virtual. It has no file descriptor: sockets, pipes and processes are refused.

    `run_in_executor()`, and so `asyncio.to_thread()`, run functions on threads that take turns like all others.

    Args:
        scheduler: Who keeps the time.
        start_thread: Runs a function on such a thread.

    Attributes:
        is_blocked: Whether its thread is blocked by something else than waiting for what is to come.
        on_block: Called when that begins and when it ends.
    """

    def __init__(self, scheduler: Scheduler, start_thread: Callable[[str, Callable[[], None]], object]) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._start_thread = start_thread
        # Both are what BaseEventLoop looks at; it never sees that they are not asyncio's own.
        self._ready = Strands(scheduler.random)
        self._selector = self
        self._scheduled: list[Any]
        self._is_woken = False
        self.is_blocked = False
        self.on_block: Callable[[], object] = always

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._scheduler.now

    def select(self, timeout: float | None) -> list[Any]:
        """Let others go on until there is something to do; with a timeout of 0, once."""
        until = self._next_moment() if timeout else None
        self._scheduler.wait(always if timeout == 0 else self._is_called, until=until)
        self._is_woken = False
        # The base takes what is due within a resolution of now, which has to make a difference at any time.
        self._clock_resolution = math.ulp(self._scheduler.now)
        return []

    def run_in_executor(  # type: ignore[override]  # the stub's type variables are its own
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run a function on a thread that takes turns.

        Raises:
            NotVirtualError: If an executor is given: its threads take none.
        """
        if executor is not None:
            raise NotVirtualError("loop.run_in_executor(executor, …)", "give None, or use asyncio.to_thread()")
        future: asyncio.Future[Any] = self.create_future()

        def work() -> None:
            value = error = None
            try:
                value = func(*args)
            except BaseException as raised:  # noqa: BLE001  # it is for whoever awaits the future
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                self.call_soon_threadsafe(_settle, future, value, error)

        self._start_thread("mixmode-executor", work)
        return future

    @contextlib.contextmanager
    def blocked(self) -> Iterator[None]:
        """Note that its thread is blocked."""
        self.is_blocked = True
        self.on_block()
        try:
            yield
        finally:
            self.is_blocked = False
            self.on_block()

    def close(self) -> None:
        """Close it, and let go of the tasks that would not end."""
        close_leftovers(self, asyncio.all_tasks(self))
        super().close()

    def _next_moment(self) -> float | None:
        """Return when the next timer is due, without the rounding of a timeout."""
        moment = self._scheduled[0].when() if self._scheduled else math.inf
        return moment if moment < math.inf else None

    def _is_called(self) -> bool:
        return self._is_woken

    def _process_events(self, event_list: list[Any]) -> None:
        """Do nothing: there are no events but calls."""

    def _write_to_self(self) -> None:
        self._is_woken = True


def _refuse(name: str) -> Callable[..., NoReturn]:
    def refuse(*_arguments: Any, **_options: Any) -> NoReturn:
        raise NotVirtualError(f"loop.{name}()", "give the agent a fake of what it talks to")

    return refuse


for _name in _OUTSIDE:
    setattr(VirtualLoop, _name, _refuse(_name))


def _settle(future: asyncio.Future[Any], value: Any, error: BaseException | None) -> None:
    if future.done():  # it was cancelled
        return
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)
