"""What the runtime takes from the machine."""

from __future__ import annotations

import dataclasses
import random
import threading

import pytest

from actors.control.environment import DaemonThreads, Environment
from supervisors.clock import SystemClock
from tests.limits import PATIENCE


def test_a_thread_has_its_name_and_does_not_keep_the_process_alive() -> None:
    seen = list[threading.Thread]()

    thread = DaemonThreads().start("mixmode-test", lambda: seen.append(threading.current_thread()))
    thread.join(PATIENCE)

    assert seen == [thread]
    assert (thread.name, thread.daemon) == ("mixmode-test", True)


def test_it_is_that_of_the_machine_if_nothing_else_is_given() -> None:
    environment = Environment()

    assert isinstance(environment.clock, SystemClock)
    assert isinstance(environment.threads, DaemonThreads)
    assert isinstance(environment.random, random.Random)
    assert environment.random is not Environment().random


def test_it_cannot_be_changed() -> None:
    environment = Environment()

    with pytest.raises(dataclasses.FrozenInstanceError):
        environment.clock = SystemClock()  # type: ignore[misc]  # that is the point
