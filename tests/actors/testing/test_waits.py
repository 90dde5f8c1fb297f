from __future__ import annotations

import threading
from typing import Any

import pytest

from actors import Branch, Event, Parallel, State
from actors.testing import Probe, Returns, Scripted, StalledError, VirtualRuntime, hang, sleep
from actors.testing.clock import VirtualClock, clock_here
from actors.testing.scheduler import Scheduler
from supervisors.clock import SystemClock


def test_a_test_that_sleeps_lets_everybody_go_on_meanwhile() -> None:
    probe = Probe()
    with VirtualRuntime() as runtime:
        runtime.spawn("probe", probe)
        runtime.submit("probe")

        sleep(60.0)

        assert (len(probe.received), runtime.now) == (1, 60.0)


def test_a_test_that_hangs_is_told_so() -> None:
    with VirtualRuntime(), pytest.raises(StalledError):
        hang()


def test_outside_virtual_time_it_takes_real_time() -> None:
    sleep(0.0)
    sleep(0.001)

    assert isinstance(clock_here(), SystemClock)


@pytest.mark.parametrize(
    ("seconds", "error", "text"),
    [
        (-1.0, ValueError, "only 0 or more finite seconds can pass, not -1.0"),
        (float("inf"), ValueError, "not inf"),
        (float("nan"), ValueError, "not nan"),
        ("1", TypeError, "seconds must be a number, not '1'"),
        (True, TypeError, "not True"),
    ],
)
def test_what_cannot_pass_is_refused(seconds: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        sleep(seconds)
    with VirtualRuntime() as runtime, pytest.raises(error, match=text):
        runtime.advance(seconds)


def test_virtual_time_begins_with_the_year_2000() -> None:
    clock = VirtualClock(Scheduler(0, 10.0))

    assert (clock.now(), clock.wall_time()) == (0.0, 946_684_800.0)


def test_a_set_wakeup_ends_a_wait_however_often_it_is_looked_at() -> None:
    scheduler = Scheduler(0, 10.0)
    scheduler.open()
    clock, event = VirtualClock(scheduler), threading.Event()

    assert not clock.wait(event, 5.0)
    event.set()
    assert clock.wait(event, 5.0)
    assert clock.now() == 5.0
    scheduler.close()


def test_one_runtime_within_another_has_a_time_of_its_own() -> None:
    with VirtualRuntime() as outer:
        with VirtualRuntime() as inner:
            sleep(60.0)
        sleep(5.0)

    assert (outer.now, inner.now) == (5.0, 60.0)


def test_a_plain_agent_that_sleeps_lets_others_go_on() -> None:
    order = []

    def sleeps(event: Event, state: State) -> None:
        order.append("begins")
        sleep(1.0)
        order.append("ends")

    with VirtualRuntime() as runtime:
        runtime.spawn("sleeps", sleeps)
        runtime.spawn("other", Scripted(Returns()))
        result = runtime.run(Parallel("sleeps", Branch("again", "sleeps"), "other"))

    assert order == ["begins", "begins", "ends", "ends"]
    assert result.duration == 1.0
