from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import pytest

from actors.testing import scheduler as scheduling
from actors.testing.errors import BlockedError, NotVirtualError, StalledError
from actors.testing.scheduler import Scheduler
from actors.testing.seat import always, never
from actors.testing.threads import VirtualThreads

PATIENCE = 0.5
"""Real seconds for those who are to be found blocked; long enough that the machine's noise is not taken for it."""


class Turns:
    """A scheduler whose root is the test, threads that take turns on it, and what they note."""

    def __init__(self, seed: int = 0, patience: float = 10.0) -> None:
        self.scheduler = Scheduler(seed, patience)
        self.threads = VirtualThreads(self.scheduler)
        self.notes: list[tuple[str, float]] = []
        self.wait = self.scheduler.wait
        self.scheduler.open()

    def start(self, name: str, target: Callable[[], object]) -> None:
        def run() -> None:
            with contextlib.suppress(asyncio.CancelledError):  # as whoever calls agents does
                target()

        self.threads.start(name, run)

    def note(self, name: str) -> None:
        self.notes.append((name, self.scheduler.now))

    def sleeps(self, name: str, *moments: float) -> None:
        def work() -> None:
            for moment in moments:
                self.wait(never, until=moment)
                self.note(name)

        self.start(name, work)

    def close(self) -> list[str]:
        self.scheduler.close()
        return self.threads.await_ends()


@pytest.fixture
def turns() -> Iterator[Turns]:
    turns = Turns()
    yield turns
    turns.close()


def test_nothing_runs_before_the_root_waits(turns: Turns) -> None:
    turns.sleeps("a", 0.0)

    assert turns.notes == []
    assert turns.wait(lambda: bool(turns.notes))
    assert turns.notes == [("a", 0.0)]


def test_time_jumps_to_the_earliest_moment_when_nobody_can_go_on(turns: Turns) -> None:
    turns.sleeps("a", 10.0, 30.0)
    turns.sleeps("b", 20.0)

    assert not turns.wait(never, until=25.0)

    assert turns.notes == [("a", 10.0), ("b", 20.0)]
    assert turns.scheduler.now == 25.0


def test_who_is_last_goes_on_when_nobody_else_can(turns: Turns) -> None:
    for name in "abc":
        turns.sleeps(name, 0.0, 5.0)

    turns.wait(always, is_last=True)
    assert (len(turns.notes), turns.scheduler.now) == (3, 0.0)

    turns.wait(never, until=5.0, is_last=True)
    assert (len(turns.notes), turns.scheduler.now) == (6, 5.0)


def order_of(seed: int) -> list[tuple[str, float]]:
    turns = Turns(seed)
    for name in "abcd":
        turns.sleeps(name, 1.0, 2.0, 2.0)
    turns.wait(never, until=9.0)
    turns.close()
    return turns.notes


def test_a_seed_decides_whose_turn_it_is() -> None:
    orders = [order_of(seed) for seed in range(20)]

    assert orders == [order_of(seed) for seed in range(20)]
    assert len({tuple(order) for order in orders}) > 10


def test_the_root_is_told_when_nobody_can_ever_go_on(turns: Turns) -> None:
    turns.scheduler.tell_waiting = lambda: ("a waits for b",)
    turns.start("a", lambda: turns.wait(never, is_agents=True))

    with pytest.raises(StalledError, match="nothing is left that could happen.*\n  a waits for b") as caught:
        turns.wait(never)

    assert caught.value.waiting == ("a waits for b",)
    assert turns.wait(always)  # it may go on


def test_the_root_is_told_when_time_does_not_get_on(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling, "MOST_TURNS", 100)

    def spin() -> None:
        while turns.wait(always, is_agents=True):
            pass

    turns.start("spinner", spin)

    with pytest.raises(StalledError, match="time does not get on.*spinner"):
        turns.wait(never, until=1.0)


def test_a_thread_of_ones_own_cannot_wait(turns: Turns) -> None:
    errors: list[BaseException] = []

    def wait() -> None:
        try:
            turns.wait(always)
        except NotVirtualError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()

    assert "only the thread that entered the VirtualRuntime" in str(errors[0])


