"""The switch interval: lowered while the deadline thread is late, and set back afterwards."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from actors.control.environment import Environment
from actors.control.plane import ControlPlane
from actors.control.switch_interval import LASTS, PROBE, PROBES, SwitchInterval
from supervisors.clock import SystemClock, Waitable
from tests.actors.recording import PATIENCE, Defects, Recorder

USUAL, LOWERED = 0.004, 0.0005
LATE, IN_TIME = 2.5 * USUAL, USUAL


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(USUAL)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def switching() -> SwitchInterval:
    return SwitchInterval(LOWERED)


def interval() -> object:
    return pytest.approx(sys.getswitchinterval())


def be_late(switching: SwitchInterval, now: float, late: float = LATE, times: int = PROBES + 1) -> None:
    for _ in range(times):
        switching.note_wait(late, now)


def lowered_at(now: float) -> SwitchInterval:
    switching = SwitchInterval(LOWERED)
    be_late(switching, now)
    return switching


def test_late_waits_in_a_row_lower_it(switching: SwitchInterval) -> None:
    be_late(switching, 1.0, times=PROBES)
    assert interval() == USUAL

    switching.note_wait(LATE, 2.0)

    assert interval() == LOWERED


def test_after_a_late_wait_short_ones_find_out_whether_it_was_an_exception(switching: SwitchInterval) -> None:
    switching.note_wait(LATE, 1.0)

    for _ in range(PROBES):
        assert switching.limited(None, 1.0) == switching.limited(60.0, 1.0) == PROBE
        assert switching.limited(PROBE / 2, 1.0) == PROBE / 2
        switching.note_wait(IN_TIME, 1.0)
    assert switching.limited(60.0, 1.0) == 60.0
    assert interval() == USUAL


@pytest.mark.parametrize("late", [[LATE] * 2 + [IN_TIME] * 3, [IN_TIME] * 3 + [LATE] * 2, [IN_TIME, LATE] * 2 + [0.0]])
def test_it_takes_half_of_them(switching: SwitchInterval, late: list[float]) -> None:
    for _ in range(5):
        switching.note_wait(LATE, 1.0)
        for each in late:
            switching.note_wait(each, 1.0)

    assert interval() == USUAL


def test_one_busy_thread_is_too_few(switching: SwitchInterval) -> None:
    be_late(switching, 1.0, late=USUAL, times=10 * PROBES)

    assert interval() == USUAL


def test_it_is_set_back_when_the_deadline_thread_has_been_on_time_for_a_while() -> None:
    switching = lowered_at(10.0)

    be_late(switching, 10.0 + LASTS / 2, late=0.0)
    assert interval() == LOWERED
    be_late(switching, 10.0 + LASTS, late=0.0)

    assert interval() == USUAL


def test_waits_that_are_late_by_the_lowered_one_keep_it_lowered() -> None:
    switching = lowered_at(10.0)

    be_late(switching, 10.0 + LASTS / 2, late=3 * LOWERED)
    be_late(switching, 10.0 + LASTS, late=0.0)

    assert interval() == LOWERED
    assert switching.limited(None, 10.0 + LASTS) == pytest.approx(LASTS)


def test_after_it_was_set_back_it_takes_as_many_late_waits_again() -> None:
    switching = lowered_at(10.0)
    be_late(switching, 10.0 + LASTS, late=0.0)
    assert interval() == USUAL

    be_late(switching, 20.0, times=PROBES)
    assert interval() == USUAL
    switching.note_wait(LATE, 20.0)

    assert interval() == LOWERED


def test_while_it_is_lowered_the_deadline_thread_looks_up_in_time(switching: SwitchInterval) -> None:
    assert switching.limited(None, 1.0) is None
    assert switching.limited(60.0, 1.0) == 60.0

    switching = lowered_at(10.0)

    assert switching.limited(None, 10.0) == LASTS
    assert switching.limited(60.0, 10.0) == LASTS
    assert switching.limited(LASTS / 4, 10.0) == LASTS / 4
    assert switching.limited(60.0, 10.0 + 2 * LASTS) == 0.0


def test_what_somebody_else_has_set_meanwhile_stays() -> None:
    switching = lowered_at(10.0)
    sys.setswitchinterval(0.002)

    switching.restore()

    assert interval() == 0.002


@pytest.mark.parametrize("first_leaves_first", [False, True])
def test_several_runtimes_may_lower_it_and_the_last_sets_it_back(first_leaves_first: bool) -> None:
    first, second = SwitchInterval(LOWERED), SwitchInterval(LOWERED / 5)
    for each in (first, second):
        be_late(each, 10.0)
    assert interval() == LOWERED / 5
    leaving, staying = (first, second) if first_leaves_first else (second, first)

    leaving.restore()
    assert interval() == (LOWERED / 5 if first_leaves_first else LOWERED)
    staying.restore()

    assert interval() == USUAL


def test_it_is_never_raised() -> None:
    sys.setswitchinterval(LOWERED / 2)
    switching = lowered_at(10.0)

    assert interval() == LOWERED / 2
    assert switching.limited(None, 10.0) is None
    switching.restore()
    assert interval() == LOWERED / 2


def test_without_a_number_it_is_never_touched() -> None:
    switching = SwitchInterval(None)

    be_late(switching, 1.0, late=1.0)

    assert interval() == USUAL


class Late(SystemClock):
    """A clock whose waits end as much too late as it is told, though no time passes."""

    def __init__(self) -> None:
        self.is_late = True
        self._now = 0.0

    def now(self) -> float:
        return self._now

    def wait(self, wakeup: Waitable, timeout: float | None) -> bool:
        if timeout is None or timeout > 1.0:  # nothing is to happen soon
            return wakeup.wait(PATIENCE)
        if wakeup.wait(0):
            return True
        self._now += timeout + (LATE if self.is_late else 0.0)
        return False


def test_the_deadline_thread_lowers_it_while_it_is_late_and_sets_it_back_by_itself() -> None:
    clock, recorder, defects = Late(), Recorder(), Defects()
    plane = ControlPlane(Environment(clock=clock), defects.note, defects.repair, SwitchInterval(LOWERED))
    found: list[float] = []

    def look() -> None:
        found.append(sys.getswitchinterval())
        if found[-1] < USUAL / 2 and found.count(found[-1]) == 3:
            clock.is_late = False
        if len(found) < 50:
            plane.schedule(plane.now() + 0.1, recorder, look)

    plane.start()
    plane.post(recorder, look)
    assert recorder.await_messages(50)
    plane.stop()

    assert found[0] == pytest.approx(USUAL)
    assert LOWERED in [pytest.approx(each) for each in found]
    assert found[-10:] == pytest.approx([USUAL] * 10)


def test_a_plane_that_stops_sets_it_back() -> None:
    clock, recorder, defects = Late(), Recorder(), Defects()
    plane = ControlPlane(Environment(clock=clock), defects.note, defects.repair, SwitchInterval(LOWERED))

    def look() -> None:
        if sys.getswitchinterval() == pytest.approx(USUAL):
            plane.schedule(plane.now() + 0.1, recorder, look)
        else:
            recorder.has_all.set()

    plane.start()
    plane.post(recorder, look)
    assert recorder.has_all.wait(PATIENCE)
    assert interval() == LOWERED
    plane.stop()

    assert interval() == USUAL
