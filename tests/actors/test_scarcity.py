"""Which failed starts are nobody's fault, as the machine had too little of something."""

from __future__ import annotations

import errno

import pytest

from actors.errors import ProcessEndedError
from actors.scarcity import scarcity_of


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
    ("error", "scarcity"),
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
def test_it_is_told_by_the_error_and_its_causes(error: BaseException, scarcity: str) -> None:
    assert scarcity_of(error) == scarcity