def test_a_turn_that_takes_too_long_in_real_time_is_told_with_its_place() -> None:
    turns, gate = Turns(patience=PATIENCE), threading.Event()
    turns.start("blocker", gate.wait)

    with pytest.raises(BlockedError, match="'blocker'.*test_scheduler.py.*0.5 real seconds") as caught:
        turns.wait(never, until=1.0)
    with pytest.raises(BlockedError):  # and again, as nothing can go on any more
        turns.wait(never, until=1.0)

    assert caught.value.thread == "blocker"
    turns.scheduler.prepare_to_close()
    assert not turns.wait(never)
    gate.set()
    assert turns.close() == []


def test_a_long_turn_that_lets_others_go_on_now_and_then_is_not_too_long() -> None:
    turns = Turns(patience=PATIENCE)

    def work() -> None:
        for _ in range(40):
            time.sleep(0.02)  # the agent: takes real time, longer than the patience in all
            turns.wait(always)

    turns.start("busy", work)

    assert not turns.wait(never, until=1.0)
    assert turns.close() == []


class StruckError(BaseException):
    pass


@contextlib.contextmanager
def struck(gate: threading.Event) -> Iterator[None]:
    """Have SIGALRM raised in the test's thread; it opens the gate."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        gate.set()
        raise StruckError

    previous = signal.signal(signal.SIGALRM, handler)
    try:
        with pytest.raises(StruckError):
            yield
    finally:
        signal.signal(signal.SIGALRM, previous)


def strike() -> None:
    """Interrupt the test's thread, which waits while another has its turn."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGALRM)


def strike_unfelt() -> None:
    """Interrupt the test's thread without waking it, as if it had been struck just before it began to wait."""
    signal.raise_signal(signal.SIGALRM)


@pytest.mark.parametrize("strike", [strike, strike_unfelt])
def test_an_interrupt_of_the_test_is_raised_when_it_is_its_turn(turns: Turns, strike: Callable[[], None]) -> None:
    gate = threading.Event()

    def work() -> None:
        strike()
        turns.note("worked" if gate.wait(5.0) else "not interrupted")
        turns.wait(never, until=5.0)
        turns.note("slept")

    turns.start("worker", work)

    with struck(gate):
        turns.wait(never, until=1.0)

    assert turns.notes == [("worked", 0.0)]
    turns.wait(never, until=6.0)
    assert turns.notes == [("worked", 0.0), ("slept", 5.0)]


def test_an_interrupt_that_strikes_as_the_turn_comes_back_leaves_the_turns_as_they_are() -> None:
    turns = Turns(patience=PATIENCE)
    seat = turns.scheduler._seat_here()

    class Baton:  # taken, and then the interrupt
        def acquire(self, timeout: float = -1) -> bool:
            assert baton.acquire(timeout=timeout)
            seat.baton = baton
            raise StruckError

        def release(self) -> None:
            baton.release()

    baton, seat.baton = seat.baton, Baton()  # type: ignore[assignment]  # as much of a lock as a seat needs
    turns.sleeps("a", 1.0, 3.0)

    with pytest.raises(StruckError):
        turns.wait(never, until=2.0)

    assert turns.notes == [("a", 1.0)]
    turns.wait(never, until=3.0, is_last=True)
    assert turns.notes == [("a", 1.0), ("a", 3.0)]
    assert turns.close() == []


def test_an_interrupt_while_a_turn_takes_too_long_ends_the_turns() -> None:
    turns, gate = Turns(patience=PATIENCE), threading.Event()

    def block() -> None:
        strike()
        gate.wait()

    turns.start("blocker", block)

    with struck(threading.Event()):
        turns.wait(never, until=1.0)

    with pytest.raises(BlockedError, match="'blocker'"):
        turns.wait(always)
    turns.scheduler.prepare_to_close()
    gate.set()
    assert turns.close() == []


def test_closing_ends_the_waits_of_agents() -> None:
    turns = Turns()

    def work() -> None:
        try:
            turns.wait(never, is_agents=True)
        finally:
            turns.note("ended")

    turns.start("agent", work)
    turns.wait(always, is_last=True)

    assert turns.close() == []
    assert turns.notes == [("ended", 0.0)]


def test_an_agent_that_begins_to_wait_again_and_again_is_left_alone_at_last() -> None:
    turns, is_over = Turns(), threading.Event()

    def work() -> None:
        while not is_over.is_set():
            with contextlib.suppress(BaseException):  # the misbehaviour: it swallows everything
                turns.wait(never, is_agents=True)

    turns.start("stubborn", work)
    turns.wait(always, is_last=True)
    seat = turns.scheduler._seats[1]

    assert turns.close() == ["stubborn"]
    is_over.set()
    seat.baton.release()
    assert turns.threads.await_ends() == []
