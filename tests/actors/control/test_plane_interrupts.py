"""What strikes inside a control turn: the shield holds it, or it is contained; the plane stays usable."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from actors.control.environment import Environment
from actors.control.plane import ControlPlane
from actors.control.shield import Shield
from supervisors.clock import ManualClock
from tests.actors.recording import Defects, Recorder, is_usable
from tests.actors.strikes import Strike

# Its usual method needs the handler of SIGALRM.
pytestmark = pytest.mark.timeout(300, method="thread")


class StruckError(BaseException):
    """What the handlers of signals raise here."""


def strike(number: int, frame: FrameType | None) -> None:
    raise StruckError


@pytest.fixture
def defects() -> Defects:
    return Defects()


@pytest.fixture
def plane(defects: Defects) -> ControlPlane:
    """A plane without its deadline thread."""
    return ControlPlane(Environment(clock=ManualClock()), defects.note, defects.repair)


@pytest.fixture
def served(defects: Defects) -> Iterator[ControlPlane]:
    """A plane with its deadline thread."""
    plane = ControlPlane(Environment(), defects.note, defects.repair)
    plane.start()
    yield plane
    plane.stop()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def unshielded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What strikes gets through, as signals do that the shield does not know."""
    monkeypatch.setattr(Shield, "is_needed", False)


