"""Shortages: what waits for something that the machine has no more of, such as threads, is tried again by the clock."""

from __future__ import annotations

import errno
import logging
from typing import Final, Protocol

from actors.control.delivery import Delivery
from actors.control.plane import ControlPlane
from actors.values.errors import ProcessEndedError
from actors.values.raised import arguments_of, cause_of

AGAIN_AFTER: Final = 0.1
"""Seconds after which something that could not be had is tried for again."""

_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE)
# In an agent's own code these may mean something else.
_OF_PROCESSES: Final = (*_DESCRIPTORS, errno.EAGAIN, errno.ENOMEM)
_NO_THREAD: Final = "can't start new thread"


class Short(Protocol):
    """What may lack something that the machine has no more of.

    Attributes:
        shortage: What it lacks and why, for people; empty when it lacks nothing.
    """

    @property
    def shortage(self) -> str:
        """What it lacks and why; empty when it lacks nothing. Any thread."""

    def try_again(self) -> None:
        """Try to get what it lacks, and know by its `shortage` afterwards. Inside the control plane."""


class Shortages:
    """Tells of each shortage once, and has what is short of something try again until it is not.

    Nobody needs to submit anything for that: work that waits for a thread would else wait for the next work.

    Args:
        plane: Where it has itself woken.
        delivery: Where it logs.
    """

    def __init__(self, plane: ControlPlane, delivery: Delivery) -> None:
        self._plane = plane
        self._delivery = delivery

    def begin(self, short: Short) -> None:
        """Take note of a shortage that has just begun; once for each. Any thread."""
        self._delivery.log(logging.WARNING, "work waits: %s; it is tried again until it succeeds", short.shortage)
        self._plane.post(self, short)

    def handle(self, short: Short) -> None:
        """Have it try again now, and later if that does not help. Inside the control plane."""
        short.try_again()
        if short.shortage:
            self._plane.schedule(self._plane.now() + AGAIN_AFTER, self, short)
        else:
            self._delivery.log(logging.INFO, "work goes on: what could not be had is there again")


_ERRNO, _STRERROR = OSError.__dict__["errno"], OSError.__dict__["strerror"]


def shortage_of(error: BaseException) -> str:
    """Return what there was too little of: descriptors, threads, processes or memory. Empty if that was not the cause.

    An agent that could not start for this reason has done nothing wrong, and can start as soon as there is enough.
    """
    numbers = _OF_PROCESSES if isinstance(error, ProcessEndedError) else _DESCRIPTORS
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        kind = type(cause)
        if issubclass(kind, OSError) and _ERRNO.__get__(cause) in numbers:
            return str(_STRERROR.__get__(cause) or kind.__name__)
        if issubclass(kind, RuntimeError) and arguments_of(cause) == (_NO_THREAD,):
            return _NO_THREAD
        seen.add(id(cause))
        cause = cause_of(cause)
    return ""
