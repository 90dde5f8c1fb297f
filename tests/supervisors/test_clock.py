import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from types import FrameType
from typing import ParamSpec, TypeVar

import pytest

from supervisors.clock import Clock, ManualClock, SystemClock
from tests.limits import PATIENCE

GUARD = PATIENCE

P = ParamSpec("P")
T = TypeVar("T")


class WatchedEvent(threading.Event):
    """An event that lets a test see that somebody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self._waits = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self._waits.release()
        return super().wait(timeout)

    def await_waiter(self) -> None:
        """Return once a wait has begun after this call."""
        while self._waits.acquire(blocking=False):
            pass
        assert self._waits.acquire(timeout=GUARD)


def begin(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> Future[T]:
    """Call the function on a thread that does not outlast the tests."""
    future: Future[T] = Future()
    thread = threading.Thread(target=lambda: future.set_result(function(*arguments, **options)), daemon=True)
    thread.start()
    return future


@pytest.fixture(params=[SystemClock, ManualClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


def test_system_clock_shows_the_hosts_time() -> None:
    clock: Clock = SystemClock()

    assert time.monotonic() <= clock.now() <= time.monotonic()
    assert time.time() == pytest.approx(clock.wall_time(), abs=GUARD)


@pytest.mark.parametrize("timeout", [None, 3600.0, 0.0])
def test_wait_returns_at_once_when_already_woken(clock: Clock, timeout: float | None) -> None:
    wakeup = threading.Event()
    wakeup.set()

    assert clock.wait(wakeup, timeout)
    assert wakeup.is_set()


def test_wait_of_no_time_says_that_nothing_came(clock: Clock) -> None:
    assert not clock.wait(threading.Event(), 0.0)


@pytest.mark.parametrize("timeout", [None, 3600.0])
def test_wait_ends_when_woken(clock: Clock, timeout: float | None) -> None:
    wakeup = WatchedEvent()
    waiting = begin(clock.wait, wakeup, timeout)

    wakeup.set()

    assert waiting.result(GUARD)


class StruckError(BaseException):
    pass


@pytest.fixture
def struck() -> Iterator[None]:
    """Have SIGUSR1 raise an error in the main thread."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        raise StruckError

    previous = signal.signal(signal.SIGUSR1, handler)
    yield
    signal.signal(signal.SIGUSR1, previous)


@pytest.mark.usefixtures("struck")
@pytest.mark.parametrize("timeout", [None, 3600.0])
def test_the_main_thread_notices_a_signal_that_came_just_before_it_blocked(timeout: float | None) -> None:
    wakeup = WatchedEvent()

    def strike() -> bool:
        wakeup.await_waiter()
        signal.raise_signal(signal.SIGUSR1)  # on this thread, so that it wakes nobody
        was_noticed = is_noticed.wait(GUARD)
        wakeup.set()
        return was_noticed

    is_noticed = threading.Event()
    striker = begin(strike)

    with pytest.raises(StruckError):
        SystemClock().wait(wakeup, timeout)

    is_noticed.set()
    assert striker.result(GUARD)


def test_system_clock_waits_out_its_timeout() -> None:
    assert not SystemClock().wait(threading.Event(), 0.001)


def test_timeouts_too_long_for_the_host_are_no_error() -> None:
    wakeup = threading.Event()
    wakeup.set()

    assert SystemClock().wait(wakeup, 1e300)


def test_manual_clock_stands_until_it_is_advanced() -> None:
    clock: Clock = ManualClock()
    later = ManualClock(start=5.0)

    later.advance(2)
    later.advance(0)

    assert clock.now() == clock.wall_time() == 0.0
    assert later.now() == later.wall_time() == 7.0


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf])
def test_manual_clock_goes_forward_only(seconds: float) -> None:
    clock = ManualClock()

    with pytest.raises(ValueError, match="a clock advances by 0 or more finite seconds"):
        clock.advance(seconds)


def test_manual_wait_ends_when_advanced_past_its_timeout() -> None:
    clock, wakeup = ManualClock(), WatchedEvent()
    waiting = begin(clock.wait, wakeup, 5.0)
    wakeup.await_waiter()

    clock.advance(5.0)

    assert waiting.result(GUARD) is False


def test_manual_wait_goes_on_when_advanced_too_little() -> None:
    clock, wakeup = ManualClock(), WatchedEvent()
    waiting = begin(clock.wait, wakeup, 5.0)
    wakeup.await_waiter()

    clock.advance(4.9)
    wakeup.await_waiter()
    wakeup.await_waiter()

    assert not waiting.done()
    wakeup.set()
    assert waiting.result(GUARD)


def test_advances_from_many_threads_add_up() -> None:
    clock = ManualClock()

    for advance in [begin(clock.advance, 1.0) for _ in range(50)]:
        advance.result(GUARD)

    assert clock.now() == 50.0
