"""Shortages: each is told once, and tried to be ended by the clock."""

from __future__ import annotations

import errno
import logging

import pytest

from actors.control.shortages import AGAIN_AFTER, Shortages, shortage_of
from actors.values.errors import ProcessEndedError
from tests.actors.by_hand import Rig


class Short:
    """Lacks something for some tries."""

    def __init__(self, tries: int) -> None:
        self.tries = tries

    @property
    def shortage(self) -> str:
        return "no more of it" if self.tries else ""

    def try_again(self) -> None:
        self.tries -= 1


def test_it_is_tried_again_by_the_clock_until_it_succeeds(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    rig, short = Rig(), Short(3)

    Shortages(rig.system.plane, rig.system.delivery).begin(short)
    tries = [short.tries]
    for _ in range(2):
        rig.advance(AGAIN_AFTER)
        tries.append(short.tries)

    assert tries == [2, 1, 0]
    assert rig.system.plane.armed_timers == 0
    assert [record.getMessage() for record in caplog.records] == [
        "work waits: no more of it; it is tried again until it succeeds",
        "work goes on: what could not be had is there again",
    ]


# Whether a failed start is nobody's fault


def caused(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def looped() -> BaseException:
    error = ValueError()
    error.__cause__ = KeyError()
    error.__cause__.__cause__ = error
    return error


FILES = OSError(errno.EMFILE, "Too many open files")
FORK = BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


@pytest.mark.parametrize(
    ("error", "shortage"),
    [
        (FILES, "Too many open files"),
        (OSError(errno.ENFILE, ""), "OSError"),
        (caused(ValueError("no"), FILES), "Too many open files"),
        (RuntimeError("can't start new thread"), "can't start new thread"),
        (caused(ProcessEndedError("writer", "none"), FORK), "Resource temporarily unavailable"),
        (caused(ProcessEndedError("writer", "none"), OSError(errno.ENOMEM, "no memory")), "no memory"),
        (FORK, ""),
        (caused(ProcessEndedError("writer", "none"), OSError(errno.ENOENT, "no such file")), ""),
        (RuntimeError("not today"), ""),
        (looped(), ""),
    ],
)
def test_it_is_told_by_the_error_and_its_causes(error: BaseException, shortage: str) -> None:
    assert shortage_of(error) == shortage


def test_an_exception_is_not_asked_for_what_it_is_caused_by() -> None:
    class SilentError(OSError):
        def __getattribute__(self, name: str) -> object:
            if name == "__class__":
                return super().__getattribute__(name)
            raise AssertionError("nobody asked")

    assert shortage_of(SilentError(errno.ENOENT, "no")) == ""
    assert shortage_of(SilentError(errno.EMFILE, "too many")) == "too many"