@pytest.fixture
def untraced() -> Iterator[None]:
    """Have no measurement of coverage struck: it would never let go of its lock."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.fixture
def handlers() -> Iterator[None]:
    """Put the handlers of signals back."""
    numbers = (signal.SIGINT, signal.SIGALRM, signal.SIGUSR1)
    before = [(number, signal.getsignal(number)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def under_asyncio_run(act: Callable[[], None]) -> None:
    """Have something called by the loop, which presses Ctrl-C."""

    async def main() -> None:
        asyncio.get_running_loop().call_soon(act)
        with pytest.raises(asyncio.CancelledError):  # by the first Ctrl-C
            await asyncio.get_running_loop().create_future()

    asyncio.run(main())


# Interrupts that the shield holds


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGALRM])
def test_what_strikes_inside_a_turn_is_raised_when_the_turn_is_over(
    plane: ControlPlane, recorder: Recorder, defects: Defects, number: int
) -> None:
    signal.signal(number, strike)

    def act() -> None:
        plane.send(recorder, "next")
        signal.raise_signal(number)

    with pytest.raises(StruckError):
        plane.post(recorder, act)

    assert recorder.messages == [act, "next"]
    assert (defects.contained, defects.repairs) == ([], 0)
    assert is_usable(plane)


@pytest.mark.usefixtures("handlers", "untraced")
def test_an_alarm_at_any_moment_costs_no_message(plane: ControlPlane, recorder: Recorder, defects: Defects) -> None:
    signal.signal(signal.SIGALRM, strike)
    posted, struck = 0, 0

    while struck < 50:
        try:
            signal.setitimer(signal.ITIMER_REAL, 50e-6 + struck * 1e-6)
            for _ in range(10_000):
                posted += 1  # counted before: what strikes ahead of the turn may keep the message from being queued
                plane.post(recorder, posted)
        except StruckError:
            struck += 1
    plane.post(recorder, 0)

    lost = set(range(1, posted + 1)) - set(recorder.messages)
    assert len(recorder.messages) == len(set(recorder.messages))
    assert len(lost) <= struck
    assert (defects.contained, defects.repairs) == ([], 0)
    assert is_usable(plane)


@pytest.mark.usefixtures("handlers")
def test_a_second_ctrl_c_under_asyncio_run_waits_for_the_end_of_the_turn(
    plane: ControlPlane, recorder: Recorder, defects: Defects
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def press() -> None:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            plane.post(recorder, lambda: signal.raise_signal(signal.SIGINT))
        plane.post(recorder, "next")

    under_asyncio_run(press)

    assert recorder.messages[1:] == ["next"]
    assert (defects.contained, defects.repairs) == ([], 0)
    assert is_usable(plane)


# Interrupts that get through


@pytest.mark.usefixtures("handlers")
def test_two_ctrl_c_in_one_turn_under_asyncio_run_leave_a_usable_plane(
    plane: ControlPlane, recorder: Recorder, defects: Defects
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def press_twice() -> None:
        plane.send(recorder, "next")
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    def turn() -> None:
        with pytest.raises(KeyboardInterrupt):
            plane.post(recorder, press_twice)

    under_asyncio_run(turn)

    assert [message for _, message, _ in defects.contained] == [press_twice]
    assert recorder.messages == ["next"]
    assert defects.repairs == 1
    assert is_usable(plane)


@pytest.mark.usefixtures("handlers")
def test_a_signal_that_is_not_held_is_contained_and_raised_again(
    plane: ControlPlane, recorder: Recorder, defects: Defects
) -> None:
    signal.signal(signal.SIGUSR1, strike)

    def act() -> None:
        plane.send(recorder, "next")
        signal.raise_signal(signal.SIGUSR1)

    with pytest.raises(StruckError) as raised:
        plane.post(recorder, act)

    assert defects.contained == [(recorder, act, raised.value)]
    assert recorder.messages == ["next"]
    assert defects.repairs == 1
    assert is_usable(plane)


def test_what_a_struck_thread_leaves_is_handled_by_the_deadline_thread(
    served: ControlPlane, recorder: Recorder
) -> None:
    enter = served._acquire

    def struck_before_entering(blocking: bool) -> bool:
        if threading.current_thread() is threading.main_thread():
            raise StruckError
        return enter(blocking)

    served._acquire = struck_before_entering  # type: ignore[assignment]  # what strikes is inside it

    with pytest.raises(StruckError):
        served.post(recorder, "left")

    assert recorder.await_messages(1)
    assert {thread.name for thread in recorder.threads} == {"mixmode-deadlines"}


def test_a_message_that_was_handled_before_it_struck_is_not_contained(
    plane: ControlPlane, recorder: Recorder, defects: Defects
) -> None:
    plane._queue = StruckQueue()

    with pytest.raises(StruckError):
        plane.post(recorder, "handled")

    assert recorder.messages == ["handled"]
    assert (defects.contained, defects.repairs) == ([], 1)
    assert is_usable(plane)


class StruckQueue(deque[Any]):
    """Is struck once, just after a message was taken out."""

    is_struck = False

    def popleft(self) -> Any:
        taken = super().popleft()
        if not self.is_struck:
            self.is_struck = True
            raise StruckError
        return taken


def test_a_timer_that_is_struck_while_it_fires_is_sent_all_the_same(recorder: Recorder) -> None:
    plane = ControlPlane(
        Environment(clock=ManualClock()), lambda service, message, _: service.handle(message), Defects().repair
    )
    first_due, strikes = plane._timers.first_due, [StruckError()]

    def struck(now: float) -> Any:
        timer = first_due(now)
        if strikes:
            raise strikes.pop()
        return timer

    plane.post(recorder, lambda: plane.schedule(0.0, recorder, "due"))
    plane._timers.first_due = struck  # type: ignore[method-assign]  # it is struck before it returns

    with pytest.raises(StruckError):
        plane.post(plane._timer_service, None)

    assert recorder.messages[1:] == ["due"]
    assert plane.armed_timers == 0


def test_a_message_whose_containment_was_struck_too_is_handled_by_the_next(recorder: Recorder) -> None:
    def struck_again(recipient: Any, message: Any, error: BaseException) -> None:
        raise StruckError

    plane = ControlPlane(Environment(), struck_again, Defects().repair)
    strikes = [StruckError()]

    def act() -> None:
        if strikes:
            raise strikes.pop()

    with pytest.raises(StruckError):
        plane.post(recorder, act)
    plane.post(recorder, "next")

    assert recorder.messages == [act, "next"]
    assert is_usable(plane)


class Story:
    """A turn on the main thread that handles five messages, struck at its n-th check point; 0 strikes nowhere."""

    MESSAGES = (1, 2, 3, 4, 5)

    def __init__(self, nth: int) -> None:
        self.ctrl_c, self.defects, self.recorder = Strike(nth), Defects(), Recorder()
        self.plane = ControlPlane(Environment(clock=ManualClock()), self.defects.note, self.defects.repair)
        self.raised: BaseException | None = None
        try:
            self.plane.post(self, self._fill)
        except KeyboardInterrupt as error:
            self.raised = error
        self.ctrl_c.end()

    def handle(self, fill: Callable[[], None]) -> None:
        fill()
        turn = sys._getframe().f_back
        assert turn is not None
        self.ctrl_c.begin(turn)

    def _fill(self) -> None:
        for number in self.MESSAGES:
            self.plane.send(self.recorder, number)

    @property
    def contained(self) -> list[Any]:
        return [message for _, message, _ in self.defects.contained]


@pytest.mark.usefixtures("handlers", "unshielded")
def test_wherever_a_turn_is_struck_every_message_is_handled_or_contained_and_in_order() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    points = Story(0).ctrl_c.points
    assert points > len(Story.MESSAGES)

    for nth in range(1, points + 1):
        story = Story(nth)
        story.plane.post(story.recorder, "after")

        assert isinstance(story.raised, KeyboardInterrupt), story.ctrl_c.where
        handled = [number for number in story.recorder.messages if number != "after"]
        assert handled == sorted(set(handled)), story.ctrl_c.where
        assert sorted({*handled, *story.contained} & {*Story.MESSAGES}) == [*Story.MESSAGES], story.ctrl_c.where
        assert is_usable(story.plane), story.ctrl_c.where
