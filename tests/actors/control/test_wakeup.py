"""The wake-up call."""

from __future__ import annotations

import threading

from actors.control.wakeup import Wakeup
from tests.limits import PATIENCE


def test_a_call_wakes_the_thread_that_waits() -> None:
    wakeup, woken = Wakeup(), list[bool]()
    thread = threading.Thread(target=lambda: woken.append(wakeup.wait(PATIENCE)))
    thread.start()

    wakeup.set()

    thread.join(PATIENCE)
    assert woken == [True]


def test_a_call_that_comes_first_ends_the_wait_at_once_and_is_used_up_by_it() -> None:
    wakeup = Wakeup()

    wakeup.set()
    wakeup.set()

    assert wakeup.wait() is True
    assert wakeup.wait(0) is False


def test_a_wait_that_nobody_ends_is_over_in_time() -> None:
    assert Wakeup().wait(0.001) is False
